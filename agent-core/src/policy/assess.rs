//! From findings and coverage to the level.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{CheckId, Coverage, CoverageItem, Finding, Level, RiskLevel};

/// The level of a device, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What the device reports.
    pub level: Level,
    /// The worst open finding. The level itself, unless a gap hides it.
    pub at_least: RiskLevel,
    /// Required checks without a result, in the order of [`CheckId::ALL`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<CoverageItem>,
}

/// Judges a device: high if an open finding is; else `misconfigured` or `unknown` if a required check has no
/// result; else the worst open finding.
///
/// A required check that `coverage` does not name has not run. Where it names one more than once, every line
/// has to be complete, and a missing permission weighs most.
pub fn assess(findings: &[Finding], coverage: &[CoverageItem], required: &[CheckId]) -> Assessment {
    let required: BTreeSet<_> = required.iter().copied().collect();
    let gaps: Vec<_> = required.into_iter().filter_map(|check| gap(check, coverage)).collect();
    Assessment::with_gaps(findings, gaps)
}

impl Assessment {
    /// The assessment of these findings where the gaps are known.
    pub fn with_gaps(findings: &[Finding], gaps: Vec<CoverageItem>) -> Self {
        let at_least = worst(findings);
        Self { level: level(at_least, &gaps), at_least, gaps }
    }
}

/// The gravest open finding.
fn worst(findings: &[Finding]) -> RiskLevel {
    let open = findings.iter().filter(|finding| finding.is_open());
    open.map(|finding| finding.severity.into()).max().unwrap_or(RiskLevel::Secured)
}

pub(super) fn level(at_least: RiskLevel, gaps: &[CoverageItem]) -> Level {
    if at_least == RiskLevel::High || gaps.is_empty() {
        return at_least.into();
    }
    if gaps.iter().any(is_not_permitted) {
        return Level::Misconfigured;
    }
    Level::Unknown
}

fn gap(check: CheckId, coverage: &[CoverageItem]) -> Option<CoverageItem> {
    let mut lines = coverage.iter().filter(|item| item.check == check).peekable();
    if lines.peek().is_none() {
        let why = "the check has not run".to_owned();
        return Some(CoverageItem { check, coverage: Coverage::Unknown { why } });
    }
    lines
        .filter(|item| item.coverage != Coverage::Complete)
        .max_by_key(|item| is_not_permitted(item))
        .cloned()
}

fn is_not_permitted(item: &CoverageItem) -> bool {
    matches!(item.coverage, Coverage::NotPermitted { .. })
}
