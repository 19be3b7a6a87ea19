//! P-256 keys in files: the device keys of a desktop without a keystore, and the connector's signing key.
//!
//! PKCS #8 version 2 (RFC 5958), DER, mode 0600. Whoever can read the user's files can copy it, which is why it
//! is reported as `software`.

use std::fmt;
use std::path::{Path, PathBuf};

use agent_core::platform::{
    DeviceKey, Es256Signature, FailureKind, KeyAttestation, KeyProtection, KeySlot, PlatformError, Signer,
};
use agent_core::report::jwk::PublicKey;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use crate::private_file::{self, PrivateFileError};

/// The name of the device key in use, in the agent's data directory.
pub const DEVICE_KEY: &str = "device-key.p8";

/// The name of the one that is to take its place.
pub const DEVICE_KEY_CANDIDATE: &str = "device-key-candidate.p8";

/// A P-256 key pair whose private half is in a file.
pub struct SoftwareKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    public: PublicKey,
}

impl SoftwareKey {
    /// Opens the key in `directory/name`, making it at first use. Fails when the file is not a key or when
    /// others than its owner may read it; an existing file is never replaced.
    pub fn open(directory: &Path, name: &str) -> Result<Self, PlatformError> {
        let pkcs8 = private_file::read_or_create(directory, name, Self::generate)?;
        Self::read(&pkcs8, &directory.join(name))
    }

    fn read(pkcs8: &[u8], path: &Path) -> Result<Self, PlatformError> {
        Self::from_pkcs8(pkcs8).map_err(|error| {
            let why = format!("{error}; move it away to begin with a new key");
            PrivateFileError::new(path, why).into()
        })
    }

    /// A new key pair, PKCS #8.
    pub fn generate() -> Result<Vec<u8>, PlatformError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|error| PlatformError::new("generate key", error))
    }

    /// Reads a key pair.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, PlatformError> {
        let unusable = |why: &dyn fmt::Display| PlatformError::new("not a P-256 key in PKCS #8", why);
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
            .map_err(|error| unusable(&error))?;
        let public = PublicKey::from_point(pair.public_key().as_ref()).map_err(|error| unusable(&error))?;
        Ok(Self { pair, random, public })
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl Signer for SoftwareKey {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Ok(self.public.to_spki_der())
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        self.pair
            .sign(&self.random, message)
            .map(|signature| Es256Signature::Raw(signature.as_ref().to_vec()))
            .map_err(|error| PlatformError::new("sign", error))
    }
}

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKey").finish_non_exhaustive()
    }
}

/// The two keys of a device in files. Nothing is kept in memory: several commands may work on one folder.
#[derive(Debug)]
pub struct SoftwareKeys(PathBuf);

impl SoftwareKeys {
    /// The keys in `directory`.
    pub fn in_folder(directory: impl Into<PathBuf>) -> Self {
        Self(directory.into())
    }

    /// The key in `slot`; `None` where there is none.
    pub fn key(&self, slot: KeySlot) -> Result<Option<SoftwareKey>, PlatformError> {
        let path = self.0.join(name(slot));
        let Some(pkcs8) = private_file::read_if_there(&path)? else { return Ok(None) };
        SoftwareKey::read(&pkcs8, &path).map(Some)
    }

    fn needed(&self, slot: KeySlot) -> Result<SoftwareKey, PlatformError> {
        self.key(slot)?.ok_or_else(|| {
            PlatformError::of(
                FailureKind::Gone,
                self.0.join(name(slot)).display().to_string(),
                "there is no key",
            )
        })
    }
}

const fn name(slot: KeySlot) -> &'static str {
    match slot {
        KeySlot::Current => DEVICE_KEY,
        KeySlot::Candidate => DEVICE_KEY_CANDIDATE,
    }
}

impl DeviceKey for SoftwareKeys {
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, PlatformError> {
        Ok(self.key(slot)?.map(|key| key.public().to_spki_der()))
    }

    fn sign_es256(&self, slot: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        self.needed(slot)?.sign_es256(message)
    }

    fn protection(&self, slot: KeySlot) -> Result<KeyProtection, PlatformError> {
        self.needed(slot).map(|_| KeyProtection::Software)
    }

    fn make_candidate(&self, _challenge: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        private_file::replace(&self.0, DEVICE_KEY_CANDIDATE, &SoftwareKey::generate()?)?;
        Ok(None)
    }

    fn adopt_candidate(&self) -> Result<(), PlatformError> {
        self.needed(KeySlot::Candidate)?;
        Ok(private_file::rename(&self.0, DEVICE_KEY_CANDIDATE, DEVICE_KEY)?)
    }
}
