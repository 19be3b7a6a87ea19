//! Signed settings, policies and decisions.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};

use super::client::Client;
use super::error::ConnectorError;
use super::http::Answer;
use super::wire::{Decision, DecisionClaims, Enrolment, PolicyClaims, SettingsClaims, version_etag};
use crate::model::Settings;
use crate::report::jwk::{InvalidKey, PublicKey};
use crate::report::jws::{self, typ};

impl Client {
    /// Fetches the settings of this device; `None` when version `known` is still the newest. An older version
    /// is refused: whoever replays old settings could turn checks off.
    pub async fn fetch_settings(
        &self,
        enrolment: &Enrolment,
        known: u64,
    ) -> Result<Option<Settings>, ConnectorError> {
        let mut headers = HeaderMap::new();
        if let Ok(etag) = HeaderValue::try_from(version_etag(known)) {
            headers.insert(IF_NONE_MATCH, etag);
        }
        let answer = self.get(enrolment, &format!("{}/settings", enrolment.iss), headers).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let settings = read_settings(&answer.token()?, enrolment)?;
        if settings.version < known {
            return Err(ConnectorError::Rollback { known, offered: settings.version });
        }
        Ok((settings.version > known).then_some(settings))
    }

    /// Fetches the policy file of the organisation; `None` when version `known` is still the newest, or when there is
    /// none. An older version is refused, as with settings.
    pub async fn fetch_policy(
        &self,
        enrolment: &Enrolment,
        known: Option<u32>,
    ) -> Result<Option<PolicyClaims>, ConnectorError> {
        let mut headers = HeaderMap::new();
        if let Some(Ok(etag)) = known.map(|known| HeaderValue::try_from(version_etag(u64::from(known)))) {
            headers.insert(IF_NONE_MATCH, etag);
        }
        let answer = self.get(enrolment, &format!("{}/policy", enrolment.iss), headers).await?;
        if matches!(answer.status, StatusCode::NOT_MODIFIED | StatusCode::NOT_FOUND) {
            return Ok(None);
        }
        let policy: PolicyClaims =
            jws::verify_claims(&answer.token()?, typ::POLICY, &connector_key(enrolment)?)
                .map_err(|error| ConnectorError::forged("policy", error))?;
        if policy.tenant != enrolment.tenant {
            return Err(ConnectorError::forged("policy", "signed for another tenant"));
        }
        match known {
            Some(known) if policy.version < known => {
                Err(ConnectorError::PolicyRollback { known, offered: policy.version })
            }
            Some(known) if policy.version == known => Ok(None),
            _ => Ok(Some(policy)),
        }
    }

    /// Fetches what the connector decided on this device.
    pub async fn fetch_decision(&self, enrolment: &Enrolment) -> Result<Decision, ConnectorError> {
        let answer = self.get(enrolment, &format!("{}/decision", enrolment.iss), HeaderMap::new()).await?;
        let claims: DecisionClaims =
            jws::verify_claims(&answer.token()?, typ::DECISION, &connector_key(enrolment)?)
                .map_err(|error| ConnectorError::forged("decision", error))?;
        check_parties("decision", (&claims.iss, &claims.aud), enrolment)?;
        Ok(claims.decision)
    }
}

/// Verifies signed settings and that they are for this device.
pub(super) fn read_settings(token: &str, enrolment: &Enrolment) -> Result<Settings, ConnectorError> {
    let claims: SettingsClaims = jws::verify_claims(token, typ::SETTINGS, &connector_key(enrolment)?)
        .map_err(|error| ConnectorError::forged("settings", error))?;
    check_parties("settings", (&claims.iss, &claims.aud), enrolment)?;
    Ok(claims.settings)
}

/// The key that enrolment pinned.
pub(super) fn connector_key(enrolment: &Enrolment) -> Result<PublicKey, ConnectorError> {
    PublicKey::from_jwk(&enrolment.connector_jwk)
        .map_err(|InvalidKey| ConnectorError::Enrolment("connector key is not a P-256 public key".to_owned()))
}

fn check_parties(
    what: &'static str,
    (iss, aud): (&str, &str),
    enrolment: &Enrolment,
) -> Result<(), ConnectorError> {
    if iss != enrolment.connector_issuer() {
        return Err(ConnectorError::forged(what, "signed for another tenant"));
    }
    if aud != enrolment.iss {
        return Err(ConnectorError::forged(what, "signed for another device"));
    }
    Ok(())
}

impl Answer {
    /// The body as a token, if the status says that all went well.
    fn token(self) -> Result<String, ConnectorError> {
        if self.status != StatusCode::OK {
            return Err(self.unexpected());
        }
        String::from_utf8(self.body.into())
            .map_err(|_| ConnectorError::protocol(&self.host, "bytes that are not a token"))
    }
}
