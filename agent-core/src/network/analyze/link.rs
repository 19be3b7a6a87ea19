//! The link as its checks see it: what the platform tells of it now, and what was normal at the same place.
//!
//! One name stands for many places, and another place has other gateways by right. So a comparison begins by finding
//! the place again ([`Place`]):
//!
//! 1. the same access point, or the same hardware address of a gateway, with its address too where that of the
//!    hardware is a redundant group's;
//! 2. else, where access point or hardware address is not told on one of the sides: the same gateway address (a
//!    link-local one only where no other differs), and of the facts that differ from place to place (exit, routers,
//!    servers that are not the gateway) more agree than differ.
//!
//! What is found nowhere is another place, or a router that was replaced together with its access point.
//!
//! Neighbours are those of the snapshot after measuring where there is one: by then the gateway was talked to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

use super::Scene;
use super::canary::Canary;
use super::tls_binding::{Binding, Bound};
use crate::model::{
    CheckId, CheckOutcome, Fact, MacAddress, NetworkSnapshot, Timestamp, Transport, Verdict, WifiSecurity,
};
use crate::network::baseline::{Conduct, LinkPast, Site, Trial, address, network_key};
use crate::network::limits::{MAX_LINK_ADDRESSES, MAX_NEIGHBOURS};
use crate::network::observation::Observations;
use crate::network::words::plain;

/// What the checks of the link judge by.
pub(super) struct Link<'a> {
    /// The snapshot after measuring, or the one before where there is none.
    pub(super) network: &'a NetworkSnapshot,
    pub(super) seen: Seen,
    pub(super) past: &'a LinkPast,
    pub(super) place: Place<'a>,
    pub(super) conduct: Conduct,
    pub(super) now: Timestamp,
}

/// What is told of the link now.
pub(super) struct Seen {
    pub(super) bssid: Option<MacAddress>,
    pub(super) security: Option<WifiSecurity>,
    pub(super) gateways: BTreeSet<IpAddr>,
    pub(super) neighbours: BTreeMap<IpAddr, MacAddress>,
    pub(super) dhcp_server: Option<IpAddr>,
    pub(super) dns_servers: BTreeSet<IpAddr>,
    pub(super) nat64: Option<String>,
    /// Where canaries saw this device come from; empty on a VPN, whose exit is not the network's.
    pub(super) exits: BTreeSet<IpAddr>,
}

/// Whether this place was seen before.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// The network cannot be told from others: nothing is remembered of it.
    Nameless,
    /// Nothing is remembered of this network yet.
    New,
    /// The network is known, this place is not.
    Elsewhere,
    /// The place is known.
    Known(&'a Site),
}

impl<'a> Link<'a> {
    /// Reads the snapshots and finds the place; `dns` is what the answers check says.
    pub(super) fn of(
        scene: &Scene<'a>,
        canaries: &[Canary<'_>],
        bounds: &[Bound<'_>],
        dns: &CheckOutcome,
    ) -> Self {
        let network = scene.seen.network_after.as_ref().unwrap_or(&scene.seen.network);
        let seen = Seen::of(scene.seen, network, canaries);
        let past = &scene.past.link;
        let conduct = conduct(bounds, dns);
        let place = match network_key(network) {
            None => Place::Nameless,
            Some(_) if past.sites.is_empty() => Place::New,
            Some(_) => seen
                .found_among(&past.sites)
                .filter(|site| site.twin.is_none() || is_over(past.trial_of(site), scene.now, conduct))
                .map_or(Place::Elsewhere, Place::Known),
        };
        Self { network, seen, past, place, conduct, now: scene.now }
    }

    /// What `check` says where it has nothing to compare with.
    pub(super) fn nameless(&self, check: CheckId) -> CheckOutcome {
        let network = self.network;
        match (network.transport.value(), &network.ssid) {
            (Some(Transport::Cellular), _) => {
                CheckOutcome::clean(check, "a cellular network has no link that others share")
            }
            (Some(Transport::Ethernet | Transport::Other), _) | (_, Fact::Known { .. }) => {
                self.unresolved(check)
            }
            (_, Fact::NotPermitted { why }) => CheckOutcome::not_permitted(check, plain(why)),
            (_, Fact::NotAvailable { why }) => CheckOutcome::unknown(check, plain(why)),
        }
    }

    /// What `check` says where no gateway's hardware address is known.
    pub(super) fn unresolved(&self, check: CheckId) -> CheckOutcome {
        match (&self.network.gateways, &self.network.neighbours) {
            (Fact::NotPermitted { why }, _) | (_, Fact::NotPermitted { why }) => {
                CheckOutcome::not_permitted(check, plain(why))
            }
            (Fact::NotAvailable { why }, _) | (_, Fact::NotAvailable { why }) => {
                CheckOutcome::unknown(check, plain(why))
            }
            (Fact::Known { .. }, Fact::Known { .. }) => CheckOutcome::unknown(
                check,
                "the hardware address of the gateway is not among the neighbours",
            ),
        }
    }

    /// The gateways whose hardware address is known, each with it.
    pub(super) fn resolved(&self) -> impl Iterator<Item = (IpAddr, MacAddress)> {
        self.seen.gateways.iter().filter_map(|gateway| Some((*gateway, *self.seen.neighbours.get(gateway)?)))
    }
}

fn is_over(trial: Option<Trial>, now: Timestamp, conduct: Conduct) -> bool {
    trial.is_some_and(|trial| trial.is_over(now, conduct))
}

fn conduct(bounds: &[Bound<'_>], dns: &CheckOutcome) -> Conduct {
    let is_any = |binding: fn(&Binding) -> bool| bounds.iter().any(|bound| binding(&bound.binding));
    match dns.verdict() {
        Verdict::Suspicious | Verdict::Confirmed => Conduct::Hostile,
        _ if is_any(|binding| matches!(binding, Binding::Broken(_))) => Conduct::Hostile,
        Verdict::Clean | Verdict::Benign if is_any(|binding| *binding == Binding::Whole) => Conduct::Honest,
        Verdict::Clean | Verdict::Benign | Verdict::Inconclusive => Conduct::Untold,
    }
}

impl Seen {
    fn of(seen: &Observations, network: &NetworkSnapshot, canaries: &[Canary<'_>]) -> Self {
        let known = |fact: &Fact<Vec<String>>| {
            let texts = fact.value().map(Vec::as_slice).unwrap_or_default();
            texts.iter().take(MAX_LINK_ADDRESSES).filter_map(|text| address(text)).collect::<BTreeSet<_>>()
        };
        let neighbours = network.neighbours.value().or_else(|| seen.network.neighbours.value());
        let neighbours = neighbours.map(Vec::as_slice).unwrap_or_default().iter().take(MAX_NEIGHBOURS);
        let on_vpn = network.vpns.value().is_some_and(|vpns| !vpns.is_empty());
        let peers = canaries.iter().filter_map(Canary::tls_reply).map(|reply| exit(reply.peer));
        Self {
            bssid: network.bssid.value().copied(),
            security: network.security.value().copied(),
            gateways: known(&network.gateways),
            neighbours: neighbours.map(|it| (it.address.to_canonical(), it.mac)).collect(),
            dhcp_server: network.dhcp_server.value().map(IpAddr::to_canonical),
            // The device's own resolver is nobody's on the link.
            dns_servers: known(&network.dns_servers).into_iter().filter(|it| !it.is_loopback()).collect(),
            nat64: network.nat64_prefix.value().map(ToString::to_string),
            exits: if on_vpn { BTreeSet::new() } else { peers.collect() },
        }
    }

    /// The one of `sites` that this is.
    pub(super) fn found_among<'s>(&self, sites: &'s [Site]) -> Option<&'s Site> {
        let exact = sites.iter().find(|site| self.is_exactly_at(site));
        exact.or_else(|| sites.iter().find(|site| self.is_probably_at(site)))
    }

    /// Whether the access point or a gateway's hardware address is the one of `site`.
    fn is_exactly_at(&self, site: &Site) -> bool {
        let resolved = self.gateways.iter().filter_map(|it| Some((it, self.neighbours.get(it)?)));
        let is_of_site = |(gateway, mac): (&IpAddr, &MacAddress)| {
            site.macs().any(|known| known == mac)
                && (!is_of_a_group(mac) || (is_wider(&gateway) && site.gateways.is_normal(gateway)))
        };
        self.bssid.is_some_and(|bssid| site.bssids.is_normal(&bssid)) || resolved.into_iter().any(is_of_site)
    }

    /// Whether the rest speaks for `site`, where those are not told.
    fn is_probably_at(&self, site: &Site) -> bool {
        let is_resolved = self.gateways.iter().any(|gateway| self.neighbours.contains_key(gateway));
        let are_both_told = |here: bool, there: bool| here && there;
        let told_otherwise = are_both_told(self.bssid.is_some(), site.bssids.is_known())
            && are_both_told(is_resolved, site.macs().next().is_some());
        // Many a router calls itself fe80::1: that says nothing where the other gateways differ.
        let (mut own_gateways, mut other_gateways) =
            (self.gateways.iter().filter(is_wider), site.gateways.normal().filter(is_wider).peekable());
        let is_elsewhere = other_gateways.peek().is_some()
            && own_gateways.clone().next().is_some()
            && !own_gateways.any(|gateway| site.gateways.is_normal(gateway));
        if told_otherwise
            || is_elsewhere
            || !self.gateways.iter().any(|gateway| site.gateways.is_normal(gateway))
        {
            return false;
        }
        // A server that is the gateway says no more than the gateway's address.
        let is_own =
            |address: &&IpAddr| !self.gateways.contains(address) && !site.gateways.is_normal(address);
        let own =
            |addresses: Vec<&IpAddr>| addresses.into_iter().filter(is_own).copied().collect::<BTreeSet<_>>();
        let pairs = [
            (self.exits.clone(), site.exits.normal().copied().collect()),
            (own(self.dns_servers.iter().collect()), own(site.dns_servers.normal().collect())),
            (own(self.dhcp_server.iter().collect()), own(site.dhcp_servers.normal().collect())),
            (
                self.gateways.iter().filter(|it| is_link_local(**it)).copied().collect(),
                site.gateways.normal().filter(|it| is_link_local(**it)).copied().collect(),
            ),
        ];
        let comparable = pairs.iter().filter(|(here, there)| !here.is_empty() && !there.is_empty());
        let (same, other): (Vec<_>, Vec<_>) = comparable.partition(|(here, there)| !here.is_disjoint(there));
        same.len() > other.len()
    }
}

/// Whether a hardware address is made of the number of a group of redundant gateways, and so the same in many places:
/// VRRP (RFC 9568, section 7.3), HSRP, GLBP.
fn is_of_a_group(mac: &MacAddress) -> bool {
    const GROUPS: [&str; 6] = [
        "00:00:5e:00:01:",
        "00:00:5e:00:02:",
        "00:00:0c:07:ac:",
        "00:00:0c:9f:f",
        "00:05:73:a0:0",
        "00:07:b4:",
    ];
    let mac = mac.to_string();
    GROUPS.iter().any(|group| mac.starts_with(group))
}

/// Whether an address holds on more than one link.
fn is_wider(address: &&IpAddr) -> bool {
    !is_link_local(**address)
}

/// Why nothing can be said of a network that gave way to another while it was measured; `None` where it stayed.
///
/// Another access point is roaming, and a further gateway is no other network.
pub(super) fn changed(seen: &Observations) -> Option<&'static str> {
    let (before, after) = (&seen.network, seen.network_after.as_ref()?);
    let gateways = |network: &NetworkSnapshot| network.gateways.value().cloned().unwrap_or_default();
    let (old, new) = (gateways(before), gateways(after));
    let is_left = !old.is_empty() && !new.is_empty() && !old.iter().any(|gateway| new.contains(gateway));
    let differs = is_left
        || differ(&before.transport, &after.transport)
        || differ(&before.ssid, &after.ssid)
        || differ(&before.name, &after.name);
    differs.then_some("the network changed during the scan: scan again")
}

fn differ<T: PartialEq>(before: &Fact<T>, after: &Fact<T>) -> bool {
    matches!((before.value(), after.value()), (Some(before), Some(after)) if before != after)
}

/// An address by which a network is left: of IPv6 the /64, since devices change the rest daily (RFC 8981).
fn exit(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
        address => address,
    }
}

/// Whether `address` is an IPv6 one that holds on one link only (RFC 4291, section 2.5.6).
pub(super) fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

/// Several values in a sentence or as evidence.
pub(super) fn listed<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}
