//! Gateways, servers and access points of a network, as they were.
//!
//! One name can stand for many places: the cafés of a chain, the buildings of a university. Each is a [`Site`] of its
//! own, and only what was normal at the same place says anything about a change.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::habit::{Habit, Trial};
use crate::model::{MacAddress, Timestamp, WifiSecurity};
use crate::network::limits::{MAX_GATEWAYS, MAX_SITES};

/// Gateways, servers and access points of a network, as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPast {
    /// The places with the network's name, last seen first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<Site>,
}

impl LinkPast {
    /// How long `site` has been taken for a twin, if no other place was seen in between.
    pub fn trial_of(&self, site: &Site) -> Option<Trial> {
        let others = self.sites.iter().filter(|other| other.twin.is_none());
        let others_last_seen = others.map(|other| other.last_seen).max();
        site.twin.filter(|trial| others_last_seen.is_none_or(|seen| seen <= trial.last_seen))
    }

    /// Remembers `site` as the one last seen, and forgets the one that was not seen for longest when there are too many.
    pub fn remember(&mut self, site: Site) {
        self.sites.insert(0, site);
        self.sites.truncate(MAX_SITES);
    }
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// Since when it has been taken for a twin of the others; absent for a place in good standing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin: Option<Trial>,
    /// Access points.
    #[serde(default)]
    pub bssids: Habit<MacAddress>,
    /// How the Wi-Fi is protected.
    #[serde(default)]
    pub security: Habit<WifiSecurity>,
    /// Addresses of the default gateways, link-local ones of IPv6 among them.
    #[serde(default)]
    pub gateways: Habit<IpAddr>,
    /// Hardware addresses of the gateways, by address.
    #[serde(default)]
    pub hardware: BTreeMap<IpAddr, Habit<MacAddress>>,
    /// DHCP servers.
    #[serde(default)]
    pub dhcp_servers: Habit<IpAddr>,
    /// DNS servers.
    #[serde(default)]
    pub dns_servers: Habit<IpAddr>,
    /// NAT64 prefixes, as text.
    #[serde(default)]
    pub nat64: Habit<String>,
    /// Addresses by which the network reaches canaries: of IPv6 the /64.
    #[serde(default)]
    pub exits: Habit<IpAddr>,
}

impl Site {
    /// A place of which nothing is known.
    pub fn new(now: Timestamp) -> Self {
        Self {
            last_seen: now,
            twin: None,
            bssids: Habit::default(),
            security: Habit::default(),
            gateways: Habit::default(),
            hardware: BTreeMap::new(),
            dhcp_servers: Habit::default(),
            dns_servers: Habit::default(),
            nat64: Habit::default(),
            exits: Habit::default(),
        }
    }

    /// The hardware addresses of `gateway`, to be changed; absent for one gateway too many.
    pub fn hardware_of(&mut self, gateway: IpAddr) -> Option<&mut Habit<MacAddress>> {
        if self.hardware.len() >= MAX_GATEWAYS && !self.hardware.contains_key(&gateway) {
            // One whose address is normal no longer makes room.
            let gone = self.hardware.keys().find(|address| !self.gateways.is_normal(address)).copied()?;
            self.hardware.remove(&gone);
        }
        Some(self.hardware.entry(gateway).or_default())
    }

    /// Every normal hardware address of a gateway.
    pub fn macs(&self) -> impl Iterator<Item = &MacAddress> {
        self.hardware.values().flat_map(Habit::normal)
    }
}
