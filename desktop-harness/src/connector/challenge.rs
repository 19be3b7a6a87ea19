//! Challenges without memory: whoever asks gets one, and nothing is kept until it comes back.
//!
//! ```text
//! base64url( expiry, 8 bytes big endian | 16 random bytes | HMAC-SHA-256 over both and the tenant )
//! ```
//!
//! A challenge proves that a signature is fresh. That it is used once follows from the one-time token beside it.

use agent_core::model::Timestamp;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::hmac;

use super::error::Error;
use super::limits::CHALLENGE_LIFETIME;
use super::random;

/// Makes and recognises challenges, for as long as the process lives.
pub struct Challenges(hmac::Key);

impl Challenges {
    /// With a new key.
    pub fn new() -> Result<Self, Error> {
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()?)))
    }

    /// A challenge for `tenant`.
    pub fn issue(&self, tenant: &str, now: Timestamp) -> Result<String, Error> {
        let expiry = now.plus_seconds(CHALLENGE_LIFETIME).unix();
        let mut challenge = expiry.to_be_bytes().to_vec();
        challenge.extend(random::bytes::<16>()?);
        let tag = hmac::sign(&self.0, &[challenge.as_slice(), tenant.as_bytes()].concat());
        challenge.extend(tag.as_ref());
        Ok(BASE64_URL_SAFE_NO_PAD.encode(challenge))
    }

    /// Whether `challenge` was issued for `tenant` and has not expired.
    pub fn accepts(&self, challenge: &str, tenant: &str, now: Timestamp) -> bool {
        let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(challenge) else { return false };
        let Some((signed, tag)) = bytes.split_at_checked(24) else { return false };
        let Some(expiry) = signed.first_chunk::<8>() else { return false };
        let authentic = hmac::verify(&self.0, &[signed, tenant.as_bytes()].concat(), tag).is_ok();
        authentic && i64::from_be_bytes(*expiry) > now.unix()
    }
}
