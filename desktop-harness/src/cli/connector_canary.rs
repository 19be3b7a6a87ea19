//! The canary that runs beside a connector: `mtd connector serve --canary-tls …`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use agent_core::canary::CanarySettings;
use agent_core::platform::Clock;

use crate::CliError;
use crate::canary::{Canary, CanaryError, Config, Identity, Listen, Running, open_signing_key};
use crate::connector::Connector;
use crate::host::SystemClock;

/// Label of the network that connector and canary are in: with a canary elsewhere it counts as another network.
const NETWORK: &str = "connector";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run a canary too: listen here for TLS, and name it in the settings of all devices; repeatable
    #[arg(long, value_name = "ADDR")]
    canary_tls: Vec<SocketAddr>,
    /// The canary's clear HTTP; repeatable
    #[arg(long, value_name = "ADDR", requires = "canary_tls")]
    canary_http: Vec<SocketAddr>,
    /// The canary's DNS, UDP and TCP; repeatable
    #[arg(long, value_name = "ADDR", requires = "canary_zone")]
    canary_dns: Vec<SocketAddr>,
    /// The DNS zone that is delegated to the canary; it must not contain its name
    #[arg(long, value_name = "ZONE", requires = "canary_tls")]
    canary_zone: Option<String>,
}

/// Starts the canary called `name` that `args` ask for, if they do, and puts it into the organisation's settings.
pub(super) async fn start(
    args: Args,
    name: &str,
    folder: &Path,
    connector: &Connector,
) -> Result<Option<Running>, CliError> {
    if args.canary_tls.is_empty() {
        return Ok(None);
    }
    let running = Canary::start(config(args, name, folder)?).await?;
    connector.update_settings(|settings| enter(&mut settings.device.network.canaries, &running.settings))?;
    Ok(Some(running))
}

fn config(args: Args, name: &str, folder: &Path) -> Result<Config, CanaryError> {
    let folder = folder.join("canary");
    let listening = args.canary_tls.iter().map(SocketAddr::ip);
    let addresses: Vec<IpAddr> = listening.filter(|address| !address.is_unspecified()).collect();
    Ok(Config {
        identity: Identity::self_made(&folder, name, &addresses, SystemClock.now())?,
        signer: open_signing_key(&folder)?,
        name: name.to_owned(),
        zone: args.canary_zone,
        network: NETWORK.to_owned(),
        addresses,
        listen: Listen { tls: args.canary_tls, http: args.canary_http, dns: args.canary_dns },
        next_key: None,
        clock: Arc::new(SystemClock),
    })
}

/// Takes the place of the entry of the same name.
fn enter(canaries: &mut Vec<CanarySettings>, entry: &CanarySettings) {
    match canaries.iter_mut().find(|canary| canary.name == entry.name) {
        Some(known) => *known = entry.clone(),
        None => canaries.push(entry.clone()),
    }
}
