//! Enrolment: challenge, proof that the device holds its key, the connector's names, key and settings.

use super::candidate::{CandidateKey, Purpose};
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
use crate::report::enrolled_key;
use crate::report::jwk::Jwk;
use crate::report::jws::{self, SignError, typ};

impl Client {
    /// Asks for something fresh to sign, to enrol with `payload`.
    pub async fn enrolment_challenge(&self, payload: &EnrolmentPayload) -> Result<Challenge, ConnectorError> {
        let issuer = connector_issuer(payload.url(), payload.tenant());
        let url = challenge_endpoint(&issuer);
        self.post(&url, payload.spki_pins(), &serde_json::json!({})).await?.json()
    }

    /// Enrols this device with the invitation `payload` under a new key, in one go: for whom nothing has to outlast a crash.
    /// The key is the host's candidate, and adopted by whoever signs first.
    pub async fn enrol(&self, payload: &EnrolmentPayload) -> Result<(Enrolment, Settings), ConnectorError> {
        let challenge = self.enrolment_challenge(payload).await?;
        let purpose = Purpose::Enrolment { token_sha256: token_digest(payload.token().expose()) };
        let candidate = self.make_candidate(purpose, &challenge).await?;
        self.enrol_with(payload, challenge, &candidate, None).await
    }

    /// Enrols this device with the invitation `payload` and the key `candidate`. The connector's key that comes back is
    /// pinned in the [`Enrolment`]: everything signed that follows must be under it.
    ///
    /// `previous` is the enrolment of this device before, whose key still works: the device keeps its name then.
    pub async fn enrol_with(
        &self,
        payload: &EnrolmentPayload,
        Challenge { challenge }: Challenge,
        candidate: &CandidateKey,
        previous: Option<&Enrolment>,
    ) -> Result<(Enrolment, Settings), ConnectorError> {
        let issuer = connector_issuer(payload.url(), payload.tenant());
        let endpoint = enrolment_endpoint(&issuer);
        let proof = EnrolmentProof {
            aud: endpoint.clone(),
            challenge,
            tenant: payload.tenant().to_owned(),
            token_sha256: token_digest(payload.token().expose()),
            jkt: candidate.kid.clone(),
        };
        // A name at another connector is no name at this one.
        let previous = previous.filter(|previous| previous.connector_issuer() == issuer);
        let signed = self.sign_twice(candidate, previous, &proof).await?;
        let request = EnrolmentRequest {
            token: payload.token().expose().to_owned(),
            jwk: signed.jwk,
            key_protection: candidate.key_protection.as_str().to_owned(),
            attestation: candidate.attestation.clone(),
            proof: signed.by_new,
            previous: signed.by_old,
        };
        let answer = self.post(&endpoint, payload.spki_pins(), &request).await?;
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
            spki_pins: payload.spki_pins().to_vec(),
            connector_jwk: response.connector_jwk,
            epoch: response.epoch,
            key_protection: request.key_protection,
            kid: candidate.kid.clone(),
        };
        let settings = read_settings(&response.settings, &enrolment)?;
        Ok((enrolment, settings))
    }

    /// Signs `claims` with the new key, and with that of `previous`.
    pub(super) async fn sign_twice<T: serde::Serialize>(
        &self,
        candidate: &CandidateKey,
        previous: Option<&Enrolment>,
        claims: &T,
    ) -> Result<SignedTwice, ConnectorError> {
        let claims = super::client::json(claims)?;
        let candidate = candidate.clone();
        let previous = previous.map(|enrolment| enrolment.kid.clone());
        let signed = self.with_key("signing", move |key| {
            // The old key first: what is looked for may still have to be adopted, and the candidate stays.
            let sign_old = |kid: String| jws::sign(typ::ENROLMENT, &claims, &enrolled_key(key, &kid)?);
            let by_old = previous.map(sign_old).transpose()?;
            let (new, public) = candidate.find(key)?;
            let by_new = jws::sign(typ::ENROLMENT, &claims, &new)?;
            Ok::<_, SignError>(SignedTwice { jwk: public.to_jwk(), by_new, by_old })
        });
        Ok(signed.await??)
    }
}

/// What two keys signed.
pub(super) struct SignedTwice {
    /// The new key.
    pub(super) jwk: Jwk,
    pub(super) by_new: String,
    pub(super) by_old: Option<String>,
}

pub(super) fn challenge_endpoint(connector_issuer: &str) -> String {
    format!("{}/challenge", enrolment_endpoint(connector_issuer))
}

fn enrolment_endpoint(connector_issuer: &str) -> String {
    format!("{connector_issuer}/enrol")
}

/// Identifiers go into paths and database rows.
fn is_identifier(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
    (1..=MAX_IDENTIFIER).contains(&text.len()) && text.bytes().all(allowed)
}
