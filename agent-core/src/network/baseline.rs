//! What is remembered of one network, so that a change can be told.
//!
//! A baseline is written after a scan and read by the next one on the same network. Each part belongs to the check
//! that reads it and has a default that says "nothing is known".

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model::{MacAddress, NetworkSnapshot, Transport};

mod habit;
mod link;
mod path;
mod portal;
mod private_dns;

pub use habit::{Conduct, Habit, Trial};
pub use link::{LinkPast, Site};
pub use path::{PathPast, Way};
pub use portal::PortalPast;
pub use private_dns::PrivateDnsPast;

/// One network as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Gateways, servers and access points.
    #[serde(default)]
    pub link: LinkPast,
    /// The first hops.
    #[serde(default)]
    pub path: PathPast,
    /// Sign-in pages.
    #[serde(default)]
    pub portal: PortalPast,
    /// Private DNS.
    #[serde(default)]
    pub private_dns: PrivateDnsPast,
}

/// What tells the network of `snapshot` from others; `None` where the platform tells too little, so that nothing
/// can be remembered of it.
///
/// A Wi-Fi is told by its name. A network without one is told by its gateway, address and hardware address both, so
/// another router is another network there. Nothing tells one cellular network from another.
pub fn network_key(snapshot: &NetworkSnapshot) -> Option<String> {
    match snapshot.transport.value() {
        Some(Transport::Cellular) => None,
        Some(Transport::Wifi) | None => ssid_key(snapshot).or_else(|| gateway_key(snapshot)),
        Some(Transport::Ethernet | Transport::Other) => gateway_key(snapshot),
    }
}

fn ssid_key(snapshot: &NetworkSnapshot) -> Option<String> {
    snapshot.ssid.value().map(|ssid| format!("ssid {ssid}"))
}

/// By the lowest gateway address whose hardware address is known, IPv4 first.
fn gateway_key(snapshot: &NetworkSnapshot) -> Option<String> {
    let gateways = snapshot.gateways.value()?.iter().filter_map(|gateway| address(gateway));
    let (gateway, mac) = gateways.filter_map(|gateway| Some((gateway, mac_of(snapshot, gateway)?))).min()?;
    Some(format!("gateway {gateway} {mac}"))
}

fn mac_of(snapshot: &NetworkSnapshot, address: IpAddr) -> Option<MacAddress> {
    let neighbour = snapshot.neighbours.value()?.iter().find(|neighbour| neighbour.address == address)?;
    Some(neighbour.mac)
}

/// An address as platforms write it: an IPv6 one may end in `%interface`.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.split('%').next()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}
