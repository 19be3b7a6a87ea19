//! The keys that a connector signs with, and how one follows another.
//!
//! The key of the enrolment is *established*. Another one counts only if settings announced it that were signed by a key
//! which counted then. Once a new key is seen to sign, it is the established one, and the one before is retired for good:
//! whoever finds it later can sign nothing. Until then both count, so that a rotation reaches devices at their own pace.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::limits::MAX_RETIRED_KEYS;
use super::wire::Enrolment;
use crate::model::Jwk;
use crate::report::jwk::PublicKey;
use crate::report::jws::{self, VerifyError};

/// What a device knows of its connector's keys beside the enrolment and the settings. To be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorKeys {
    /// The key that was last seen to sign; absent: the one of the enrolment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    established: Option<Jwk>,
    /// Thumbprints (RFC 7638) of the keys before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    retired: Vec<String>,
}

impl ConnectorKeys {
    /// The key that the connector signs with, as far as this device has seen.
    pub fn established<'a>(&'a self, enrolment: &'a Enrolment) -> &'a Jwk {
        self.established.as_ref().unwrap_or(&enrolment.connector_jwk)
    }

    /// Verifies `token` under every key that counts, where settings announce `announced`, and notes which one it was.
    pub(super) fn verify<T: DeserializeOwned>(
        &mut self,
        token: &str,
        typ: &str,
        enrolment: &Enrolment,
        announced: &[Jwk],
    ) -> Result<T, VerifyError> {
        let established = self.established(enrolment).clone();
        let mut refused = VerifyError::UnknownKey(String::new());
        for jwk in std::iter::once(&established).chain(announced) {
            let Ok(key) = PublicKey::from_jwk(jwk) else { continue };
            if self.retired.contains(&key.thumbprint()) {
                continue;
            }
            match jws::verify_claims(token, typ, &key) {
                Ok(claims) => {
                    self.seen(jwk, &established);
                    return Ok(claims);
                }
                Err(error) => refused = error,
            }
            // By another key than this one: the next may be it.
            if !matches!(refused, VerifyError::UnknownKey(_)) {
                break;
            }
        }
        Err(refused)
    }

    fn seen(&mut self, jwk: &Jwk, established: &Jwk) {
        if jwk == established {
            return;
        }
        if let Ok(before) = PublicKey::from_jwk(established) {
            self.retired.push(before.thumbprint());
            let superfluous = self.retired.len().saturating_sub(MAX_RETIRED_KEYS);
            self.retired.drain(..superfluous);
        }
        self.established = Some(jwk.clone());
    }
}
