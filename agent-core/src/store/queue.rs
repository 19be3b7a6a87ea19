//! The reports: waiting to be delivered, delivered, or refused for good.
//!
//! ```text
//! enqueue ─► queued ─ acknowledge ─► sent         the last few, so that the user can see them
//!                   └ quarantine ──► quarantined  the last few, so that somebody can find out why
//! ```
//!
//! A number in the chain is allocated, signed and stored in one transaction, so that no number is used twice
//! and none is missing. A report leaves the queue when its receipt was verified, when the connector refuses it
//! for good, or when the queue is full: then device reports go before changes of the level, old ones before new
//! ones, and never the newest. What was lost that way is counted and told in the next report.

use rusqlite::{OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::limits::{
    MAX_QUARANTINED, MAX_QUARANTINED_BYTES, MAX_QUEUED, MAX_QUEUED_BYTES, MAX_SENT, MAX_SENT_BYTES,
    MAX_WAIT_SECONDS,
};
use super::seal::Place;
use super::{ReadTx, WriteTx};
use crate::model::{ChainPosition, ReportKind, Sha256, SignedReport, Timestamp};

const TABLE: &str = "reports";
const REASON: &str = "reports.reason";
const CHAIN: &str = "chain";

/// Why the reports of an old enrolment are not delivered: they are for the connector of that time.
const OLD_EPOCH: &str = "the device was enrolled anew";

/// Where a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// Waits to be delivered.
    Queued,
    /// Delivered, with a verified receipt.
    Sent,
    /// Refused for good.
    Quarantined,
}

impl ReportState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Quarantined => "quarantined",
        }
    }
}

/// A stored report, without its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredReport {
    /// Its row: unique for the life of the store, and what [`ReadTx::token`] takes.
    pub id: i64,
    /// What it tells.
    pub kind: ReportKind,
    /// Its number in the chain of its epoch.
    pub seq: u64,
    /// Its identifier.
    pub jti: String,
    /// Bytes of the token.
    pub size: u64,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// How often delivery failed.
    pub attempts: u32,
    /// When delivery is tried next.
    pub next_attempt_at: Timestamp,
    /// When it was delivered or quarantined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Why it was quarantined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl StoredReport {
    /// Whether it may be sent at `now`. A time of retry that is further away than any wait is due too: the clock
    /// was set back since.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_attempt_at <= now || self.next_attempt_at > now.plus_seconds(MAX_WAIT_SECONDS)
    }
}

impl ReadTx<'_> {
    /// The reports in `state`, oldest first.
    pub fn reports(&self, state: ReportState) -> Result<Vec<StoredReport>, StoreError> {
        let mut statement = self.tx.prepare_cached(&format!("{SELECT} WHERE state = ?1 ORDER BY id"))?;
        let rows: Vec<_> = statement.query_map([state.as_str()], Found::read)?.collect::<Result<_, _>>()?;
        rows.into_iter().map(|row| self.open_row(row)).collect()
    }

    /// The report that goes next: the oldest in the queue, [due](StoredReport::is_due) or not, because the order
    /// is that of the chain. A caller whose [`Self::token`] of it fails with [`StoreError::Tampered`] should
    /// quarantine it, so that it does not hold up the others.
    pub fn next_queued(&self) -> Result<Option<StoredReport>, StoreError> {
        let sql = format!("{SELECT} WHERE state = 'queued' ORDER BY id LIMIT 1");
        let next = self.tx.prepare_cached(&sql)?.query_row([], Found::read).optional()?;
        next.map(|next| self.open_row(next)).transpose()
    }

    /// The token of the report in row `id`: the bytes that are or were sent. `None` when there is no such row.
    pub fn token(&self, id: i64) -> Result<Option<String>, StoreError> {
        let sealed: Option<Vec<u8>> = self
            .tx
            .prepare_cached("SELECT sealed FROM reports WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        sealed
            .map(|sealed| self.sealer.open(Place { table: TABLE, row: &id.to_string() }, &sealed))
            .transpose()
    }

    /// The place that the next report will have.
    pub fn next_position(&self) -> Result<ChainPosition, StoreError> {
        Ok(self.chain()?.ok_or(StoreError::NotEnrolled)?.position())
    }

    /// Reports of this epoch that were dropped because the queue or the quarantine was full.
    pub fn dropped(&self) -> Result<u64, StoreError> {
        Ok(self.chain()?.map_or(0, |chain| chain.dropped))
    }

    fn chain(&self) -> Result<Option<Chain>, StoreError> {
        self.get_named(CHAIN)
    }

    fn open_row(&self, row: Found) -> Result<StoredReport, StoreError> {
        let Found { mut report, sealed_reason } = row;
        if let Some(sealed) = sealed_reason {
            let place = Place { table: REASON, row: &report.id.to_string() };
            report.reason = Some(self.sealer.open(place, &sealed)?);
        }
        Ok(report)
    }
}

impl WriteTx<'_> {
    /// Starts the chain of an enrolment. Reports of another epoch that were not delivered are quarantined.
    ///
    /// Does nothing when `epoch` is the one in use, for its chain must go on.
    pub fn start_epoch(&self, epoch: &str, now: Timestamp) -> Result<(), StoreError> {
        let chain = self.chain()?;
        if chain.as_ref().is_some_and(|chain| chain.epoch == epoch) {
            return Ok(());
        }
        for report in self.reports(ReportState::Queued)? {
            self.quarantine(report.seq, OLD_EPOCH, now)?;
        }
        let next_id = chain.map_or(1, |chain| chain.next_id);
        self.put_named(
            CHAIN,
            &Chain { epoch: epoch.to_owned(), next_seq: 1, prev: None, dropped: 0, next_id },
        )
    }

    /// Allocates the next place in the chain, has `sign` fill it, and stores the report, due at once.
    pub fn enqueue<E: From<StoreError>>(
        &self,
        now: Timestamp,
        sign: impl FnOnce(&ChainPosition) -> Result<SignedReport, E>,
    ) -> Result<SignedReport, E> {
        let chain = self.chain()?.ok_or(StoreError::NotEnrolled)?;
        let report = sign(&chain.position())?;
        self.append(chain, &report, now)?;
        Ok(report)
    }

    /// Notes that delivery of queued report `seq` failed at `now`, and when to try again.
    pub fn mark_attempt(&self, seq: u64, now: Timestamp, again_at: Timestamp) -> Result<(), StoreError> {
        let again_at = again_at.min(now.plus_seconds(MAX_WAIT_SECONDS));
        self.tx
            .prepare_cached(
                "UPDATE reports SET attempts = attempts + 1, next_attempt_at = ?2
                 WHERE state = 'queued' AND seq = ?1",
            )?
            .execute((signed(seq), again_at.unix()))?;
        Ok(())
    }

    /// Takes report `seq` out of the queue after its receipt was verified. False when it is not queued, as
    /// after a second receipt.
    pub fn acknowledge(&self, seq: u64, now: Timestamp) -> Result<bool, StoreError> {
        let Some(id) = self.close(seq, ReportState::Sent, now)? else { return Ok(false) };
        self.shrink(ReportState::Sent, id, (MAX_SENT, MAX_SENT_BYTES))?;
        Ok(true)
    }

    /// Takes report `seq` out of the queue because the connector will never accept it. False when it is not
    /// queued.
    pub fn quarantine(&self, seq: u64, reason: &str, now: Timestamp) -> Result<bool, StoreError> {
        let Some(id) = self.close(seq, ReportState::Quarantined, now)? else { return Ok(false) };
        let sealed = self.sealer.seal(Place { table: REASON, row: &id.to_string() }, &reason)?;
        self.tx
            .prepare_cached("UPDATE reports SET sealed_reason = ?2 WHERE id = ?1")?
            .execute((id, sealed))?;
        let lost = self.shrink(ReportState::Quarantined, id, (MAX_QUARANTINED, MAX_QUARANTINED_BYTES))?;
        self.count_dropped(lost)?;
        Ok(true)
    }

    fn append(&self, chain: Chain, report: &SignedReport, now: Timestamp) -> Result<(), StoreError> {
        if report.seq != chain.next_seq {
            return Err(StoreError::OutOfSequence { expected: chain.next_seq, found: report.seq });
        }
        let id = chain.next_id;
        let sealed = self.sealer.seal(Place { table: TABLE, row: &id.to_string() }, &report.token)?;
        let size = i64::try_from(report.token.len()).unwrap_or(i64::MAX);
        self.tx
            .prepare_cached(
                "INSERT INTO reports
                    (id, state, kind, seq, jti, queued_at, attempts, next_attempt_at, size, sealed)
                 VALUES (?1, 'queued', ?2, ?3, ?4, ?5, 0, ?5, ?6, ?7)",
            )?
            .execute((id, report.kind.as_str(), signed(report.seq), &report.jti, now.unix(), size, sealed))?;
        let lost = self.shrink(ReportState::Queued, id, (MAX_QUEUED, MAX_QUEUED_BYTES))?;
        self.put_named(
            CHAIN,
            &Chain {
                next_seq: chain.next_seq.saturating_add(1),
                prev: Some(Sha256::of(report.token.as_bytes())),
                dropped: chain.dropped.saturating_add(lost),
                next_id: chain.next_id.saturating_add(1),
                ..chain
            },
        )
    }

    /// Moves a report out of the queue; its row.
    fn close(&self, seq: u64, state: ReportState, now: Timestamp) -> Result<Option<i64>, StoreError> {
        let id = self
            .tx
            .prepare_cached(
                "UPDATE reports SET state = ?2, closed_at = ?3 WHERE state = 'queued' AND seq = ?1 RETURNING id",
            )?
            .query_row((signed(seq), state.as_str(), now.unix()), |row| row.get(0))
            .optional()?;
        Ok(id)
    }

    /// Deletes reports in `state` other than `newest` until both limits hold; how many.
    fn shrink(
        &self,
        state: ReportState,
        newest: i64,
        (max_rows, max_bytes): (u64, u64),
    ) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let (rows, bytes): (i64, i64) = self
                .tx
                .prepare_cached("SELECT count(*), ifnull(sum(size), 0) FROM reports WHERE state = ?1")?
                .query_row([state.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            if unsigned(rows) <= max_rows && unsigned(bytes) <= max_bytes {
                return Ok(deleted);
            }
            let victims = self
                .tx
                .prepare_cached(
                    "DELETE FROM reports WHERE id =
                        (SELECT id FROM reports WHERE state = ?1 AND id <> ?2
                         ORDER BY state = 'queued' AND kind = 'risk_level_change', id LIMIT 1)",
                )?
                .execute((state.as_str(), newest))?;
            if victims == 0 {
                return Ok(deleted);
            }
            deleted += 1;
        }
    }

    fn count_dropped(&self, lost: u64) -> Result<(), StoreError> {
        match self.chain()? {
            Some(chain) if lost > 0 => {
                self.put_named(CHAIN, &Chain { dropped: chain.dropped.saturating_add(lost), ..chain })
            }
            _ => Ok(()),
        }
    }
}

/// The end of the chain.
#[derive(Serialize, Deserialize)]
struct Chain {
    epoch: String,
    next_seq: u64,
    prev: Option<Sha256>,
    dropped: u64,
    /// Goes on from epoch to epoch: a row is never taken for one that was there before.
    next_id: i64,
}

impl Chain {
    fn position(&self) -> ChainPosition {
        ChainPosition { epoch: self.epoch.clone(), seq: self.next_seq, prev: self.prev }
    }
}

const SELECT: &str = "SELECT id, kind, seq, jti, size, queued_at, attempts, next_attempt_at, closed_at,
    sealed_reason FROM reports";

/// A row as it is in the table.
struct Found {
    report: StoredReport,
    sealed_reason: Option<Vec<u8>>,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let kind: String = row.get("kind")?;
        let time = |column| row.get::<_, i64>(column).map(Timestamp::from_unix);
        let report = StoredReport {
            id: row.get("id")?,
            kind: kind.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
            seq: unsigned(row.get("seq")?),
            jti: row.get("jti")?,
            size: unsigned(row.get("size")?),
            queued_at: time("queued_at")?,
            attempts: row.get("attempts")?,
            next_attempt_at: time("next_attempt_at")?,
            closed_at: row.get::<_, Option<i64>>("closed_at")?.map(Timestamp::from_unix),
            reason: None,
        };
        Ok(Self { report, sealed_reason: row.get("sealed_reason")? })
    }
}

/// SQLite counts to 2^63 - 1. A chain gets there after ten reports a second for 29 billion years.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
