//! Everything around a device, on one machine and without the internet: a connector over TLS 1.3 with the settings of
//! an organisation, the organisation's servers, and a router in front of them. The demo and the stage are played in it.

mod internet;
mod organisation;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use agent_core::platform::Clock;

use crate::CliError;
use crate::authority::Authority;
use crate::connector::{Config, Connector, ProbeServer, Running, TenantSettings};
use crate::host::SystemClock;
use internet::Internet;

pub(crate) use organisation::TRACKER;

/// The organisation.
const TENANT: &str = "acme";

/// Its servers.
const SERVICES: [&str; 2] = ["mail.acme.example", "files.acme.example"];

/// Name of the authority under which the café's router forges certificates.
const FORGER: &str = "Café Web Filter";

/// Where the world listens, and how a device reaches it.
pub(crate) struct Place {
    /// Where the connector listens; everything else does at the same address, on ports that the system chooses.
    pub(crate) connector: SocketAddr,
    /// The address at which a device finds all of it, where that is not this machine: an emulator has its own name for
    /// its host.
    pub(crate) reach: Option<IpAddr>,
}

impl Place {
    /// Reached from this machine alone, on ports that the system chooses.
    pub(crate) const fn on_loopback() -> Self {
        Self { connector: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), reach: None }
    }

    fn reach(&self) -> IpAddr {
        self.reach.unwrap_or(self.connector.ip())
    }
}

/// A world that runs. Ends when dropped.
pub(crate) struct World {
    /// The URL that devices are told.
    pub(crate) url: String,
    pub(crate) connector: Connector,
    address: SocketAddr,
    internet: Internet,
    _probe: ProbeServer,
    running: Option<Running>,
}

impl World {
    /// Starts everything; the connector keeps its data in `folder`. The device is at home, app sync is off.
    pub(crate) async fn build(folder: &Path, place: &Place) -> Result<Self, CliError> {
        let services_ca = Authority::in_memory("Acme Services", SystemClock.now())?;
        let services_pin = services_ca.pin();
        let internet = Internet::start(&SERVICES, place.connector.ip(), services_ca).await?;
        let probe = ProbeServer::start(SocketAddr::new(place.connector.ip(), 0)).await?;
        let connector = Connector::open(config(folder, place))?;
        let running = connector.start().await?;
        connector.update_settings(|settings| {
            // The devices of a demonstration are desktops, or phones whose keystore is simulated.
            settings.keys.software = true;
            let probe = SocketAddr::new(place.reach(), probe.addr().port());
            organisation::set_up(settings, &internet.services, place.reach(), services_pin, probe);
        })?;
        Ok(Self {
            url: running.url.clone(),
            connector,
            address: running.addr,
            internet,
            _probe: probe,
            running: Some(running),
        })
    }

    /// Moves the device behind a router that forwards.
    pub(crate) async fn join_home(&mut self) -> Result<(), CliError> {
        self.internet.join_home().await
    }

    /// Moves the device behind a router that intercepts TLS.
    pub(crate) async fn join_cafe(&mut self) -> Result<(), CliError> {
        self.internet.join_cafe(Authority::in_memory(FORGER, SystemClock.now())?).await
    }

    /// Turns app sync on or off for all devices.
    pub(crate) fn set_app_sync(&self, on: bool) -> Result<TenantSettings, CliError> {
        Ok(self.connector.update_settings(|settings| settings.device.app_sync.enabled = on)?)
    }

    /// Makes the connector unreachable, or has it come back at the same port. Captive portal probes are answered all
    /// the while.
    pub(crate) async fn set_outage(&mut self, on: bool) -> Result<(), CliError> {
        match (on, self.running.take()) {
            (true, Some(running)) => running.stop().await,
            (false, None) => self.running = Some(self.connector.start_at(self.address).await?),
            (_, unchanged) => self.running = unchanged,
        }
        Ok(())
    }

    /// Ends it, letting open requests end first.
    pub(crate) async fn end(self) {
        if let Some(running) = self.running {
            running.stop().await;
        }
    }
}

fn config(folder: &Path, place: &Place) -> Config {
    let mut config = Config {
        listen: place.connector,
        tenant: TENANT.to_owned(),
        ..Config::new(folder.join("connector"), Arc::new(SystemClock))
    };
    if let Some(reach) = place.reach {
        config.names.insert(0, reach.to_string());
    }
    config
}
