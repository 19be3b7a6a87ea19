//! What a policy would have made of a scan that is on record.
//!
//! What was judged stays as it was: a policy decides what counts, not what was seen. Parameters, which the checks took,
//! are therefore not replayed; composite findings are.

use serde::Serialize;

use super::Assessment;
use super::rows::Policy;
use crate::model::{
    CheckId, CoverageItem, Detection, Finding, FindingState, Judgement, Level, Severity, Timestamp, Trace,
    Verdict, Weight,
};

/// A scan that is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// When it ran: grace periods and expiry are as of then.
    pub at: Timestamp,
    /// The level that it told.
    pub level: Level,
    /// The findings after it.
    pub findings: Vec<Finding>,
    /// Required checks without a result.
    pub gaps: Vec<CoverageItem>,
}

/// What would be otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Simulation {
    /// The level that was told.
    pub before: Level,
    /// The level that would be told.
    pub after: Level,
    /// The findings that would count otherwise, the gravest first.
    pub shifts: Vec<Shift>,
}

/// A finding that would count otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// The finding, and the row that decides.
    pub detection: Detection,
    /// Of what; empty where the device or the network as a whole is meant.
    pub subject: String,
    /// How sure it is.
    pub verdict: Verdict,
    /// What it counted; `None` for a finding that was not there.
    pub before: Option<Severity>,
    /// What it would count; `None` for a finding that would not be there.
    pub after: Option<Severity>,
    /// Why: the organisation's reason, or where the severity of the row comes from.
    pub because: String,
}

/// Replays a recorded scan under `policy`, which is in force with its overrides as of the scan.
pub fn simulate(recorded: &Recorded, policy: &Policy) -> Simulation {
    let is_composite = |finding: &&Finding| finding.judgement.detection.check() == CheckId::Composite;
    let live: Vec<_> = recorded.findings.iter().filter(|finding| is_live(finding)).collect();
    let (old, parts): (Vec<&Finding>, Vec<&Finding>) = live.iter().copied().partition(is_composite);
    let parts: Vec<_> = parts.into_iter().cloned().collect();

    // Every live finding is in force, whether the record has the checks or not.
    let made = policy.compose(&[], &parts).judgements;
    let mut after = parts;
    after.extend(made.into_iter().map(|judgement| as_finding(judgement, &old, recorded.at)));
    for finding in &mut after {
        let Weight { severity, ignored } = policy.weigh(finding);
        finding.severity = severity;
        finding.state = match ignored {
            Some(reason) => FindingState::Ignored { at: recorded.at, reason },
            None => FindingState::Open,
        };
    }

    let assessment = Assessment::with_gaps(&after, recorded.gaps.clone());
    let mut shifts: Vec<_> = after
        .iter()
        .map(|finding| shift(counted_before(finding, &live), Some(finding), finding, policy))
        .chain(
            old.iter()
                .filter(|finding| twin(finding, &after).is_none())
                .map(|finding| shift(Some(counts(finding)), None, finding, policy)),
        )
        .filter(|shift| shift.before != shift.after)
        .collect();
    shifts.sort_by_key(|shift| {
        (std::cmp::Reverse(shift.after.max(shift.before)), shift.detection, shift.subject.clone())
    });
    Simulation { before: recorded.level, after: assessment.level, shifts }
}

fn is_live(finding: &Finding) -> bool {
    !matches!(finding.state, FindingState::Resolved { .. })
}

/// A composite finding goes on living where it was there before.
fn as_finding(judgement: Judgement, old: &[&Finding], at: Timestamp) -> Finding {
    let same = old.iter().find(|finding| is_same(&finding.judgement, &judgement));
    Finding {
        detected_at: same.map_or(at, |finding| finding.detected_at),
        last_seen_at: same.map_or(at, |finding| finding.last_seen_at),
        judgement,
        severity: Severity::None,
        state: FindingState::Open,
        trace: Trace::default(),
    }
}

fn is_same(one: &Judgement, other: &Judgement) -> bool {
    (one.detection, &one.subject) == (other.detection, &other.subject)
}

fn twin<'a>(finding: &Finding, among: &'a [Finding]) -> Option<&'a Finding> {
    among.iter().find(|other| is_same(&other.judgement, &finding.judgement))
}

fn counted_before(finding: &Finding, live: &[&Finding]) -> Option<Severity> {
    live.iter().find(|other| is_same(&other.judgement, &finding.judgement)).map(|finding| counts(finding))
}

/// What a finding counts: nothing where it is set aside.
fn counts(finding: &Finding) -> Severity {
    if finding.is_open() { finding.severity } else { Severity::None }
}

fn shift(before: Option<Severity>, after: Option<&Finding>, finding: &Finding, policy: &Policy) -> Shift {
    let judgement = &finding.judgement;
    let because = match policy.changed(judgement) {
        Some(change) => change.reason.clone(),
        None if after.is_none() => "no composite makes it".to_owned(),
        None => policy.row(judgement.detection).source.clone(),
    };
    Shift {
        detection: judgement.detection,
        subject: judgement.subject.clone(),
        verdict: judgement.verdict,
        before,
        after: after.map(counts),
        because,
    }
}
