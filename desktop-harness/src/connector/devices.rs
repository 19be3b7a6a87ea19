//! Devices, their enrolments, and the invitations that led to them.

use agent_core::connector::wire::{connector_issuer, device_issuer, report_audience};
use agent_core::connector::{RefusalCode, token_digest};
use agent_core::model::{Ownership, Timestamp};
use agent_core::report::jwk::{Jwk, PublicKey};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::attestation::{JudgedKey, KeyFacts};
use super::database::Json;
use super::device_keys;
use super::error::{Denied, Error};
use super::random;

/// A device with its newest enrolment, or the one that was asked for.
pub struct Device {
    pub id: String,
    pub tenant: String,
    pub key_protection: String,
    /// What its platform vouched for when it enrolled.
    pub attestation: Option<KeyFacts>,
    pub ownership: Ownership,
    pub last_seen: Timestamp,
    pub epoch: String,
    pub enrolled_at: Timestamp,
    /// The connector's URL at that enrolment: what the device was told is what it goes on using.
    pub url: String,
    /// When an administrator revoked it.
    pub revoked_at: Option<Timestamp>,
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

    /// Refuses a device that an administrator revoked.
    pub fn must_not_be_revoked(&self) -> Result<(), Denied> {
        let Some(at) = self.revoked_at else { return Ok(()) };
        let why = format!("this device was revoked at {at}; to return, enrol it again with a new code");
        Err(Denied::new(RefusalCode::AccessDenied, why))
    }

    /// Audience of the device's reports.
    pub fn audience(&self) -> String {
        report_audience(&self.connector_issuer())
    }
}

const SELECT: &str =
    "SELECT device.id, tenant, revoked_at, key_protection, ownership, last_seen, epoch, enrolled_at, url,
         attestation
    FROM device JOIN enrolment ON enrolment.device = device.id";

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device {
        id: row.get(0)?,
        tenant: row.get(1)?,
        revoked_at: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_unix),
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

/// The newest key of a device of `tenant`.
pub fn key(connection: &Connection, tenant: &str, id: &str) -> Result<Option<Jwk>, Error> {
    let sql = "SELECT jwk FROM device WHERE tenant = ?1 AND id = ?2";
    let found = connection.query_row(sql, [tenant, id], |row| row.get::<_, Json<Jwk>>(0)).optional()?;
    Ok(found.map(|Json(jwk)| jwk))
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
    /// Good, for a device of this ownership.
    Open(Ownership),
    /// Was used by the same key, for this enrolment.
    Same { device: String, epoch: String },
    /// Cannot be used.
    Void(&'static str),
}

/// Looks at an invitation that the key `kid` wants to use.
pub fn invitation(
    connection: &Connection,
    tenant: &str,
    token: &str,
    kid: &str,
    now: Timestamp,
) -> Result<Invitation, Error> {
    let digest = token_digest(token);
    let sql = "SELECT ownership, expires_at, used_at, kid IS ?3, invitation.epoch, enrolment.device
        FROM invitation LEFT JOIN enrolment USING (epoch) WHERE token_sha256 = ?1 AND tenant = ?2";
    let found = connection
        .query_row(sql, [&digest, tenant, kid], |row| {
            let (used_at, is_same): (Option<i64>, bool) = (row.get(2)?, row.get(3)?);
            let used = used_at.map(|_| (is_same, row.get(4).ok(), row.get(5).ok()));
            Ok((row.get::<_, Json<Ownership>>(0)?.0, row.get::<_, i64>(1)?, used))
        })
        .optional()?;
    Ok(match found {
        None => Invitation::Void("the one-time token is unknown to this tenant"),
        Some((_, _, Some((true, Some(epoch), Some(device))))) => Invitation::Same { device, epoch },
        Some((_, _, Some(_))) => Invitation::Void("the one-time token was used before"),
        Some((_, expires_at, None)) if expires_at <= now.unix() => {
            Invitation::Void("the one-time token has expired")
        }
        Some((ownership, _, None)) => Invitation::Open(ownership),
    })
}

/// Uses up an invitation, for the enrolment `epoch` of the key `kid` and no other.
pub fn use_invitation(
    transaction: &Transaction<'_>,
    token: &str,
    kid: &str,
    epoch: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let sql = "UPDATE invitation SET used_at = ?2, kid = ?3, epoch = ?4 WHERE token_sha256 = ?1";
    transaction.execute(sql, params![token_digest(token), now.unix(), kid, epoch])?;
    Ok(())
}

/// Revokes a device: nothing of it is taken or answered any more. False when there is none.
pub fn revoke(connection: &Connection, tenant: &str, id: &str, now: Timestamp) -> Result<bool, Error> {
    let sql = "UPDATE device SET revoked_at = ifnull(revoked_at, ?3) WHERE tenant = ?1 AND id = ?2";
    Ok(connection.execute(sql, params![tenant, id, now.unix()])? > 0)
}

/// What a device says of itself when it enrols.
pub struct Newcomer<'a> {
    pub tenant: &'a str,
    pub key: &'a PublicKey,
    pub judged: &'a JudgedKey,
    pub ownership: Ownership,
    pub url: &'a str,
    /// The device that enrols again; absent for a new one.
    pub device: Option<&'a str>,
}

/// Stores an enrolment. A device that enrols again keeps its history and its faults.
pub fn enrol(
    transaction: &Transaction<'_>,
    newcomer: &Newcomer<'_>,
    now: Timestamp,
) -> Result<Device, Error> {
    let sql = "INSERT INTO device (id, tenant, kid, jwk, key_protection, ownership, last_seen)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        ON CONFLICT (id) DO UPDATE SET ownership = excluded.ownership, last_seen = excluded.last_seen";
    let id = newcomer.device.map_or_else(random::identifier, |device| Ok(device.to_owned()))?;
    let row = params![
        id,
        newcomer.tenant,
        newcomer.key.thumbprint(),
        Json(newcomer.key.to_jwk()),
        newcomer.judged.protection,
        Json(newcomer.ownership),
        now.unix()
    ];
    transaction.execute(sql, row)?;
    let (sql, epoch) = (
        "INSERT INTO enrolment (epoch, device, url, enrolled_at) VALUES (?1, ?2, ?3, ?4)",
        random::identifier()?,
    );
    transaction.execute(sql, params![epoch, id, newcomer.url, now.unix()])?;
    device_keys::add(transaction, (&id, &epoch), newcomer.key, newcomer.judged, now)?;
    find(transaction, newcomer.tenant, &id)?.ok_or(Error::Database(rusqlite::Error::QueryReturnedNoRows))
}
