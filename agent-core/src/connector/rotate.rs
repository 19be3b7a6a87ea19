//! Rotation: a new key for the device, authorised by the old one. Epoch and chain go on.

use super::candidate::CandidateKey;
use super::client::Client;
use super::enrol::challenge_endpoint;
use super::error::ConnectorError;
use super::fetch::parties;
use super::wire::{Challenge, Enrolment, KeyChangeClaims, KeyChangeProof, KeyChangeRequest};
use crate::report::jws::typ;

impl Client {
    /// Asks for something fresh to sign, to change the key of `enrolment`.
    pub async fn rotation_challenge(&self, enrolment: &Enrolment) -> Result<Challenge, ConnectorError> {
        let url = challenge_endpoint(&enrolment.connector_issuer());
        self.post_enrolled(enrolment, &url, &serde_json::json!({})).await?.json()
    }

    /// Tells the connector that `candidate` follows the key of `enrolment`; gives the enrolment with the new key. Asking
    /// twice is harmless.
    pub async fn rotate_key(
        &self,
        enrolment: &Enrolment,
        Challenge { challenge }: Challenge,
        candidate: &CandidateKey,
    ) -> Result<Enrolment, ConnectorError> {
        let endpoint = format!("{}/key", enrolment.iss);
        let proof = KeyChangeProof { aud: endpoint.clone(), challenge, jkt: candidate.kid.clone() };
        let signed = self.sign_twice(candidate, Some(enrolment), &proof).await?;
        let key_protection = candidate.key_protection.as_str().to_owned();
        let request = KeyChangeRequest {
            jwk: signed.jwk,
            key_protection: key_protection.clone(),
            attestation: candidate.attestation.clone(),
            proof: signed.by_new,
            authorization: signed.by_old.unwrap_or_default(),
        };
        let answer = self.post_enrolled(enrolment, &endpoint, &request).await?;
        let kid = candidate.kid.clone();
        let check = |it: &KeyChangeClaims| match it.jkt == kid {
            true => parties((&it.iss, &it.aud), enrolment),
            false => Err("signed for another key"),
        };
        self.signed::<KeyChangeClaims>("key change", typ::KEY_CHANGE, answer, enrolment, check)?;
        Ok(Enrolment { key_protection, kid: candidate.kid.clone(), ..enrolment.clone() })
    }
}
