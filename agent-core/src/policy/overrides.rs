//! What the organisation changed of the rows, as of one moment.
//!
//! A change of one subject comes before one of the whole row, and takes its place altogether. Of two changes of the
//! same row and subject the later holds, and one that has expired does not hold: whatever the connector sends, there
//! is an answer. [`lint_overrides`](super::lint_overrides) names what an administrator should mend.

use std::collections::BTreeMap;

use crate::model::{Detection, Finding, PolicyOverride, Timestamp};

/// Seconds of an hour.
const HOUR: i64 = 60 * 60;

/// The changes that hold at one moment.
#[derive(Clone, Debug)]
pub(super) struct Overrides {
    at: Timestamp,
    rows: BTreeMap<Detection, OfRow>,
}

#[derive(Clone, Debug, Default)]
struct OfRow {
    all: Option<PolicyOverride>,
    by_subject: BTreeMap<String, PolicyOverride>,
}

impl Overrides {
    /// No change of anything.
    pub(super) const fn none() -> Self {
        Self { at: Timestamp::from_unix(0), rows: BTreeMap::new() }
    }

    /// Those of `changes` that hold at `now`.
    pub(super) fn holding(changes: &[PolicyOverride], now: Timestamp) -> Self {
        let mut rows: BTreeMap<Detection, OfRow> = BTreeMap::new();
        for change in changes.iter().filter(|change| holds(change, now)) {
            let row = rows.entry(change.detection).or_default();
            match &change.subject {
                None => row.all = Some(change.clone()),
                Some(subject) => _ = row.by_subject.insert(subject.clone(), change.clone()),
            }
        }
        Self { at: now, rows }
    }

    /// The change that holds for a finding of `detection` about `subject`.
    pub(super) fn of(&self, detection: Detection, subject: &str) -> Option<&PolicyOverride> {
        let row = self.rows.get(&detection)?;
        row.by_subject.get(subject).or(row.all.as_ref())
    }

    /// When `finding` begins to count, where the organisation gives time to mend it.
    pub(super) fn grace_ends(&self, finding: &Finding) -> Option<Timestamp> {
        let change = self.of(finding.judgement.detection, &finding.judgement.subject)?;
        Some(finding.detected_at.plus_seconds(i64::from(change.grace_hours?).saturating_mul(HOUR)))
    }

    /// Whether the time to mend `finding` is not over. A clock that is set back gives no more of it than had passed
    /// when the finding was last seen.
    pub(super) fn is_in_grace(&self, finding: &Finding) -> bool {
        let now = self.at.max(finding.last_seen_at);
        self.grace_ends(finding).is_some_and(|end| now < end)
    }
}

/// Whether a change still holds at `now`.
pub(super) fn holds(change: &PolicyOverride, now: Timestamp) -> bool {
    change.expires.is_none_or(|expires| now < expires)
}
