//! The drift check: does the network configure this device as it did before at the same place?
//!
//! | changed | judged |
//! |---|---|
//! | DHCP server, and DNS or the gateway now is a new host of the link | rogue DHCP, suspicious |
//! | DHCP server alone | clean: fail-over; remembered |
//! | a new IPv6 router | rogue router, suspicious; not so where it is a known gateway by its hardware address |
//! | DNS to a new host of the link that is not the gateway, the gateway's address, an undeclared NAT64 prefix | configuration, suspicious; part of the above where one of those was found |
//! | DNS to servers off the link | clean: what they answer is judged by the answers check |
//!
//! All of it becomes normal by [`Habit`](crate::network::baseline::Habit)'s trial. Where no IPv6 router was ever seen and
//! hardware addresses are not told, the first router is taken as a network that now has IPv6.
//!
//! The platform tells no prefix lengths, so an address is held to be on the link if it is a neighbour, in the /24 of an
//! IPv4 gateway, or link-local; a unique local IPv6 address (RFC 4193) is where the neighbours show it to be another
//! host than the gateway.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Scene;
use super::link::{Link, Place, is_link_local, listed};
use crate::model::{
    CheckId, CheckOutcome, Detection, Fact, Judgement, MacAddress, Nat64Prefix, NetworkSettings, Transport,
    Verdict,
};
use crate::network::baseline::{Habit, Site};
use crate::network::words::plain;

const CHECK: CheckId = CheckId::LinkDrift;

/// Judges the configuration.
pub(super) fn judge(scene: &Scene<'_>, link: &Link<'_>) -> CheckOutcome {
    if link.network.transport.value() == Some(&Transport::Cellular) {
        return link.nameless(CHECK);
    }
    if let Some(gap) = untold(link) {
        return gap;
    }
    let site = match link.place {
        Place::Nameless => return link.nameless(CHECK),
        Place::New => {
            let first = "the first visit of this network: how it configures the device is remembered";
            return CheckOutcome::clean(CHECK, first);
        }
        Place::Elsewhere => {
            let other =
                "another place of this network than those known: how it configures the device is remembered";
            return CheckOutcome::clean(CHECK, other);
        }
        Place::Known(site) => site,
    };
    let changes = Changes::of(link, site, scene.settings);
    let judgements = changes.judgements(link, site);
    let summary = match judgements.first() {
        Some(first) => first.reason.clone(),
        None => changes.praise(),
    };
    CheckOutcome::judged(CHECK, summary, judgements)
}

/// Why there is nothing to judge, if so: neither gateway nor servers are told.
fn untold(link: &Link<'_>) -> Option<CheckOutcome> {
    let network = link.network;
    let is_any_known = network.gateways.value().is_some()
        || network.dns_servers.value().is_some()
        || network.dhcp_server.value().is_some();
    match &network.gateways {
        _ if is_any_known => None,
        Fact::NotPermitted { why } => Some(CheckOutcome::not_permitted(CHECK, plain(why))),
        Fact::Known { .. } => None,
        Fact::NotAvailable { why } => Some(CheckOutcome::unknown(CHECK, plain(why))),
    }
}

/// What is otherwise than at the same place before, as far as it may be an attacker's.
pub(super) struct Changes {
    pub(super) dhcp_server: Option<IpAddr>,
    pub(super) routers: BTreeSet<IpAddr>,
    pub(super) gateways: BTreeSet<IpAddr>,
    pub(super) dns_servers: BTreeSet<IpAddr>,
    pub(super) nat64: Option<String>,
    /// What is new and nobody's fault, in words.
    remarks: Vec<String>,
}

impl Changes {
    /// Compares what is told now with `site`.
    pub(super) fn of(link: &Link<'_>, site: &Site, settings: &NetworkSettings) -> Self {
        let seen = &link.seen;
        let new = |habit: &Habit<IpAddr>, addresses: &mut dyn Iterator<Item = IpAddr>| {
            let new = addresses.filter(|it| habit.is_known() && !habit.accepts(it, link.now, link.conduct));
            new.collect::<BTreeSet<_>>()
        };
        let mut remarks = Vec::new();
        let mut remark = |what: &str, values: &BTreeSet<IpAddr>, cause: &str| {
            if !values.is_empty() {
                remarks.push(format!("{what} {} is new: {cause}", listed(values)));
            }
        };

        let (routers, known_routers): (BTreeSet<IpAddr>, _) =
            new(&site.gateways, &mut seen.gateways.iter().copied().filter(|it| is_link_local(*it)))
                .into_iter()
                .partition(|router| is_foreign(link, site, *router));
        remark("the IPv6 router", &known_routers, "by all that is told it is no other host than the gateway");

        let gateways =
            new(&site.gateways, &mut seen.gateways.iter().copied().filter(|it| !is_link_local(*it)));
        let (gateways, further): (BTreeSet<_>, _) =
            gateways.into_iter().partition(|gateway| took_over(link, site, *gateway));
        remark("the gateway", &further, "another interface of this device has one too");

        let dns_servers = new(&site.dns_servers, &mut seen.dns_servers.iter().copied());
        let (dns_servers, elsewhere): (BTreeSet<_>, _) =
            dns_servers.into_iter().partition(|server| is_new_host(link, site, *server));
        remark("the DNS server", &elsewhere, "it is the gateway, or not on this link");

        let dhcp_server = new(&site.dhcp_servers, &mut seen.dhcp_server.into_iter());
        let is_led = gateways.iter().any(|gateway| is_near(*gateway, site)) || !dns_servers.is_empty();
        if !is_led {
            remark("the DHCP server", &dhcp_server, "one stands in for the other");
        }
        let is_declared = |prefix: &String| {
            let mut declared = settings.nat64_prefixes.iter().chain([&Nat64Prefix::WELL_KNOWN]);
            declared.any(|declared| declared.to_string() == *prefix)
        };
        let nat64 = seen
            .nat64
            .clone()
            .filter(|prefix| !is_declared(prefix) && !site.nat64.accepts(prefix, link.now, link.conduct));
        Self {
            dhcp_server: dhcp_server.into_iter().next().filter(|_| is_led),
            routers,
            gateways,
            dns_servers,
            nat64,
            remarks,
        }
    }

    /// One judgement a cause: what a new DHCP server or router brought along is not told twice.
    fn judgements(&self, link: &Link<'_>, site: &Site) -> Vec<Judgement> {
        let dhcp = self.dhcp_server.map(|server| {
            let reason = format!(
                "another DHCP server, {server}, configured this device than at this place before ({}), and {}",
                listed(site.dhcp_servers.normal()),
                self.led()
            );
            Judgement::new(Detection::RogueDhcp, Verdict::Suspicious).because(reason)
        });
        let router = (!self.routers.is_empty()).then(|| {
            let before = or_none(listed(site.gateways.normal().filter(|it| is_link_local(**it))));
            let reason = format!(
                "a new IPv6 router announced itself: {}; at this place there was {before} before",
                listed(&self.routers)
            );
            Judgement::new(Detection::RogueRouter, Verdict::Suspicious).because(reason)
        });
        let is_other = !self.gateways.is_empty() || !self.dns_servers.is_empty() || self.nat64.is_some();
        let other = (is_other && dhcp.is_none() && router.is_none()).then(|| {
            let reason = format!("the network configures this device otherwise than before: {}", self.led());
            Judgement::new(Detection::ConfigurationChanged, Verdict::Suspicious).because(reason)
        });
        let mut judgements: Vec<_> = dhcp.into_iter().chain(router).chain(other).collect();
        if let Some(first) = judgements.first_mut() {
            *first = self.evidence(link, site, first.clone());
        }
        judgements
    }

    /// Where the device is led now.
    fn led(&self) -> String {
        let mut led = Vec::new();
        if !self.gateways.is_empty() {
            led.push(format!("the gateway is now {}", listed(&self.gateways)));
        }
        if !self.dns_servers.is_empty() {
            led.push(format!("names are asked of {}, a new host of the link", listed(&self.dns_servers)));
        }
        if let Some(prefix) = &self.nat64 {
            led.push(format!("IPv4 is reached under {prefix}, which nobody declared"));
        }
        led.join(", and ")
    }

    fn evidence(&self, link: &Link<'_>, site: &Site, judgement: Judgement) -> Judgement {
        let seen = &link.seen;
        let facts = [
            ("dhcp_server", listed(seen.dhcp_server), listed(site.dhcp_servers.normal())),
            ("gateways", listed(&seen.gateways), listed(site.gateways.normal())),
            ("dns_servers", listed(&seen.dns_servers), listed(site.dns_servers.normal())),
            ("nat64_prefix", listed(&seen.nat64), listed(site.nat64.normal())),
        ];
        let facts = facts.into_iter().filter(|(_, now, before)| now != before);
        let judgement = facts.fold(judgement, |judgement, (name, now, before)| {
            judgement.with(name, or_none(now)).with(format!("{name}_before"), or_none(before))
        });
        let hosts: BTreeSet<_> = self
            .dhcp_server
            .iter()
            .chain(&self.routers)
            .chain(&self.gateways)
            .chain(&self.dns_servers)
            .collect();
        hosts.into_iter().fold(judgement, |judgement, host| match seen.neighbours.get(host) {
            Some(mac) => judgement.with("hardware_address", format!("{host} {mac}")),
            None => judgement,
        })
    }

    fn praise(&self) -> String {
        if self.remarks.is_empty() {
            return "the network configures this device as before".to_owned();
        }
        self.remarks.join("; ")
    }
}

fn or_none(list: String) -> String {
    if list.is_empty() { "none".to_owned() } else { list }
}

/// Whether an IPv6 router is another host than the gateways of `site`, by its hardware address; where that is not told,
/// by whether there was a router before.
fn is_foreign(link: &Link<'_>, site: &Site, router: IpAddr) -> bool {
    match link.seen.neighbours.get(&router) {
        Some(mac) if site.macs().next().is_some() => !is_gateway_mac(link, site, *mac),
        _ => site.gateways.normal().any(|known| is_link_local(*known)),
    }
}

fn is_gateway_mac(link: &Link<'_>, site: &Site, mac: MacAddress) -> bool {
    site.hardware.values().any(|known| known.accepts(&mac, link.now, link.conduct))
}

/// Whether a new gateway stands in the place of the known ones, not beside them.
fn took_over(link: &Link<'_>, site: &Site, gateway: IpAddr) -> bool {
    let mut known = site
        .gateways
        .normal()
        .filter(|known| known.is_ipv4() == gateway.is_ipv4() && !is_link_local(**known));
    let is_beside = known.clone().any(|known| link.seen.gateways.contains(known));
    known.next().is_some() && (!is_beside || is_near(gateway, site))
}

/// Whether an address lies in the /24 of a known IPv4 gateway of `site`.
fn is_near(address: IpAddr, site: &Site) -> bool {
    site.gateways.normal().any(|gateway| is_same_24(address, *gateway))
}

fn is_same_24(one: IpAddr, other: IpAddr) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => u32::from(one) >> 8 == u32::from(other) >> 8,
        _ => false,
    }
}

/// Whether `server` is a host of the link other than the gateways.
fn is_new_host(link: &Link<'_>, site: &Site, server: IpAddr) -> bool {
    let seen = &link.seen;
    if site.gateways.accepts(&server, link.now, link.conduct) {
        return false;
    }
    if let Some(mac) = seen.neighbours.get(&server) {
        return !is_gateway_mac(link, site, *mac);
    }
    if seen.gateways.contains(&server) && !site.gateways.is_known() {
        return false;
    }
    is_link_local(server) || is_near(server, site) || seen.gateways.iter().any(|it| is_same_24(server, *it))
}
