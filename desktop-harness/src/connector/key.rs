//! The key that signs receipts, settings and decisions: P-256, PKCS #8 in `signing-key.p8`.
//!
//! Devices pin it when they enrol, so losing the file means enrolling every device again.

use std::path::Path;

use agent_core::platform::{DeviceKey, Es256Signature, KeyProtection, PlatformError};
use agent_core::report::jwk::{Jwk, PublicKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use super::error::Error;
use super::files;

const FILE: &str = "signing-key.p8";

/// A P-256 key pair in memory.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    public: PublicKey,
}

impl SigningKey {
    /// Opens the key of `data_dir`, making it at first use.
    pub fn open(data_dir: &Path) -> Result<Self, Error> {
        let pkcs8 = files::read_or_create(data_dir, FILE, Self::generate)?;
        Self::from_pkcs8(&pkcs8).map_err(|why| Error::file(&data_dir.join(FILE), why))
    }

    /// A new key pair, PKCS #8.
    pub fn generate() -> Result<Vec<u8>, Error> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| Error::Random)
    }

    /// Reads a key pair.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, &'static str> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
            .map_err(|_| "not a P-256 key in PKCS #8")?;
        let public =
            public_key(pair.public_key().as_ref()).ok_or("its public half is not an uncompressed point")?;
        Ok(Self { pair, random, public })
    }

    /// The public half.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }
}

impl DeviceKey for SigningKey {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Ok(self.public.to_spki_der())
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        self.pair
            .sign(&self.random, message)
            .map(|signature| Es256Signature::Raw(signature.as_ref().to_vec()))
            .map_err(|error| PlatformError::new("sign", error))
    }

    fn protection(&self) -> KeyProtection {
        KeyProtection::Software
    }
}

/// From an uncompressed point: 0x04, x, y.
fn public_key(point: &[u8]) -> Option<PublicKey> {
    let (x, y) = point.strip_prefix(&[0x04])?.split_at_checked(32)?;
    let jwk = Jwk {
        crv: "P-256".to_owned(),
        kty: "EC".to_owned(),
        x: BASE64_URL_SAFE_NO_PAD.encode(x),
        y: BASE64_URL_SAFE_NO_PAD.encode(y),
    };
    PublicKey::from_jwk(&jwk).ok()
}
