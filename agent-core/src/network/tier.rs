//! The two tiers of measurement: what every scan looks at, and what is looked at only where there is reason to.
//!
//! | measured | first tier | everything adds |
//! |---|---|---|
//! | captive | the first `http` and the first `https` probe | the others |
//! | TLS chain, pins, certificate transparency, versions | two peers, see below | every endpoint and canary |
//! | TLS binding, redirect over clear HTTP | the canaries among the two | every canary |
//! | content and echo over clear HTTP | – | every canary |
//! | DNS answers | one name of one canary, at one server, until its first answer | every server, every answer for 1.5 s, the same over HTTPS |
//! | DNS path, hops | – | all |
//! | what the platform tells | all | – |
//!
//! The two peers are a canary (one that has a zone and clear HTTP, if there is one) and an endpoint of another
//! network, one with pins if there is one: who lets canaries pass and intercepts others is seen too. Where there is no
//! such endpoint, a second canary takes its place; where there is no canary, a second endpoint. The choice depends on
//! the settings alone.
//!
//! A record of the first tier is judged under settings that name no more than was measured (`in_force`), so that
//! "two of two endpoints" is what it says. Checks of which nothing was measured ([`LEFT_OUT`]) are unknown in it. It is
//! enough if its [`Review::is_ordinary`]; otherwise the rest is measured too, in the same scan.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::limits::{MAX_CANARIES, MAX_ENDPOINTS};
use crate::model::{
    CheckId, CheckOutcome, Coverage, Depth, Detection, NetworkSettings, NetworkSnapshot, Verdict,
};

/// Checks of which the first tier measures nothing.
pub const LEFT_OUT: [CheckId; 4] =
    [CheckId::HttpTamper, CheckId::HttpProxy, CheckId::DnsPath, CheckId::LinkPath];

/// What of the settings the first tier measures, by its place there.
#[derive(Debug, Default)]
pub(super) struct FirstTier {
    pub(super) captive: BTreeSet<usize>,
    pub(super) endpoints: BTreeSet<usize>,
    pub(super) canaries: BTreeSet<usize>,
}

impl FirstTier {
    /// Chooses.
    pub(super) fn of(settings: &NetworkSettings) -> Self {
        let mut chosen = Self::default();
        for scheme in ["http:", "https:"] {
            let is_of_scheme =
                |url: &String| url.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
            chosen.captive.extend(settings.captive_probes.iter().position(is_of_scheme));
        }
        let peers = peers(settings);
        let Some(first) = peers.iter().find(|peer| peer.is_canary).or(peers.first()) else { return chosen };
        let others = || peers.iter().filter(|peer| *peer != first);
        let second = others().find(|peer| peer.network != first.network).or_else(|| others().next());
        for peer in second.into_iter().chain([first]) {
            let place = if peer.is_canary { &mut chosen.canaries } else { &mut chosen.endpoints };
            place.insert(peer.number);
        }
        chosen
    }
}

#[derive(PartialEq, Eq)]
struct Peer<'a> {
    is_canary: bool,
    number: usize,
    network: &'a str,
}

/// Everything that speaks TLS: endpoints, those with pins first, then canaries, the most able first.
fn peers(settings: &NetworkSettings) -> Vec<Peer<'_>> {
    let endpoints = settings.endpoints.iter().enumerate().take(MAX_ENDPOINTS);
    let mut endpoints: Vec<_> = endpoints.collect();
    endpoints.sort_by_key(|(_, endpoint)| !settings.pins.iter().any(|pins| pins.host == endpoint.host));
    let endpoints = endpoints.into_iter().map(|(number, endpoint)| Peer {
        is_canary: false,
        number,
        network: &endpoint.network,
    });
    let mut canaries: Vec<_> = settings.canaries.iter().enumerate().take(MAX_CANARIES).collect();
    canaries.sort_by_key(|(_, canary)| {
        Reverse(u8::from(canary.zone.is_some()) + u8::from(canary.http_port.is_some()))
    });
    let canaries = canaries.into_iter().map(|(number, canary)| Peer {
        is_canary: true,
        number,
        network: &canary.network,
    });
    endpoints.chain(canaries).collect()
}

/// The settings by which a record of `depth` is judged: they name what was to be measured.
pub(super) fn in_force(settings: &NetworkSettings, depth: Depth) -> Cow<'_, NetworkSettings> {
    match depth {
        Depth::Everything => Cow::Borrowed(settings),
        Depth::First => {
            let chosen = FirstTier::of(settings);
            let mut narrowed = settings.clone();
            narrowed.captive_probes = only(&chosen.captive, &settings.captive_probes);
            narrowed.endpoints = only(&chosen.endpoints, &settings.endpoints);
            narrowed.canaries = only(&chosen.canaries, &settings.canaries);
            let hosts = narrowed.endpoints.iter().map(|endpoint| endpoint.host.as_str());
            let hosts: BTreeSet<_> =
                hosts.chain(narrowed.canaries.iter().map(|canary| canary.name.as_str())).collect();
            narrowed.pins.retain(|pins| hosts.contains(pins.host.as_str()));
            Cow::Owned(narrowed)
        }
    }
}

fn only<T: Clone>(chosen: &BTreeSet<usize>, all: &[T]) -> Vec<T> {
    chosen.iter().filter_map(|number| all.get(*number)).cloned().collect()
}

/// `outcomes` of a record of `depth`: what it left out is unknown, and says so.
pub(super) fn with_gaps(mut outcomes: Vec<CheckOutcome>, depth: Depth) -> Vec<CheckOutcome> {
    if depth == Depth::First {
        for outcome in outcomes.iter_mut().filter(|outcome| LEFT_OUT.contains(&outcome.check)) {
            *outcome = CheckOutcome::unknown(outcome.check, "not part of a quick scan: scan everything");
        }
    }
    outcomes
}

/// The outcomes of a network's checks, as a reason to look closer or not.
pub struct Review<'a> {
    outcomes: &'a [CheckOutcome],
    expected: BTreeSet<CheckId>,
}

impl<'a> Review<'a> {
    /// `outcomes` of a scan under `settings` to the given `depth`, on the network of `snapshot`.
    pub fn of(
        outcomes: &'a [CheckOutcome],
        settings: &NetworkSettings,
        snapshot: &NetworkSnapshot,
        depth: Depth,
    ) -> Self {
        let mut expected = expected(settings, snapshot);
        if depth == Depth::First {
            expected.retain(|check| !LEFT_OUT.contains(check));
        }
        Self { outcomes, expected }
    }

    /// Whether there is a result wherever the settings provide for one.
    pub fn is_conclusive(&self) -> bool {
        let has_result =
            |check: &CheckId| self.outcomes.iter().any(|it| it.check == *check && is_settled(it));
        self.expected.iter().all(has_result)
    }

    /// Whether anything is suspicious, or worse.
    pub fn is_suspicious(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.verdict() >= Verdict::Suspicious)
    }

    /// Whether nothing asks for a closer look: everything has a result, nothing is suspicious, and what is out of
    /// the ordinary has one of the `known` benign explanations.
    pub fn is_ordinary(&self, known: &BTreeSet<Detection>) -> bool {
        self.is_conclusive() && !self.is_suspicious() && self.explanations().is_subset(known)
    }

    /// What was seen and has a benign cause.
    pub fn explanations(&self) -> BTreeSet<Detection> {
        let judgements = self.outcomes.iter().flat_map(|outcome| &outcome.judgements);
        let benign = judgements.filter(|judgement| judgement.verdict == Verdict::Benign);
        benign.map(|judgement| judgement.detection).collect()
    }
}

/// A check that ran to its end and left nothing open.
fn is_settled(outcome: &CheckOutcome) -> bool {
    let mut verdicts = outcome.judgements.iter().map(|judgement| judgement.verdict);
    outcome.coverage == Coverage::Complete && verdicts.all(|verdict| verdict != Verdict::Inconclusive)
}

/// The checks that should come to a result, because the settings name the hosts that they need. Those of
/// certificates share their handshakes with the chain check, and what only the platform can tell it may not tell.
fn expected(settings: &NetworkSettings, snapshot: &NetworkSnapshot) -> BTreeSet<CheckId> {
    let has_servers = snapshot.dns_servers.value().is_some_and(|servers| !servers.is_empty());
    let over_http = settings.canaries.iter().any(|canary| canary.http_port.is_some());
    let over_dns = has_servers && settings.canaries.iter().any(|canary| canary.zone.is_some());
    let means = [
        (!settings.captive_probes.is_empty(), &[CheckId::Captive][..]),
        (!settings.endpoints.is_empty() || !settings.canaries.is_empty(), &[CheckId::TlsChain]),
        (!settings.canaries.is_empty(), &[CheckId::TlsBinding]),
        (over_http, &[CheckId::HttpStrip, CheckId::HttpTamper, CheckId::HttpProxy]),
        (over_dns, &[CheckId::DnsAnswer, CheckId::DnsPath]),
    ];
    means.into_iter().filter(|(given, _)| *given).flat_map(|(_, checks)| checks).copied().collect()
}

#[cfg(test)]
mod tests;
