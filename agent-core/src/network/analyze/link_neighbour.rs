//! The neighbour check: does the gateway still answer with its own hardware address?
//!
//! The states are those of arpwatch, held against what was normal at the same place:
//!
//! | the gateway's hardware address | judged |
//! |---|---|
//! | the one that was normal, or this place is new | clean |
//! | that of another known gateway of the place | clean: the other one took over |
//! | another (changed), or one that came and went before (flip-flop) | spoofing, suspicious |
//! | the same, for a week in which canaries vouched for the network | clean: a new router |
//! | not known from before, and that of exactly one other host, while hosts differ otherwise | spoofing, suspicious |
//!
//! An honest router has many addresses with one hardware address: those of other families, those of other gateways, of
//! the DNS and the DHCP server, and any that showed while the gateway's own was normal. A network that keeps its guests
//! apart answers for all of them with one hardware address (proxy ARP): then hosts do not differ otherwise.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::link::{Link, Place, listed};
use crate::model::{CheckId, CheckOutcome, Detection, Fact, Judgement, MacAddress, Transport, Verdict};

const CHECK: CheckId = CheckId::LinkNeighbour;

/// Judges the gateways' hardware addresses.
pub(super) fn judge(link: &Link<'_>) -> CheckOutcome {
    if link.network.transport.value() == Some(&Transport::Cellular) {
        return link.nameless(CHECK);
    }
    if matches!(&link.network.gateways, Fact::Known { value } if value.is_empty()) {
        return CheckOutcome::clean(CHECK, "this network has no gateway whose place could be taken");
    }
    if link.resolved().next().is_none() {
        return link.unresolved(CHECK);
    }
    let replaced = replaced(link);
    if !replaced.is_empty() {
        return found(link, spoofed(link, &replaced));
    }
    if let Some(judgement) = doubled(link) {
        return found(link, judgement);
    }
    CheckOutcome::clean(CHECK, praise(link))
}

/// A gateway that answers with another hardware address than is normal.
pub(super) struct Replaced {
    pub(super) gateway: IpAddr,
    pub(super) mac: MacAddress,
    before: Vec<MacAddress>,
    is_back: bool,
}

/// The gateways that do.
pub(super) fn replaced(link: &Link<'_>) -> Vec<Replaced> {
    let Place::Known(site) = link.place else { return Vec::new() };
    let replaced = link.resolved().filter_map(|(gateway, mac)| {
        let known = site.hardware.get(&gateway).filter(|known| known.is_known())?;
        let is_gateway = site.macs().any(|other| *other == mac);
        (!is_gateway && !known.accepts(&mac, link.now, link.conduct)).then(|| Replaced {
            gateway,
            mac,
            before: known.normal().copied().collect(),
            is_back: known.is_back(&mac),
        })
    });
    replaced.collect()
}

fn spoofed(link: &Link<'_>, replaced: &[Replaced]) -> Judgement {
    let told = replaced.iter().map(|it| format!("{} answers with {}", it.gateway, it.mac));
    let before: BTreeSet<_> = replaced.iter().flat_map(|it| &it.before).collect();
    let again = if replaced.iter().any(|it| it.is_back) { " again" } else { "" };
    let reason = format!(
        "the gateway {}{again}, and at this place it was {} until now: another host may have taken its place",
        listed(told),
        listed(before)
    );
    let judgement = Judgement::new(Detection::ArpSpoofing, Verdict::Suspicious).because(reason);
    replaced.iter().fold(judgement, |judgement, it| {
        let judgement = judgement
            .with("gateway", it.gateway)
            .with("hardware_address", it.mac)
            .with("hardware_address_before", listed(&it.before))
            .with("state", if it.is_back { "flip-flop" } else { "changed" });
        let known = match link.place {
            Place::Known(site) => site.hardware.get(&it.gateway).and_then(|known| known.last_seen()),
            _ => None,
        };
        let judgement = match known {
            Some(at) => judgement.with("last_seen_before", at),
            None => judgement,
        };
        let others = others_with(link, it.gateway, it.mac);
        others.into_iter().fold(judgement, |judgement, other| judgement.with("also_the_address_of", other))
    })
}

/// A gateway, not known from before, that has the hardware address of another host.
fn doubled(link: &Link<'_>) -> Option<Judgement> {
    let is_trusted = |gateway: &IpAddr| match link.place {
        Place::Known(site) => site.hardware.get(gateway).is_some_and(|known| known.is_known()),
        _ => false,
    };
    link.resolved().filter(|(gateway, _)| gateway.is_ipv4() && !is_trusted(gateway)).find_map(|(gateway, mac)| {
        let others = others_with(link, gateway, mac);
        let hosts_differ = link.seen.neighbours.iter().any(|(address, it)| address.is_ipv4() && *it != mac);
        let [other] = others.as_slice() else { return None };
        hosts_differ.then(|| {
            let reason = format!(
                "the gateway {gateway} and {other} answer with the same hardware address {mac}: {other} may have taken \
                 the gateway's place"
            );
            Judgement::new(Detection::ArpSpoofing, Verdict::Suspicious)
                .because(reason)
                .with("gateway", gateway)
                .with("hardware_address", mac)
                .with("also_the_address_of", other)
        })
    })
}

/// Other addresses of the gateway's family with its hardware address, but for those that a router has by right.
fn others_with(link: &Link<'_>, gateway: IpAddr, mac: MacAddress) -> Vec<IpAddr> {
    let seen = &link.seen;
    let is_other = |address: &IpAddr| {
        address.is_ipv4() == gateway.is_ipv4()
            && !seen.gateways.contains(address)
            && !seen.dns_servers.contains(address)
            && seen.dhcp_server != Some(*address)
    };
    let same = seen.neighbours.iter().filter(|(address, it)| **it == mac && is_other(address));
    same.map(|(address, _)| *address).collect()
}

fn found(link: &Link<'_>, judgement: Judgement) -> CheckOutcome {
    let judgement = match link.seen.bssid {
        Some(bssid) => judgement.with("bssid", bssid),
        None => judgement,
    };
    CheckOutcome::judged(CHECK, judgement.reason.clone(), vec![judgement])
}

fn praise(link: &Link<'_>) -> String {
    let told = listed(link.resolved().map(|(gateway, mac)| format!("{gateway} answers with {mac}")));
    let compared = match link.place {
        Place::Nameless => "and there is nothing to compare it with",
        Place::New => "which is remembered: this is the first visit",
        Place::Elsewhere => {
            "which is remembered: another access point and another router than before are another place, or new devices"
        }
        Place::Known(site)
            if link
                .resolved()
                .all(|(it, mac)| site.hardware.get(&it).is_some_and(|known| known.is_normal(&mac))) =>
        {
            "as before"
        }
        Place::Known(_) => "not all of which was seen here before",
    };
    format!("the gateway {told}, {compared}")
}
