//! The keys of a device, in the order in which the connector took them.
//!
//! ```text
//! added ─► in use, from the first report or request under it ─► retired, once a later one is in use
//! ```
//!
//! As long as a new key was not used, the one before may still sign and authorise: the device may not have had the answer.
//! Reports under a retired key are taken at numbers below the first report of the next one, for they may be on their way.

use agent_core::connector::RefusalCode;
use agent_core::model::Timestamp;
use agent_core::report::jwk::{Jwk, PublicKey};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;

use super::attestation::JudgedKey;
use super::database::{Json, Number};
use super::error::{Denied, Error};

/// A key that the connector took.
pub struct DeviceKey {
    number: i64,
    pub device: String,
    /// The enrolment that it was taken in.
    pub epoch: String,
    pub kid: String,
    pub jwk: Jwk,
    pub key_protection: String,
    pub added_at: Timestamp,
    /// When it first signed something.
    pub used_at: Option<Timestamp>,
}

/// The part that a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Taken, and has not signed yet.
    Pending,
    /// Signs.
    InUse,
    /// A later one signs.
    Retired,
}

/// A key of a device, as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyRow {
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// How it is kept.
    pub key_protection: String,
    /// When the connector took it.
    pub since: Timestamp,
    /// Its part.
    pub state: KeyState,
}

const SELECT: &str =
    "SELECT number, device, epoch, device_key.kid, device_key.jwk, device_key.key_protection, added_at, used_at
    FROM device_key";

fn device_key(row: &Row<'_>) -> rusqlite::Result<DeviceKey> {
    Ok(DeviceKey {
        number: row.get(0)?,
        device: row.get(1)?,
        epoch: row.get(2)?,
        kid: row.get(3)?,
        jwk: row.get::<_, Json<_>>(4)?.0,
        key_protection: row.get(5)?,
        added_at: Timestamp::from_unix(row.get(6)?),
        used_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_unix),
    })
}

/// The key of `device` whose thumbprint is `kid`.
pub fn find(connection: &Connection, device: &str, kid: &str) -> Result<Option<DeviceKey>, Error> {
    let sql = format!("{SELECT} WHERE device = ?1 AND device_key.kid = ?2");
    Ok(connection.query_row(&sql, [device, kid], device_key).optional()?)
}

/// The key of whatever device of `tenant` whose thumbprint is `kid`.
pub fn find_in_tenant(connection: &Connection, tenant: &str, kid: &str) -> Result<Option<DeviceKey>, Error> {
    let sql = format!("{SELECT} JOIN device ON device.id = device WHERE tenant = ?1 AND device_key.kid = ?2");
    Ok(connection.query_row(&sql, [tenant, kid], device_key).optional()?)
}

/// The keys of `device`, newest first.
pub fn rows(connection: &Connection, device: &str) -> Result<Vec<KeyRow>, Error> {
    let sql = format!("{SELECT} WHERE device = ?1 ORDER BY number DESC");
    let mut statement = connection.prepare(&sql)?;
    let keys: Vec<_> = statement.query_map([device], device_key)?.collect::<Result<_, _>>()?;
    let mut is_followed = false;
    let row = |key: DeviceKey| {
        let state = match (is_followed, key.used_at) {
            (true, _) => KeyState::Retired,
            (false, Some(_)) => KeyState::InUse,
            (false, None) => KeyState::Pending,
        };
        is_followed |= key.used_at.is_some();
        KeyRow { kid: key.kid, key_protection: key.key_protection, since: key.added_at, state }
    };
    Ok(keys.into_iter().map(row).collect())
}

/// Takes a key into the enrolment `epoch`. One that is known already starts anew in it.
pub fn add(
    transaction: &Transaction<'_>,
    (device, epoch): (&str, &str),
    key: &PublicKey,
    judged: &JudgedKey,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO device_key (device, epoch, kid, jwk, key_protection, added_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (device, kid) DO UPDATE SET epoch = excluded.epoch, first_seq = NULL";
    let (kid, jwk) = (key.thumbprint(), Json(key.to_jwk()));
    transaction.execute(sql, params![device, epoch, kid, jwk, judged.protection, now.unix()])?;
    let sql = "UPDATE device SET kid = ?2, jwk = ?3, key_protection = ?4, attestation = ?5 WHERE id = ?1";
    let facts = judged.facts.as_ref().map(Json);
    transaction.execute(sql, params![device, kid, jwk, judged.protection, facts])?;
    Ok(())
}

impl DeviceKey {
    /// The key itself.
    pub fn public(&self) -> Result<PublicKey, Denied> {
        let unusable = |_| Denied::new(RefusalCode::InvalidKey, "the enrolled key is not a P-256 key");
        PublicKey::from_jwk(&self.jwk).map_err(unusable)
    }

    /// Whether a later key of the device has signed something.
    pub fn is_retired(&self, connection: &Connection) -> Result<bool, Error> {
        let sql = "SELECT EXISTS (SELECT 1 FROM device_key WHERE device = ?1 AND number > ?2 AND used_at IS NOT NULL)";
        Ok(connection.query_row(sql, params![self.device, self.number], |row| row.get(0))?)
    }

    /// Refuses the key where it may not sign any more for what happens now.
    pub fn must_not_be_retired(&self, connection: &Connection) -> Result<(), Denied> {
        match self.is_retired(connection)? {
            true => Err(replaced()),
            false => Ok(()),
        }
    }

    /// Refuses a report under this key at number `seq` of the enrolment `epoch`, where the key has no place.
    pub fn may_report(&self, connection: &Connection, epoch: &str, seq: u64) -> Result<(), Denied> {
        let sql = "SELECT (SELECT number FROM enrolment WHERE epoch = ?1) < (SELECT number FROM enrolment WHERE epoch = ?2)";
        let is_before: bool = connection.query_row(sql, [&self.epoch, epoch], |row| row.get(0))?;
        // The number where the next key of that enrolment begins.
        let sql = "SELECT min(first_seq) FROM device_key WHERE device = ?1 AND epoch = ?2 AND number > ?3";
        let end: Option<i64> =
            connection.query_row(sql, params![self.device, epoch, self.number], |row| row.get(0))?;
        let end = end.and_then(|end| u64::try_from(end).ok());
        match is_before || end.is_some_and(|end| seq >= end) {
            true => Err(replaced()),
            false => Ok(()),
        }
    }

    /// Notes that the key signed something: the report `seq` of `epoch`, or a request. Those before it are retired by that.
    pub fn used(
        &self,
        connection: &Connection,
        report: Option<(&str, u64)>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let seq = report.filter(|(epoch, _)| *epoch == self.epoch).map(|(_, seq)| Number(seq));
        let sql = "UPDATE device_key SET used_at = ifnull(used_at, ?2), first_seq = min(ifnull(first_seq, ?3), ifnull(?3, first_seq))
            WHERE number = ?1";
        connection.execute(sql, params![self.number, now.unix(), seq])?;
        Ok(())
    }

    /// Forgets keys that were to follow this one in its enrolment and never signed: there is one candidate at a time.
    pub fn forget_candidates(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        let sql =
            "DELETE FROM device_key WHERE device = ?1 AND epoch = ?2 AND number > ?3 AND used_at IS NULL";
        transaction.execute(sql, params![self.device, self.epoch, self.number])?;
        Ok(())
    }
}

fn replaced() -> Denied {
    Denied::new(RefusalCode::InvalidKey, "this key was replaced by a newer one of the device")
}
