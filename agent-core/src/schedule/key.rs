//! What tells one network from another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{Fact, NetworkSettings, NetworkSnapshot, Sha256};

/// A network, and what it is checked against: a digest of the Wi-Fi's name, the gateways, the DNS servers and the
/// settings. Says nothing about a place to who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NetworkKey(Sha256);

impl NetworkKey {
    /// The key of the network of `snapshot` under `settings`; `None` where the platform tells neither gateways nor DNS
    /// servers: everything else may be the same elsewhere.
    pub fn of(snapshot: &NetworkSnapshot, settings: &NetworkSettings) -> Option<Self> {
        let (gateways, servers) = (told(&snapshot.gateways), told(&snapshot.dns_servers));
        if gateways.is_empty() && servers.is_empty() {
            return None;
        }
        let (transport, ssid) = (snapshot.transport.value(), snapshot.ssid.value());
        let facts = serde_json::to_vec(&(transport, ssid, gateways, servers, settings)).ok()?;
        Some(Self(Sha256::of(&facts)))
    }
}

/// In one order, whatever that of the platform.
fn told(addresses: &Fact<Vec<String>>) -> BTreeSet<&str> {
    addresses.value().into_iter().flatten().map(String::as_str).collect()
}
