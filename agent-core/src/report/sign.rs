//! Making reports: claims around an event, at a place in the chain, signed.
//!
//! The claims are serialized once and signed as they are. What a user is shown before sending is
//! [`super::jws::payload_of`] a stored token, hence exactly what is sent.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Serialize};

use super::claims::{Absent, ChainLink, OpaqueId, Replaced, SetClaims, SubjectId};
use super::event::Event;
use super::jwk::PublicKey;
use super::jws;
use crate::model::{ChainPosition, SignedReport, Timestamp};
use crate::platform::{Clock, DeviceKey, Entropy, FailureKind, KeySlot, PlatformError, Signer, SlotSigner};

/// Who reports to whom, as the connector fixed it at enrolment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// `iss` of every report.
    pub iss: String,
    /// `aud` of every report.
    pub aud: String,
    /// The device's identifier at the connector.
    pub device_id: String,
    /// The organisation's.
    pub tenant: String,
}

/// Makes the reports of one scan.
#[derive(Clone, Copy)]
pub struct Reporter<'a> {
    /// Who reports to whom.
    pub issuer: &'a Issuer,
    /// The scan, from [`random_id`].
    pub txn: &'a str,
    /// When that happened which is told; absent where that is now.
    pub toe: Option<Timestamp>,
    /// Signs.
    pub key: &'a dyn Signer,
    /// Dates.
    pub clock: &'a dyn Clock,
    /// Makes `jti`.
    pub entropy: &'a dyn Entropy,
}

impl Reporter<'_> {
    /// The report of `event` at `position`, signed and verified.
    pub fn sign(&self, position: &ChainPosition, event: Event) -> Result<SignedReport, ReportError> {
        self.sign_in_place_of(&[], position, event)
    }

    /// [`Self::sign`], of a part of the last of `replaced`, which was too large.
    pub fn sign_in_place_of(
        &self,
        replaced: &[Replaced],
        position: &ChainPosition,
        event: Event,
    ) -> Result<SignedReport, ReportError> {
        let (kind, worth) = (event.kind(), event.worth());
        let jti = random_id(self.entropy)?;
        let claims = self.claims(replaced, position, event, &jti, self.clock.now());
        let payload = serde_json::to_vec(&claims).map_err(|_| ReportError::Serialize)?;
        let token = jws::sign(jws::typ::SECURITY_EVENT, &payload, self.key)?;
        if token.len() > jws::MAX_TOKEN {
            return Err(ReportError::TooLarge(token.len()));
        }
        Ok(SignedReport { kind, worth, jti, seq: position.seq, token })
    }

    pub(super) fn claims(
        &self,
        replaced: &[Replaced],
        position: &ChainPosition,
        event: Event,
        jti: &str,
        iat: Timestamp,
    ) -> SetClaims {
        let opaque = |id: &str| OpaqueId::Opaque { id: id.to_owned() };
        SetClaims {
            iss: self.issuer.iss.clone(),
            aud: self.issuer.aud.clone(),
            iat,
            toe: self.toe,
            jti: jti.to_owned(),
            txn: self.txn.to_owned(),
            sub_id: SubjectId::Complex {
                device: opaque(&self.issuer.device_id),
                tenant: opaque(&self.issuer.tenant),
            },
            mtd_epoch: position.epoch.clone(),
            mtd_seq: position.seq,
            mtd_prev: position.prev.map(ChainLink),
            mtd_replaces: replaced.to_vec(),
            events: event,
            sub: Absent,
            exp: Absent,
        }
    }
}

/// The slot of the key whose RFC 7638 thumbprint is `kid`, the one that a device is enrolled with.
///
/// A candidate of that thumbprint is adopted: the enrolment was stored, and the adoption that follows broke off. A key that
/// is in neither slot fails with [`FailureKind::Gone`]: the device has to be enrolled again. An enrolment of before keys had
/// names gives an empty `kid`, and has the key in use.
pub fn enrolled_key<'a>(key: &'a dyn DeviceKey, kid: &str) -> Result<SlotSigner<'a>, jws::SignError> {
    let holds = |slot| Ok::<_, jws::SignError>(key_in(key, slot)?.is_some_and(|key| key.thumbprint() == kid));
    let current = SlotSigner { key, slot: KeySlot::Current };
    if kid.is_empty() || holds(KeySlot::Current)? {
        return Ok(current);
    }
    if !holds(KeySlot::Candidate)? {
        let why = "the key that this device is enrolled with is gone; enrol it again";
        return Err(PlatformError::of(FailureKind::Gone, "device key", why).into());
    }
    match key.adopt_candidate() {
        Ok(()) => Ok(current),
        // Somebody else was faster.
        Err(_) if holds(KeySlot::Current)? => Ok(current),
        Err(error) => Err(error.into()),
    }
}

/// The public half of [`enrolled_key`].
pub fn public_key_of(key: &dyn DeviceKey, kid: &str) -> Result<PublicKey, jws::SignError> {
    Ok(PublicKey::from_spki_der(&enrolled_key(key, kid)?.public_key_spki_der()?)?)
}

/// The public key in `slot`; `None` where there is none.
pub fn key_in(key: &dyn DeviceKey, slot: KeySlot) -> Result<Option<PublicKey>, jws::SignError> {
    let spki = key.public_key_spki_der(slot)?;
    Ok(spki.map(|spki| PublicKey::from_spki_der(&spki)).transpose()?)
}

/// 128 random bits as text: a `jti` or a `txn`.
pub fn random_id(entropy: &dyn Entropy) -> Result<String, PlatformError> {
    let mut bytes = [0; 16];
    entropy.fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The device key failed.
    #[error("report: {0}")]
    Sign(#[from] jws::SignError),
    /// The platform gave no random bytes.
    #[error("report: {0}")]
    Entropy(#[from] PlatformError),
    /// A value has no JSON form.
    #[error("report: its claims cannot be written as JSON")]
    Serialize,
    /// No connector would take the token.
    #[error("report: token of {0} bytes is larger than the {max} allowed; split it", max = jws::MAX_TOKEN)]
    TooLarge(usize),
    /// No split makes the parts small enough.
    #[error("report: {0}")]
    Split(#[from] super::split::ReportTooLarge),
}
