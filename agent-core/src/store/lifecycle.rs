//! The life of a finding: detected, seen again, resolved or ignored.
//!
//! A finding is told from others by its detection and its subject. It is resolved when the last word of every check
//! that saw it is that it is gone: a check that could not look leaves its word as it was, and one that cannot decide
//! keeps the finding open.
//!
//! - What could not be told of a detection as a whole was not told of any subject of it: all that is open of it stays so.
//!   (Of a network a check names what it could not decide.)
//! - What was found of one network is gone once the device is on another, whether or not the checks could look there.
//! - A finding of the network that was resolved and came back [`FLAPPING_LIVES`] times within [`FLAPPING_SECONDS`] is
//!   flapping: it stays open until it was not seen for that long, so that access does not flap with it.

use std::collections::{BTreeMap, BTreeSet};

use super::limits::{FLAPPING_LIVES, FLAPPING_SECONDS, MAX_RESOLVED};
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Finding, FindingState, Judgement, Severity, Sha256,
    Timestamp, Trace, Verdict, Weight,
};

/// One scan, as far as findings live by it.
#[derive(Clone, Copy, Debug)]
pub struct Looked<'a> {
    /// What the checks say.
    pub outcomes: &'a [CheckOutcome],
    /// A digest of what tells the network from others; absent where nothing does.
    pub network: Option<Sha256>,
    /// When.
    pub now: Timestamp,
}

/// The findings after a scan: those `known` before it, moved on by what it saw.
///
/// `weigh` is the policy in force; it applies to every finding that is not resolved, seen or not. Live findings come first, by detection and subject, then
/// the resolved ones, latest first, at most [`MAX_RESOLVED`].
pub fn advance(known: &[Finding], looked: &Looked<'_>, weigh: impl Fn(&Finding) -> Weight) -> Vec<Finding> {
    let Looked { outcomes, network, now } = *looked;
    let complete = complete_checks(outcomes);
    let (mut seen, undecided) = sightings(outcomes);
    let (live, mut resolved): (Vec<_>, Vec<_>) = known.iter().cloned().partition(is_live);

    let mut next = Vec::new();
    for mut finding in live {
        let identity = Identity::of(&finding.judgement);
        let left = &seers(&finding) - &complete;
        let is_undecided = undecided.contains(&identity) || undecided.contains(&identity.of_the_whole());
        // Times of one life never run backwards, whatever the clock does.
        let seen_at = now.max(finding.last_seen_at);
        if let Some(sighting) = seen.remove(&identity) {
            finding.judgement = sighting.judgement.clone();
            finding.last_seen_at = seen_at;
            finding.trace = sighting.trace(left, network);
        } else if is_left_behind(&finding, network)
            || (left.is_empty() && !is_undecided && !is_flapping(&finding, &resolved, now))
        {
            finding.state = FindingState::Resolved { at: seen_at };
            finding.trace = Trace::default();
            resolved.push(finding);
            continue;
        } else if !left.is_empty() && !is_undecided {
            finding.trace.seen_by = left;
        }
        next.push(finding);
    }
    next.extend(seen.into_values().map(|sighting| Finding {
        judgement: sighting.judgement.clone(),
        severity: Severity::None,
        detected_at: now,
        last_seen_at: now,
        state: FindingState::Open,
        trace: sighting.trace(BTreeSet::new(), network),
    }));

    for finding in &mut next {
        let Weight { severity, ignored } = weigh(finding);
        finding.severity = severity;
        finding.state = state_under(ignored, &finding.state, now);
    }
    next.sort_by_cached_key(|finding| Identity::of(&finding.judgement));
    resolved.sort_by_cached_key(|finding| {
        (std::cmp::Reverse(resolved_at(finding)), Identity::of(&finding.judgement))
    });
    resolved.truncate(MAX_RESOLVED);
    next.append(&mut resolved);
    next
}

/// The checks whose last word is that they saw `finding`.
fn seers(finding: &Finding) -> BTreeSet<CheckId> {
    if finding.trace.seen_by.is_empty() {
        return BTreeSet::from([finding.judgement.detection.check()]);
    }
    finding.trace.seen_by.clone()
}

/// Whether `finding` is of another network than the one that the device is on.
fn is_left_behind(finding: &Finding, network: Option<Sha256>) -> bool {
    matches!((finding.trace.network, network), (Some(then), Some(now)) if then != now)
}

fn is_flapping(finding: &Finding, resolved: &[Finding], now: Timestamp) -> bool {
    let seen = finding.last_seen_at;
    let absent = now.unix().saturating_sub(seen.unix());
    if !finding.judgement.detection.is_of_the_network() || !(0..FLAPPING_SECONDS).contains(&absent) {
        return false;
    }
    let since = seen.plus_seconds(-FLAPPING_SECONDS);
    let identity = Identity::of(&finding.judgement);
    let lives = resolved.iter().filter(|earlier| Identity::of(&earlier.judgement) == identity);
    lives.filter(|earlier| resolved_at(earlier).is_some_and(|at| at >= since)).count() >= FLAPPING_LIVES
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    detection: Detection,
    subject: String,
}

impl Identity {
    fn of(judgement: &Judgement) -> Self {
        Self { detection: judgement.detection, subject: judgement.subject.clone() }
    }

    /// That of the whole which this is a part of; of a network each part is by itself.
    fn of_the_whole(&self) -> Self {
        let subject = if self.detection.is_of_the_network() { self.subject.clone() } else { String::new() };
        Self { detection: self.detection, subject }
    }
}

/// The checks that ran to their end, every time that they ran.
fn complete_checks(outcomes: &[CheckOutcome]) -> BTreeSet<CheckId> {
    let of_coverage = |complete: bool| {
        let matching = outcomes.iter().filter(move |it| (it.coverage == Coverage::Complete) == complete);
        matching.map(|outcome| outcome.check).collect::<BTreeSet<_>>()
    };
    &of_coverage(true) - &of_coverage(false)
}

/// What one scan saw of one finding.
struct Sighting<'a> {
    /// The gravest judgement.
    judgement: &'a Judgement,
    seen_by: BTreeSet<CheckId>,
}

impl Sighting<'_> {
    /// The trace of the finding, where the word of the checks `left` stands besides.
    fn trace(&self, left: BTreeSet<CheckId>, network: Option<Sha256>) -> Trace {
        let is_of_the_network = self.judgement.detection.is_of_the_network();
        Trace { seen_by: &left | &self.seen_by, network: network.filter(|_| is_of_the_network) }
    }
}

/// What was seen, by identity; and what was looked at but not decided.
fn sightings(outcomes: &[CheckOutcome]) -> (BTreeMap<Identity, Sighting<'_>>, BTreeSet<Identity>) {
    let mut seen: BTreeMap<Identity, Sighting<'_>> = BTreeMap::new();
    let mut undecided = BTreeSet::new();
    let judgements =
        outcomes.iter().flat_map(|it| it.judgements.iter().map(|judgement| (it.check, judgement)));
    for (check, judgement) in judgements {
        let identity = Identity::of(judgement);
        match judgement.verdict {
            Verdict::Clean => {}
            Verdict::Inconclusive => {
                undecided.insert(identity);
            }
            Verdict::Benign | Verdict::Suspicious | Verdict::Confirmed => {
                let sighting =
                    seen.entry(identity).or_insert(Sighting { judgement, seen_by: BTreeSet::new() });
                sighting.seen_by.insert(check);
                if judgement.verdict > sighting.judgement.verdict {
                    sighting.judgement = judgement;
                }
            }
        }
    }
    (seen, undecided)
}

fn is_live(finding: &Finding) -> bool {
    resolved_at(finding).is_none()
}

fn resolved_at(finding: &Finding) -> Option<Timestamp> {
    match finding.state {
        FindingState::Resolved { at } => Some(at),
        FindingState::Open | FindingState::Ignored { .. } => None,
    }
}

/// The state of a live finding under the policy's reason to ignore it. `at` stays while it stays ignored.
fn state_under(reason: Option<String>, state: &FindingState, now: Timestamp) -> FindingState {
    match (reason, state) {
        (None, _) => FindingState::Open,
        (Some(reason), FindingState::Ignored { at, .. }) => FindingState::Ignored { at: *at, reason },
        (Some(reason), _) => FindingState::Ignored { at: now, reason },
    }
}
