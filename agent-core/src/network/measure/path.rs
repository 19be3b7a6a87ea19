//! The first hops of the way out, as traceroute finds them, without privileges: UDP datagrams whose time to live is 1,
//! 2 and 3, and the ICMP errors (RFC 792, RFC 4443) that they bring.
//!
//! All hops of a destination are asked at once, each from a socket of its own: whose error it is needs no guess. The
//! datagrams go to a port at which no service is, and hold nothing. No other probe is kept waiting.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::lookup_host;
use tokio::time::{Instant, timeout, timeout_at};

use super::all;
use super::attempts::{Exchange, Trace, attempts};
use super::hop::HopSocket;
use super::meter::Meter;
use crate::model::NetworkSettings;
use crate::network::limits::{
    HOP_WAIT, MAX_CANARIES, MAX_ENDPOINTS, MAX_HOPS, MAX_PATH_DESTINATIONS, PATH_LOOKUP_WAIT,
};
use crate::network::observation::{Attempt, Failure, FailureKind, Hop, HopAnswer, Outcome, PathProbe, Phase};

/// Where traceroute(8) begins: no service is there, and firewalls know what it is.
const PORT: u16 = 33434;

/// Follows the way to the first canaries and endpoints of each family.
pub(super) async fn probes(
    settings: &NetworkSettings,
    meter: &Arc<Meter>,
    deadline: Instant,
) -> Vec<PathProbe> {
    let mut destinations = known_addresses(settings);
    if destinations.is_empty() && Instant::now() < deadline {
        destinations = looked_up(settings, deadline).await;
    }
    all(destinations.into_iter().map(|destination| follow(destination, Arc::clone(meter), deadline))).await
}

async fn follow(destination: IpAddr, meter: Arc<Meter>, deadline: Instant) -> PathProbe {
    let hops = (1..=MAX_HOPS).map(|ttl| ask(destination, ttl, Arc::clone(&meter), deadline));
    PathProbe { destination, hops: all(hops).await }
}

async fn ask(destination: IpAddr, ttl: u8, meter: Arc<Meter>, deadline: Instant) -> Hop {
    let attempts = match HopSocket::open(SocketAddr::new(destination, PORT), ttl).await {
        Ok(socket) => attempts(&HopExchange { socket, destination, meter }, deadline).await,
        Err(failure) => {
            vec![Attempt { address: None, elapsed_ms: 0, outcome: Outcome::Failed(failure) }]
        }
    };
    Hop { ttl, attempts }
}

struct HopExchange {
    socket: HopSocket,
    destination: IpAddr,
    meter: Arc<Meter>,
}

impl Exchange for HopExchange {
    type Answer = HopAnswer;

    async fn attempt(&self, trace: &mut Trace) -> Result<HopAnswer, Failure> {
        trace.phase = Phase::Path;
        trace.address = Some(self.destination);
        let failure = |error| Failure::from_io(Phase::Path, &error);
        // The answer to the attempt before may have come during the pause.
        if let Some(answer) = self.socket.queued().map_err(failure)? {
            return Ok(answer);
        }
        let sent = self.socket.send().await.map_err(failure)?;
        self.meter.sent(sent);
        match timeout(HOP_WAIT, self.socket.answer()).await {
            Ok(answer) => answer.map_err(failure),
            Err(_) => {
                let what = format!("no ICMP error in {} ms", HOP_WAIT.as_millis());
                Err(Failure::new(Phase::Path, FailureKind::TimedOut, what))
            }
        }
    }
}

/// Addresses that the settings give, canaries' first: of each family as many as are followed.
fn known_addresses(settings: &NetworkSettings) -> Vec<IpAddr> {
    let canaries = settings.canaries.iter().take(MAX_CANARIES).map(|canary| canary.addresses.as_slice());
    let endpoints = settings.endpoints.iter().take(MAX_ENDPOINTS).map(|endpoint| endpoint.address.as_slice());
    let hosts: Vec<_> = canaries.chain(endpoints).collect();
    let mut chosen = Vec::new();
    for of_family in [IpAddr::is_ipv4, IpAddr::is_ipv6] {
        let mut addresses = Vec::new();
        for address in hosts.iter().filter_map(|host| host.iter().find(|address| of_family(address))) {
            if addresses.len() < MAX_PATH_DESTINATIONS && !addresses.contains(address) {
                addresses.push(*address);
            }
        }
        chosen.extend(addresses);
    }
    chosen
}

/// The first address of the first canaries and endpoints, where the settings give names only.
async fn looked_up(settings: &NetworkSettings, deadline: Instant) -> Vec<IpAddr> {
    let canaries = settings.canaries.iter().map(|canary| canary.name.clone());
    let endpoints = settings.endpoints.iter().map(|endpoint| endpoint.host.clone());
    let end = deadline.min(Instant::now() + PATH_LOOKUP_WAIT);
    let lookups = canaries.chain(endpoints).take(MAX_PATH_DESTINATIONS).map(|name| async move {
        let addresses = timeout_at(end, lookup_host((name, PORT))).await.ok()?.ok()?;
        addresses.map(|address| address.ip()).next()
    });
    all(lookups).await.into_iter().flatten().collect()
}
