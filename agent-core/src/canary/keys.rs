//! The Ed25519 keys of a canary: the private one that signs, and the set of public ones that agents pin.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use super::limits::MAX_KEYS;
use crate::model::jwk_thumbprint;

/// A public key. Serialized as `{"kid": …, "ed25519": …}`: its RFC 7638 thumbprint, for people and tools that
/// compare keys, and the base64url of its 32 bytes. A `kid` that is not the thumbprint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "KeyForm", try_from = "KeyForm")]
pub struct CanaryKey([u8; 32]);

impl CanaryKey {
    /// A key by its bytes (RFC 8032, section 5.1.5). Whether they are a point of the curve is found out by ring at
    /// verification.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The RFC 7638 thumbprint, base64url: the `kid` of every reply under this key.
    pub fn thumbprint(&self) -> String {
        // RFC 8037, section 2: the members that an OKP key requires.
        let x = BASE64_URL_SAFE_NO_PAD.encode(self.0);
        jwk_thumbprint(&[("crv", "Ed25519"), ("kty", "OKP"), ("x", &x)])
    }

    /// Whether `signature` is this key's over `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

/// The one or two keys under which replies are believed. Two during a rotation: agents learn the next key from their
/// settings before the canary signs with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<CanaryKey>", try_from = "Vec<CanaryKey>")]
pub struct KeySet(Vec<CanaryKey>);

impl KeySet {
    /// A set of one key, or of two different ones.
    pub fn new(keys: Vec<CanaryKey>) -> Result<Self, InvalidCanaryKey> {
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(InvalidCanaryKey::Count(keys.len()));
        }
        if let [one, other] = keys.as_slice()
            && one == other
        {
            return Err(InvalidCanaryKey::Repeated);
        }
        Ok(Self(keys))
    }

    /// The keys.
    pub fn keys(&self) -> &[CanaryKey] {
        &self.0
    }

    /// The key with this thumbprint.
    pub fn find(&self, kid: &str) -> Option<&CanaryKey> {
        self.0.iter().find(|key| key.thumbprint() == kid)
    }
}

/// A canary's private key.
pub struct CanarySigner {
    pair: Ed25519KeyPair,
    kid: String,
}

impl CanarySigner {
    /// Reads a PKCS #8 private key (RFC 8410, section 7), with or without its public half, as `openssl genpkey
    /// -algorithm ed25519` writes it.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, InvalidCanaryKey> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
            .map(Self::from_pair)
            .map_err(|_| InvalidCanaryKey::Private)
    }

    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, InvalidCanaryKey> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self::from_pair).map_err(|_| InvalidCanaryKey::Private)
    }

    fn from_pair(pair: Ed25519KeyPair) -> Self {
        let kid = public_of(&pair).thumbprint();
        Self { pair, kid }
    }

    /// The public half.
    pub fn public(&self) -> CanaryKey {
        public_of(&self.pair)
    }

    /// The thumbprint of the public half.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Signs `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl std::fmt::Debug for CanarySigner {
    /// Only which key it is.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CanarySigner").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Keys that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCanaryKey {
    /// Not an Ed25519 private key.
    #[error("not an Ed25519 private key in PKCS #8")]
    Private,
    /// Not an Ed25519 public key.
    #[error("not an Ed25519 public key: expected the base64url of 32 bytes")]
    Public,
    /// The `kid` belongs to another key.
    #[error("kid \"{0}\" is not the RFC 7638 thumbprint of its key")]
    Kid(String),
    /// No key, or too many.
    #[error("{0} canary keys: expected one, or two during a rotation")]
    Count(usize),
    /// Two keys that are one.
    #[error("the same canary key twice")]
    Repeated,
}

/// A public key as the settings carry it.
#[derive(Serialize, Deserialize)]
struct KeyForm {
    kid: String,
    ed25519: String,
}

impl From<CanaryKey> for KeyForm {
    fn from(key: CanaryKey) -> Self {
        Self { kid: key.thumbprint(), ed25519: BASE64_URL_SAFE_NO_PAD.encode(key.0) }
    }
}

impl TryFrom<KeyForm> for CanaryKey {
    type Error = InvalidCanaryKey;

    fn try_from(form: KeyForm) -> Result<Self, Self::Error> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&form.ed25519).map_err(|_| InvalidCanaryKey::Public)?;
        let key = Self(bytes.try_into().map_err(|_| InvalidCanaryKey::Public)?);
        if key.thumbprint() != form.kid {
            return Err(InvalidCanaryKey::Kid(form.kid));
        }
        Ok(key)
    }
}

impl From<KeySet> for Vec<CanaryKey> {
    fn from(set: KeySet) -> Self {
        set.0
    }
}

impl TryFrom<Vec<CanaryKey>> for KeySet {
    type Error = InvalidCanaryKey;

    fn try_from(keys: Vec<CanaryKey>) -> Result<Self, Self::Error> {
        Self::new(keys)
    }
}

fn public_of(pair: &Ed25519KeyPair) -> CanaryKey {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(pair.public_key().as_ref());
    CanaryKey(bytes)
}
