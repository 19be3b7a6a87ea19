//! Sealing: AES-256-GCM under a key that is kept in the file, wrapped by the platform's keystore.
//!
//! ```text
//! data key   32 random bytes, in `secrets`, wrapped
//! seal key   HKDF-SHA-256(data key, "mtd store seal 1")
//! lookup key HKDF-SHA-256(data key, "mtd store lookup 1")
//! sealed     version (1) . nonce (12, random) . ciphertext . tag (16)
//! AAD        version (1) . table . 0 . row key
//! ```
//!
//! The additional data bind a value to its place: a row that is moved to another does not open. Nonces are
//! random, which is safe for 2^32 values under one key; the data key is replaced long before (see `rotate.rs`). The lookup
//! key stays the first one's and is kept sealed from then on.
//!
//! Key bytes that are ours are overwritten when they are dropped. ring does not do so with the key schedule in its
//! `LessSafeKey`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::aead::NONCE_LEN;
use ring::{hkdf, hmac};
use rusqlite::{OptionalExtension as _, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::error::StoreError;
use crate::platform::{Entropy, SecretStore};

/// Form of sealed values. Bound into each, so that a value of one form is never read as another.
const VERSION: u8 = 1;

/// Bytes of the data key.
const DATA_KEY_LEN: usize = 32;

/// Bytes of the lookup key.
const LOOKUP_KEY_LEN: usize = 32;

/// Where the lookup key is once the data key that it was made from is gone.
pub(super) const LOOKUP_PLACE: Place<'static> = Place { table: "slots", row: "lookup_key" };

/// Where a value is kept.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The table, and the column where it has several.
    pub(super) table: &'static str,
    /// What identifies the row.
    pub(super) row: &'a str,
}

/// Seals and opens values.
pub(super) struct Sealer {
    /// Which data key of the file this is.
    pub(super) number: i64,
    seal: Cipher,
    lookup: Zeroizing<[u8; LOOKUP_KEY_LEN]>,
    entropy: Arc<dyn Entropy>,
    /// Values sealed since [`Self::take_seals`].
    seals: AtomicU64,
}

impl Sealer {
    /// Unwraps the data key of the file, or makes one for a new file.
    pub(super) fn load_or_create(
        tx: &Transaction<'_>,
        secrets: &dyn SecretStore,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let found: Option<(i64, Vec<u8>)> = tx
            .query_row("SELECT number, wrapped FROM secrets WHERE name = 'data_key'", (), |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((number, wrapped)) = found else {
            let (data_key, wrapped) = fresh_key(secrets, entropy.as_ref())?;
            tx.execute("INSERT INTO secrets (name, wrapped) VALUES ('data_key', ?1)", [wrapped])?;
            return Self::new(1, &data_key, entropy);
        };
        let data_key = Zeroizing::new(secrets.unwrap(&wrapped).map_err(StoreError::of_the_key)?);
        let mut sealer = Self::new(number, &data_key, entropy)?;
        match sealer.carried_lookup_key(tx) {
            Ok(Some(lookup)) => sealer.lookup = lookup,
            Ok(None) => {}
            // What was remembered of networks cannot be found any more; everything else can.
            Err(StoreError::Tampered { .. }) => log::warn!("store: the lookup key was damaged or changed"),
            Err(error) => return Err(error),
        }
        Ok(sealer)
    }

    fn new(number: i64, data_key: &[u8], entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let wrong = || StoreError::KeyGone("the keystore gave something else than the key".to_owned());
        if data_key.len() != DATA_KEY_LEN {
            return Err(wrong());
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(data_key);
        let seal = Cipher::derived(&root, b"mtd store seal 1").map_err(|_| wrong())?;
        let mut lookup = Zeroizing::new([0; LOOKUP_KEY_LEN]);
        root.expand(&[b"mtd store lookup 1"], hmac::HMAC_SHA256)
            .and_then(|key| key.fill(lookup.as_mut_slice()))
            .map_err(|_| wrong())?;
        Ok(Self { number, seal, lookup, entropy, seals: AtomicU64::new(0) })
    }

    /// The sealer under a new data key, and that key wrapped. What is looked up stays where it is: a lookup key hides
    /// names, and to change it the names would have to be known.
    pub(super) fn successor(&self, secrets: &dyn SecretStore) -> Result<(Self, Vec<u8>), StoreError> {
        let (data_key, wrapped) = fresh_key(secrets, self.entropy.as_ref())?;
        let mut next = Self::new(self.number.saturating_add(1), &data_key, Arc::clone(&self.entropy))?;
        next.lookup = self.lookup.clone();
        Ok((next, wrapped))
    }

    /// The lookup key, sealed, for the slot that carries it over to the next data key.
    pub(super) fn sealed_lookup_key(&self) -> Result<Vec<u8>, StoreError> {
        self.seal_bytes(LOOKUP_PLACE, self.lookup.to_vec())
    }

    fn carried_lookup_key(
        &self,
        tx: &Transaction<'_>,
    ) -> Result<Option<Zeroizing<[u8; LOOKUP_KEY_LEN]>>, StoreError> {
        let sql = "SELECT sealed FROM slots WHERE name = ?1";
        let sealed: Option<Vec<u8>> = tx.query_row(sql, [LOOKUP_PLACE.row], |row| row.get(0)).optional()?;
        let Some(sealed) = sealed else { return Ok(None) };
        let bytes = self.open_bytes(LOOKUP_PLACE, &sealed)?;
        let key = <[u8; LOOKUP_KEY_LEN]>::try_from(bytes.as_slice());
        key.map(|key| Some(Zeroizing::new(key)))
            .map_err(|_| StoreError::Tampered { table: LOOKUP_PLACE.table })
    }

    /// Seals `value` for `place`.
    pub(super) fn seal<T: Serialize>(&self, place: Place<'_>, value: &T) -> Result<Vec<u8>, StoreError> {
        let text = serde_json::to_vec(value)
            .map_err(|_| StoreError::Form { table: place.table, doing: "written" })?;
        self.seal_bytes(place, text)
    }

    /// Opens what was sealed for `place`.
    pub(super) fn open<T: DeserializeOwned>(&self, place: Place<'_>, sealed: &[u8]) -> Result<T, StoreError> {
        serde_json::from_slice(&self.open_bytes(place, sealed)?)
            .map_err(|_| StoreError::Form { table: place.table, doing: "read" })
    }

    /// Seals bytes, which are encrypted where they are.
    pub(super) fn seal_bytes(&self, place: Place<'_>, mut bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE_LEN];
        self.entropy.fill(&mut nonce)?;
        self.seals.fetch_add(1, Ordering::Relaxed);
        self.seal
            .seal(nonce, &place.aad(), &mut bytes)
            .map_err(|_| StoreError::Form { table: place.table, doing: "written" })?;
        Ok([&[VERSION], nonce.as_slice(), &bytes].concat())
    }

    /// The bytes that were sealed for `place`.
    pub(super) fn open_bytes(
        &self,
        place: Place<'_>,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let tampered = || StoreError::Tampered { table: place.table };
        let (version, rest) = sealed.split_first().ok_or_else(tampered)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(tampered)?;
        if *version != VERSION {
            return Err(tampered());
        }
        let mut text = Zeroizing::new(text.to_vec());
        let length = self.seal.open(*nonce, &place.aad(), &mut text).map_err(|_| tampered())?.len();
        text.truncate(length);
        Ok(text)
    }

    /// How many values were sealed since the last call.
    pub(super) fn take_seals(&self) -> u64 {
        self.seals.swap(0, Ordering::Relaxed)
    }

    /// A key to look `name` up by in `table` that does not tell `name`.
    pub(super) fn lookup_key(&self, table: &'static str, name: &str) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.lookup.as_slice());
        let mut context = hmac::Context::with_key(&key);
        context.update(table.as_bytes());
        context.update(&[0]);
        context.update(name.as_bytes());
        context.sign().as_ref().to_vec()
    }
}

/// A new data key, and the same wrapped.
fn fresh_key(
    secrets: &dyn SecretStore,
    entropy: &dyn Entropy,
) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), StoreError> {
    let mut data_key = Zeroizing::new(vec![0; DATA_KEY_LEN]);
    entropy.fill(&mut data_key)?;
    let wrapped = secrets.wrap(&data_key)?;
    Ok((data_key, wrapped))
}

impl Place<'_> {
    fn aad(self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.table.as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(self.row.as_bytes());
        bytes
    }
}
