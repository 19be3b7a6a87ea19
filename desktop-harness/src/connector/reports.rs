//! Stored reports, and what they say together.

use std::collections::BTreeMap;

use agent_core::model::{Level, RiskLevel, Timestamp};
use agent_core::report::{ChainLink, ChainProblem, ChainedReport, ProblemKind, judge_chain, jws};
use rusqlite::types::{FromSql, FromSqlError, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Deserialize;

use super::chain::{Fault, Surroundings};
use super::database::Json;
use super::decision::{Reported, Standing};
use super::devices::Device;
use super::error::Error;

/// A report that was too large, as the parts that are sent instead name it.
#[derive(Deserialize)]
pub struct Replaced {
    pub seq: u64,
    pub sha256: String,
}

/// A verified report.
pub struct Report<'a> {
    pub seq: u64,
    pub jti: &'a str,
    /// [`token_digest`](agent_core::connector::token_digest) of the token.
    pub sha256: &'a str,
    /// The same of its [`twin`](agent_core::report::jws::twin): a successor may name either.
    pub twin: Option<&'a str>,
    pub prev: Option<&'a str>,
    pub replaces: &'a [Replaced],
    pub level: Option<Level>,
    pub at_least: Option<RiskLevel>,
    pub token: &'a str,
}

/// What a device's chain looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainState {
    /// Holes in the numbers of the newest enrolment.
    pub gaps: u64,
    /// Reports that fork.
    pub forks: u64,
    /// Reports that go back.
    pub regressions: u64,
    /// The highest number of the newest enrolment.
    pub last_seq: Option<u64>,
}

/// The stored token that a device sent under `jti`.
pub fn by_jti(connection: &Connection, device: &str, jti: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT token FROM report WHERE device = ?1 AND jti = ?2";
    Ok(connection.query_row(sql, [device, jti], |row| row.get(0)).optional()?)
}

/// What is stored around the place that `report` claims.
pub fn surroundings(
    connection: &Connection,
    epoch: &str,
    report: &Report<'_>,
) -> Result<Surroundings, Error> {
    let sql = "WITH known (seq, sha256, twin) AS (
            SELECT seq, sha256, twin FROM report WHERE epoch = ?1
            UNION ALL SELECT seq, sha256, NULL FROM replaced WHERE epoch = ?1)
        SELECT
        EXISTS (SELECT 1 FROM known WHERE seq = ?2 AND sha256 IS NOT ?4 AND sha256 IS NOT ?5),
        (SELECT max(sha256 IS ?3 OR ifnull(twin = ?3, 0)) FROM known WHERE seq = ?2 - 1),
        (SELECT max(prev IS ?4 OR ifnull(prev = ?5, 0)) FROM report WHERE epoch = ?1 AND seq = ?2 + 1),
        (SELECT max(seq) FROM known WHERE sha256 = ?3 OR twin = ?3),
        EXISTS (SELECT 1 FROM report WHERE epoch = ?1 AND prev = ?3 AND seq <> ?2)";
    let around = connection.query_row(
        sql,
        params![epoch, sequence(report.seq), report.prev, report.sha256, report.twin],
        |row| {
            Ok(Surroundings {
                taken: row.get(0)?,
                follows_its_predecessor: row.get(1)?,
                is_named_by_its_successor: row.get(2)?,
                names: row.get::<_, Option<i64>>(3)?.and_then(|seq| u64::try_from(seq).ok()),
                shares_its_predecessor: row.get(4)?,
                replaces_another: false,
            })
        },
    )?;
    let replaces_another = contradicted(connection, epoch, report)?;
    Ok(Surroundings { replaces_another, ..around })
}

/// Whether what `report` says of those that it replaces is not what is known of them.
fn contradicted(connection: &Connection, epoch: &str, report: &Report<'_>) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM report WHERE epoch = ?1 AND seq = ?2 AND sha256 IS NOT ?3 AND twin IS NOT ?3)
        OR EXISTS (SELECT 1 FROM replaced WHERE epoch = ?1 AND seq = ?2 AND sha256 IS NOT ?3)
        OR EXISTS (SELECT 1 FROM report WHERE epoch = ?1 AND seq = ?2 + 1 AND prev IS NOT ?3)";
    for replaced in report.replaces {
        let place = params![epoch, sequence(replaced.seq), replaced.sha256];
        if connection.query_row(sql, place, |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Stores a report.
pub fn store(
    transaction: &Transaction<'_>,
    device: &Device,
    report: &Report<'_>,
    fault: Option<Fault>,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO report
        (device, epoch, seq, jti, sha256, prev, level, at_least, fault, received_at, token, stands_for, twin)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let row = params![
        device.id,
        device.epoch,
        sequence(report.seq),
        report.jti,
        report.sha256,
        report.prev,
        report.level.map(Json),
        report.at_least.map(Json),
        fault.map(Json),
        now.unix(),
        report.token,
        report.replaces.first().map(|first| sequence(first.seq)),
        report.twin
    ];
    transaction.execute(sql, row)?;
    for replaced in report.replaces {
        let sql = "INSERT OR IGNORE INTO replaced (epoch, seq, sha256) VALUES (?1, ?2, ?3)";
        transaction.execute(sql, params![device.epoch, sequence(replaced.seq), replaced.sha256])?;
    }
    Ok(())
}

/// What is known of a device: its newest level since it enrolled (a report that was told again in parts is as old as it
/// was), and whether any of its reports shows a fault.
pub fn standing(connection: &Connection, device: &Device) -> Result<Standing, Error> {
    let sql = "SELECT seq, level FROM report WHERE epoch = ?1 AND level IS NOT NULL
        ORDER BY ifnull(stands_for, seq) DESC, seq DESC, rowid DESC LIMIT 1";
    let level = connection
        .query_row(sql, [&device.epoch], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Json<Level>>(1)?.0)))
        .optional()?;
    let sql = "SELECT at_least FROM report WHERE epoch = ?1 AND at_least IS NOT NULL
        ORDER BY ifnull(stands_for, seq) DESC, seq DESC, rowid DESC LIMIT 1";
    let at_least =
        connection.query_row(sql, [&device.epoch], |row| row.get::<_, Json<RiskLevel>>(0)).optional()?;
    let reported = level.map(|(seq, level)| Reported {
        seq: u64::try_from(seq).unwrap_or(0),
        level,
        at_least: at_least.map(|Json(at_least)| at_least),
    });
    let sql = "SELECT fault FROM report WHERE device = ?1 AND fault IS NOT NULL ORDER BY rowid LIMIT 1";
    let fault = connection.query_row(sql, [&device.id], |row| row.get::<_, Json<Fault>>(0)).optional()?;
    let sql = "SELECT max(received_at) FROM report WHERE epoch = ?1";
    let last: Option<i64> = connection.query_row(sql, [&device.epoch], |row| row.get(0))?;
    Ok(Standing {
        reported,
        fault: fault.map(|Json(fault)| fault),
        revoked_at: device.revoked_at,
        last_heard: last.map_or(device.enrolled_at, Timestamp::from_unix),
        above_since: above_since(connection, device)?,
    })
}

/// Since when the level is above each level that it was within before. Reports without a level that is one (unknown,
/// misconfigured) end nothing and begin nothing.
fn above_since(connection: &Connection, device: &Device) -> Result<BTreeMap<RiskLevel, Timestamp>, Error> {
    let sql = "SELECT level, received_at FROM report WHERE epoch = ?1 AND level IS NOT NULL
        ORDER BY ifnull(stands_for, seq) DESC, seq DESC, rowid DESC";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([&device.epoch])?;
    let mut undecided: BTreeMap<RiskLevel, Option<Timestamp>> =
        [RiskLevel::Secured, RiskLevel::Low, RiskLevel::Medium].map(|level| (level, None)).into();
    let mut above = BTreeMap::new();
    while let (false, Some(row)) = (undecided.is_empty(), rows.next()?) {
        let level: Json<Level> = row.get(0)?;
        let at = Timestamp::from_unix(row.get(1)?);
        let Some(risk) = level.0.risk() else { continue };
        undecided.retain(|allowed, since| {
            let is_above = risk > *allowed;
            if is_above {
                *since = Some(at);
            } else if let Some(since) = since {
                above.insert(*allowed, *since);
            }
            is_above
        });
    }
    Ok(above)
}

/// The state of a device's chain.
pub fn chain_state(connection: &Connection, device: &Device) -> Result<ChainState, Error> {
    // A report with a number above 1 and none known below it stands at the end of a hole; so does one that was replaced.
    let sql = "WITH known (seq) AS (
            SELECT seq FROM report WHERE epoch = ?1 UNION SELECT seq FROM replaced WHERE epoch = ?1)
        SELECT max(seq), count(*) FILTER (WHERE seq > 1 AND seq - 1 NOT IN (SELECT seq FROM known)) FROM known";
    let (last, gaps) = connection
        .query_row(sql, [&device.epoch], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, i64>(1)?)))?;
    let count = |fault: Fault| -> Result<u64, Error> {
        let sql = "SELECT count(*) FROM report WHERE device = ?1 AND fault = ?2";
        let count: i64 = connection.query_row(sql, params![device.id, Json(fault)], |row| row.get(0))?;
        Ok(u64::try_from(count).unwrap_or(0))
    };
    Ok(ChainState {
        gaps: u64::try_from(gaps).unwrap_or(0),
        forks: count(Fault::Fork)?,
        regressions: count(Fault::Regression)?,
        last_seq: last.and_then(|seq| u64::try_from(seq).ok()),
    })
}

/// What the chains of a device show that is a fault or a gap, the newest enrolment first. A gap of an earlier one is none:
/// what was queued when a device enrols again is set aside.
pub fn chain_problems(connection: &Connection, device: &Device) -> Result<Vec<ChainProblem>, Error> {
    let sql = "SELECT seq, sha256, twin, prev, received_at, jti,
            CASE WHEN stands_for IS NULL THEN NULL ELSE token END, epoch
        FROM report WHERE device = ?1";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([&device.id])?;
    let mut epochs: BTreeMap<String, Vec<ChainedReport>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        epochs.entry(row.get(7)?).or_default().push(chained(row)?);
    }
    let newest = epochs.remove(&device.epoch).unwrap_or_default();
    let mut problems = judge_chain(device.epoch.clone(), newest).problems;
    problems.retain(|problem| problem.fault || problem.kind == ProblemKind::StartsLate);
    for (epoch, links) in epochs {
        let earlier = judge_chain(epoch, links).problems;
        problems.extend(earlier.into_iter().filter(|it| it.fault && it.kind != ProblemKind::Gap));
    }
    Ok(problems)
}

fn chained(row: &Row<'_>) -> Result<ChainedReport, Error> {
    let digest = |text: String| text.parse::<ChainLink>().ok();
    let sha256 = row.get::<_, Digest>(1)?.0;
    let mut digests = [sha256, row.get::<_, Option<String>>(2)?.and_then(digest).unwrap_or(sha256)];
    digests.sort();
    Ok(ChainedReport {
        seq: u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default(),
        digests,
        prev: row.get::<_, Option<String>>(3)?.and_then(digest),
        at: Timestamp::from_unix(row.get(4)?),
        jti: row.get(5)?,
        generation: 0,
        replaces: row.get::<_, Option<String>>(6)?.as_deref().map(replaced_by).unwrap_or_default(),
    })
}

/// What a stored report says that it replaces.
fn replaced_by(token: &str) -> Vec<(u64, ChainLink)> {
    #[derive(Deserialize)]
    struct Claims {
        mtd_replaces: Vec<Replaced>,
    }
    let claims: Option<Claims> = jws::peek_claims(token).ok();
    let replaced = claims.into_iter().flat_map(|claims| claims.mtd_replaces);
    replaced.filter_map(|it| Some((it.seq, it.sha256.parse().ok()?))).collect()
}

/// A digest as it is stored: base64url.
struct Digest(ChainLink);

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        value.as_str()?.parse().map(Self).map_err(|why: &str| FromSqlError::Other(why.into()))
    }
}

/// The reports of a device as they came, in order of enrolment and number.
pub fn tokens(connection: &Connection, tenant: &str, device: &str) -> Result<Vec<String>, Error> {
    let sql = "SELECT token FROM report JOIN enrolment USING (epoch) JOIN device ON device.id = report.device
        WHERE tenant = ?1 AND report.device = ?2 ORDER BY number, seq, report.rowid";
    let mut statement = connection.prepare(sql)?;
    let tokens = statement.query_map([tenant, device], |row| row.get(0))?;
    Ok(tokens.collect::<Result<_, _>>()?)
}

/// SQLite's integers are signed; numbers above [`MAX_SEQUENCE`](agent_core::report::MAX_SEQUENCE) are refused before.
fn sequence(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
