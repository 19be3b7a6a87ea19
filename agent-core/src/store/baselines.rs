//! What each network looked like, so that a change can be told. The [`MAX_BASELINES`] last used are kept.

use rusqlite::OptionalExtension as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::limits::MAX_BASELINES;
use super::seal::Place;
use super::{ReadTx, WriteTx};
use crate::model::Timestamp;

const TABLE: &str = "baselines";

impl ReadTx<'_> {
    /// The baseline of `network`, if it is remembered.
    pub fn baseline<T: DeserializeOwned>(&self, network: &str) -> Result<Option<T>, StoreError> {
        let key = self.sealer.lookup_key(TABLE, network);
        let sealed: Option<Vec<u8>> = self
            .tx
            .prepare_cached("SELECT sealed FROM baselines WHERE network = ?1")?
            .query_row([&key], |row| row.get(0))
            .optional()?;
        sealed.map(|sealed| self.sealer.open(Place { table: TABLE, row: network }, &sealed)).transpose()
    }
}

impl WriteTx<'_> {
    /// Remembers the baseline of `network`, and forgets the one that was not renewed for longest when there are
    /// too many.
    pub fn put_baseline<T: Serialize>(
        &self,
        network: &str,
        baseline: &T,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = self.sealer.lookup_key(TABLE, network);
        let sealed = self.sealer.seal(Place { table: TABLE, row: network }, baseline)?;
        self.tx
            .prepare_cached(
                "INSERT OR REPLACE INTO baselines (network, updated_at, sealed) VALUES (?1, ?2, ?3)",
            )?
            .execute((&key, now.unix(), sealed))?;
        self.tx
            .prepare_cached(
                "DELETE FROM baselines WHERE network <> ?1 AND network NOT IN
                    (SELECT network FROM baselines WHERE network <> ?1 ORDER BY updated_at DESC LIMIT ?2)",
            )?
            .execute((&key, MAX_BASELINES - 1))?;
        Ok(())
    }
}
