//! The chain check: is the peer at the other end of TLS the one that it should be?
//!
//! Each endpoint's chain is judged alone, then all are weighed together:
//!
//! | seen | judged |
//! |---|---|
//! | no public list vouches for the chain, in two networks | interception, confirmed: nobody but the network is common to both |
//! | the same in one network | interception, suspicious |
//! | a system root that Mozilla's list lacks; a certificate without its key | interception, suspicious: either has rare honest causes |
//! | a valid certificate for another host, in two networks | interception, suspicious: traffic is led elsewhere |
//! | the same in one network | invalid certificate, suspicious: the server may be set up wrongly |
//! | valid but for the date, while others are valid now | invalid certificate, benign: its operator is late |
//! | valid but for the date, and no other is valid now | invalid certificate, inconclusive: the clock may be wrong |
//! | a declared inspection root | managed inspection, benign |
//!
//! Quorum counts networks, not endpoints (NETWORK.md, decision 5), and a root that the user added needs no more
//! than that. While a portal holds the network, what a portal can cause is set aside (decision 3); a chain that
//! the device trusts by a root of its own is not, since no portal gets one without a root in the device.
//!
//! Interception and inspection are of the network: their subject is empty, and the endpoints are evidence, so
//! that a finding stays the same finding when the number of endpoints that show it changes. An invalid
//! certificate is of its host.

use std::collections::{BTreeMap, BTreeSet};

use rustls::pki_types::TrustAnchor as Anchor;

use super::chain::Standing;
use super::sighting::Sighting;
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Judgement, NetworkSettings, Timestamp, TrustAnchor, Verdict,
};
use crate::network::observation::TlsProbe;

/// Different networks in which the same anomaly must show to be confirmed (NETWORK.md, decision 5).
const QUORUM: usize = 2;

/// Judges the chains of the endpoints that `settings` name. `portal` tells that a captive portal may be what
/// answered.
pub(super) fn judge(
    probes: &[TlsProbe],
    settings: &NetworkSettings,
    public_roots: &[Anchor<'_>],
    portal: bool,
    now: Timestamp,
) -> CheckOutcome {
    if settings.endpoints.is_empty() {
        return CheckOutcome::unknown(
            CheckId::TlsChain,
            "no TLS endpoint is configured: the administrator names them in endpoints",
        );
    }
    let mut scene =
        Scene { total: settings.endpoints.len(), now, seen: Vec::new(), held: 0, missed: Vec::new() };
    for endpoint in &settings.endpoints {
        match Sighting::of(endpoint, probes, settings, public_roots, now) {
            Ok(sighting) if portal && sighting.standing.may_be_a_portal() => scene.held += 1,
            Ok(sighting) => scene.seen.push(sighting),
            Err(miss) => scene.missed.push(miss),
        }
    }
    scene.outcome()
}

/// All endpoints together.
struct Scene<'a> {
    total: usize,
    now: Timestamp,
    seen: Vec<Sighting<'a>>,
    /// Endpoints in whose place a portal answered.
    held: usize,
    /// Why the others were not seen.
    missed: Vec<String>,
}

impl Scene<'_> {
    fn outcome(&self) -> CheckOutcome {
        let judgements: Vec<_> =
            self.interception().into_iter().chain(self.inspection()).chain(self.invalid()).collect();
        let gravest = judgements.iter().max_by_key(|judgement| judgement.verdict);
        let said = gravest.map(|judgement| judgement.reason.clone()).or_else(|| self.praise());
        let summary = said.into_iter().chain(self.gaps()).collect::<Vec<_>>().join("; ");
        let coverage = if self.settled() * 2 >= self.total {
            Coverage::Complete
        } else {
            Coverage::Unknown { why: self.gaps().join("; ") }
        };
        CheckOutcome { check: CheckId::TlsChain, coverage, summary, judgements }
    }

    fn interception(&self) -> Option<Judgement> {
        let foreign = self.networks(Standing::is_foreign);
        let led_elsewhere = self.is_led_elsewhere();
        let affected: Vec<_> = self
            .seen
            .iter()
            .filter(|sighting| match sighting.standing {
                Standing::OtherName => led_elsewhere,
                standing => standing.is_foreign() || standing.is_odd(),
            })
            .collect();
        if affected.is_empty() {
            return None;
        }
        let (count, total, phrases) = (affected.len(), self.total, phrases(&affected));
        let (verdict, reason) = if foreign >= QUORUM {
            let reason = format!(
                "somebody other than the endpoint terminates TLS at {count} of {total} endpoints, in {foreign} \
                 different networks: {phrases}"
            );
            (Verdict::Confirmed, reason)
        } else {
            let unsure = if foreign > 0 { "; no endpoint in a second network shows the same" } else { "" };
            let reason = format!(
                "somebody other than the endpoint seems to terminate TLS at {count} of {total} endpoints: \
                 {phrases}{unsure}"
            );
            (Verdict::Suspicious, reason)
        };
        let judgement = Judgement::new(Detection::TlsInterception, verdict).because(reason);
        Some(affected.iter().fold(judgement, |judgement, sighting| sighting.evidence(judgement)))
    }

    fn inspection(&self) -> Option<Judgement> {
        let inspected: Vec<_> =
            self.seen.iter().filter(|sighting| sighting.standing == Standing::Inspected).collect();
        if inspected.is_empty() {
            return None;
        }
        let judgement = Judgement::new(Detection::ManagedInspection, Verdict::Benign).because(format!(
            "the organisation inspects TLS at {} of {} endpoints: {}",
            inspected.len(),
            self.total,
            phrases(&inspected)
        ));
        Some(inspected.iter().fold(judgement, |judgement, sighting| sighting.evidence(judgement)))
    }

    /// One judgement a host, of all its endpoints.
    fn invalid(&self) -> Vec<Judgement> {
        let mut by_host: BTreeMap<&str, Judgement> = BTreeMap::new();
        for sighting in &self.seen {
            let Some((verdict, reason)) = self.invalidity(sighting) else { continue };
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
        let phrase = sighting.phrase();
        match sighting.standing {
            Standing::OutOfDate { .. } if self.clock_is_doubted() => {
                let reason = format!(
                    "{phrase}, not by this device's clock ({}); no other endpoint's certificate is valid by it: \
                     check the date and time of this device",
                    self.now
                );
                Some((Verdict::Inconclusive, reason))
            }
            Standing::OutOfDate { .. } => {
                let reason = format!(
                    "{phrase}, not now ({}), while others are: its operator has to renew it",
                    self.now
                );
                Some((Verdict::Benign, reason))
            }
            Standing::OtherName if !self.is_led_elsewhere() => {
                let reason =
                    format!("{phrase}: the server is set up wrongly, or its name is led to another server");
                Some((Verdict::Suspicious, reason))
            }
            _ => None,
        }
    }

    /// Servers of two networks are not set up wrongly at the same time.
    fn is_led_elsewhere(&self) -> bool {
        self.networks(|standing| standing == Standing::OtherName) >= QUORUM
    }

    /// Whether nothing speaks for the device's clock.
    fn clock_is_doubted(&self) -> bool {
        !self.seen.iter().any(|sighting| sighting.standing.is_valid_now())
    }

    fn networks(&self, shows: impl Fn(Standing) -> bool) -> usize {
        let showing = self.seen.iter().filter(|sighting| shows(sighting.standing));
        showing.map(|sighting| sighting.endpoint.network.as_str()).collect::<BTreeSet<_>>().len()
    }

    /// Endpoints of which something can be said.
    fn settled(&self) -> usize {
        self.seen.len() - self.undated()
    }

    fn undated(&self) -> usize {
        if !self.clock_is_doubted() {
            return 0;
        }
        self.seen.iter().filter(|sighting| matches!(sighting.standing, Standing::OutOfDate { .. })).count()
    }

    fn praise(&self) -> Option<String> {
        let genuine = self.seen.len();
        (genuine > 0).then(|| format!("{genuine} of {} endpoints present genuine certificates", self.total))
    }

    /// Why not every endpoint could be judged.
    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.held > 0 {
            gaps.push(format!(
                "a captive portal answers in place of {} of {} endpoints: sign in to the network and scan again",
                self.held, self.total
            ));
        }
        if self.undated() > 0 {
            gaps.push(format!("no certificate is valid by this device's clock ({})", self.now));
        }
        if !self.missed.is_empty() {
            let answered = self.total - self.missed.len();
            gaps.push(format!("{answered} of {} endpoints answered: {}", self.total, self.missed.join(", ")));
        }
        gaps
    }
}

impl Standing {
    /// What a portal presents, or makes a wrong clock of. Not so what this device trusts by a root of its own.
    const fn may_be_a_portal(self) -> bool {
        matches!(self, Self::Untrusted | Self::OtherName | Self::OutOfDate { .. })
    }

    /// No public authority vouches for it, nor the organisation, nor the maker of this device.
    const fn is_foreign(self) -> bool {
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

    /// Never as it should be, yet never proof by itself.
    const fn is_odd(self) -> bool {
        matches!(self, Self::DeviceOnly(TrustAnchor::System) | Self::KeyNotProven)
    }

    const fn is_valid_now(self) -> bool {
        matches!(self, Self::Genuine | Self::Inspected)
    }
}

fn phrases(sightings: &[&Sighting<'_>]) -> String {
    sightings.iter().map(|sighting| sighting.phrase()).collect::<Vec<_>>().join("; ")
}
