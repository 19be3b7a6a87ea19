//! What an app implements: the platform's side of the agent.
//!
//! All calls are synchronous, come on threads of the agent, never on the caller's, and may block: the agent stops
//! waiting at the end of its limit. An implementation must not call back into the agent. What it throws beside
//! [`HostError`] becomes a failure of that one question, of which the exception's type is told and its text is not.

use agent_core::platform::KeyProtection;

use crate::types::{DevicePosture, Inventory, KeyAttestation, NetworkSnapshot, Signature, TrustVerdict};

/// Facts about the device. See `docs/android.md` and `docs/ios.md` for the ones that come with this library.
#[uniffi::export(rust, foreign)]
pub trait DeviceHost: Send + Sync {
    /// The installed apps: Android `PackageManager`; on iOS what an MDM told of them.
    fn installed_apps(&self) -> Result<Inventory, HostError>;

    /// The state of the device.
    fn device_posture(&self) -> Result<DevicePosture, HostError>;

    /// The network in use, without sending a packet.
    fn network_snapshot(&self) -> Result<NetworkSnapshot, HostError>;

    /// Asks the platform's verifier about `chain` (certificates, DER, leaf first) for the host name `host`: Android
    /// `X509TrustManagerExtensions`, Apple `SecTrustEvaluateWithError`.
    fn evaluate_trust(&self, chain: Vec<Vec<u8>>, host: String) -> Result<TrustVerdict, HostError>;
}

/// One of the two keys of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum KeySlot {
    /// The key in use.
    Current,
    /// The key that is being enrolled, or rotated to.
    Candidate,
}

/// P-256 key pairs whose private halves stay with the platform: Android Keystore, Secure Enclave. A host keeps up to two,
/// so that an enrolment or rotation which breaks off, at whatever point, has not touched the key in use.
#[uniffi::export(rust, foreign)]
pub trait DeviceKey: Send + Sync {
    /// The public key in `slot` as DER SubjectPublicKeyInfo (RFC 5480); absent where the slot is empty.
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, HostError>;

    /// Signs `message` with ECDSA P-256 and SHA-256. An empty slot fails with `Gone`.
    fn sign_es256(&self, slot: KeySlot, message: Vec<u8>) -> Result<Signature, HostError>;

    /// How the private half in `slot` is kept.
    fn protection(&self, slot: KeySlot) -> Result<KeyProtection, HostError>;

    /// Makes a new key as the candidate, in place of one that was there, and gives the platform's word on it, bound to
    /// `challenge` (Android `setAttestationChallenge`); absent where it has none to give. For Apple's App Attest, the client
    /// data is `challenge` followed by the RFC 7638 thumbprint of the new key, both as UTF-8 text: see `key_thumbprint`.
    fn make_candidate(&self, challenge: Vec<u8>) -> Result<Option<KeyAttestation>, HostError>;

    /// Makes the candidate the key in use, for good; the one before is deleted. Returns once that survives a power cut.
    fn adopt_candidate(&self) -> Result<(), HostError>;
}

/// Keeps the key that seals the agent's data at rest.
#[uniffi::export(rust, foreign)]
pub trait SecretStore: Send + Sync {
    /// Encrypts `data_key` under a key that only this app on this device can use.
    fn wrap(&self, data_key: Vec<u8>) -> Result<Vec<u8>, HostError>;

    /// Reverses `wrap`. A wrapping key that is gone for good fails with `Gone`, one that the user has to unlock first with
    /// `Locked`: the difference decides whether the store is lost.
    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, HostError>;
}

/// Why a host has no answer. The texts reach the user and the organisation: no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum HostError {
    /// The platform could tell, but the user or the administrator has not allowed it.
    #[error("{why}")]
    NotPermitted {
        /// The permission or setting that is missing, in words for a person.
        why: String,
    },
    /// This platform or OS version cannot tell or do this.
    #[error("{why}")]
    NotAvailable {
        /// What is missing, in words for a person.
        why: String,
    },
    /// It works once the user has unlocked the device or has authenticated: Android `UserNotAuthenticatedException`, Apple
    /// `errSecInteractionNotAllowed`.
    #[error("{why}")]
    Locked {
        /// What the user has to do.
        why: String,
    },
    /// What was asked for is gone for good: Android `KeyPermanentlyInvalidatedException`, Apple `errSecItemNotFound`.
    #[error("{why}")]
    Gone {
        /// What is gone.
        why: String,
    },
    /// Too much to do right now; it works later (Android `BackendBusyException`).
    #[error("{why}")]
    Busy {
        /// The platform's words.
        why: String,
    },
    /// It should have worked and did not.
    #[error("{why}")]
    Failed {
        /// The platform's words.
        why: String,
    },
}

/// Most characters of an exception's type that are told.
const MAX_TYPE_NAME: usize = 100;

impl From<uniffi::UnexpectedUniFFICallbackError> for HostError {
    /// An exception that is not a [`HostError`]. Its text may quote anything, its type may not.
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '$');
        let name: String = error.reason.chars().take_while(is_name).take(MAX_TYPE_NAME).collect();
        let thrown = if name.is_empty() { "an exception" } else { &name };
        Self::Failed { why: format!("the host app failed while answering ({thrown})") }
    }
}
