//! The path check of the link: has a host come between this device and its gateway?
//!
//! | seen | judged |
//! |---|---|
//! | the gateway, or what was the first hop before, is the second | path changed, suspicious |
//! | a first hop that never answers, and the one behind it one further than before | path changed, suspicious |
//! | the first hop is another address than the gateway's | clean: routers answer from any address of theirs |
//! | the first hop is another than before, and nothing moved behind it | clean: roaming, or fail-over |
//! | traffic leaves by a VPN | clean, and told: the hops are the VPN's |
//! | no first hop | unknown: many networks filter ICMP |
//!
//! One more hop is all that a forwarding host cannot help but show. One that makes up for it in the time to live is not
//! seen here. That two addresses have one hardware address is no excuse: a poisoned neighbour table looks like that.
//! While a portal holds the network nothing is said.

use std::net::IpAddr;

use super::Scene;
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, MacAddress, Verdict};
use crate::network::baseline::{PathPast, Way};
use crate::network::limits::{MAX_HOPS, MAX_PAST_PATHS};
use crate::network::observation::{FailureKind, HopAnswer, PathProbe, answer, failure};
use crate::network::words::plain;

/// Judges the first hops.
pub(super) fn judge(scene: &Scene<'_>) -> CheckOutcome {
    let check = CheckId::LinkPath;
    if scene.seen.paths.is_empty() {
        let configured = !scene.settings.canaries.is_empty() || !scene.settings.endpoints.is_empty();
        let why = "no canary or endpoint is configured to which the way could be followed";
        return CheckOutcome::unknown(check, if configured { "not measured" } else { why });
    }
    if on_vpn(scene) {
        return CheckOutcome::clean(check, "the hops are those of a VPN, and say nothing of this network");
    }
    if scene.portal {
        let why = "a captive portal holds this network: sign in and scan again";
        return CheckOutcome::unknown(check, why);
    }
    let ways = ways(scene);
    if ways.is_empty() {
        return CheckOutcome::unknown(check, silence(&scene.seen.paths));
    }
    let link = Link::of(scene, &ways);
    let longer: Vec<_> = ways.iter().filter_map(|way| Some((way, link.insertion(way)?))).collect();
    if let Some((way, insertion)) = longer.first() {
        let reason = insertion.words(way);
        let judgement = Judgement::new(Detection::PathChanged, Verdict::Suspicious).because(reason.clone());
        let judgement =
            longer.iter().fold(judgement, |judgement, (way, insertion)| insertion.evidence(judgement, way));
        return CheckOutcome::judged(check, reason, vec![judgement]);
    }
    let mut said: Vec<_> = ways.iter().map(|way| link.words(way)).collect();
    said.dedup();
    let said = said.join("; ");
    let told = ways.iter().any(|way| way.hop(1).is_some() || link.past.contains(way));
    if told { CheckOutcome::clean(check, said) } else { CheckOutcome::unknown(check, said) }
}

/// The ways to remember, after this check came to `outcome`.
pub(super) fn remember(scene: &Scene<'_>, outcome: &CheckOutcome) -> PathPast {
    let mut past = scene.past.path.clone();
    if on_vpn(scene) || scene.portal || !outcome.judgements.is_empty() {
        return past;
    }
    for way in ways(scene) {
        past.ways.retain(|known| *known != way);
        past.ways.push(way);
    }
    past.ways.drain(..past.ways.len().saturating_sub(MAX_PAST_PATHS));
    past
}

fn on_vpn(scene: &Scene<'_>) -> bool {
    scene.seen.network.vpns.value().is_some_and(|vpns| !vpns.is_empty())
}

/// The ways on which anybody answered.
fn ways(scene: &Scene<'_>) -> Vec<Way> {
    let ways = scene.seen.paths.iter().map(way);
    ways.filter(|way| way.hops.iter().any(Option::is_some)).collect()
}

fn way(probe: &PathProbe) -> Way {
    let destination = probe.destination;
    let mut hops = Vec::new();
    for ttl in 1..=MAX_HOPS {
        let hop = probe.hops.iter().find(|hop| hop.ttl == ttl);
        let answer = hop.and_then(|hop| answer(&hop.attempts)).map(|(answer, _)| answer);
        let from = answer.filter(|it| it.from == destination || lived_out(it)).map(|answer| answer.from);
        hops.push(from);
        if from == Some(destination) {
            break;
        }
    }
    Way { destination, hops }
}

/// Whether a router says that the datagram's time to live ended there; others refuse to pass it on, wherever it was.
const fn lived_out(answer: &HopAnswer) -> bool {
    let time_exceeded = if answer.from.is_ipv4() { 11 } else { 3 };
    answer.icmp_type == time_exceeded && answer.icmp_code == 0
}

fn silence(paths: &[PathProbe]) -> String {
    let hops = paths.iter().flat_map(|path| path.hops.iter().map(move |hop| (path.destination, hop)));
    let failures = hops.filter_map(|(destination, hop)| Some((destination, failure(&hop.attempts)?)));
    match failures.min_by_key(|(_, failure)| failure.kind == FailureKind::Unreachable) {
        Some((_, failure)) if failure.kind == FailureKind::Configuration => plain(&failure.detail),
        Some((destination, failure)) => {
            let why = plain(&failure.to_string());
            format!("no router on the way to {destination} answered, as where ICMP is filtered: {why}")
        }
        None => "no router on the way answered with what ends a datagram's life".to_owned(),
    }
}

/// What a way is held against.
struct Link<'a> {
    gateways: Vec<IpAddr>,
    neighbours: Vec<(IpAddr, MacAddress)>,
    past: &'a [Way],
    /// Whoever is first on one of the ways.
    first: Vec<IpAddr>,
}

impl<'a> Link<'a> {
    fn of(scene: &Scene<'a>, ways: &[Way]) -> Self {
        let network = &scene.seen.network;
        let gateways = network.gateways.value().map(Vec::as_slice).unwrap_or_default();
        let neighbours = network.neighbours.value().map(Vec::as_slice).unwrap_or_default();
        Self {
            // A link-local address may end in its scope.
            gateways: gateways.iter().filter_map(|text| text.split('%').next()?.parse().ok()).collect(),
            neighbours: neighbours.iter().map(|neighbour| (neighbour.address, neighbour.mac)).collect(),
            past: &scene.past.path.ways,
            first: ways.iter().filter_map(|way| way.hop(1)).collect(),
        }
    }

    /// What shows that `way` has a hop that does not belong to it.
    fn insertion(&self, way: &Way) -> Option<Insertion<'a>> {
        let is_known = |known: &Way| known.hops.iter().take(2).eq(way.hops.iter().take(2));
        if way.hops.iter().take(2).any(Option::is_some) && self.past.iter().any(is_known) {
            return None;
        }
        let second = way.hop(2).filter(|second| *second != way.destination);
        if let Some(gateway) = second.filter(|second| self.gateways.contains(second)) {
            // A gateway that is first elsewhere answers twice where the first hop is silent.
            let other = way
                .hop(1)
                .map_or_else(|| !self.first.contains(&gateway), |first| !self.gateways.contains(&first));
            if other {
                return Some(Insertion::Gateway { gateway });
            }
        }
        if let Some(second) = second.filter(|second| way.hop(1) != Some(*second)) {
            let before = self.past.iter().rev().find(|known| known.hop(1) == Some(second));
            if let Some(before) = before {
                return Some(Insertion::First { first: second, before });
            }
        }
        let belongs = |first| self.gateways.contains(&first) || self.was_first(first);
        if way.hop(1).is_some_and(belongs) {
            return None;
        }
        let third = way.hop(3).filter(|third| way.hop(2) != Some(*third))?;
        let shifted = |known: &&Way| {
            known.destination == way.destination && known.hop(1).is_none() && known.hop(2) == Some(third)
        };
        let before = self.past.iter().rev().find(shifted)?;
        Some(Insertion::Second { second: third, before })
    }

    fn was_first(&self, address: IpAddr) -> bool {
        self.past.iter().any(|known| known.hop(1) == Some(address))
    }

    /// Tells of the first hop of a way in which nobody was inserted.
    fn words(&self, way: &Way) -> String {
        let Some(first) = way.hop(1) else {
            return format!("the first hop on the way to {} does not answer", way.destination);
        };
        if first == way.destination {
            return format!("{first} is reached without a hop between");
        }
        let twin = self.gateways.iter().find(|gateway| self.same_hardware(first, **gateway));
        // An IPv6 router is known by its link-local address and answers from another as a rule.
        let other = self.gateways.iter().find(|gateway| gateway.is_ipv4() && first.is_ipv4());
        let who = match (twin, other) {
            _ if self.gateways.contains(&first) => format!("the first hop is the gateway {first}"),
            (Some(gateway), _) => {
                format!("the first hop is {first}, with the hardware address of the gateway {gateway}")
            }
            (None, Some(gateway)) => format!(
                "the first hop is {first}, not the gateway's address {gateway}: routers may answer from another"
            ),
            (None, None) => format!("the first hop is {first}"),
        };
        let mut before = self.past.iter().rev().filter_map(|known| known.hop(1));
        match before.find(|before| before.is_ipv4() == first.is_ipv4()) {
            Some(before) if !self.was_first(first) => format!("{who}; it was {before} before"),
            _ => who,
        }
    }

    fn same_hardware(&self, one: IpAddr, other: IpAddr) -> bool {
        let mac = |address| self.neighbours.iter().find(|(known, _)| *known == address).map(|(_, mac)| *mac);
        mac(one).is_some_and(|mac_of_one| mac(other) == Some(mac_of_one))
    }
}

/// A hop too many, by who stands behind it now.
enum Insertion<'a> {
    /// The gateway is second.
    Gateway { gateway: IpAddr },
    /// Who was first is second.
    First { first: IpAddr, before: &'a Way },
    /// The first hop never answers; who was second is third.
    Second { second: IpAddr, before: &'a Way },
}

impl Insertion<'_> {
    fn words(&self, way: &Way) -> String {
        let who =
            way.hop(1).map_or_else(|| "a host that does not answer".to_owned(), |first| first.to_string());
        let to = way.destination;
        match self {
            Self::Gateway { gateway } => format!(
                "{who} stands between this device and the gateway {gateway}, which is only the second hop to {to}"
            ),
            Self::First { first, .. } => {
                format!(
                    "{who} stands before {first}, which was the first hop here and is now the second to {to}"
                )
            }
            Self::Second { second, .. } => {
                format!("the way to {to} is one hop longer: {second} was the second and is now the third")
            }
        }
    }

    fn evidence(&self, judgement: Judgement, way: &Way) -> Judgement {
        let judgement = judgement.with("destination", way.destination).with("hops", listed(way));
        match self {
            Self::Gateway { gateway } => judgement.with("gateway", gateway),
            Self::First { before, .. } | Self::Second { before, .. } => {
                judgement.with("destination_before", before.destination).with("hops_before", listed(before))
            }
        }
    }
}

/// `1 10.77.0.66, 2 10.77.0.1, 3 *`, as traceroute(8) has it.
fn listed(way: &Way) -> String {
    let hops = way.hops.iter().zip(1..).map(|(hop, number)| match hop {
        Some(address) => format!("{number} {address}"),
        None => format!("{number} *"),
    });
    hops.collect::<Vec<_>>().join(", ")
}
