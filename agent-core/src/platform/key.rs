//! The key that signs for a device.
//!
//! A host keeps up to two: the one in use and a candidate, which is being enrolled or rotated to. An enrolment or rotation
//! that breaks off, at whatever point, has not touched the key in use.

use serde::{Deserialize, Serialize};

use super::{FailureKind, KeyProtection, PlatformError};

/// One of the two keys of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySlot {
    /// The key in use.
    Current,
    /// The key that is to take its place.
    Candidate,
}

/// P-256 key pairs whose private halves stay with the platform.
pub trait DeviceKey: Send + Sync {
    /// The public key in `slot` as DER SubjectPublicKeyInfo (RFC 5480); `None` where the slot is empty.
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, PlatformError>;

    /// Signs `message` with ECDSA P-256 and SHA-256. An empty slot fails with [`FailureKind::Gone`].
    fn sign_es256(&self, slot: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError>;

    /// How the private half in `slot` is kept.
    fn protection(&self, slot: KeySlot) -> Result<KeyProtection, PlatformError>;

    /// Makes a new key in [`KeySlot::Candidate`], in place of one that was there, and gives the platform's word on it,
    /// bound to `challenge`; `None` where the platform has none to give.
    ///
    /// Apple's client data is `challenge` followed by the RFC 7638 thumbprint of the new key, both as UTF-8 text.
    fn make_candidate(&self, challenge: &[u8]) -> Result<Option<KeyAttestation>, PlatformError>;

    /// Makes the candidate the key in use, for good; the one before is deleted. Returns once that survives a power cut.
    fn adopt_candidate(&self) -> Result<(), PlatformError>;
}

/// Signs tokens: one key pair, whoever keeps it.
pub trait Signer: Send + Sync {
    /// The public key as DER SubjectPublicKeyInfo (RFC 5480).
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError>;

    /// Signs `message` with ECDSA P-256 and SHA-256.
    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError>;
}

/// One slot of a [`DeviceKey`] as what signs.
#[derive(Clone, Copy)]
pub struct SlotSigner<'a> {
    /// The host's keys.
    pub key: &'a dyn DeviceKey,
    /// Which of them.
    pub slot: KeySlot,
}

impl Signer for SlotSigner<'_> {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        let public = self.key.public_key_spki_der(self.slot)?;
        public.ok_or_else(|| PlatformError::of(FailureKind::Gone, "device key", "the keystore has none"))
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        self.key.sign_es256(self.slot, message)
    }
}

/// A signature, in the form that the platform makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Es256Signature {
    /// DER `Ecdsa-Sig-Value` (RFC 3279, section 2.2.3), as Android Keystore and the Secure Enclave give it.
    Der(Vec<u8>),
    /// r and s, 32 bytes each (RFC 7518, section 3.4).
    Raw(Vec<u8>),
}

/// A platform's signed word on how a key is kept, to be verified by the connector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "format")]
pub enum KeyAttestation {
    /// Android Key Attestation (extension 1.3.6.1.4.1.11129.2.1.17).
    AndroidKey {
        /// Certificates, DER, leaf first. Serialized as base64, as in `x5c` (RFC 7515, section 4.1.6).
        #[serde(with = "base64_list")]
        chain: Vec<Vec<u8>>,
    },
    /// Apple App Attest (`DCAppAttestService.attestKey`).
    AppleAppattest {
        /// The identifier that `generateKey` gave: base64.
        key_id: String,
        /// The attestation object, CBOR. Serialized as base64.
        #[serde(with = "base64_bytes")]
        object: Vec<u8>,
    },
}

/// Bytes as base64 text (RFC 4648, section 4).
mod base64_bytes {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        BASE64_STANDARD.decode(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A list of [`base64_bytes`].
mod base64_list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Item(#[serde(with = "super::base64_bytes")] Vec<u8>);

    pub(super) fn serialize<S: Serializer>(list: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|bytes| Item(bytes.clone())))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        Ok(Vec::<Item>::deserialize(from)?.into_iter().map(|item| item.0).collect())
    }
}
