//! Results grow old: what was secured last week says nothing of today.

use std::collections::BTreeSet;

use super::Assessment;
use super::assess;
use crate::model::{CheckId, Coverage, CoverageItem, Timestamp};

/// Seconds of an hour.
const HOUR: i64 = 60 * 60;

/// How far a scan may lie in the future, in seconds: what clocks that are set right may go back. A clock that went back
/// further hides how old the scan is.
const CLOCK_TOLERANCE: i64 = HOUR;

/// Whether a scan at `scanned_at` is too old at `now` for its results to tell a level.
pub fn is_stale(scanned_at: Timestamp, now: Timestamp, stale_after_hours: u32) -> bool {
    let age = now.unix().saturating_sub(scanned_at.unix());
    let limit = i64::from(stale_after_hours).saturating_mul(HOUR);
    !(-CLOCK_TOLERANCE..limit).contains(&age)
}

/// The assessment of a scan at `scanned_at` as it is at `now`: once the scan is stale, no `required` check has a result
/// any longer (without any, no check at all has). High stays high, since what was found is not known to be gone.
pub fn aged(
    assessment: &Assessment,
    required: &[CheckId],
    scanned_at: Timestamp,
    now: Timestamp,
    stale_after_hours: u32,
) -> Assessment {
    if !is_stale(scanned_at, now, stale_after_hours) {
        return assessment.clone();
    }
    let why = match now < scanned_at {
        true => format!("stale: the clock says {now}, before the last scan at {scanned_at}"),
        false => format!("stale: the last scan was at {scanned_at}, more than {stale_after_hours} hours ago"),
    };
    let required = if required.is_empty() { CheckId::ALL } else { required };
    let required: BTreeSet<_> = required.iter().copied().collect();
    let known = |check: CheckId| assessment.gaps.iter().find(|gap| gap.check == check).cloned();
    let gap = |check| CoverageItem { check, coverage: Coverage::Unknown { why: why.clone() } };
    let gaps: Vec<_> = required.into_iter().map(|check| known(check).unwrap_or_else(|| gap(check))).collect();
    Assessment { level: assess::level(assessment.at_least, &gaps), at_least: assessment.at_least, gaps }
}
