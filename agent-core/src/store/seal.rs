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
//! random, which is safe for 2^32 values under one key: more than a device writes in its life.

use std::sync::Arc;

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
    seal: Cipher,
    lookup: hmac::Key,
    entropy: Arc<dyn Entropy>,
}

impl Sealer {
    /// Unwraps the data key of the file, or makes one for a new file.
    pub(super) fn load_or_create(
        tx: &Transaction<'_>,
        secrets: &dyn SecretStore,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StoreError> {
        let wrapped: Option<Vec<u8>> = tx
            .query_row("SELECT wrapped FROM secrets WHERE name = 'data_key'", (), |row| row.get(0))
            .optional()?;
        let data_key = match wrapped {
            Some(wrapped) => Zeroizing::new(
                secrets.unwrap(&wrapped).map_err(|error| StoreError::KeyGone(error.to_string()))?,
            ),
            None => {
                let mut data_key = Zeroizing::new(vec![0; DATA_KEY_LEN]);
                entropy.fill(&mut data_key)?;
                let wrapped = secrets.wrap(&data_key)?;
                tx.execute("INSERT INTO secrets (name, wrapped) VALUES ('data_key', ?1)", [wrapped])?;
                data_key
            }
        };
        Self::new(&data_key, entropy)
    }

    fn new(data_key: &[u8], entropy: Arc<dyn Entropy>) -> Result<Self, StoreError> {
        let wrong = || StoreError::KeyGone("the keystore gave something else than the key".to_owned());
        if data_key.len() != DATA_KEY_LEN {
            return Err(wrong());
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(data_key);
        let seal = Cipher::derived(&root, b"mtd store seal 1").map_err(|_| wrong())?;
        let lookup = root.expand(&[b"mtd store lookup 1"], hmac::HMAC_SHA256).map_err(|_| wrong())?;
        Ok(Self { seal, lookup: hmac::Key::from(lookup), entropy })
    }

    /// Seals `value` for `place`.
    pub(super) fn seal<T: Serialize>(&self, place: Place<'_>, value: &T) -> Result<Vec<u8>, StoreError> {
        let unwritable = || StoreError::Form { table: place.table, doing: "written" };
        let mut text = serde_json::to_vec(value).map_err(|_| unwritable())?;
        let mut nonce = [0; NONCE_LEN];
        self.entropy.fill(&mut nonce)?;
        self.seal.seal(nonce, &place.aad(), &mut text).map_err(|_| unwritable())?;
        Ok([&[VERSION], nonce.as_slice(), &text].concat())
    }

    /// Opens what was sealed for `place`.
    pub(super) fn open<T: DeserializeOwned>(&self, place: Place<'_>, sealed: &[u8]) -> Result<T, StoreError> {
        let tampered = || StoreError::Tampered { table: place.table };
        let (version, rest) = sealed.split_first().ok_or_else(tampered)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(tampered)?;
        if *version != VERSION {
            return Err(tampered());
        }
        let mut text = Zeroizing::new(text.to_vec());
        let plain = self.seal.open(*nonce, &place.aad(), &mut text).map_err(|_| tampered())?;
        serde_json::from_slice(plain).map_err(|_| StoreError::Form { table: place.table, doing: "read" })
    }

    /// A key to look `name` up by in `table` that does not tell `name`.
    pub(super) fn lookup_key(&self, table: &'static str, name: &str) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.lookup);
        context.update(table.as_bytes());
        context.update(&[0]);
        context.update(name.as_bytes());
        context.sign().as_ref().to_vec()
    }
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
