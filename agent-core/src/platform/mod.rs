//! What a host gives to the agent. Everything that a desktop, an iPhone and an Android phone do differently
//! is behind these traits; the core itself knows no platform.
//!
//! All calls are synchronous and may block: the core calls them off its own worker threads and stops waiting
//! at its deadline. An implementation must not call back into the agent.

mod apple_mdm;
mod plist_tree;
mod system;

use serde::{Deserialize, Serialize};

pub use crate::model::KeyProtection;
pub use apple_mdm::{MdmError, profiles_from_mdm, roots_from_mdm};
pub use plist_tree::TreeError;
pub use system::{SystemClock, SystemEntropy};

use crate::model::{DevicePosture, Fact, Inventory, NetworkSnapshot, Timestamp, TrustVerdict};

/// Facts about the device.
pub trait DeviceHost: Send + Sync {
    /// The installed apps.
    fn installed_apps(&self) -> Fact<Inventory>;

    /// The state of the device.
    fn device_posture(&self) -> DevicePosture;

    /// The network in use, without sending a packet.
    fn network_snapshot(&self) -> NetworkSnapshot;

    /// Asks the platform's verifier about `chain` (DER, leaf first) for the host name `host`.
    fn evaluate_trust(&self, chain: &[Vec<u8>], host: &str) -> Fact<TrustVerdict>;
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

/// A P-256 key pair whose private half stays with the platform.
pub trait DeviceKey: Send + Sync {
    /// The public key as DER SubjectPublicKeyInfo (RFC 5480).
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError>;

    /// Signs `message` with ECDSA P-256 and SHA-256.
    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError>;

    /// How the private half is kept.
    fn protection(&self) -> KeyProtection;

    /// The platform's word on this key, bound to `challenge`; `None` where the platform has none to give. Called once in
    /// each enrolment, before anything is asked of the key: a platform that binds a challenge only when it makes a key
    /// (Android) makes it now, and the key before is gone.
    ///
    /// Apple's client data is `challenge` followed by the RFC 7638 thumbprint of this key, both as UTF-8 text.
    fn attestation(&self, challenge: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        let _ = challenge;
        Ok(None)
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

/// Keeps the key that seals the agent's data at rest.
pub trait SecretStore: Send + Sync {
    /// Encrypts `data_key` under a key that only this platform and app can use.
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError>;

    /// Reverses [`Self::wrap`]. Fails when the wrapping key is gone.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError>;
}

/// The wall clock. Never used for intervals.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Random bytes fit for keys and nonces.
pub trait Entropy: Send + Sync {
    /// Fills `buffer`.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError>;
}

/// Something that the platform could not do. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct PlatformError {
    /// The operation: `sign`, `unwrap`.
    pub what: String,
    /// The platform's words.
    pub why: String,
}

impl PlatformError {
    /// An error of `what`, for `why`.
    pub fn new(what: impl Into<String>, why: impl ToString) -> Self {
        Self { what: what.into(), why: why.to_string() }
    }
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
