//! The downgrade check: does TLS 1.3 get through?
//!
//! Every handshake offers 1.3 and 1.2. Where none of a probe's gets through, 1.2 alone is offered, and then both again:
//!
//! | the offer of both | 1.2 alone | both again | judged |
//! |---|---|---|---|
//! | answered, with whichever version | | | clean |
//! | not answered | not answered | | nothing: the endpoint does not speak TLS here |
//! | not answered | answered | answered | clean: packets were lost |
//! | reset, closed or refused by an alert | answered | the same | downgrade, suspicious |
//! | no answer in time | answered | the same | the same where two networks show it and TLS 1.3 gets through nowhere; else nothing, for it may be loss |
//! | answered with 1.2 and the mark that a downgrade leaves (RFC 8446, section 4.1.3) | | | downgrade, suspicious: the offer was changed on the way |
//!
//! A middlebox that cannot bear TLS 1.3 looks like an attacker, so nothing is ever confirmed. Where the organisation
//! inspects TLS under a declared root, it is its own inspection that speaks the older version.

use std::collections::BTreeSet;

use super::Scene;
use super::canary::Tally;
use super::chain::Standing;
use super::sighting::{Sighting, grouped};
use super::tls_chain::{NONE, QUORUM};
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, ProbeEndpoint, Verdict};
use crate::network::observation::{Attempt, Failure, FailureKind, Fallback, Handshake, Outcome, Target};
use crate::network::words::plain;

/// The version that an attacker would keep out, as handshakes are recorded.
const NEWEST: &str = "TLSv1.3";

/// Judges the handshakes with the endpoints and the canaries.
pub(super) fn judge(scene: &Scene<'_>) -> CheckOutcome {
    let looks = Look::all(scene);
    if looks.is_empty() {
        return CheckOutcome::unknown(CheckId::TlsDowngrade, NONE);
    }
    let silence_counts = silence_counts(&looks);
    let mut tally = Tally { total: looks.len(), ..Tally::default() };
    let (mut answered, mut kept_out, mut inspected) = (Vec::new(), Vec::new(), Vec::new());
    for look in &looks {
        match &look.end {
            End::Answered(handshake) => answered.push((spoken(handshake), look.host())),
            End::Silent(_) if !silence_counts => {
                let why =
                    "the offer of TLS 1.3 timed out and that of TLS 1.2 alone did not, by loss or by intent";
                tally.missed.push(format!("{}: {why}", look.host()));
                continue;
            }
            End::Refused(_) | End::Silent(_) if look.is_inspected() => inspected.push(look),
            End::Refused(_) | End::Silent(_) => kept_out.push(look),
            End::Missed(why) => {
                tally.missed.push(format!("{}: {why}", look.host()));
                continue;
            }
        }
        tally.settled += 1;
    }
    let total = looks.len();
    tally.found.extend(judgement(Detection::TlsDowngrade, Verdict::Suspicious, &kept_out, |count, how| {
        format!("TLS 1.3 is kept from getting through to {count} of {total} endpoints: {how}")
    }));
    tally.found.extend(judgement(Detection::ManagedInspection, Verdict::Benign, &inspected, |count, how| {
        format!("the organisation's inspection speaks no TLS 1.3 at {count} of {total} endpoints: {how}")
    }));
    let praise = format!("endpoints answer the offer of TLS 1.3: {}", listed(answered));
    tally.outcome(CheckId::TlsDowngrade, &praise)
}

/// Whether time-outs are more than loss: two networks show them, and nothing shows the contrary.
fn silence_counts(looks: &[Look<'_>]) -> bool {
    let silent = looks.iter().filter(|look| matches!(look.end, End::Silent(_)));
    let networks: BTreeSet<_> = silent.map(|look| look.endpoint.network.as_str()).collect();
    let speaks_newest = |look: &Look<'_>| match look.end {
        End::Answered(handshake) => handshake.version.as_deref() == Some(NEWEST),
        _ => false,
    };
    networks.len() >= QUORUM && !looks.iter().any(speaks_newest)
}

/// One judgement of all of `looks`, if any.
fn judgement(
    detection: Detection,
    verdict: Verdict,
    looks: &[&Look<'_>],
    reason: impl Fn(usize, &str) -> String,
) -> Option<Judgement> {
    if looks.is_empty() {
        return None;
    }
    let how = listed(looks.iter().map(|look| (look.tale(), look.host())));
    let judgement = Judgement::new(detection, verdict).because(reason(looks.len(), &how));
    Some(looks.iter().fold(judgement, |judgement, look| look.evidence(judgement)))
}

/// Words, and in brackets the hosts that they go for.
fn listed<'a>(each: impl IntoIterator<Item = (String, &'a str)>) -> String {
    let each = grouped(each.into_iter()).into_iter().map(|(words, hosts)| format!("{words} ({hosts})"));
    each.collect::<Vec<_>>().join("; ")
}

/// What was negotiated, and whether it is the best of the offer.
fn spoken(handshake: &Handshake) -> String {
    match handshake.version.as_deref() {
        Some(NEWEST) | None => negotiated(handshake),
        Some(_) => format!("no better than {}", negotiated(handshake)),
    }
}

fn negotiated(handshake: &Handshake) -> String {
    let version = handshake.version.as_deref().map_or_else(|| "a version that is not told".to_owned(), plain);
    match &handshake.alpn {
        Some(protocol) => format!("{version} with {}", plain(protocol)),
        None => format!("{version} without ALPN"),
    }
}

/// What one endpoint or canary did with the offers.
struct Look<'a> {
    endpoint: &'a ProbeEndpoint,
    sighting: Option<&'a Sighting<'a>>,
    end: End<'a>,
}

/// How it ended.
enum End<'a> {
    /// The offer of every version was answered.
    Answered(&'a Handshake),
    /// TLS 1.3 is kept out by somebody who answers.
    Refused(History<'a>),
    /// The offer of TLS 1.3 is never answered in time.
    Silent(History<'a>),
    /// Nothing can be told, and why.
    Missed(String),
}

/// The handshakes with one endpoint.
#[derive(Clone, Copy, Default)]
struct History<'a> {
    /// The last of those that offered every version.
    every: Option<Offer<'a>>,
    /// The one that offered TLS 1.2 alone.
    older: Option<Offer<'a>>,
    /// The one after that, with every version again.
    again: Option<Offer<'a>>,
}

type Offer<'a> = Result<&'a Handshake, &'a Failure>;

impl<'a> Look<'a> {
    fn all(scene: &Scene<'a>) -> Vec<Self> {
        let own = scene.settings.endpoints.iter().map(|endpoint| {
            let target = Target::from(endpoint);
            let probe = scene.seen.tls.iter().find(|probe| probe.target == target);
            probe.map(|probe| History::of(&probe.attempts, probe.fallback.as_ref(), |seen| seen))
        });
        let canaries = scene.settings.canaries.iter().map(|canary| {
            let target = Target::from(canary);
            let probe = scene.seen.canaries.iter().find(|probe| probe.target == target);
            probe.map(|probe| History::of(&probe.tls, probe.fallback.as_ref(), |seen| &seen.handshake))
        });
        let histories = own.chain(canaries).map(Option::unwrap_or_default);
        let each = scene.sightings.iter().zip(histories);
        each.map(|((endpoint, sighting), history)| {
            let sighting = sighting.as_ref().ok();
            let end = match sighting {
                Some(sighting) if scene.is_held(sighting) => {
                    End::Missed("a captive portal answers in its place".to_owned())
                }
                _ => history.end(),
            };
            Self { endpoint, sighting, end }
        })
        .collect()
    }

    fn host(&self) -> &'a str {
        &self.endpoint.host
    }

    fn is_inspected(&self) -> bool {
        self.sighting.is_some_and(|sighting| sighting.standing == Standing::Inspected)
    }

    /// How TLS 1.3 was kept out.
    fn tale(&self) -> String {
        let (End::Refused(history) | End::Silent(history)) = &self.end else { return String::new() };
        match history.every {
            Some(Err(Failure { kind: FailureKind::Downgraded, .. })) => {
                "the answer to its offer bears the server's mark of a downgrade".to_owned()
            }
            Some(Err(failure)) => {
                format!("its offer {failure} before and after TLS 1.2 alone was answered")
            }
            _ => String::new(),
        }
    }

    /// Adds each handshake.
    fn evidence(&self, judgement: Judgement) -> Judgement {
        let (End::Refused(history) | End::Silent(history)) = &self.end else { return judgement };
        let judgement = match self.sighting {
            Some(sighting) => sighting.evidence(judgement),
            None => judgement
                .with("endpoint", format!("{}:{}", self.host(), self.endpoint.port))
                .with("network", &self.endpoint.network),
        };
        let offers = [
            ("offer_tls_1_3_and_1_2", history.every),
            ("offer_tls_1_2", history.older),
            ("offer_tls_1_3_and_1_2_again", history.again),
        ];
        offers.into_iter().fold(judgement, |judgement, (name, offer)| match offer {
            Some(Ok(handshake)) => judgement.with(name, negotiated(handshake)),
            Some(Err(failure)) => judgement.with(name, failure),
            None => judgement,
        })
    }
}

impl<'a> History<'a> {
    fn of<T>(
        attempts: &'a [Attempt<T>],
        fallback: Option<&'a Fallback<T>>,
        handshake: fn(&'a T) -> &'a Handshake,
    ) -> Self {
        let offer = |attempt: &'a Attempt<T>| match &attempt.outcome {
            Outcome::Answered(seen) => Ok(handshake(seen)),
            Outcome::Failed(failure) => Err(failure),
        };
        Self {
            every: attempts.last().map(offer),
            older: fallback.map(|fallback| offer(&fallback.older)),
            again: fallback.and_then(|fallback| fallback.again.as_ref()).map(offer),
        }
    }

    fn end(self) -> End<'a> {
        let failure = match self.every {
            Some(Ok(handshake)) => return End::Answered(handshake),
            Some(Err(Failure { kind: FailureKind::Downgraded, .. })) => return End::Refused(self),
            Some(Err(failure)) => failure,
            None => return End::Missed("not measured".to_owned()),
        };
        let again = match (self.older, self.again) {
            (Some(Ok(_)), Some(Ok(handshake))) => return End::Answered(handshake),
            (Some(Ok(_)), Some(Err(again))) => again,
            _ => return End::Missed(failure.to_string()),
        };
        let is_silent = |failure: &Failure| failure.kind == FailureKind::TimedOut;
        match (
            failure.may_be_a_downgrade() && again.may_be_a_downgrade(),
            is_silent(failure),
            is_silent(again),
        ) {
            (true, true, true) => End::Silent(self),
            (true, false, false) => End::Refused(self),
            _ => End::Missed(format!(
                "the offer of TLS 1.3 {failure}, then {again}; that of TLS 1.2 alone was answered"
            )),
        }
    }
}
