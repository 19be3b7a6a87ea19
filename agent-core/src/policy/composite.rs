//! Findings that together are worse than each: an app from no store that may act for the user.
//!
//! Pure data: the file says which findings on one subject make another. A part is what this scan judged suspicious or
//! confirmed, or an open finding that this scan could not look at again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::rows::Policy;
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Finding, FindingState, Judgement, Verdict};

/// What a finding is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Composite {
    /// The finding.
    pub makes: Detection,
    /// All of these must be there; never empty.
    pub all: Vec<Detection>,
    /// And one of these, if there are any.
    pub any: Vec<Detection>,
}

impl Composite {
    /// Every detection that can be a part.
    pub fn parts(&self) -> impl Iterator<Item = Detection> {
        self.all.iter().chain(&self.any).copied()
    }
}

impl Policy {
    /// Makes the composite findings of one scan: of what its `outcomes` say, and of the findings `known` before it.
    ///
    /// Complete where every check of a part is, or where a part that cannot be missing certainly is.
    pub fn compose(&self, outcomes: &[CheckOutcome], known: &[Finding]) -> CheckOutcome {
        let parts = self.parts(outcomes, known);
        let mut judgements = Vec::new();
        let mut gaps = Vec::new();
        for composite in self.composites() {
            judgements.extend(parts.iter().filter_map(|(subject, found)| made(composite, subject, found)));
            gaps.extend(gap(composite, &parts, outcomes));
        }
        let summary = match judgements.len() {
            0 => "no findings that belong together".to_owned(),
            1 => "1 finding made of others".to_owned(),
            count => format!("{count} findings made of others"),
        };
        let mut outcome = CheckOutcome::judged(CheckId::Composite, summary, judgements);
        let worst = gaps.into_iter().max_by_key(|gap| matches!(gap, Coverage::NotPermitted { .. }));
        if let Some(Coverage::Unknown { why } | Coverage::NotPermitted { why }) = &worst {
            outcome.summary += &format!("; not all parts are known: {why}");
        }
        outcome.coverage = worst.unwrap_or(Coverage::Complete);
        outcome
    }

    /// What is there, by subject, each with its gravest verdict. What the organisation sets aside is not.
    fn parts(
        &self,
        outcomes: &[CheckOutcome],
        known: &[Finding],
    ) -> BTreeMap<String, BTreeMap<Detection, Verdict>> {
        let seen = outcomes.iter().flat_map(|outcome| &outcome.judgements);
        let kept = known.iter().filter(|finding| is_left_standing(finding, outcomes));
        let all = seen.chain(kept.map(|finding| &finding.judgement)).filter(|judgement| {
            judgement.verdict >= Verdict::Suspicious
                && judgement.detection.check() != CheckId::Composite
                && self.ignored(judgement).is_none()
        });
        let mut parts: BTreeMap<String, BTreeMap<Detection, Verdict>> = BTreeMap::new();
        for judgement in all {
            let of_subject = parts.entry(judgement.subject.clone()).or_default();
            let verdict = of_subject.entry(judgement.detection).or_insert(judgement.verdict);
            *verdict = judgement.verdict.max(*verdict);
        }
        parts
    }
}

/// Whether a finding stays open because its check did not run to its end.
fn is_left_standing(finding: &Finding, outcomes: &[CheckOutcome]) -> bool {
    let check = finding.judgement.detection.check();
    !matches!(finding.state, FindingState::Resolved { .. }) && coverage(check, outcomes).is_err()
}

/// The composite finding on one subject, if its parts are there.
fn made(composite: &Composite, subject: &str, found: &BTreeMap<Detection, Verdict>) -> Option<Judgement> {
    let all: Option<Vec<_>> = composite.all.iter().map(|part| found.get(part)).collect();
    let any: Vec<_> = composite.any.iter().filter_map(|part| found.get(part)).collect();
    if any.is_empty() && !composite.any.is_empty() {
        return None;
    }
    // One of `any` is enough, so the surest of them counts.
    let verdict = all?.into_iter().chain(any.into_iter().max()).min()?;
    let parts: Vec<_> = composite.parts().filter(|part| found.contains_key(part)).collect();
    let names: Vec<_> = parts.iter().map(|part| part.as_str()).collect();
    let judgement = Judgement::new(composite.makes, *verdict)
        .about(subject)
        .because(format!("together, and of the same: {}", names.join(", ")));
    Some(parts.into_iter().fold(judgement, |judgement, part| judgement.with("part", part)))
}

/// Why it is not known whether a composite finding is there; `None` where it is.
fn gap(
    composite: &Composite,
    parts: &BTreeMap<String, BTreeMap<Detection, Verdict>>,
    outcomes: &[CheckOutcome],
) -> Option<Coverage> {
    let is_nowhere = |part: &Detection| !parts.values().any(|found| found.contains_key(part));
    let is_ruled_out = |part: &Detection| is_nowhere(part) && coverage(part.check(), outcomes).is_ok();
    if composite.all.iter().any(is_ruled_out) {
        return None;
    }
    let checks: BTreeSet<_> = composite.parts().map(Detection::check).collect();
    let gaps = checks.into_iter().filter_map(|check| coverage(check, outcomes).err());
    gaps.max_by_key(|gap| matches!(gap, Coverage::NotPermitted { .. }))
}

/// Whether a check ran to its end; the error is how far it got.
fn coverage(check: CheckId, outcomes: &[CheckOutcome]) -> Result<(), Coverage> {
    let mut of_check = outcomes.iter().filter(|outcome| outcome.check == check).peekable();
    if of_check.peek().is_none() {
        return Err(Coverage::Unknown { why: format!("{check} has not run") });
    }
    let named = |coverage: &Coverage| match coverage {
        Coverage::Complete => None,
        Coverage::Unknown { why } => Some(Coverage::Unknown { why: format!("{check}: {why}") }),
        Coverage::NotPermitted { why } => Some(Coverage::NotPermitted { why: format!("{check}: {why}") }),
    };
    of_check.find_map(|outcome| named(&outcome.coverage)).map_or(Ok(()), Err)
}

/// What is wrong with a row.
pub(super) enum Fault {
    /// It names a detection that is not known.
    Unknown(String),
    /// Anything else, in words.
    Other(String),
}

/// Reads one row of the file.
pub(super) fn read(table: toml::Table) -> Result<Composite, Fault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Raw {
        makes: String,
        all: Vec<String>,
        #[serde(default)]
        any: Vec<String>,
    }
    let raw = Raw::deserialize(table)
        .map_err(|error| Fault::Other(error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")))?;
    let known = |id: String| id.parse::<Detection>().map_err(|_| Fault::Unknown(id));
    let list = |ids: Vec<String>| ids.into_iter().map(known).collect::<Result<Vec<_>, _>>();
    let composite = Composite { makes: known(raw.makes)?, all: list(raw.all)?, any: list(raw.any)? };
    check(&composite).map_or(Ok(composite), |message| Err(Fault::Other(message)))
}

fn check(composite: &Composite) -> Option<String> {
    if composite.makes.check() != CheckId::Composite {
        let makes = composite.makes;
        return Some(format!(
            "\"{makes}\" is found by {} already: only a composite can be made",
            makes.check()
        ));
    }
    if composite.all.is_empty() {
        return Some("all is empty: name what must be there".to_owned());
    }
    let parts: BTreeSet<_> = composite.parts().collect();
    if parts.len() < composite.all.len() + composite.any.len() {
        return Some("a part is named twice: keep one".to_owned());
    }
    if parts.len() < 2 {
        return Some("one part makes nothing new: name a second".to_owned());
    }
    if let Some(part) = parts.iter().find(|part| part.check() == CheckId::Composite) {
        return Some(format!("\"{part}\" is made of others itself: name its parts"));
    }
    let about_apps = composite.makes.is_about_an_app();
    let other = parts.iter().find(|part| part.is_about_an_app() != about_apps)?;
    let (made, part) = if about_apps { ("an app", "no app") } else { ("no app", "an app") };
    Some(format!("it is about {made}, and \"{other}\" is about {part}: they never have one subject"))
}
