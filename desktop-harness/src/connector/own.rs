//! What a device asks about itself: its settings, its organisation's policy and the decision on it.

use agent_core::connector::RefusalCode;
use agent_core::connector::wire::{DecisionClaims, RequestClaims, version_etag};
use agent_core::report::jws::{self, VerifyError, typ};

use super::Connector;
use super::decision::decide;
use super::device_keys;
use super::devices::{self, Device};
use super::error::Denied;
use super::limits::REQUEST_SKEW;
use super::{policies, reports, signing};

/// Settings or a policy as they go out.
pub(super) struct Versioned {
    pub etag: String,
    /// `None` when the device has that version already.
    pub token: Option<String>,
}

impl Connector {
    /// The settings of a device, unless `known` is their entity tag.
    pub(super) fn own_settings(
        &self,
        request: &OwnRequest,
        known: Option<&str>,
    ) -> Result<Versioned, Denied> {
        let device = self.authenticate(request, "settings")?;
        let settings = self.tenant_settings(&request.tenant)?;
        let etag = version_etag(settings.device.version);
        let has = known.and_then(|known| known.trim_matches('"').parse().ok());
        if let Some(version) = has {
            signing::has_settings(&self.0.database.read(), &device.id, version)?;
        }
        if known == Some(etag.as_str()) {
            return Ok(Versioned { etag, token: None });
        }
        let key = match has {
            Some(version) => self.key_known_by(&request.tenant, version)?,
            None => self.signing_key()?,
        };
        let token = Some(self.sign_settings(&device, settings, &key)?);
        Ok(Versioned { etag, token })
    }

    /// The policy file of a device's organisation, unless `known` is its entity tag.
    pub(super) fn own_policy(&self, request: &OwnRequest, known: Option<&str>) -> Result<Versioned, Denied> {
        self.authenticate(request, "policy")?;
        let stored = policies::load(&self.0.database.read(), &request.tenant)?;
        let stored = stored.ok_or_else(|| Denied::not_found("the organisation has no policy of its own"))?;
        let etag = version_etag(u64::from(stored.version));
        let token = (known != Some(etag.as_str())).then_some(stored.token);
        Ok(Versioned { etag, token })
    }

    /// The decision on a device, signed.
    pub(super) fn own_decision(&self, request: &OwnRequest) -> Result<String, Denied> {
        let device = self.authenticate(request, "decision")?;
        let settings = self.tenant_settings(&request.tenant)?;
        let standing = reports::standing(&self.0.database.read(), &device)?;
        let iat = self.now();
        let decision = decide(&standing, &settings, iat);
        let claims = DecisionClaims { iss: device.connector_issuer(), aud: device.issuer(), iat, decision };
        Ok(self.sign(typ::DECISION, &claims)?)
    }

    pub(super) fn authenticate(&self, request: &OwnRequest, endpoint: &str) -> Result<Device, Denied> {
        let refused = |why: String| Denied::new(RefusalCode::AuthenticationFailed, why);
        let token = request.bearer.as_deref();
        let token = token
            .ok_or_else(|| refused("Authorization: Bearer with a request token is needed".to_owned()))?;
        let found = devices::find(&self.0.database.read(), &request.tenant, &request.device)?;
        let device = found.ok_or_else(|| Denied::not_found("no such device"))?;
        let kid = jws::peek_kid(token).map_err(|error| refused(error.to_string()))?;
        let key = device_keys::find(&self.0.database.read(), &device.id, &kid)?;
        let key = key.ok_or_else(|| refused(VerifyError::UnknownKey(kid).to_string()))?;
        let claims: RequestClaims = jws::verify_claims(token, typ::REQUEST, &key.public()?)
            .map_err(|error| refused(error.to_string()))?;
        device.must_not_be_revoked()?;
        // Until a new enrolment is used, the one before goes on.
        let found =
            devices::find_enrolment(&self.0.database.read(), &request.tenant, &device.id, &key.epoch)?;
        let device = found.unwrap_or(device);
        let fits = claims.iss == device.issuer()
            && claims.aud == device.connector_issuer()
            && claims.htm == "GET"
            && claims.htu == format!("{}/{endpoint}", device.issuer());
        if !fits {
            return Err(refused("the request token is for another request".to_owned()));
        }
        let now = self.now();
        if claims.iat < now.plus_seconds(-REQUEST_SKEW) || claims.iat > now.plus_seconds(REQUEST_SKEW) {
            return Err(refused(format!("the device's clock is off: it says {}, it is {now}", claims.iat)));
        }
        self.0.database.write(|transaction| {
            key.must_not_be_retired(transaction)?;
            key.used(transaction, None, now)?;
            Ok::<_, Denied>(devices::seen(transaction, &device.id, now)?)
        })?;
        Ok(device)
    }
}

/// A device's request about itself.
pub(super) struct OwnRequest {
    pub tenant: String,
    pub device: String,
    /// The bearer token of `Authorization`.
    pub bearer: Option<String>,
}
