//! The life of a finding: detected, seen again, resolved or ignored.
//!
//! A finding is told from others by its detection and its subject. It is resolved only by a scan whose check ran
//! to its end and did not see it: a scan that could not look changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::limits::MAX_RESOLVED;
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Finding, FindingState, Judgement, Severity, Timestamp,
    Verdict,
};

/// The findings after a scan: those `known` before it, moved on by its `outcomes`.
///
/// `severity_of` and `ignored` (why a detection is set aside, if it is) are the policy in force; both apply to
/// every finding that is not resolved, seen or not. Live findings come first, by detection and subject, then
/// the resolved ones, latest first, at most [`MAX_RESOLVED`].
pub fn advance(
    known: &[Finding],
    outcomes: &[CheckOutcome],
    severity_of: impl Fn(&Judgement) -> Severity,
    ignored: impl Fn(Detection) -> Option<String>,
    now: Timestamp,
) -> Vec<Finding> {
    let complete = complete_checks(outcomes);
    let (mut seen, undecided) = sightings(outcomes);
    let (live, mut resolved): (Vec<_>, Vec<_>) = known.iter().cloned().partition(is_live);

    let mut next = Vec::new();
    for mut finding in live {
        let identity = Identity::of(&finding.judgement);
        // Times of one life never run backwards, whatever the clock does.
        let seen_at = now.max(finding.last_seen_at);
        if let Some(judgement) = seen.remove(&identity) {
            finding.judgement = judgement.clone();
            finding.last_seen_at = seen_at;
        } else if complete.contains(&finding.judgement.detection.check()) && !undecided.contains(&identity) {
            finding.state = FindingState::Resolved { at: seen_at };
            resolved.push(finding);
            continue;
        }
        next.push(finding);
    }
    next.extend(seen.into_values().map(|judgement| Finding {
        judgement: judgement.clone(),
        severity: Severity::None,
        detected_at: now,
        last_seen_at: now,
        state: FindingState::Open,
    }));

    for finding in &mut next {
        finding.severity = severity_of(&finding.judgement);
        finding.state = state_under(ignored(finding.judgement.detection), &finding.state, now);
    }
    next.sort_by_cached_key(|finding| Identity::of(&finding.judgement));
    resolved.sort_by_cached_key(|finding| {
        (std::cmp::Reverse(resolved_at(finding)), Identity::of(&finding.judgement))
    });
    resolved.truncate(MAX_RESOLVED);
    next.append(&mut resolved);
    next
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
}

/// The checks that ran to their end, every time that they ran.
fn complete_checks(outcomes: &[CheckOutcome]) -> BTreeSet<CheckId> {
    let of_coverage = |complete: bool| {
        let matching = outcomes.iter().filter(move |it| (it.coverage == Coverage::Complete) == complete);
        matching.map(|outcome| outcome.check).collect::<BTreeSet<_>>()
    };
    &of_coverage(true) - &of_coverage(false)
}

/// What was seen, by identity, each with its gravest verdict; and what was looked at but not decided.
fn sightings(outcomes: &[CheckOutcome]) -> (BTreeMap<Identity, &Judgement>, BTreeSet<Identity>) {
    let mut seen: BTreeMap<Identity, &Judgement> = BTreeMap::new();
    let mut undecided = BTreeSet::new();
    for judgement in outcomes.iter().flat_map(|outcome| &outcome.judgements) {
        let identity = Identity::of(judgement);
        match judgement.verdict {
            Verdict::Clean => {}
            Verdict::Inconclusive => {
                undecided.insert(identity);
            }
            Verdict::Benign | Verdict::Suspicious | Verdict::Confirmed => {
                let gravest = seen.entry(identity).or_insert(judgement);
                if judgement.verdict > gravest.verdict {
                    *gravest = judgement;
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
