//! Enrolment of a device.

use agent_core::connector::wire::{
    EnrolmentProof, EnrolmentRequest, EnrolmentResponse, SettingsClaims, connector_issuer,
};
use agent_core::connector::{RefusalCode, token_digest};
use agent_core::report::jwk::{Jwk, PublicKey};
use agent_core::report::jws::{self, typ};
use rusqlite::{Connection, Transaction};

use super::Connector;
use super::attestation::ClaimedKey;
use super::device_keys::{self, DeviceKey};
use super::devices::{self, Device, Invitation, Newcomer};
use super::error::{Denied, Error};
use super::reports;
use super::tenants::{self, TenantSettings};
use crate::software_key::SoftwareKey;

impl Connector {
    /// A challenge for a device that wants to enrol.
    pub(super) fn challenge(&self, tenant: &str) -> Result<String, Denied> {
        self.tenant_settings(tenant)?;
        Ok(self.0.challenges.issue(tenant, self.now())?)
    }

    /// Enrols a device: its key, its proof, its one-time token and the organisation's rules on keys must hold, in this
    /// order, so that a token is only used up by who can use it. The key that used a token gets the same answer again.
    pub(super) fn enrol(
        &self,
        tenant: &str,
        url: &str,
        request: &EnrolmentRequest,
    ) -> Result<EnrolmentResponse, Denied> {
        let settings = self.tenant_settings(tenant)?;
        let (key, challenge) = self.check_proof(tenant, url, request)?;
        let kid = key.thumbprint();
        let now = self.now();
        let look =
            |connection: &Connection| devices::invitation(connection, tenant, &request.token, &kid, now);
        let before = look(&self.0.database.read())?;
        if let Invitation::Same { device, epoch } = before {
            return self.answer(self.enrolled_before(tenant, &device, &epoch, &kid)?, settings);
        }
        let claimed = ClaimedKey {
            key: &key,
            challenge: &challenge,
            protection: &request.key_protection,
            attestation: request.attestation.as_ref(),
        };
        let judged = self.judge_key(tenant, &settings, claimed)?;
        let device = self.0.database.write(|transaction| {
            let ownership = match look(transaction)? {
                Invitation::Open(ownership) => ownership,
                Invitation::Same { .. } => return Err(Denied::new(RefusalCode::AccessDenied, RACED)),
                Invitation::Void(why) => return Err(Denied::new(RefusalCode::AccessDenied, why)),
            };
            let device = self.enrols_again(transaction, tenant, request, &kid)?;
            let device = device.as_deref();
            let newcomer = Newcomer { tenant, key: &key, judged: &judged, ownership, url, device };
            let device = devices::enrol(transaction, &newcomer, now)?;
            devices::use_invitation(transaction, &request.token, &kid, &device.epoch, now)?;
            Ok::<_, Denied>(device)
        })?;
        tracing::info!(device = device.id, tenant, "device enrolled");
        self.answer(device, settings)
    }

    fn answer(&self, device: Device, settings: TenantSettings) -> Result<EnrolmentResponse, Denied> {
        Ok(EnrolmentResponse {
            iss: device.issuer(),
            aud: device.audience(),
            connector_jwk: self.public_key()?.to_jwk(),
            settings: self.sign_settings(&device, settings, &*self.signing_key()?)?,
            epoch: device.epoch,
            device_id: device.id,
        })
    }

    /// The enrolment that the key `kid` made before, as long as the key may go on.
    fn enrolled_before(&self, tenant: &str, device: &str, epoch: &str, kid: &str) -> Result<Device, Denied> {
        let database = self.0.database.read();
        let void = || Denied::new(RefusalCode::AccessDenied, "the one-time token was used before");
        let key = device_keys::find(&database, device, kid)?.ok_or_else(void)?;
        key.must_not_be_retired(&database)?;
        let found = devices::find_enrolment(&database, tenant, device, epoch)?.ok_or_else(void)?;
        found.must_not_be_revoked()?;
        Ok(found)
    }

    /// The device that enrols again, where it shows that it is that: by `previous`, or by a key that is known. A device that
    /// was revoked or whose chain has a fault comes back as a new one, and so does one whose former key is not known here.
    fn enrols_again(
        &self,
        transaction: &Transaction<'_>,
        tenant: &str,
        request: &EnrolmentRequest,
        kid: &str,
    ) -> Result<Option<String>, Denied> {
        let is_sound = |key: &DeviceKey| -> Result<bool, Denied> {
            let device = devices::find(transaction, tenant, &key.device)?;
            let Some(device) = device.filter(|device| device.revoked_at.is_none()) else { return Ok(false) };
            Ok(!key.is_retired(transaction)? && reports::standing(transaction, &device)?.fault.is_none())
        };
        if let Some(known) = device_keys::find_in_tenant(transaction, tenant, kid)? {
            let used_up =
                || Denied::new(RefusalCode::InvalidKey, "this key was used before; enrol a new one");
            return if is_sound(&known)? { Ok(Some(known.device)) } else { Err(used_up()) };
        }
        let Some(previous) = &request.previous else { return Ok(None) };
        let failed = |why: &str| Denied::new(RefusalCode::AuthenticationFailed, format!("previous: {why}"));
        let old = jws::peek_kid(previous).map_err(|error| failed(&error.to_string()))?;
        let Some(old) = device_keys::find_in_tenant(transaction, tenant, &old)? else { return Ok(None) };
        let claims = jws::verify(previous, typ::ENROLMENT, &old.public()?);
        let claims = claims.map_err(|error| failed(&error.to_string()))?;
        if Ok(claims) != jws::payload_of(&request.proof) {
            return Err(failed("made for another enrolment than the proof"));
        }
        Ok(is_sound(&old)?.then_some(old.device))
    }

    /// The key and the challenge of a proof that holds.
    fn check_proof(
        &self,
        tenant: &str,
        url: &str,
        request: &EnrolmentRequest,
    ) -> Result<(PublicKey, String), Denied> {
        let key = enrolled_jwk(&request.jwk)?;
        let failed = |why: &str| Denied::new(RefusalCode::AuthenticationFailed, format!("proof: {why}"));
        let proof: EnrolmentProof = jws::verify_claims(&request.proof, typ::ENROLMENT, &key)
            .map_err(|error| failed(&error.to_string()))?;
        if proof.aud != format!("{}/enrol", connector_issuer(url, tenant)) || proof.tenant != tenant {
            return Err(failed("made for another connector or tenant"));
        }
        if proof.token_sha256 != token_digest(&request.token) {
            return Err(failed("made for another one-time token"));
        }
        if proof.jkt != key.thumbprint() {
            return Err(failed("made for another key"));
        }
        if !self.0.challenges.accepts(&proof.challenge, tenant, self.now()) {
            return Err(failed(STALE_CHALLENGE));
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

/// Said of a challenge that does not count.
pub(super) const STALE_CHALLENGE: &str = "the challenge is not ours or has expired; start again";

/// Said where the same request came twice at once.
const RACED: &str = "the same enrolment is under way; ask again";

/// The key that a device shows.
pub(super) fn enrolled_jwk(jwk: &Jwk) -> Result<PublicKey, Denied> {
    PublicKey::from_jwk(jwk).map_err(|error| Denied::new(RefusalCode::InvalidKey, format!("jwk: {error}")))
}
