//! Replacing the data key: everything is sealed anew in one transaction, so that a crash leaves the file wholly under the
//! old key or wholly under the new one.
//!
//! Another process that has the file open sees from the key's number that it was replaced, and unwraps the new one.

use super::error::StoreError;
use super::limits::{DATA_KEY_MAX_AGE, DATA_KEY_MAX_SEALS};
use super::seal::{LOOKUP_PLACE, Place, Sealer};
use super::{Store, WriteTx, baselines, file, queue, slots};
use crate::model::Timestamp;

impl Store {
    /// Replaces the data key if it is old or has sealed much; whether it did.
    pub fn rotate_data_key_when_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        if !self.write(|tx| tx.is_data_key_due(now))? {
            return Ok(false);
        }
        self.rotate_data_key(now)?;
        Ok(true)
    }

    /// Replaces the data key now. The platform wraps the new one; the old one is gone from memory and file.
    pub fn rotate_data_key(&self, now: Timestamp) -> Result<(), StoreError> {
        let next = self.write(|tx| {
            let (next, wrapped) = tx.sealer.successor(self.secrets.as_ref())?;
            tx.seal_anew(&next)?;
            tx.tx.execute(
                "UPDATE secrets SET wrapped = ?1, number = ?2, made_at = ?3, seals = 0 WHERE name = 'data_key'",
                (wrapped, next.number, now.unix()),
            )?;
            Ok::<_, StoreError>(next)
        })?;
        self.use_sealer(next);
        // The log still has pages under the old key.
        file::empty_log(&self.lock());
        Ok(())
    }
}

impl WriteTx<'_> {
    fn is_data_key_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT made_at, seals FROM secrets WHERE name = 'data_key'";
        let (made_at, seals): (Option<i64>, i64) =
            self.tx.query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
        // Its age counts from when a clock first saw it, and no later than now.
        let made_at = match made_at.filter(|made_at| *made_at <= now.unix()) {
            Some(made_at) => made_at,
            None => {
                self.tx.execute("UPDATE secrets SET made_at = ?1 WHERE name = 'data_key'", [now.unix()])?;
                now.unix()
            }
        };
        Ok(now.unix().saturating_sub(made_at) >= DATA_KEY_MAX_AGE
            || queue::unsigned(seals) >= DATA_KEY_MAX_SEALS)
    }

    /// Seals every value of the file for `next`. What does not open stays as it is: it was damaged before.
    fn seal_anew(&self, next: &Sealer) -> Result<(), StoreError> {
        let again = |place: Place<'_>, sealed: &[u8]| match self.sealer.open_bytes(place, sealed) {
            Ok(bytes) => next.seal_bytes(place, bytes.to_vec()).map(Some),
            Err(StoreError::Tampered { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        let names: Vec<String> = self.column("SELECT name FROM slots")?;
        for name in &names {
            self.reseal("slots", "sealed", "name", name, |sealed| {
                again(Place { table: slots::TABLE, row: name }, sealed)
            })?;
        }
        let ids: Vec<i64> = self.column("SELECT id FROM reports")?;
        for id in &ids {
            let row = id.to_string();
            for (column, table) in
                [("sealed", queue::TABLE), ("sealed_reason", queue::REASON), ("sealed_worth", queue::WORTH)]
            {
                self.reseal("reports", column, "id", id, |sealed| again(Place { table, row: &row }, sealed))?;
            }
        }
        let networks: Vec<Vec<u8>> = self.column("SELECT network FROM baselines")?;
        for network in &networks {
            let row = baselines::row_of(network);
            let place = Place { table: baselines::TABLE, row: &row };
            self.reseal("baselines", "sealed", "network", network, |sealed| again(place, sealed))?;
        }
        self.tx.execute(
            "INSERT OR REPLACE INTO slots (name, sealed) VALUES (?1, ?2)",
            (LOOKUP_PLACE.row, next.sealed_lookup_key()?),
        )?;
        Ok(())
    }

    fn column<T: rusqlite::types::FromSql>(&self, sql: &str) -> Result<Vec<T>, StoreError> {
        let mut statement = self.tx.prepare(sql)?;
        let values = statement.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(values)
    }

    /// Seals one value anew. The names are of this module, never a caller's.
    fn reseal(
        &self,
        table: &str,
        column: &str,
        key: &str,
        row: &dyn rusqlite::ToSql,
        again: impl FnOnce(&[u8]) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<(), StoreError> {
        let read = format!("SELECT {column} FROM {table} WHERE {key} = ?1");
        let sealed: Option<Vec<u8>> = self.tx.prepare_cached(&read)?.query_row([row], |row| row.get(0))?;
        let Some(sealed) = sealed else { return Ok(()) };
        if let Some(sealed) = again(&sealed)? {
            let write = format!("UPDATE {table} SET {column} = ?2 WHERE {key} = ?1");
            self.tx.prepare_cached(&write)?.execute(rusqlite::params![row, sealed])?;
        }
        Ok(())
    }
}
