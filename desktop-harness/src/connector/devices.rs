//! Devices, their enrolments, and the invitations that led to them.

use agent_core::connector::token_digest;
use agent_core::connector::wire::{connector_issuer, device_issuer, report_audience};
use agent_core::model::{Ownership, Timestamp};
use agent_core::report::jwk::{Jwk, PublicKey};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::attestation::{JudgedKey, KeyFacts};
use super::database::Json;
use super::error::Error;
use super::random;

/// A device with its newest enrolment, or the one that was asked for.
pub struct Device {
    pub id: String,
    pub tenant: String,
    pub jwk: Jwk,
    pub key_protection: String,
    /// What its platform vouched for when it enrolled.
    pub attestation: Option<KeyFacts>,
    pub ownership: Ownership,
    pub last_seen: Timestamp,
    pub epoch: String,
    pub enrolled_at: Timestamp,
    /// The connector's URL at that enrolment: what the device was told is what it goes on using.
    pub url: String,
}

impl Device {
    /// Issuer of what the connector signs for this device.
    pub fn connector_issuer(&self) -> String {
        connector_issuer(&self.url, &self.tenant)
    }

    /// Issuer of the device's reports.
    pub fn issuer(&self) -> String {
        device_issuer(&self.connector_issuer(), &self.id)
    }

    /// Audience of the device's reports.
    pub fn audience(&self) -> String {
        report_audience(&self.connector_issuer())
    }
}

const SELECT: &str =
    "SELECT device.id, tenant, jwk, key_protection, ownership, last_seen, epoch, enrolled_at, url,
        attestation
    FROM device JOIN enrolment ON enrolment.device = device.id";

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: row.get(0)?,
        tenant: row.get(1)?,
        jwk: row.get::<_, Json<_>>(2)?.0,
        key_protection: row.get(3)?,
        ownership: row.get::<_, Json<_>>(4)?.0,
        last_seen: Timestamp::from_unix(row.get(5)?),
        epoch: row.get(6)?,
        enrolled_at: Timestamp::from_unix(row.get(7)?),
        url: row.get(8)?,
        attestation: row.get::<_, Option<Json<_>>>(9)?.map(|Json(facts)| facts),
    })
}

/// A device of `tenant` with its newest enrolment.
pub fn find(connection: &Connection, tenant: &str, id: &str) -> Result<Option<Device>, Error> {
    let sql = format!("{SELECT} WHERE tenant = ?1 AND device.id = ?2 ORDER BY number DESC LIMIT 1");
    Ok(connection.query_row(&sql, [tenant, id], device).optional()?)
}

/// A device of `tenant` with the enrolment `epoch`.
pub fn find_enrolment(
    connection: &Connection,
    tenant: &str,
    id: &str,
    epoch: &str,
) -> Result<Option<Device>, Error> {
    let sql = format!("{SELECT} WHERE tenant = ?1 AND device.id = ?2 AND epoch = ?3");
    Ok(connection.query_row(&sql, [tenant, id, epoch], device).optional()?)
}

/// All devices of `tenant` with their newest enrolments, first enrolled first.
pub fn all(connection: &Connection, tenant: &str) -> Result<Vec<Device>, Error> {
    let sql = format!(
        "{SELECT} WHERE tenant = ?1
         AND number = (SELECT max(number) FROM enrolment WHERE device = device.id) ORDER BY number"
    );
    let mut statement = connection.prepare(&sql)?;
    let devices = statement.query_map([tenant], device)?;
    Ok(devices.collect::<Result<_, _>>()?)
}

/// Notes that a device was heard of.
pub fn seen(connection: &Connection, id: &str, now: Timestamp) -> Result<(), Error> {
    connection.execute("UPDATE device SET last_seen = ?2 WHERE id = ?1", params![id, now.unix()])?;
    Ok(())
}

/// Stores an invitation.
pub fn invite(
    transaction: &Transaction<'_>,
    tenant: &str,
    token: &str,
    ownership: Ownership,
    expires_at: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO invitation (token_sha256, tenant, ownership, expires_at) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(sql, params![token_digest(token), tenant, Json(ownership), expires_at.unix()])?;
    Ok(())
}

/// What came of an invitation.
pub enum Invitation {
    /// Used up now, for a device of this ownership.
    Taken(Ownership),
    /// Cannot be used.
    Void(&'static str),
}

/// Uses up an invitation. Of two at once, one finds it used: writers take turns.
pub fn take_invitation(
    transaction: &Transaction<'_>,
    tenant: &str,
    token: &str,
    now: Timestamp,
) -> Result<Invitation, Error> {
    let digest = token_digest(token);
    let sql = "SELECT ownership, expires_at, used_at FROM invitation WHERE token_sha256 = ?1 AND tenant = ?2";
    let found = transaction
        .query_row(sql, [&digest, tenant], |row| {
            Ok((row.get::<_, Json<Ownership>>(0)?.0, row.get::<_, i64>(1)?, row.get::<_, Option<i64>>(2)?))
        })
        .optional()?;
    let ownership = match found {
        None => return Ok(Invitation::Void("the one-time token is unknown to this tenant")),
        Some((_, _, Some(_))) => return Ok(Invitation::Void("the one-time token was used before")),
        Some((_, expires_at, None)) if expires_at <= now.unix() => {
            return Ok(Invitation::Void("the one-time token has expired"));
        }
        Some((ownership, _, None)) => ownership,
    };
    let sql = "UPDATE invitation SET used_at = ?2 WHERE token_sha256 = ?1";
    transaction.execute(sql, params![digest, now.unix()])?;
    Ok(Invitation::Taken(ownership))
}

/// What a device says of itself when it enrols.
pub struct Newcomer<'a> {
    pub tenant: &'a str,
    pub key: &'a PublicKey,
    pub judged: &'a JudgedKey,
    pub ownership: Ownership,
    pub url: &'a str,
}

/// Stores an enrolment. A key that is known keeps its device, with its history and its faults; a new key is a
/// new device.
pub fn enrol(
    transaction: &Transaction<'_>,
    newcomer: &Newcomer<'_>,
    now: Timestamp,
) -> Result<Device, Error> {
    let sql = "INSERT INTO device (id, tenant, kid, jwk, key_protection, ownership, last_seen, attestation)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (tenant, kid) DO UPDATE SET ownership = excluded.ownership, last_seen = excluded.last_seen,
            key_protection = excluded.key_protection, attestation = excluded.attestation
        RETURNING id";
    let row = params![
        random::identifier()?,
        newcomer.tenant,
        newcomer.key.thumbprint(),
        Json(newcomer.key.to_jwk()),
        newcomer.judged.protection,
        Json(newcomer.ownership),
        now.unix(),
        newcomer.judged.facts.as_ref().map(Json)
    ];
    let id: String = transaction.query_row(sql, row, |row| row.get(0))?;
    let sql = "INSERT INTO enrolment (epoch, device, url, enrolled_at) VALUES (?1, ?2, ?3, ?4)";
    transaction.execute(sql, params![random::identifier()?, id, newcomer.url, now.unix()])?;
    find(transaction, newcomer.tenant, &id)?.ok_or(Error::Database(rusqlite::Error::QueryReturnedNoRows))
}
