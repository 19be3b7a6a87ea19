//! What a host gives to the agent. Everything that a desktop, an iPhone and an Android phone do differently
//! is behind these traits; the core itself knows no platform.
//!
//! All calls are synchronous and may block: the core calls them off its own worker threads and stops waiting
//! at its deadline. An implementation must not call back into the agent.

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

/// How a device key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyProtection {
    /// In a file: accepted only where the organisation allows it. WIRE `key_protection: software`.
    Software,
}

impl KeyProtection {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Software => "software",
        }
    }
}

/// A P-256 key pair whose private half stays with the platform.
pub trait DeviceKey: Send + Sync {
    /// The public key as DER SubjectPublicKeyInfo (RFC 5480).
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError>;

    /// Signs `message` with ECDSA P-256 and SHA-256.
    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError>;

    /// How the private half is kept.
    fn protection(&self) -> KeyProtection;
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
