//! The chain check: is the peer at the other end of TLS the one that it should be?
//!
//! Each endpoint's chain is judged alone, then all are weighed together:
//!
//! | seen | judged |
//! |---|---|
//! | no public list vouches for the chain, in two networks | interception, confirmed: the path is all that the endpoints have in common |
//! | the same in one network | interception, suspicious |
//! | a certificate without its key | interception, suspicious: it has rare honest causes |
//! | a root of the device's system that the public list lacks, in two networks, or at a canary that tells of another session | trust store compromised, confirmed: somebody put it there |
//! | the same in one network | trust store compromised, suspicious: a maker may know of a root before this list does |
//! | a valid certificate for another host, in two networks | interception, suspicious: traffic is led elsewhere |
//! | the same in one network | invalid certificate, suspicious: the server may be set up wrongly |
//! | valid but for the date, while others are valid now | invalid certificate, benign: it was not renewed, or is used too early |
//! | valid but for the date, and no other is valid now | invalid certificate, inconclusive: the clock may be wrong |
//! | a declared inspection root | managed inspection, benign |
//! | a canary whose signed reply tells of another session | interception, confirmed: proof by itself |
//!
//! Quorum counts networks, not endpoints (NETWORK.md, decision 5), and a root that the user added needs no more
//! than that. While a portal holds the network, what a portal can cause is set aside (decision 3); a chain that
//! the device trusts by a root of its own is not, since no portal gets one without a root in the device. Nor is an
//! untrusted one in the endpoint's own name, once a portal has stayed for long; then it is suspicious at most. It is
//! no more than that either where no connectivity check was answered at all.
//!
//! An endpoint counts for interception or for the trust store, never for both: where an attacker holds roots of either
//! kind, both are found, each by its own endpoints.
//!
//! Interception, inspection and a doubtful clock are of the network or the device: their subject is empty and the
//! endpoints are evidence, so that a finding stays the same finding when the number of endpoints that show it
//! changes. Any other invalid certificate is of its host.
//!
//! Canaries are endpoints like others here. One that proves its session to be unbroken is genuine whoever vouches for
//! its chain, and excuses no other endpoint, nor another chain in an attempt before. Where no canary could tell,
//! interception and the trust store stay undecided, so that an attacker who holds the canaries back does not resolve
//! what they proved. A moment that canaries signed is believed, and then it is never the clock that makes a
//! certificate invalid.
//!
//! The check comes to a result when at least half of the endpoints could be judged; one that is down is named.

use std::collections::{BTreeMap, BTreeSet};

use super::Scene;
use super::chain::Standing;
use super::clock::Clock;
use super::sighting::{Sighting, grouped};
use super::tls_binding::{Binding, Bound};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Judgement, TrustAnchor, Verdict};

/// Different networks in which the same anomaly must show to be confirmed (NETWORK.md, decision 5).
pub(super) const QUORUM: usize = 2;

/// What is said where there is nothing to probe.
pub(super) const NONE: &str = "no TLS endpoint is configured: the administrator names them in endpoints";

/// Judges the chains of the endpoints and of the canaries.
pub(super) fn judge(scene: &Scene<'_>, bounds: &[Bound<'_>], clock: &Clock) -> CheckOutcome {
    if scene.sightings.is_empty() {
        return CheckOutcome::unknown(CheckId::TlsChain, NONE);
    }
    let mut picture = Picture { scene, clock, bounds, seen: Vec::new(), held: 0, missed: Vec::new() };
    for (endpoint, sighting) in scene.sightings {
        match sighting {
            Ok(sighting) if scene.is_held(sighting) => picture.held += 1,
            Ok(sighting) => picture.seen.push(sighting),
            Err(why) => picture.missed.push((why.clone(), endpoint.host.as_str())),
        }
    }
    picture.outcome()
}

/// All endpoints together.
struct Picture<'a> {
    scene: &'a Scene<'a>,
    clock: &'a Clock,
    bounds: &'a [Bound<'a>],
    seen: Vec<&'a Sighting<'a>>,
    /// Endpoints in whose place a portal answered.
    held: usize,
    /// What became of the others: words and host.
    missed: Vec<(String, &'a str)>,
}

impl Picture<'_> {
    fn outcome(&self) -> CheckOutcome {
        let of_all = [self.interception(), self.compromise(), self.inspection(), self.wrong_clock()];
        let mut judgements: Vec<_> = of_all.into_iter().flatten().chain(self.invalid()).collect();
        let gravest = judgements.iter().rev().max_by_key(|judgement| judgement.verdict);
        let said = gravest.map(|judgement| judgement.reason.clone()).or_else(|| self.praise());
        let summary = said.into_iter().chain(self.gaps()).collect::<Vec<_>>().join("; ");
        let coverage = if self.settled() * 2 >= self.total() {
            Coverage::Complete
        } else {
            Coverage::Unknown { why: summary.clone() }
        };
        if coverage == Coverage::Complete {
            judgements.extend(self.undecided(&judgements));
        }
        CheckOutcome { check: CheckId::TlsChain, coverage, summary, judgements, part_of: None }
    }

    fn total(&self) -> usize {
        self.scene.sightings.len()
    }

    fn interception(&self) -> Option<Judgement> {
        let foreign = self.networks(Standing::is_foreign);
        let led_elsewhere = self.is_led_elsewhere();
        let is_affected = |sighting: &Sighting<'_>| match sighting.standing {
            _ if sighting.is_rogue() => false,
            _ if sighting.is_broken() => true,
            Standing::OtherName => led_elsewhere,
            Standing::KeyNotProven => true,
            standing => standing.is_foreign(),
        };
        let affected = self.affected(is_affected);
        let (count, total, presented) = (affected.len(), self.total(), presented(&affected));
        let (verdict, reason) = if let Some(broken) = broken(&affected) {
            let reason = format!(
                "somebody terminates TLS in between: another session than this device's reached {broken}, which \
                 signed what it saw; {count} of {total} endpoints present {presented}"
            );
            (Verdict::Confirmed, reason)
        } else if self.networks(|standing| standing.is_foreign() && self.is_proof(standing)) >= QUORUM {
            let reason = format!(
                "somebody other than the endpoint terminates TLS at {count} of {total} endpoints, in {foreign} \
                 different networks, with {presented}"
            );
            (Verdict::Confirmed, reason)
        } else {
            let unsure = match foreign {
                0 => "",
                1 => "no endpoint in a second network shows the same",
                _ => self.scene.hold.doubt().unwrap_or_default(),
            };
            let reason = format!(
                "somebody other than the endpoint seems to terminate TLS at {count} of {total} endpoints, with \
                 {presented}{}{unsure}",
                if unsure.is_empty() { "" } else { "; " }
            );
            (Verdict::Suspicious, reason)
        };
        let judgement = judgement_of(&affected, Detection::TlsInterception, verdict, reason)?;
        Some(self.proofs(judgement))
    }

    fn compromise(&self) -> Option<Judgement> {
        let affected = self.affected(|sighting| sighting.is_rogue());
        let networks = self.networks(|standing| standing == Standing::DeviceOnly(TrustAnchor::System));
        let (count, total, presented) = (affected.len(), self.total(), presented(&affected));
        let (verdict, reason) = if let Some(broken) = broken(&affected) {
            let reason = format!(
                "a root of this device's system opens TLS to somebody in between: another session than this \
                 device's reached {broken}, which signed what it saw; {count} of {total} endpoints present {presented}"
            );
            (Verdict::Confirmed, reason)
        } else if networks >= QUORUM {
            let reason = format!(
                "a root that no public list has was put among those of this device's system: {count} of {total} \
                 endpoints, in {networks} different networks, present {presented}"
            );
            (Verdict::Confirmed, reason)
        } else {
            let reason = format!(
                "a root that no public list has seems to be among those of this device's system: {count} of {total} \
                 endpoints present {presented}; no endpoint in a second network shows the same"
            );
            (Verdict::Suspicious, reason)
        };
        let judgement = judgement_of(&affected, Detection::TrustStoreCompromised, verdict, reason)?;
        Some(self.proofs(judgement))
    }

    /// Adds the proofs of the canaries whose broken sessions `judgement` is about.
    fn proofs(&self, judgement: Judgement) -> Judgement {
        self.bounds.iter().fold(judgement, |judgement, bound| match (&bound.binding, &bound.sighting) {
            (Binding::Broken(proof), Ok(sighting)) if sighting.detection() == judgement.detection => {
                proof.evidence(judgement)
            }
            _ => judgement,
        })
    }

    /// Says that an attack is neither proved nor gone, where canaries are configured and none could tell.
    fn undecided(&self, judgements: &[Judgement]) -> Vec<Judgement> {
        let unsettled = |bound: &Bound<'_>| matches!(bound.binding, Binding::Unsettled(_));
        if self.bounds.is_empty() || !self.bounds.iter().all(unsettled) {
            return Vec::new();
        }
        let proved_by_canaries = [Detection::TlsInterception, Detection::TrustStoreCompromised].into_iter();
        let is_judged = |detection| judgements.iter().any(|judgement| judgement.detection == detection);
        let open = proved_by_canaries.filter(|detection| !is_judged(*detection));
        let undecided = |detection| {
            Judgement::new(detection, Verdict::Inconclusive)
                .because("no canary could tell whether TLS sessions reach it untouched")
        };
        open.map(undecided).collect()
    }

    /// Whether a chain is proof where enough endpoints show it: not one that some portals make.
    fn is_proof(&self, standing: Standing) -> bool {
        self.scene.hold.doubt().is_none() || !standing.may_be_a_portal()
    }

    fn inspection(&self) -> Option<Judgement> {
        let inspected = self.showing(|standing| standing == Standing::Inspected);
        let reason = format!(
            "the organisation inspects TLS at {} of {} endpoints, with {}",
            inspected.len(),
            self.total(),
            presented(&inspected)
        );
        judgement_of(&inspected, Detection::ManagedInspection, Verdict::Benign, reason)
    }

    fn wrong_clock(&self) -> Option<Judgement> {
        let undated = self.undated();
        let reason = format!(
            "{} of {} endpoints present {}; this device's clock says {} and no certificate is valid by it: check \
             the date and time of this device",
            undated.len(),
            self.total(),
            presented(&undated),
            self.clock.now
        );
        judgement_of(&undated, Detection::InvalidCertificate, Verdict::Inconclusive, reason)
    }

    /// One judgement a host, of all its endpoints.
    fn invalid(&self) -> Vec<Judgement> {
        let mut by_host: BTreeMap<&str, Judgement> = BTreeMap::new();
        for sighting in &self.seen {
            let Some((verdict, reason)) = self.invalidity(sighting).filter(|_| !sighting.is_broken()) else {
                continue;
            };
            let host = sighting.endpoint.host.as_str();
            let judgement = by_host.entry(host).or_insert_with(|| {
                Judgement::new(Detection::InvalidCertificate, Verdict::Benign).about(host)
            });
            if verdict >= judgement.verdict {
                (judgement.verdict, judgement.reason) = (verdict, reason);
            }
            *judgement = sighting.evidence(judgement.clone());
        }
        by_host.into_values().collect()
    }

    fn invalidity(&self, sighting: &Sighting<'_>) -> Option<(Verdict, String)> {
        let (host, phrase) = (&sighting.endpoint.host, sighting.phrase());
        match sighting.standing {
            Standing::OutOfDate { .. } if !self.clock_is_doubted() => Some((
                Verdict::Benign,
                format!(
                    "{host} presents {phrase}, but not now ({}); {}, so it is this certificate that is wrong",
                    self.clock.now,
                    if self.clock.is_vouched_for {
                        "a canary signed that time"
                    } else {
                        "others are valid by the same clock"
                    }
                ),
            )),
            Standing::OtherName if !self.is_led_elsewhere() => Some((
                Verdict::Suspicious,
                format!(
                    "{host} presents {phrase}: it is set up wrongly, or its name is led to another server"
                ),
            )),
            _ => None,
        }
    }

    /// Servers of two networks are not set up wrongly at the same time.
    fn is_led_elsewhere(&self) -> bool {
        self.networks(|standing| standing == Standing::OtherName) >= QUORUM
    }

    /// Whether nothing speaks for the device's clock.
    fn clock_is_doubted(&self) -> bool {
        !self.clock.is_vouched_for && !self.seen.iter().any(|sighting| sighting.standing.is_valid_now())
    }

    fn affected(&self, is_affected: impl Fn(&Sighting<'_>) -> bool) -> Vec<&Sighting<'_>> {
        self.seen.iter().copied().filter(|sighting| is_affected(sighting)).collect()
    }

    fn networks(&self, shows: impl Fn(Standing) -> bool) -> usize {
        let showing = self.showing(shows).into_iter();
        showing.map(|sighting| sighting.endpoint.network.as_str()).collect::<BTreeSet<_>>().len()
    }

    fn showing(&self, shows: impl Fn(Standing) -> bool) -> Vec<&Sighting<'_>> {
        self.affected(|sighting| shows(sighting.standing))
    }

    /// Endpoints of which something can be said.
    fn settled(&self) -> usize {
        self.seen.len() - self.undated().len()
    }

    /// Endpoints whose certificate or the clock is wrong, who knows which.
    fn undated(&self) -> Vec<&Sighting<'_>> {
        self.showing(|standing| matches!(standing, Standing::OutOfDate { .. }) && self.clock_is_doubted())
    }

    fn praise(&self) -> Option<String> {
        let genuine = self.seen.len();
        (genuine > 0).then(|| format!("{genuine} of {} endpoints present genuine certificates", self.total()))
    }

    /// Why not every endpoint could be judged.
    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.held > 0 {
            gaps.push(format!(
                "a captive portal answers in place of {} of {} endpoints: sign in to the network and scan again",
                self.held,
                self.total()
            ));
        }
        if !self.missed.is_empty() {
            let missed = self.missed.iter().map(|(why, host)| (why.clone(), *host));
            let missed = grouped(missed).into_iter().map(|(why, hosts)| format!("{hosts} {why}"));
            let missed = missed.collect::<Vec<_>>().join("; ");
            gaps.push(format!("no answer from {} of {}: {missed}", self.missed.len(), self.total()));
        }
        if self.scene.unreadable_roots > 0 {
            gaps.push(format!(
                "{} of {} roots in public_roots are no certificates and not believed: the administrator replaces them",
                self.scene.unreadable_roots,
                self.scene.settings.public_roots.len()
            ));
        }
        gaps
    }
}

impl Standing {
    /// What a portal may present in an endpoint's place: a certificate of its own, in date or not, or a made-up one.
    pub(super) const fn may_be_a_portal(self) -> bool {
        matches!(self, Self::Untrusted | Self::OtherName | Self::OutOfDate { .. })
    }

    /// No public authority vouches for it, nor the organisation, nor the maker of this device.
    pub(super) const fn is_foreign(self) -> bool {
        match self {
            Self::Untrusted | Self::DeviceOnly(TrustAnchor::UserAdded | TrustAnchor::Untold) => true,
            Self::DeviceOnly(TrustAnchor::System)
            | Self::KeyNotProven
            | Self::Genuine
            | Self::Inspected
            | Self::OutOfDate { .. }
            | Self::OtherName => false,
        }
    }

    const fn is_valid_now(self) -> bool {
        matches!(self, Self::Genuine | Self::Inspected)
    }
}

/// The canaries among `affected` whose session is broken, if any.
fn broken(affected: &[&Sighting<'_>]) -> Option<String> {
    let broken = affected.iter().filter(|sighting| sighting.is_broken());
    let broken: Vec<_> = broken.map(|sighting| sighting.endpoint.host.as_str()).collect();
    (!broken.is_empty()).then(|| broken.join(", "))
}

/// One judgement of all of `affected`, if any.
fn judgement_of(
    affected: &[&Sighting<'_>],
    detection: Detection,
    verdict: Verdict,
    reason: String,
) -> Option<Judgement> {
    if affected.is_empty() {
        return None;
    }
    let judgement = Judgement::new(detection, verdict).because(reason);
    Some(affected.iter().fold(judgement, |judgement, sighting| sighting.evidence(judgement)))
}

/// What `sightings` presented, and which host did.
fn presented(sightings: &[&Sighting<'_>]) -> String {
    let each = sightings.iter().map(|sighting| (sighting.phrase(), sighting.endpoint.host.as_str()));
    let each = grouped(each).into_iter().map(|(phrase, hosts)| format!("{phrase} ({hosts})"));
    each.collect::<Vec<_>>().join("; ")
}
