//! The reports: waiting to be delivered, delivered, refused for good, or told again in smaller parts.
//!
//! ```text
//! enqueue ─► queued ─ acknowledge ─► sent         the last few, so that the user can see them
//!                   ├ quarantine ──► quarantined  the last few, so that somebody can find out why
//!                   └ replace ─────► replaced     the last few; its parts are queued in the same transaction
//! ```
//!
//! A number in the chain is allocated, signed and stored in one transaction, so that no number is used twice
//! and none is missing. A report leaves the queue when its receipt was verified, when the connector refuses it
//! for good, when smaller parts of it take its place, or when the queue is full (see `eviction.rs`). What was lost is
//! counted, and the count is told in the next report; it goes on from enrolment to enrolment.
//!
//! Whoever changes a report names its row, not its number: after a new enrolment another report has that number.

use rusqlite::{OptionalExtension as _, Row};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::limits::MAX_WAIT_SECONDS;
use super::seal::Place;
use super::{ReadTx, WriteTx};
use crate::model::{ChainPosition, ReportKind, Sha256, SignedReport, Timestamp};

pub(super) const TABLE: &str = "reports";
pub(super) const REASON: &str = "reports.reason";
pub(super) const WORTH: &str = "reports.worth";
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
    /// Too large, and told again in parts.
    Replaced,
}

impl ReportState {
    const ALL: [Self; 4] = [Self::Queued, Self::Sent, Self::Quarantined, Self::Replaced];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Quarantined => "quarantined",
            Self::Replaced => "replaced",
        }
    }
}

/// A stored report, without its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StoredReport {
    /// Its row: unique for the life of the store, and what [`ReadTx::token`] takes.
    pub id: i64,
    /// Where it is.
    pub state: ReportState,
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
    /// How often the connector said that its signature does not hold.
    pub unproven: u32,
    /// When delivery failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tried_at: Option<Timestamp>,
    /// When delivery is tried next.
    pub next_attempt_at: Timestamp,
    /// When it left the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Why it was quarantined, or what takes its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl StoredReport {
    /// Whether it may be sent at `now`. A wait that began in the future, or ends further away than any wait, is over: the
    /// clock was set back since. So no clock makes a wait longer than twice what it was to be.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.next_attempt_at <= now
            || self.next_attempt_at > now.plus_seconds(MAX_WAIT_SECONDS)
            || self.tried_at.is_some_and(|tried| tried > now)
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

    /// The report with the identifier `jti`, wherever it is.
    pub fn report_called(&self, jti: &str) -> Result<Option<StoredReport>, StoreError> {
        let sql = format!("{SELECT} WHERE jti = ?1 ORDER BY id DESC LIMIT 1");
        let found = self.tx.prepare_cached(&sql)?.query_row([jti], Found::read).optional()?;
        found.map(|found| self.open_row(found)).transpose()
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

    /// Reports that were lost unsent: dropped because the queue or the quarantine was full, or left by an earlier
    /// enrolment. Only ever grows.
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
    /// Starts the chain of an enrolment. Reports of another epoch that were not delivered are quarantined, and counted
    /// as lost.
    ///
    /// Does nothing when `epoch` is the one in use, for its chain must go on.
    pub fn start_epoch(&self, epoch: &str, now: Timestamp) -> Result<(), StoreError> {
        if self.chain()?.is_some_and(|chain| chain.epoch == epoch) {
            return Ok(());
        }
        let left = self.reports(ReportState::Queued)?;
        for report in &left {
            self.set_aside(report.id, OLD_EPOCH, true, now)?;
        }
        let (next_id, dropped) = self.chain()?.map_or((1, 0), |chain| (chain.next_id, chain.dropped));
        let dropped = dropped.saturating_add(u64::try_from(left.len()).unwrap_or(u64::MAX));
        self.put_named(CHAIN, &Chain { epoch: epoch.to_owned(), next_seq: 1, prev: None, dropped, next_id })
    }

    /// Counts `lost` things that should have become reports and will not.
    pub fn note_dropped(&self, lost: u64) -> Result<(), StoreError> {
        match self.chain()? {
            Some(chain) if lost > 0 => {
                self.put_named(CHAIN, &Chain { dropped: chain.dropped.saturating_add(lost), ..chain })
            }
            _ => Ok(()),
        }
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

    /// Notes that delivery of the queued report in row `id` failed at `now`, and when to try again.
    pub fn mark_attempt(&self, id: i64, now: Timestamp, again_at: Timestamp) -> Result<(), StoreError> {
        self.postpone(id, 0, now, again_at)
    }

    /// [`Self::mark_attempt`], where the connector said that the report's signature does not hold.
    pub fn mark_unproven(&self, id: i64, now: Timestamp, again_at: Timestamp) -> Result<(), StoreError> {
        self.postpone(id, 1, now, again_at)
    }

    /// Takes the report in row `id` out of the queue after its receipt was verified. False when it is not queued, as
    /// after a second receipt.
    pub fn acknowledge(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        let was_queued = self.close(id, ReportState::Sent, now)?;
        if was_queued {
            self.shrink(ReportState::Sent, id)?;
        }
        Ok(was_queued)
    }

    /// Takes the report in row `id` out of the queue because the connector will never accept it. False when it is not
    /// queued.
    pub fn quarantine(&self, id: i64, reason: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.set_aside(id, reason, false, now)
    }

    /// Takes the report in row `id`, which is too large, out of the queue in favour of its parts, which `append` queues;
    /// their numbers. `None` when it is not queued: nothing was appended then.
    pub fn replace<E: From<StoreError>>(
        &self,
        id: i64,
        now: Timestamp,
        append: impl FnOnce() -> Result<Vec<u64>, E>,
    ) -> Result<Option<Vec<u64>>, E> {
        if !self.close(id, ReportState::Replaced, now)? {
            return Ok(None);
        }
        let parts = append()?;
        let numbers: Vec<_> = parts.iter().map(u64::to_string).collect();
        self.explain(id, &format!("too large; told again in reports {}", numbers.join(", ")))?;
        self.shrink(ReportState::Replaced, id)?;
        Ok(Some(parts))
    }

    fn append(&self, chain: Chain, report: &SignedReport, now: Timestamp) -> Result<(), StoreError> {
        if report.seq != chain.next_seq {
            return Err(StoreError::OutOfSequence { expected: chain.next_seq, found: report.seq });
        }
        let id = chain.next_id;
        let row = id.to_string();
        let sealed = self.sealer.seal(Place { table: TABLE, row: &row }, &report.token)?;
        let worth = self.sealer.seal(Place { table: WORTH, row: &row }, &report.worth)?;
        let size = i64::try_from(report.token.len()).unwrap_or(i64::MAX);
        let (kind, seq, jti) = (report.kind.as_str(), signed(report.seq), &report.jti);
        self.tx
            .prepare_cached(
                "INSERT INTO reports
                    (id, state, kind, seq, jti, queued_at, attempts, next_attempt_at, size, sealed, sealed_worth)
                 VALUES (?1, 'queued', ?2, ?3, ?4, ?5, 0, ?5, ?6, ?7, ?8)",
            )?
            .execute((id, kind, seq, jti, now.unix(), size, sealed, worth))?;
        let lost = self.shrink(ReportState::Queued, id)?;
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

    fn postpone(&self, id: i64, unproven: u32, now: Timestamp, at: Timestamp) -> Result<(), StoreError> {
        let at = at.min(now.plus_seconds(MAX_WAIT_SECONDS));
        self.tx
            .prepare_cached(
                "UPDATE reports SET attempts = attempts + 1, unproven = unproven + ?2, tried_at = ?3,
                    next_attempt_at = ?4 WHERE state = 'queued' AND id = ?1",
            )?
            .execute((id, unproven, now.unix(), at.unix()))?;
        Ok(())
    }

    /// Quarantines a report, whose loss is `counted` already or will be when the quarantine has no room for it.
    fn set_aside(&self, id: i64, reason: &str, counted: bool, now: Timestamp) -> Result<bool, StoreError> {
        if !self.close(id, ReportState::Quarantined, now)? {
            return Ok(false);
        }
        self.explain(id, reason)?;
        self.tx.prepare_cached("UPDATE reports SET counted = ?2 WHERE id = ?1")?.execute((id, counted))?;
        let lost = self.shrink(ReportState::Quarantined, id)?;
        if let (Some(chain), 1..) = (self.chain()?, lost) {
            self.put_named(CHAIN, &Chain { dropped: chain.dropped.saturating_add(lost), ..chain })?;
        }
        Ok(true)
    }

    /// Moves a report out of the queue. False when it is not there.
    fn close(&self, id: i64, state: ReportState, now: Timestamp) -> Result<bool, StoreError> {
        let closed = self
            .tx
            .prepare_cached(
                "UPDATE reports SET state = ?2, closed_at = ?3 WHERE state = 'queued' AND id = ?1",
            )?
            .execute((id, state.as_str(), now.unix()))?;
        Ok(closed > 0)
    }

    fn explain(&self, id: i64, reason: &str) -> Result<(), StoreError> {
        let sealed = self.sealer.seal(Place { table: REASON, row: &id.to_string() }, &reason)?;
        self.tx
            .prepare_cached("UPDATE reports SET sealed_reason = ?2 WHERE id = ?1")?
            .execute((id, sealed))?;
        Ok(())
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

const SELECT: &str = "SELECT id, state, kind, seq, jti, size, queued_at, attempts, unproven, tried_at,
    next_attempt_at, closed_at, sealed_reason FROM reports";

/// A row as it is in the table.
struct Found {
    report: StoredReport,
    sealed_reason: Option<Vec<u8>>,
}

impl Found {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let (state, kind): (String, String) = (row.get("state")?, row.get("kind")?);
        let state = ReportState::ALL.into_iter().find(|known| known.as_str() == state);
        let time = |column| row.get::<_, i64>(column).map(Timestamp::from_unix);
        let report = StoredReport {
            id: row.get("id")?,
            state: state.ok_or(rusqlite::Error::InvalidQuery)?,
            kind: kind.parse().map_err(|_| rusqlite::Error::InvalidQuery)?,
            seq: unsigned(row.get("seq")?),
            jti: row.get("jti")?,
            size: unsigned(row.get("size")?),
            queued_at: time("queued_at")?,
            attempts: row.get("attempts")?,
            unproven: row.get("unproven")?,
            tried_at: row.get::<_, Option<i64>>("tried_at")?.map(Timestamp::from_unix),
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

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
