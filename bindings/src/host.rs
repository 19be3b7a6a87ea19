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

/// A P-256 key pair whose private half stays with the platform: Android Keystore, Secure Enclave.
#[uniffi::export(rust, foreign)]
pub trait DeviceKey: Send + Sync {
    /// The public key as DER SubjectPublicKeyInfo (RFC 5480), made at first use.
    fn public_key_spki_der(&self) -> Result<Vec<u8>, HostError>;

    /// Signs `message` with ECDSA P-256 and SHA-256.
    fn sign_es256(&self, message: Vec<u8>) -> Result<Signature, HostError>;

    /// How the private half is kept.
    fn protection(&self) -> Result<KeyProtection, HostError>;

    /// The platform's word on this key, bound to `challenge`; absent where it has none to give. Called once in each
    /// enrolment, before anything else is asked of the key: a platform that binds a challenge only when it makes a key
    /// (Android `setAttestationChallenge`) makes it now. For Apple's App Attest, the client data is `challenge` followed by
    /// the RFC 7638 thumbprint of this key, both as UTF-8 text: see `key_thumbprint`.
    fn attestation(&self, challenge: Vec<u8>) -> Result<Option<KeyAttestation>, HostError>;
}

/// Keeps the key that seals the agent's data at rest.
#[uniffi::export(rust, foreign)]
pub trait SecretStore: Send + Sync {
    /// Encrypts `data_key` under a key that only this app on this device can use.
    fn wrap(&self, data_key: Vec<u8>) -> Result<Vec<u8>, HostError>;

    /// Reverses `wrap`. Fails when the wrapping key is gone.
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
