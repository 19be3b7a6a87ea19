//! Enrolment: challenge, proof that the device holds its key, the connector's names, key and settings.

use super::client::Client;
use super::error::ConnectorError;
use super::fetch::read_settings;
use super::limits::MAX_IDENTIFIER;
use super::payload::EnrolmentPayload;
use super::wire::{
    Challenge, Enrolment, EnrolmentProof, EnrolmentRequest, EnrolmentResponse, connector_issuer,
    device_issuer, report_audience, token_digest,
};
use crate::model::Settings;
use crate::platform::{KeyAttestation, KeyProtection, KeySlot, PlatformError, Signer as _, SlotSigner};
use crate::report::jwk::{InvalidKey, PublicKey};
use crate::report::jws::typ;

impl Client {
    /// Enrols this device with the invitation `payload`, under a new key, which is the host's candidate: once the
    /// [`Enrolment`] is stored, it is to be adopted. The connector's key that comes back is pinned in it: everything signed
    /// that follows must be under that.
    pub async fn enrol(&self, payload: &EnrolmentPayload) -> Result<(Enrolment, Settings), ConnectorError> {
        let issuer = connector_issuer(payload.url(), payload.tenant());
        let endpoint = format!("{issuer}/enrol");
        let pins = payload.spki_pins();

        let answer = self.post(&format!("{endpoint}/challenge"), pins, &serde_json::json!({})).await?;
        let Challenge { challenge } = answer.json()?;

        let NewKey { attestation, public, protection } = self.new_key(&challenge).await?;
        let proof = EnrolmentProof {
            aud: endpoint.clone(),
            challenge,
            tenant: payload.tenant().to_owned(),
            token_sha256: token_digest(payload.token().expose()),
        };
        let request = EnrolmentRequest {
            token: payload.token().expose().to_owned(),
            jwk: public.to_jwk(),
            key_protection: protection.as_str().to_owned(),
            attestation,
            proof: self.sign_as_candidate(typ::ENROLMENT, &proof).await?,
        };
        let answer = self.post(&endpoint, pins, &request).await?;
        let host = answer.host.clone();
        let response: EnrolmentResponse = answer.json()?;
        let names_fit = is_identifier(&response.device_id)
            && is_identifier(&response.epoch)
            && response.iss == device_issuer(&issuer, &response.device_id)
            && response.aud == report_audience(&issuer);
        if !names_fit {
            return Err(ConnectorError::protocol(&host, "an enrolment with names of another connector"));
        }
        let enrolment = Enrolment {
            device_id: response.device_id,
            tenant: payload.tenant().to_owned(),
            iss: response.iss,
            aud: response.aud,
            connector_url: payload.url().to_owned(),
            spki_pins: pins.to_vec(),
            connector_jwk: response.connector_jwk,
            epoch: response.epoch,
            key_protection: request.key_protection,
            kid: public.thumbprint(),
        };
        let settings = read_settings(&response.settings, &enrolment)?;
        Ok((enrolment, settings))
    }

    /// Has the host make a key, attested to `challenge`.
    async fn new_key(&self, challenge: &str) -> Result<NewKey, ConnectorError> {
        let challenge = challenge.to_owned();
        let asked = self.with_key("making a key", move |key| {
            let attestation = key.make_candidate(challenge.as_bytes())?;
            let spki = SlotSigner { key, slot: KeySlot::Candidate }.public_key_spki_der()?;
            let public = PublicKey::from_spki_der(&spki)
                .map_err(|InvalidKey| PlatformError::new("device key", "not a P-256 public key"))?;
            Ok(NewKey { attestation, public, protection: key.protection(KeySlot::Candidate)? })
        });
        asked.await?.map_err(|error: PlatformError| error.into())
    }
}

struct NewKey {
    attestation: Option<KeyAttestation>,
    public: PublicKey,
    protection: KeyProtection,
}

/// Identifiers go into paths and database rows.
fn is_identifier(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    (1..=MAX_IDENTIFIER).contains(&text.len()) && text.bytes().all(allowed)
}
