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
use crate::private_file;

const FILE: &str = "connector.db";

/// The newest version of the schema; that of a file is in its `user_version`.
const VERSION: u32 = 3;

/// What each version has beside the one before.
const STEPS: [&str; VERSION as usize] =
    [include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

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
    if found > VERSION {
        return Err(Error::NewerDatabase { found, known: VERSION });
    }
    if found == VERSION {
        return Ok(());
    }
    for sql in STEPS.iter().skip(found as usize) {
        transaction.execute_batch(sql)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
}

/// A database as version `version` made it, for tests of what later ones make of it.
#[cfg(test)]
pub fn of_version(data_dir: &Path, version: u32, content: &str) -> Result<(), Error> {
    let connection = Connection::open(data_dir.join(FILE))?;
    for sql in STEPS.iter().take(version as usize) {
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
