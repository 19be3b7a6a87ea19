//! Signing and verification of replies: compact JWS, EdDSA, over the exact bytes that are sent.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Serialize};

use super::hex::Nonce;
use super::keys::{CanarySigner, KeySet};
use super::limits::MAX_TOKEN;
use super::reply::Reply;

/// The protected header. A member beyond these three (`jwk`, `crit`, `b64`, …) is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// Signs `reply` as one of `kind`. Fails only where serde_json does.
pub fn sign<R: Reply>(signer: &CanarySigner, kind: R::Kind, reply: &R) -> Result<String, serde_json::Error> {
    let header = Header { alg: "EdDSA", typ: R::typ(kind), kid: signer.kid() };
    let signing_input =
        format!("{}.{}", encode(&serde_json::to_vec(&header)?), encode(&serde_json::to_vec(reply)?));
    let signature = signer.sign(signing_input.as_bytes());
    Ok(format!("{signing_input}.{}", encode(&signature)))
}

/// Verifies that `token` is a reply of `kind` to the question with `nonce`, under one of `keys`.
///
/// A nonce is used once, so a reply that verifies is no older than its question. Whether its time fits is for the
/// analysis to judge: the device's clock may be the one that is wrong.
pub fn verify<R: Reply>(token: &str, kind: R::Kind, nonce: &Nonce, keys: &KeySet) -> Result<R, VerifyError> {
    if token.len() > MAX_TOKEN {
        return Err(VerifyError::TooLarge(token.len()));
    }
    let (signing_input, signature) = token.rsplit_once('.').ok_or(VerifyError::Form)?;
    let (header, members) = signing_input.split_once('.').ok_or(VerifyError::Form)?;
    let (header, members, signature) = (decode(header)?, decode(members)?, decode(signature)?);

    // serde would read a list of three texts as a header too.
    if header.first() != Some(&b'{') {
        return Err(VerifyError::Header);
    }
    let header: Header = serde_json::from_slice(&header).map_err(|_| VerifyError::Header)?;
    if header.alg != "EdDSA" {
        return Err(VerifyError::Header);
    }
    if header.typ != R::typ(kind) {
        return Err(VerifyError::Kind { expected: R::typ(kind) });
    }
    let key = keys.find(header.kid).ok_or(VerifyError::UnknownKey)?;
    if !key.verifies(signing_input.as_bytes(), &signature) {
        return Err(VerifyError::Signature);
    }

    let reply: R =
        serde_json::from_slice(&members).map_err(|error| VerifyError::Members(error.to_string()))?;
    if reply.nonce() != *nonce {
        return Err(VerifyError::Nonce);
    }
    Ok(reply)
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes canonical unpadded base64url: the engine refuses padding and non-zero trailing bits.
fn decode(text: &str) -> Result<Vec<u8>, VerifyError> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| VerifyError::Form)
}

/// Why a reply is not believed. Names nothing that an attacker wrote before the signature was checked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Longer than [`MAX_TOKEN`].
    #[error("canary reply of {0} bytes is longer than the {MAX_TOKEN} allowed")]
    TooLarge(usize),
    /// Not three parts of canonical base64url.
    #[error("canary reply is not a compact JWS: expected three parts of unpadded base64url")]
    Form,
    /// Not the header of a canary's reply.
    #[error("canary reply has another header than EdDSA with typ and kid")]
    Header,
    /// A reply of another kind.
    #[error("canary reply is of another kind than {expected}")]
    Kind {
        /// The `typ` asked for.
        expected: &'static str,
    },
    /// Signed under a key that is not in the set.
    #[error("canary reply is signed under a key that is not in the signed settings")]
    UnknownKey,
    /// The signature does not verify.
    #[error("signature of the canary's reply does not verify")]
    Signature,
    /// Signed, but not what this kind holds: the canary is at fault.
    #[error("canary reply is signed but malformed: {0}")]
    Members(String),
    /// The answer to another question: replayed, or mixed up.
    #[error("canary reply answers another nonce")]
    Nonce,
}
