//! The connector's database: one SQLite file in WAL mode, shared by the server and the commands.
//!
//! Every write commits before it is acknowledged (`synchronous = FULL`): a receipt is a promise. One-time tokens
//! are stored as digests only; reports are stored as they came.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::types::{FromSql, FromSqlError};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::error::Error;
use super::limits::BUSY_TIMEOUT;
use super::{attestation, bundles, device_keys, signing};
use crate::private_file;

const FILE: &str = "connector.db";

/// Counts changes of [`SCHEMA`]; kept in `user_version`.
const SCHEMA_VERSION: u32 = 3;

const SCHEMA: &str = "
CREATE TABLE server (one INTEGER PRIMARY KEY CHECK (one = 1), url TEXT NOT NULL) STRICT;
CREATE TABLE tenant (name TEXT PRIMARY KEY, settings TEXT NOT NULL) STRICT;
CREATE TABLE invitation (
    token_sha256 TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenant,
    ownership TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE TABLE device (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenant,
    kid TEXT NOT NULL,
    jwk TEXT NOT NULL,
    key_protection TEXT NOT NULL,
    ownership TEXT NOT NULL,
    last_seen INTEGER NOT NULL,
    UNIQUE (tenant, kid)
) STRICT;
CREATE TABLE enrolment (
    number INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE,
    device TEXT NOT NULL REFERENCES device,
    url TEXT NOT NULL,
    enrolled_at INTEGER NOT NULL
) STRICT;
CREATE INDEX enrolment_of_device ON enrolment (device, number);
CREATE TABLE report (
    device TEXT NOT NULL REFERENCES device,
    epoch TEXT NOT NULL REFERENCES enrolment (epoch),
    seq INTEGER NOT NULL,
    jti TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    prev TEXT,
    level TEXT,
    at_least TEXT,
    fault TEXT,
    received_at INTEGER NOT NULL,
    token TEXT NOT NULL,
    UNIQUE (device, jti)
) STRICT;
CREATE INDEX report_place ON report (epoch, seq);
CREATE INDEX report_digest ON report (epoch, sha256);
CREATE INDEX report_fault ON report (device) WHERE fault IS NOT NULL;
";

/// What version 2 has beside version 1.
const SIGNED_POLICIES: &str = "
CREATE TABLE policy (
    tenant TEXT PRIMARY KEY REFERENCES tenant,
    version INTEGER NOT NULL,
    token TEXT NOT NULL
) STRICT;
";

/// What version 3 has beside version 2. `twin` is the digest of the token with the other form of its signature; a report
/// that an earlier version stored has none.
const TWIN_DIGESTS: &str = "
ALTER TABLE report ADD COLUMN twin TEXT;
CREATE INDEX report_twin ON report (epoch, twin);
CREATE INDEX report_prev ON report (epoch, prev);
";

/// What version 3 has for reports that were too large: which numbers never come, and in whose order their parts count.
const REPLACED_REPORTS: &str = "
CREATE TABLE replaced (
    epoch TEXT NOT NULL REFERENCES enrolment (epoch),
    seq INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (epoch, seq, sha256)
) STRICT;
ALTER TABLE report ADD COLUMN stands_for INTEGER;
CREATE INDEX report_order ON report (epoch, ifnull(stands_for, seq));
";

/// What each version has beside the one before.
const STEPS: [&[&str]; SCHEMA_VERSION as usize] = [
    &[SCHEMA],
    &[SIGNED_POLICIES],
    &[
        REPLACED_REPORTS,
        device_keys::SCHEMA,
        signing::SCHEMA,
        bundles::SCHEMA,
        attestation::SCHEMA,
        TWIN_DIGESTS,
    ],
];

/// The open database.
pub struct Database(Mutex<Connection>);

impl Database {
    /// Opens the database of `data_dir`, making it at first use.
    pub fn open(data_dir: &Path) -> Result<Self, Error> {
        let path = data_dir.join(FILE);
        private_file::touch(&path)?;
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrate(&mut connection)?;
        Ok(Self(Mutex::new(connection)))
    }

    /// The connection, for reading.
    pub fn read(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in one write transaction: all of it holds, or none.
    pub fn write<T, E: From<Error>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.read();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(Error::from)?;
        let result = work(&transaction)?;
        transaction.commit().map_err(Error::from)?;
        Ok(result)
    }
}

fn migrate(connection: &mut Connection) -> Result<(), Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA_VERSION {
        return Err(Error::NewerDatabase { found, known: SCHEMA_VERSION });
    }
    if found == SCHEMA_VERSION {
        return Ok(());
    }
    for sql in STEPS.iter().skip(found as usize).copied().flatten() {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    Ok(transaction.commit()?)
}

/// A database as version `version` made it, for tests of what later ones make of it.
#[cfg(test)]
pub fn of_version(data_dir: &Path, version: u32, content: &str) -> Result<(), Error> {
    let connection = Connection::open(data_dir.join(FILE))?;
    for sql in STEPS.iter().take(version as usize).copied().flatten() {
        connection.execute_batch(sql)?;
    }
    connection.execute_batch(content)?;
    Ok(connection.pragma_update(None, "user_version", version)?)
}

/// A number as SQLite has it: versions and sizes stay far below 2^63.
pub struct Number(pub u64);

impl rusqlite::ToSql for Number {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Number {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> Result<Self, FromSqlError> {
        Ok(Self(u64::try_from(value.as_i64()?).unwrap_or(0)))
    }
}

/// A value that is stored as the word or JSON of its serde form.
pub struct Json<T>(pub T);

impl<T: serde::Serialize> rusqlite::ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        let json = serde_json::to_string(&self.0);
        json.map(Into::into).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    }
}

impl<T: serde::de::DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> Result<Self, FromSqlError> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(|error| FromSqlError::Other(error.into()))
    }
}
