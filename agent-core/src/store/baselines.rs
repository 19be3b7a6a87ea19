//! What each network looked like, so that a change can be told. The [`MAX_BASELINES`] last used are kept.
//!
//! A row is found and sealed under the keyed digest of the network's name, so that it can be sealed anew without the name.
//! Version 1 of the file sealed it under the name itself; such a row is read as it is, and does not outlive a change of the
//! data key.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rusqlite::OptionalExtension as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::limits::MAX_BASELINES;
use super::seal::Place;
use super::{ReadTx, WriteTx};
use crate::model::Timestamp;

pub(super) const TABLE: &str = "baselines";

impl ReadTx<'_> {
    /// The baseline of `network`, if it is remembered.
    pub fn baseline<T: DeserializeOwned>(&self, network: &str) -> Result<Option<T>, StoreError> {
        let key = self.sealer.lookup_key(TABLE, network);
        let sealed: Option<Vec<u8>> = self
            .tx
            .prepare_cached("SELECT sealed FROM baselines WHERE network = ?1")?
            .query_row([&key], |row| row.get(0))
            .optional()?;
        let Some(sealed) = sealed else { return Ok(None) };
        let open = |row: &str| self.sealer.open(Place { table: TABLE, row }, &sealed);
        match open(&row_of(&key)) {
            Err(StoreError::Tampered { .. }) => open(network).map(Some),
            opened => opened.map(Some),
        }
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
        let sealed = self.sealer.seal(Place { table: TABLE, row: &row_of(&key) }, baseline)?;
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

/// What the row of the keyed digest `network` is sealed under.
pub(super) fn row_of(network: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(network)
}
