//! A key that is to become the device's: made for one enrolment or one change of key.
//!
//! It is kept, sealed, from before the connector is first asked until the answer is stored. An exchange that breaks off
//! in between is taken up again with the same key: a connector that had accepted it knows it, and answers the same.

use serde::{Deserialize, Serialize};

use super::client::Client;
use super::error::ConnectorError;
use super::wire::{Challenge, Enrolment};
use crate::platform::{
    DeviceKey, FailureKind, KeyAttestation, KeyProtection, KeySlot, PlatformError, SlotSigner,
};
use crate::report::jwk::PublicKey;
use crate::report::jws::SignError;
use crate::report::{key_in, public_key_of};

/// A key that the connector does not know yet, or that is not known to be known. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandidateKey {
    /// What it was made for.
    pub purpose: Purpose,
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// How it is kept.
    pub key_protection: KeyProtection,
    /// The platform's word on that, bound to the challenge of the first try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<KeyAttestation>,
}

/// What a key was made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To enrol with the one-time token of this digest.
    Enrolment {
        /// [`token_digest`](super::token_digest) of the token.
        token_sha256: String,
    },
    /// To follow the key of this enrolment.
    Rotation {
        /// The enrolment.
        epoch: String,
    },
}

impl CandidateKey {
    /// Makes a key for `purpose`, in place of a candidate that was there.
    pub fn make(key: &dyn DeviceKey, purpose: Purpose, challenge: &Challenge) -> Result<Self, SignError> {
        let attestation = key.make_candidate(challenge.challenge.as_bytes())?;
        let Some(made) = key_in(key, KeySlot::Candidate)? else {
            return Err(PlatformError::new("device key", "the platform made one and does not have it").into());
        };
        let (kid, key_protection) = (made.thumbprint(), key.protection(KeySlot::Candidate)?);
        Ok(Self { purpose, kid, key_protection, attestation })
    }

    /// The key itself. An error of the kind [`FailureKind::Gone`] where the platform has another by now, or none.
    pub fn find<'a>(&self, key: &'a dyn DeviceKey) -> Result<(SlotSigner<'a>, PublicKey), SignError> {
        for slot in [KeySlot::Candidate, KeySlot::Current] {
            if let Some(public) = key_in(key, slot)?.filter(|public| public.thumbprint() == self.kid) {
                return Ok((SlotSigner { key, slot }, public));
            }
        }
        let why = "the key that was to be enrolled is gone; try again with a new one";
        Err(PlatformError::of(FailureKind::Gone, "device key", why).into())
    }
}

impl Client {
    /// [`CandidateKey::make`], off the runtime's workers.
    pub async fn make_candidate(
        &self,
        purpose: Purpose,
        challenge: &Challenge,
    ) -> Result<CandidateKey, ConnectorError> {
        let challenge = challenge.clone();
        let made = self.with_key("making a key", move |key| CandidateKey::make(key, purpose, &challenge));
        Ok(made.await??)
    }

    /// Whether the platform still has `candidate`.
    pub async fn has_candidate(&self, candidate: &CandidateKey) -> Result<bool, ConnectorError> {
        let candidate = candidate.clone();
        let found = self.with_key("looking", move |key| candidate.find(key).map(|_| ())).await?;
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == FailureKind::Gone => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the key of `enrolment` the one in use, if it is not yet; gives its public half.
    pub async fn use_key_of(&self, enrolment: &Enrolment) -> Result<PublicKey, ConnectorError> {
        let kid = enrolment.kid.clone();
        let found = self.with_key("adoption", move |key| public_key_of(key, &kid));
        Ok(found.await??)
    }
}
