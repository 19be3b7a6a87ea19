//! Enrolment of a device.

use agent_core::connector::wire::{
    EnrolmentProof, EnrolmentRequest, EnrolmentResponse, SettingsClaims, connector_issuer,
};
use agent_core::connector::{RefusalCode, token_digest};
use agent_core::report::jwk::PublicKey;
use agent_core::report::jws::{self, typ};

use super::Connector;
use super::attestation::ClaimedKey;
use super::devices::{self, Device, Invitation, Newcomer};
use super::error::{Denied, Error};
use super::tenants::{self, TenantSettings};
use crate::software_key::SoftwareKey;

impl Connector {
    /// A challenge for a device that wants to enrol.
    pub(super) fn challenge(&self, tenant: &str) -> Result<String, Denied> {
        self.tenant_settings(tenant)?;
        Ok(self.0.challenges.issue(tenant, self.now())?)
    }

    /// Enrols a device: its key, its proof, the organisation's rules on keys and its one-time token must hold, in this order, so that a token is
    /// only used up by who can use it.
    pub(super) fn enrol(
        &self,
        tenant: &str,
        url: &str,
        request: &EnrolmentRequest,
    ) -> Result<EnrolmentResponse, Denied> {
        let settings = self.tenant_settings(tenant)?;
        let (key, challenge) = self.check_proof(tenant, url, request)?;
        let claimed = ClaimedKey {
            key: &key,
            challenge: &challenge,
            protection: &request.key_protection,
            attestation: request.attestation.as_ref(),
        };
        let judged = self.judge_key(tenant, &settings, claimed)?;
        let device = self.0.database.write(|transaction| {
            let ownership = match devices::take_invitation(transaction, tenant, &request.token, self.now())? {
                Invitation::Taken(ownership) => ownership,
                Invitation::Void(why) => return Err(Denied::new(RefusalCode::AccessDenied, why)),
            };
            let newcomer = Newcomer { tenant, key: &key, judged: &judged, ownership, url };
            Ok::<_, Denied>(devices::enrol(transaction, &newcomer, self.now())?)
        })?;
        tracing::info!(device = device.id, tenant, "device enrolled");
        Ok(EnrolmentResponse {
            iss: device.issuer(),
            aud: device.audience(),
            connector_jwk: self.public_key()?.to_jwk(),
            settings: self.sign_settings(&device, settings, &*self.signing_key()?)?,
            epoch: device.epoch,
            device_id: device.id,
        })
    }

    /// The key and the challenge of a proof that holds.
    fn check_proof(
        &self,
        tenant: &str,
        url: &str,
        request: &EnrolmentRequest,
    ) -> Result<(PublicKey, String), Denied> {
        let key = PublicKey::from_jwk(&request.jwk)
            .map_err(|error| Denied::new(RefusalCode::InvalidKey, format!("jwk: {error}")))?;
        let failed = |why: &str| Denied::new(RefusalCode::AuthenticationFailed, format!("proof: {why}"));
        let proof: EnrolmentProof = jws::verify_claims(&request.proof, typ::ENROLMENT, &key)
            .map_err(|error| failed(&error.to_string()))?;
        if proof.aud != format!("{}/enrol", connector_issuer(url, tenant)) || proof.tenant != tenant {
            return Err(failed("made for another connector or tenant"));
        }
        if proof.token_sha256 != token_digest(&request.token) {
            return Err(failed("made for another one-time token"));
        }
        if !self.0.challenges.accepts(&proof.challenge, tenant, self.now()) {
            return Err(failed("the challenge is not ours or has expired; start again"));
        }
        Ok((key, proof.challenge))
    }

    /// The settings of `device` as a signed token.
    pub(super) fn sign_settings(
        &self,
        device: &Device,
        settings: TenantSettings,
        key: &SoftwareKey,
    ) -> Result<String, Error> {
        let mut settings = settings.device;
        settings.ownership = device.ownership;
        let iat = self.now();
        let claims = SettingsClaims { iss: device.connector_issuer(), aud: device.issuer(), iat, settings };
        Ok(jws::sign(typ::SETTINGS, &serde_json::to_vec(&claims)?, key)?)
    }

    pub(super) fn sign<T: serde::Serialize>(&self, typ: &str, claims: &T) -> Result<String, Error> {
        Ok(jws::sign(typ, &serde_json::to_vec(claims)?, &*self.signing_key()?)?)
    }

    pub(super) fn tenant_settings(&self, tenant: &str) -> Result<TenantSettings, Denied> {
        let settings = tenants::load(&self.0.database.read(), tenant)?;
        settings.ok_or_else(|| Denied::not_found("no such tenant"))
    }
}
