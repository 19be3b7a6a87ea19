//! A device key in a file, for desktops without a keystore that the agent can use.
//!
//! `device-key.p8` in the data directory: a P-256 key pair as PKCS #8 version 2 (RFC 5958), DER, mode 0600.
//! Whoever can read the user's files can copy it, which is why it is reported as `software`.

use std::fmt;
use std::path::Path;

use agent_core::platform::{DeviceKey, Es256Signature, KeyProtection, PlatformError};
use agent_core::report::jwk::{Jwk, PublicKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use super::private_file;

/// The key's name in the data directory.
const FILE_NAME: &str = "device-key.p8";

/// A P-256 key pair whose private half is in a file.
pub struct SoftwareKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    spki_der: Vec<u8>,
}

impl SoftwareKey {
    /// Opens the key in `data_dir`, making it at first use. Fails when the file is not a key or when others
    /// than its owner may read it; an existing file is never replaced.
    pub fn open(data_dir: &Path) -> Result<Self, PlatformError> {
        let random = SystemRandom::new();
        let pkcs8 = private_file::read_or_create(data_dir, FILE_NAME, || {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                .map(|document| document.as_ref().to_vec())
                .map_err(|error| PlatformError::new("generate device key", error))
        })?;
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &random).map_err(|error| {
                let what = format!("read {}", data_dir.join(FILE_NAME).display());
                PlatformError::new(
                    what,
                    format!("not a P-256 key in PKCS #8 ({error}); enrol again without it"),
                )
            })?;
        let spki_der = spki_der(pair.public_key().as_ref())?;
        Ok(Self { pair, random, spki_der })
    }
}

impl DeviceKey for SoftwareKey {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Ok(self.spki_der.clone())
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

impl fmt::Debug for SoftwareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftwareKey").finish_non_exhaustive()
    }
}

/// The SubjectPublicKeyInfo of an uncompressed point: 0x04, x, y.
fn spki_der(point: &[u8]) -> Result<Vec<u8>, PlatformError> {
    let unexpected = || PlatformError::new("device key", "its public half is not an uncompressed point");
    let (x, y) = point.strip_prefix(&[0x04]).and_then(|xy| xy.split_at_checked(32)).ok_or_else(unexpected)?;
    let jwk = Jwk {
        crv: "P-256".to_owned(),
        kty: "EC".to_owned(),
        x: BASE64_URL_SAFE_NO_PAD.encode(x),
        y: BASE64_URL_SAFE_NO_PAD.encode(y),
    };
    PublicKey::from_jwk(&jwk).map(|key| key.to_spki_der()).map_err(|_| unexpected())
}
