//! The signed policy file of an organisation, as it was put in force.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::Error;

/// A policy file that devices fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPolicy {
    /// Its version.
    pub version: u32,
    /// The JWS, which is the same for all devices.
    pub token: String,
}

/// The policy of an organisation; `None` where it has none of its own.
pub fn load(connection: &Connection, tenant: &str) -> Result<Option<StoredPolicy>, Error> {
    let sql = "SELECT version, token FROM policy WHERE tenant = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok(StoredPolicy { version: row.get(0)?, token: row.get(1)? });
    Ok(connection.query_row(sql, [tenant], row).optional()?)
}

/// Puts a policy in place of the one before.
pub fn save(transaction: &Transaction<'_>, tenant: &str, policy: &StoredPolicy) -> Result<(), Error> {
    let sql = "INSERT INTO policy (tenant, version, token) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET version = excluded.version, token = excluded.token";
    transaction.execute(sql, params![tenant, policy.version, policy.token])?;
    Ok(())
}
