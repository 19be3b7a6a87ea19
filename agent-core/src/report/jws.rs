//! Compact JWS (RFC 7515) with ES256 on ring: signing by a platform key, and verification that holds to
//! RFC 8725.
//!
//! ```text
//! base64url({"alg":"ES256","typ":"…","kid":"<RFC 7638 thumbprint>"}) . base64url(claims) . base64url(r || s)
//! ```

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::jwk::{InvalidKey, PublicKey};
use super::signature::{self, MalformedSignature, to_fixed};
use super::strict_json;
use crate::model::Sha256;
use crate::platform::{FailureKind, PlatformError, Signer};

/// The `typ` of every kind of token, so that none is taken for another (RFC 8725, section 3.11).
pub mod typ {
    /// A report (RFC 8417, section 2.3).
    pub const SECURITY_EVENT: &str = "secevent+jwt";
    /// The connector's receipt for a report.
    pub const RECEIPT: &str = "mtd-receipt+jwt";
    /// The connector's refusal of a report.
    pub const REFUSAL: &str = "mtd-refusal+jwt";
    /// The connector's settings for a device.
    pub const SETTINGS: &str = "mtd-settings+jwt";
    /// An organisation's policy file.
    pub const POLICY: &str = "mtd-policy+jwt";
    /// The connector's decision on a device.
    pub const DECISION: &str = "mtd-decision+jwt";
    /// A device's proof that it holds the key it enrols.
    pub const ENROLMENT: &str = "mtd-enrolment+jwt";
    /// The connector's word that it takes a device's new key.
    pub const KEY_CHANGE: &str = "mtd-key-change+jwt";
    /// A device's request for its own settings or decision.
    pub const REQUEST: &str = "mtd-request+jwt";
}

/// Largest token that is looked at, in bytes: the 1 MiB of the wire format.
pub const MAX_TOKEN: usize = 1024 * 1024;

/// Characters of a base64url SHA-256: a `kid`.
const THUMBPRINT_CHARS: usize = 43;

/// Characters of a base64url signature.
const SIGNATURE_CHARS: usize = 86;

/// Longest piece of a token that an error repeats, in characters: enough for every sensible value.
const MAX_QUOTE: usize = 64;

#[derive(Serialize)]
struct HeaderOut<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// The protected header. A member beyond these three (`jwk`, `jku`, `x5u`, `crit`, `b64`, …) is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// Signs `claims` (the exact bytes of a JSON object) and verifies the result before giving it out, so that a
/// faulty keystore cannot put a broken link into the chain.
pub fn sign(typ: &str, claims: &[u8], key: &dyn Signer) -> Result<String, SignError> {
    let public_key = PublicKey::from_spki_der(&key.public_key_spki_der()?)?;
    let header = HeaderOut { alg: "ES256", typ, kid: &public_key.thumbprint() };
    let header = serde_json::to_vec(&header).map_err(|error| PlatformError::new("header", error))?;
    let signing_input = format!("{}.{}", encode(&header), encode(claims));
    let signature = to_fixed(&key.sign_es256(signing_input.as_bytes())?)?;
    if !public_key.verifies(signing_input.as_bytes(), &signature) {
        return Err(SignError::DoesNotVerify);
    }
    Ok(format!("{signing_input}.{}", encode(&signature)))
}

/// The most bytes of claims that a Security Event Token of `max_token` bytes has room for.
pub fn max_claims(max_token: usize) -> usize {
    let header = HeaderOut { alg: "ES256", typ: typ::SECURITY_EVENT, kid: &"k".repeat(THUMBPRINT_CHARS) };
    let header = serde_json::to_vec(&header).map_or(max_token, |json| encode(&json).len());
    // Three characters of base64url for four bytes, rounded down: never more than fits.
    max_token.saturating_sub(header + 1 + 1 + SIGNATURE_CHARS) / 4 * 3
}

/// Verifies `token` under `key` and gives the exact bytes of its claims.
pub fn verify(token: &str, expected_typ: &str, key: &PublicKey) -> Result<Vec<u8>, VerifyError> {
    let parts = Parts::split(token)?;
    let header: Header =
        strict_json::object_from_slice(&parts.header).map_err(|error| VerifyError::Header(quote(&error)))?;
    if header.alg != "ES256" {
        return Err(VerifyError::Algorithm(quote(&header.alg)));
    }
    if header.typ != expected_typ {
        return Err(VerifyError::Type { expected: expected_typ.to_owned(), found: quote(&header.typ) });
    }
    if header.kid != key.thumbprint() {
        return Err(VerifyError::UnknownKey(quote(&header.kid)));
    }
    if !key.verifies(parts.signing_input.as_bytes(), &parts.signature) {
        return Err(VerifyError::Signature);
    }
    Ok(parts.claims)
}

/// Verifies `token` and reads its claims as `T`, refusing repeated members.
pub fn verify_claims<T: DeserializeOwned>(
    token: &str,
    expected_typ: &str,
    key: &PublicKey,
) -> Result<T, VerifyError> {
    read_claims(&verify(token, expected_typ, key)?)
}

/// Reads the claims of `token` without verifying anything: only to find out which key to verify it with, or to
/// show a token that was verified before.
pub fn peek_claims<T: DeserializeOwned>(token: &str) -> Result<T, VerifyError> {
    read_claims(&payload_of(token)?)
}

/// The thumbprint of the key that `token` says it is under, without verifying anything: only to find that key.
pub fn peek_kid(token: &str) -> Result<String, VerifyError> {
    let parts = Parts::split(token)?;
    let header: Header =
        strict_json::from_slice(&parts.header).map_err(|error| VerifyError::Header(quote(&error)))?;
    Ok(header.kid)
}

/// The exact bytes of the claims of `token`, without verifying anything: what a stored token will tell when it
/// is sent.
pub fn payload_of(token: &str) -> Result<Vec<u8>, VerifyError> {
    Parts::split(token).map(|parts| parts.claims)
}

/// The digests of `token` and of its [`twin`], in order: two tokens have the same exactly if they are one report.
pub fn digests(token: &str) -> [Sha256; 2] {
    let mut digests =
        [token, twin(token).as_deref().unwrap_or(token)].map(|form| Sha256::of(form.as_bytes()));
    digests.sort();
    digests
}

/// `token` with the other form of its signature, s being replaced by n - s. Whoever has a token can write it, and ES256
/// has no rule against either (RFC 7518, section 3.4), so the two are one report.
pub fn twin(token: &str) -> Option<String> {
    let Parts { signing_input, signature, .. } = Parts::split(token).ok()?;
    Some(format!("{signing_input}.{}", encode(&signature::twin(&signature))))
}

pub(super) fn read_claims<T: DeserializeOwned>(claims: &[u8]) -> Result<T, VerifyError> {
    strict_json::object_from_slice(claims).map_err(|error| VerifyError::Claims(strict_json::describe(&error)))
}

struct Parts<'a> {
    signing_input: &'a str,
    header: Vec<u8>,
    claims: Vec<u8>,
    signature: [u8; 64],
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Result<Self, VerifyError> {
        if token.len() > MAX_TOKEN {
            return Err(VerifyError::TooLarge(token.len()));
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(VerifyError::Form)?;
        let (header, claims) = signing_input.split_once('.').ok_or(VerifyError::Form)?;
        let signature: [u8; 64] = decode(signature)?.try_into().map_err(|_| VerifyError::SignatureForm)?;
        if signature.chunks(32).any(|half| half.iter().all(|byte| *byte == 0)) {
            return Err(VerifyError::SignatureForm);
        }
        Ok(Self { signing_input, header: decode(header)?, claims: decode(claims)?, signature })
    }
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes canonical unpadded base64url: the engine refuses padding and non-zero trailing bits.
fn decode(text: &str) -> Result<Vec<u8>, VerifyError> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| VerifyError::Form)
}

/// The beginning of what a token says of itself: an error must not grow with a hostile token.
fn quote(text: &impl ToString) -> String {
    text.to_string().chars().take(MAX_QUOTE).collect()
}

/// Why a token could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The keystore failed.
    #[error("device key: {0}")]
    Key(#[from] PlatformError),
    /// The keystore's public key is not P-256.
    #[error("device key: {0}")]
    PublicKey(#[from] InvalidKey),
    /// The keystore's signature is not one.
    #[error("device key: {0}")]
    Signature(#[from] MalformedSignature),
    /// The keystore's signature is not by its own public key.
    #[error("device key: its signature does not verify under its own public key")]
    DoesNotVerify,
}

impl SignError {
    /// What it means for the next try.
    pub const fn kind(&self) -> FailureKind {
        match self {
            Self::Key(error) => error.kind,
            Self::PublicKey(_) | Self::Signature(_) | Self::DoesNotVerify => FailureKind::Failed,
        }
    }
}

/// Why a token is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not three parts of canonical base64url.
    #[error("not a compact JWS: expected three parts of unpadded base64url")]
    Form,
    /// Larger than [`MAX_TOKEN`].
    #[error("token of {0} bytes is larger than the {MAX_TOKEN} allowed")]
    TooLarge(usize),
    /// The protected header is not the one we write.
    #[error("protected header refused: {0}")]
    Header(String),
    /// Any algorithm but ES256, `none` above all.
    #[error("algorithm \"{0}\" refused: only ES256 is accepted")]
    Algorithm(String),
    /// A token of another kind.
    #[error("token type \"{found}\" where \"{expected}\" was expected")]
    Type {
        /// What the caller wanted.
        expected: String,
        /// What the token says.
        found: String,
    },
    /// Signed under another key.
    #[error("unknown key \"{0}\"")]
    UnknownKey(String),
    /// The signature is no pair of numbers: DER, another length, or zero.
    #[error("signature is not r and s of 32 bytes each, both positive")]
    SignatureForm,
    /// The signature does not verify.
    #[error("signature does not verify")]
    Signature,
    /// The claims are not what this kind of token holds.
    #[error("claims refused: {0}")]
    Claims(String),
    /// Another issuer than the expected one.
    #[error("\"iss\" is not the expected issuer")]
    Issuer,
    /// For somebody else.
    #[error("\"aud\" is not the expected audience")]
    Audience,
}

impl VerifyError {
    /// The rule that was broken, in one word for scripts.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::TooLarge(_) => "size",
            Self::Header(_) => "header",
            Self::Algorithm(_) => "alg",
            Self::Type { .. } => "typ",
            Self::UnknownKey(_) => "kid",
            Self::SignatureForm => "signature_form",
            Self::Signature => "signature",
            Self::Claims(_) => "claims",
            Self::Issuer => "iss",
            Self::Audience => "aud",
        }
    }
}
