//! Tests of the policy, by what they prove.

mod assess;
mod composite;
mod diff;
mod document;
mod explain;
mod lint;
mod overrides;
mod proofs;
mod simulate;
mod stale;
mod texts;

use proptest::prelude::*;

use super::Policy;
use crate::model::{
    CheckId, Coverage, CoverageItem, Detection, Finding, FindingState, Judgement, Level, PolicyOverride,
    Severity, Timestamp, Trace, Verdict,
};

const SEVERITIES: [Severity; 4] = [Severity::None, Severity::Low, Severity::Medium, Severity::High];

fn policy() -> Policy {
    Policy::embedded().unwrap()
}

fn finding(detection: Detection, subject: &str, severity: Severity) -> Finding {
    Finding {
        judgement: Judgement::new(detection, Verdict::Confirmed).about(subject).because("seen in a test"),
        severity,
        detected_at: Timestamp::from_unix(1_790_000_000),
        last_seen_at: Timestamp::from_unix(1_790_000_600),
        state: FindingState::Open,
        trace: Trace::default(),
    }
}

/// The moment as of which changes hold in these tests.
const NOW: Timestamp = Timestamp::from_unix(1_790_001_000);

/// A change of a row that says nothing yet.
fn change(detection: Detection) -> PolicyOverride {
    PolicyOverride {
        detection,
        subject: None,
        severity: None,
        ignore: false,
        grace_hours: None,
        expires: None,
        reason: "our own rule".into(),
    }
}

fn judgement(detection: Detection, verdict: Verdict) -> Judgement {
    Judgement::new(detection, verdict)
}

fn complete(check: CheckId) -> CoverageItem {
    CoverageItem { check, coverage: Coverage::Complete }
}

fn unknown(check: CheckId) -> CoverageItem {
    CoverageItem { check, coverage: Coverage::Unknown { why: "timed out".into() } }
}

fn not_permitted(check: CheckId) -> CoverageItem {
    CoverageItem { check, coverage: Coverage::NotPermitted { why: "no permission".into() } }
}

/// From best to worst: `unknown` and `misconfigured` hide anything up to medium.
fn rank(level: Level) -> u8 {
    match level {
        Level::Secured => 0,
        Level::Low => 1,
        Level::Medium => 2,
        Level::Unknown => 3,
        Level::Misconfigured => 4,
        Level::High => 5,
    }
}

fn any_state() -> impl Strategy<Value = FindingState> {
    let at = Timestamp::from_unix(1_790_000_900);
    prop_oneof![
        4 => Just(FindingState::Open),
        1 => Just(FindingState::Resolved { at }),
        1 => Just(FindingState::Ignored { at, reason: "accepted".into() }),
    ]
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let detection = prop::sample::select(Detection::ALL);
    let severity = prop::sample::select(&SEVERITIES[..]);
    (detection, "[a-z{}]{0,8}", severity, any_state()).prop_map(|(detection, subject, severity, state)| {
        Finding { state, ..finding(detection, &subject, severity) }
    })
}

fn any_coverage() -> impl Strategy<Value = CoverageItem> {
    (prop::sample::select(CheckId::ALL), 0..3).prop_map(|(check, state)| match state {
        0 => complete(check),
        1 => unknown(check),
        _ => not_permitted(check),
    })
}

fn any_findings() -> impl Strategy<Value = Vec<Finding>> {
    prop::collection::vec(any_finding(), 0..8)
}

fn any_coverages() -> impl Strategy<Value = Vec<CoverageItem>> {
    prop::collection::vec(any_coverage(), 0..16)
}

fn any_required() -> impl Strategy<Value = Vec<CheckId>> {
    prop::sample::subsequence(CheckId::ALL, 0..=CheckId::ALL.len())
}
