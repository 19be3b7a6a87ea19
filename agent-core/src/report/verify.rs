//! Verification of one report.

use super::claims::SetClaims;
use super::jwk::PublicKey;
use super::jws::{self, VerifyError};

/// What the verifier knows from elsewhere. `None` is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected<'a> {
    /// The device's issuer.
    pub iss: Option<&'a str>,
    /// The connector's audience.
    pub aud: Option<&'a str>,
}

/// Verifies one report under the device's key.
pub fn verify_report(token: &str, key: &PublicKey, expected: Expected<'_>) -> Result<SetClaims, VerifyError> {
    let claims: SetClaims = jws::verify_claims(token, jws::typ::SECURITY_EVENT, key)?;
    if expected.iss.is_some_and(|iss| iss != claims.iss) {
        return Err(VerifyError::Issuer);
    }
    if expected.aud.is_some_and(|aud| aud != claims.aud) {
        return Err(VerifyError::Audience);
    }
    if let Some(fault) = claims.fault() {
        return Err(VerifyError::Claims(fault.to_owned()));
    }
    Ok(claims)
}
