//! What a device key gives.

use std::time::SystemTime;

use agent_core::agent;
use agent_core::platform as core;
pub use agent_core::platform::FailureKind;
use agent_core::report::jwk::PublicKey;

use super::system_time;
use crate::{HostError, KeySlot};

/// An ECDSA signature, in the form that the platform makes.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Signature {
    /// DER `Ecdsa-Sig-Value` (RFC 3279, section 2.2.3), as Android Keystore and the Secure Enclave give it.
    Der {
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// r and s, 32 bytes each (RFC 7518, section 3.4).
    Raw {
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// A platform's signed word on how a key is kept, to be verified by the connector.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum KeyAttestation {
    /// Android Key Attestation (`KeyStore.getCertificateChain`).
    AndroidKey {
        /// Certificates, DER, leaf first.
        chain: Vec<Vec<u8>>,
    },
    /// Apple App Attest (`DCAppAttestService.attestKey`).
    AppleAppAttest {
        /// The identifier that `generateKey` gave: base64.
        key_id: String,
        /// The attestation object, CBOR.
        object: Vec<u8>,
    },
}

/// What a failure of the keystore means for the next try.
#[uniffi::remote(Enum)]
pub enum FailureKind {
    /// It works once the user has unlocked the device or has authenticated.
    Locked,
    /// What was asked for is gone for good.
    Gone,
    /// Too much to do right now.
    Busy,
    /// Anything else. Whether it ever works cannot be told.
    Failed,
}

/// What keeps the device key from signing. Nothing is lost meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct KeyTrouble {
    /// What it means.
    pub kind: FailureKind,
    /// The platform's words.
    pub why: String,
    /// What to do about it, for a person.
    pub advice: String,
    /// Since when.
    pub since: SystemTime,
}

impl From<agent::KeyTrouble> for KeyTrouble {
    fn from(trouble: agent::KeyTrouble) -> Self {
        let advice = trouble.advice().to_owned();
        Self { kind: trouble.kind, why: trouble.why, advice, since: system_time(trouble.since) }
    }
}

/// The RFC 7638 thumbprint, base64url, of a P-256 public key in DER SubjectPublicKeyInfo: the `kid` of its reports.
#[uniffi::export]
pub fn key_thumbprint(spki_der: &[u8]) -> Result<String, HostError> {
    PublicKey::from_spki_der(spki_der)
        .map(|key| key.thumbprint())
        .map_err(|_| HostError::Failed { why: "device key: not a P-256 public key in DER".to_owned() })
}

impl From<core::KeySlot> for KeySlot {
    fn from(slot: core::KeySlot) -> Self {
        match slot {
            core::KeySlot::Current => Self::Current,
            core::KeySlot::Candidate => Self::Candidate,
        }
    }
}

impl From<Signature> for core::Es256Signature {
    fn from(signature: Signature) -> Self {
        match signature {
            Signature::Der { bytes } => Self::Der(bytes),
            Signature::Raw { bytes } => Self::Raw(bytes),
        }
    }
}

impl From<KeyAttestation> for core::KeyAttestation {
    fn from(attestation: KeyAttestation) -> Self {
        match attestation {
            KeyAttestation::AndroidKey { chain } => Self::AndroidKey { chain },
            KeyAttestation::AppleAppAttest { key_id, object } => Self::AppleAppattest { key_id, object },
        }
    }
}
