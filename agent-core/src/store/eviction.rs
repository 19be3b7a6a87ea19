//! What goes when there is no more room.
//!
//! In the queue, as many as needed, in this order, the oldest first within each:
//! 1. device reports without an open finding: inventory and facts, which the next scan tells again;
//! 2. device reports with an open finding;
//! 3. changes of the level.
//!
//! The newest report never goes: it tells how the device is now. What a report is worth is sealed beside it, since it
//! tells whether something was found. A report of an older version of this store does not say, and counts as one with
//! findings; one whose worth was damaged counts least.
//!
//! Everywhere else it is history, and the oldest goes.

use super::error::StoreError;
use super::limits::{
    MAX_QUARANTINED, MAX_QUARANTINED_BYTES, MAX_QUEUED, MAX_QUEUED_BYTES, MAX_REPLACED, MAX_REPLACED_BYTES,
    MAX_SENT, MAX_SENT_BYTES,
};
use super::queue::{ReportState, WORTH, unsigned};
use super::seal::Place;
use super::{ReadTx, WriteTx};
use crate::model::{ReportKind, ReportWorth};

impl WriteTx<'_> {
    /// Deletes reports in `state` other than the one in row `newest` until its limits hold. How many of them were lost:
    /// never delivered, and not counted before.
    pub(super) fn shrink(&self, state: ReportState, newest: i64) -> Result<u64, StoreError> {
        let (max_rows, max_bytes) = limits(state);
        let (mut rows, mut bytes) = self.load(state)?;
        let mut lost = 0;
        if rows <= max_rows && bytes <= max_bytes {
            return Ok(lost);
        }
        for candidate in self.candidates(state, newest)? {
            if rows <= max_rows && bytes <= max_bytes {
                break;
            }
            self.tx.prepare_cached("DELETE FROM reports WHERE id = ?1")?.execute([candidate.id])?;
            rows = rows.saturating_sub(1);
            bytes = bytes.saturating_sub(candidate.size);
            lost += u64::from(candidate.is_lost);
        }
        Ok(lost)
    }

    fn load(&self, state: ReportState) -> Result<(u64, u64), StoreError> {
        let (rows, bytes): (i64, i64) = self
            .tx
            .prepare_cached("SELECT count(*), ifnull(sum(size), 0) FROM reports WHERE state = ?1")?
            .query_row([state.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((unsigned(rows), unsigned(bytes)))
    }

    /// What may go, first what goes first.
    fn candidates(&self, state: ReportState, newest: i64) -> Result<Vec<Candidate>, StoreError> {
        let mut statement = self.tx.prepare_cached(
            "SELECT id, size, kind, counted, sealed_worth FROM reports WHERE state = ?1 AND id <> ?2 ORDER BY id",
        )?;
        let mut candidates = Vec::new();
        let mut rows = statement.query((state.as_str(), newest))?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let (kind, sealed): (String, Option<Vec<u8>>) = (row.get(2)?, row.get(4)?);
            let worth = match state {
                ReportState::Queued => Some(self.worth(id, &kind, sealed.as_deref())),
                _ => None,
            };
            let is_lost = match state {
                ReportState::Queued => true,
                ReportState::Quarantined => !row.get::<_, bool>(3)?,
                ReportState::Sent | ReportState::Replaced => false,
            };
            candidates.push(Candidate { worth, id, size: unsigned(row.get(1)?), is_lost });
        }
        // Stable: the oldest of equals stays first.
        candidates.sort_by_key(|candidate| candidate.worth);
        Ok(candidates)
    }
}

impl ReadTx<'_> {
    fn worth(&self, id: i64, kind: &str, sealed: Option<&[u8]>) -> ReportWorth {
        match sealed {
            Some(sealed) => self
                .sealer
                .open(Place { table: WORTH, row: &id.to_string() }, sealed)
                .unwrap_or(ReportWorth::Inventory),
            None if kind == ReportKind::RiskLevelChange.as_str() => ReportWorth::Level,
            None => ReportWorth::Findings,
        }
    }
}

struct Candidate {
    worth: Option<ReportWorth>,
    id: i64,
    size: u64,
    is_lost: bool,
}

const fn limits(state: ReportState) -> (u64, u64) {
    match state {
        ReportState::Queued => (MAX_QUEUED, MAX_QUEUED_BYTES),
        ReportState::Sent => (MAX_SENT, MAX_SENT_BYTES),
        ReportState::Quarantined => (MAX_QUARANTINED, MAX_QUARANTINED_BYTES),
        ReportState::Replaced => (MAX_REPLACED, MAX_REPLACED_BYTES),
    }
}
