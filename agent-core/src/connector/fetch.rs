//! Signed settings, policies and decisions.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde::de::DeserializeOwned;

use super::client::Client;
use super::deliver::told;
use super::error::ConnectorError;
use super::http::Answer;
use super::route::check_transport;
use super::trouble::TroubleKind;
use super::wire::{Decision, DecisionClaims, Enrolment, PolicyClaims, SettingsClaims, version_etag};
use crate::model::Settings;
use crate::report::jwk::{InvalidKey, PublicKey};
use crate::report::jws::{self, typ};

/// The settings in force, as far as the caller has them at hand.
#[derive(Clone, Copy, Debug)]
pub struct InForce<'a> {
    version: u64,
    settings: Option<&'a Settings>,
}

impl From<u64> for InForce<'_> {
    /// By their version alone.
    fn from(version: u64) -> Self {
        Self { version, settings: None }
    }
}

impl<'a> From<&'a Settings> for InForce<'a> {
    /// By their content too: other content under the same version is refused.
    fn from(settings: &'a Settings) -> Self {
        Self { version: settings.version, settings: Some(settings) }
    }
}

impl Client {
    /// Fetches the settings of this device; `None` when those in force are still the newest. An older version is
    /// refused: whoever replays old settings could turn checks off. So are other settings under the version in force, and
    /// settings that cannot be obeyed.
    pub async fn fetch_settings<'a>(
        &self,
        enrolment: &Enrolment,
        known: impl Into<InForce<'a>>,
    ) -> Result<Option<Settings>, ConnectorError> {
        let known = known.into();
        let url = format!("{}/settings", enrolment.iss);
        let answer = self.get(enrolment, &url, unless(Some(known.version))).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let SettingsClaims { settings, .. } =
            self.signed("settings", typ::SETTINGS, answer, enrolment, |it: &SettingsClaims| {
                parties((&it.iss, &it.aud), enrolment)
            })?;
        if settings.version < known.version {
            return Err(ConnectorError::Rollback { known: known.version, offered: settings.version });
        }
        if settings.version == known.version {
            return match known.settings {
                Some(in_force) if *in_force != settings => {
                    Err(ConnectorError::Changed { what: "settings", version: known.version })
                }
                _ => Ok(None),
            };
        }
        obeyable(&settings)?;
        Ok(Some(settings))
    }

    /// Fetches the policy file of the organisation; `None` when the one in force, by version and content, is still the
    /// newest, or when there is none. An older version is refused, and so is another file under the same version.
    pub async fn fetch_policy(
        &self,
        enrolment: &Enrolment,
        known: Option<(u32, Option<&str>)>,
    ) -> Result<Option<PolicyClaims>, ConnectorError> {
        let url = format!("{}/policy", enrolment.iss);
        let in_force = known.map(|(version, _)| u64::from(version));
        let answer = self.get(enrolment, &url, unless(in_force)).await?;
        if matches!(answer.status, StatusCode::NOT_MODIFIED | StatusCode::NOT_FOUND) {
            return Ok(None);
        }
        let policy: PolicyClaims =
            self.signed("policy", typ::POLICY, answer, enrolment, |it: &PolicyClaims| {
                if it.tenant == enrolment.tenant { Ok(()) } else { Err("signed for another tenant") }
            })?;
        match known {
            Some((known, _)) if policy.version < known => {
                Err(ConnectorError::PolicyRollback { known, offered: policy.version })
            }
            Some((known, document)) if policy.version == known => match document {
                Some(document) if document != policy.document => {
                    Err(ConnectorError::Changed { what: "policy", version: known.into() })
                }
                _ => Ok(None),
            },
            _ => Ok(Some(policy)),
        }
    }

    /// Fetches what the connector decided on this device.
    pub async fn fetch_decision(&self, enrolment: &Enrolment) -> Result<Decision, ConnectorError> {
        let answer = self.get(enrolment, &format!("{}/decision", enrolment.iss), HeaderMap::new()).await?;
        let claims: DecisionClaims =
            self.signed("decision", typ::DECISION, answer, enrolment, |it: &DecisionClaims| {
                parties((&it.iss, &it.aud), enrolment)
            })?;
        Ok(claims.decision)
    }

    /// The claims of a token that the connector signed for this device, as `check` finds.
    pub(super) fn signed<T: DeserializeOwned>(
        &self,
        what: &'static str,
        typ: &str,
        answer: Answer,
        enrolment: &Enrolment,
        check: impl FnOnce(&T) -> Result<(), &'static str>,
    ) -> Result<T, ConnectorError> {
        let host = answer.host.clone();
        let claims: T = self.verify(&answer.token()?, typ, enrolment).map_err(|error| {
            self.note_unverified(TroubleKind::Forged, &host, &error);
            ConnectorError::forged(what, told(&error))
        })?;
        check(&claims).map_err(|why| {
            self.note(TroubleKind::Forged, &host, format!("{what}: {why}"));
            ConnectorError::forged(what, why)
        })?;
        self.note_proof();
        Ok(claims)
    }
}

/// The condition that something newer than version `known` is there (RFC 9110, section 13.1.2).
fn unless(known: Option<u64>) -> HeaderMap {
    let etag = known.and_then(|known| HeaderValue::try_from(version_etag(known)).ok());
    etag.map(|etag| (IF_NONE_MATCH, etag)).into_iter().collect()
}

/// Verifies the settings that come with an enrolment, and that they are for this device.
pub(super) fn read_settings(token: &str, enrolment: &Enrolment) -> Result<Settings, ConnectorError> {
    let claims: SettingsClaims = jws::verify_claims(token, typ::SETTINGS, &connector_key(enrolment)?)
        .map_err(|error| ConnectorError::forged("settings", error))?;
    parties((&claims.iss, &claims.aud), enrolment).map_err(|why| ConnectorError::forged("settings", why))?;
    obeyable(&claims.settings)?;
    Ok(claims.settings)
}

fn obeyable(settings: &Settings) -> Result<(), ConnectorError> {
    let version = settings.version;
    check_transport(settings).map_err(|why| ConnectorError::Unusable { version, why })
}

/// The key that enrolment pinned.
fn connector_key(enrolment: &Enrolment) -> Result<PublicKey, ConnectorError> {
    PublicKey::from_jwk(&enrolment.connector_jwk)
        .map_err(|InvalidKey| ConnectorError::Enrolment("connector key is not a P-256 public key".to_owned()))
}

pub(super) fn parties((iss, aud): (&str, &str), enrolment: &Enrolment) -> Result<(), &'static str> {
    if iss != enrolment.connector_issuer() {
        return Err("signed for another tenant");
    }
    if aud != enrolment.iss {
        return Err("signed for another device");
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
