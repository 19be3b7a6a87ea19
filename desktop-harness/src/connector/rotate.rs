//! Change of a device's key, and revocation of a device.

use agent_core::connector::RefusalCode;
use agent_core::connector::wire::{KeyChangeClaims, KeyChangeProof, KeyChangeRequest};
use agent_core::report::jws::{self, typ};

use super::Connector;
use super::attestation::ClaimedKey;
use super::device_keys;
use super::devices;
use super::enrol::{STALE_CHALLENGE, enrolled_jwk};
use super::error::{Denied, Error};

impl Connector {
    /// Takes a new key of a device, which its old one authorises, and signs for it. The same request again gets the same
    /// answer, as long as the old key was not followed by yet another.
    pub(super) fn change_key(
        &self,
        tenant: &str,
        device: &str,
        request: &KeyChangeRequest,
    ) -> Result<String, Denied> {
        let settings = self.tenant_settings(tenant)?;
        let failed =
            |what: &str, why: &str| Denied::new(RefusalCode::AuthenticationFailed, format!("{what}: {why}"));
        let new = enrolled_jwk(&request.jwk)?;
        let proof: KeyChangeProof = jws::verify_claims(&request.proof, typ::ENROLMENT, &new)
            .map_err(|error| failed("proof", &error.to_string()))?;
        let authoriser = jws::peek_kid(&request.authorization)
            .map_err(|error| failed("authorization", &error.to_string()))?;
        let kid = new.thumbprint();
        // One that was taken before was judged then; the challenge that it is attested to is old by now.
        let known = device_keys::find_in_tenant(&self.0.database.read(), tenant, &kid)?;
        let judged = match known {
            Some(_) => None,
            None => Some(self.judge_key(
                tenant,
                &settings,
                ClaimedKey {
                    key: &new,
                    challenge: &proof.challenge,
                    protection: &request.key_protection,
                    attestation: request.attestation.as_ref(),
                },
            )?),
        };
        let claims = self.0.database.write(|transaction| {
            let unknown = || Denied::not_found("no such device");
            devices::find(transaction, tenant, device)?.ok_or_else(unknown)?.must_not_be_revoked()?;
            let not_enrolled =
                || Denied::new(RefusalCode::InvalidKey, "authorization: not a key of this device");
            let old = device_keys::find(transaction, device, &authoriser)?.ok_or_else(not_enrolled)?;
            old.must_not_be_retired(transaction)?;
            let authorized = jws::verify(&request.authorization, typ::ENROLMENT, &old.public()?)
                .map_err(|error| failed("authorization", &error.to_string()))?;
            if Ok(authorized) != jws::payload_of(&request.proof) {
                return Err(failed("authorization", "made for another change than the proof"));
            }
            let device =
                devices::find_enrolment(transaction, tenant, device, &old.epoch)?.ok_or_else(unknown)?;
            if proof.aud != format!("{}/key", device.issuer()) {
                return Err(failed("proof", "made for another device or connector"));
            }
            if proof.jkt != kid || old.kid == kid {
                return Err(failed("proof", "it must be made for the new key, by the new key"));
            }
            if !self.0.challenges.accepts(&proof.challenge, tenant, self.now()) {
                return Err(failed("proof", STALE_CHALLENGE));
            }
            match (device_keys::find_in_tenant(transaction, tenant, &kid)?, &judged) {
                (Some(known), _) if known.device == device.id && known.epoch == old.epoch => {}
                (None, Some(judged)) => {
                    old.forget_candidates(transaction)?;
                    let place = (device.id.as_str(), device.epoch.as_str());
                    device_keys::add(transaction, place, &new, judged, self.now())?;
                    tracing::info!(device = device.id, "the device changes its key");
                }
                _ => return Err(Denied::new(RefusalCode::InvalidKey, "jwk: this key was used before")),
            }
            let (iss, aud, iat) = (device.connector_issuer(), device.issuer(), self.now());
            Ok(KeyChangeClaims { iss, aud, iat, jkt: kid })
        })?;
        Ok(self.sign(typ::KEY_CHANGE, &claims)?)
    }

    /// Revokes a device: its reports and requests are refused, and it is let into nothing. It comes back by enrolling with a
    /// new code, as a new device.
    pub fn revoke(&self, device: &str) -> Result<(), Error> {
        let now = self.now();
        match self.0.database.write(|transaction| devices::revoke(transaction, self.tenant(), device, now))? {
            true => Ok(()),
            false => Err(Error::Config(format!("no device \"{device}\" in \"{}\"", self.tenant()))),
        }
    }
}
