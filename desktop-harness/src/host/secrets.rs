//! Wraps the agent's data key under a key that lies in a file.
//!
//! `wrapping-key` in the data directory: 32 random bytes, mode 0600. A wrapped key is
//!
//! ```text
//! version (1 byte, 0x01) | nonce (12) | AES-256-GCM ciphertext | tag (16)      additional data: CONTEXT
//! ```
//!
//! This protects a database that is copied alone: a backup of it, an upload to support. It does not protect a
//! copied home directory, since the wrapping key lies in it.

use std::fmt;
use std::path::Path;

use agent_core::platform::{FailureKind, PlatformError, SecretStore};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};

use crate::private_file;

/// The wrapping key's name in the data directory.
const FILE_NAME: &str = "wrapping-key";

/// The only version of the wrapped form.
const VERSION: u8 = 1;

/// Additional data: a wrapped key opens as nothing else.
const CONTEXT: &[u8] = b"mtd-agent data key v1";

/// A secret store whose wrapping key is in a file.
pub struct FileSecretStore {
    key: LessSafeKey,
    random: SystemRandom,
}

impl FileSecretStore {
    /// Opens the store in `data_dir`, making the wrapping key at first use. Fails when the file does not hold
    /// a key or when others than its owner may read it; an existing file is never replaced.
    pub fn open(data_dir: &Path) -> Result<Self, PlatformError> {
        let random = SystemRandom::new();
        let bytes = private_file::read_or_create(data_dir, FILE_NAME, || {
            let mut key = vec![0; AES_256_GCM.key_len()];
            random.fill(&mut key).map_err(|_| PlatformError::new("make wrapping key", "no randomness"))?;
            Ok::<_, PlatformError>(key)
        })?;
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| {
            let what = format!("read {}", data_dir.join(FILE_NAME).display());
            PlatformError::new(what, "not a key of 32 bytes; data sealed under the lost key cannot be opened")
        })?;
        Ok(Self { key: LessSafeKey::new(key), random })
    }
}

impl SecretStore for FileSecretStore {
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError> {
        let failed = |_| PlatformError::new("wrap data key", "sealing failed");
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(failed)?;
        let mut sealed = data_key.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(CONTEXT), &mut sealed)
            .map_err(failed)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError> {
        // No other key of this store will ever open it.
        let failed = |why: &str| PlatformError::of(FailureKind::Gone, "unwrap data key", why);
        let (version, rest) = wrapped.split_first().ok_or_else(|| failed("nothing to unwrap"))?;
        if *version != VERSION {
            return Err(PlatformError::new("unwrap data key", "written by another version of the agent"));
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(|| failed("cut short"))?;
        let mut sealed = sealed.to_vec();
        self.key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(CONTEXT), &mut sealed)
            .map(|opened| opened.to_vec())
            .map_err(|_| failed("altered, or wrapped under a key that is gone"))
    }
}

impl fmt::Debug for FileSecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSecretStore").finish_non_exhaustive()
    }
}
