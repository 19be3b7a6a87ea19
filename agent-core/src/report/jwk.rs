//! P-256 public keys: SubjectPublicKeyInfo, JWK (RFC 7517) and its thumbprint (RFC 7638).

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

pub use crate::model::Jwk;
use crate::model::jwk_thumbprint;

/// DER of a P-256 SubjectPublicKeyInfo up to the coordinates (RFC 5480): algorithm, curve, uncompressed point.
const SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// A P-256 public key. Whether the point is on the curve is found out by ring at verification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The coordinates, x then y.
    xy: [u8; 64],
}

/// A key that is not an uncompressed P-256 point in the form asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a P-256 public key")]
pub struct InvalidKey;

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo with an uncompressed P-256 point: the one encoding that platforms give.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, InvalidKey> {
        let xy = der.strip_prefix(&SPKI_PREFIX).ok_or(InvalidKey)?;
        Ok(Self { xy: xy.try_into().map_err(|_| InvalidKey)? })
    }

    /// Reads an uncompressed point (SEC 1, section 2.3.3): 0x04, x, y.
    pub fn from_point(point: &[u8]) -> Result<Self, InvalidKey> {
        let xy = point.strip_prefix(&[0x04]).ok_or(InvalidKey)?;
        Ok(Self { xy: xy.try_into().map_err(|_| InvalidKey)? })
    }

    /// Reads a JWK.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, InvalidKey> {
        if jwk.kty != "EC" || jwk.crv != "P-256" {
            return Err(InvalidKey);
        }
        let mut xy = [0; 64];
        for (half, text) in xy.chunks_exact_mut(32).zip([&jwk.x, &jwk.y]) {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidKey)?;
            half.copy_from_slice(&<[u8; 32]>::try_from(bytes).map_err(|_| InvalidKey)?);
        }
        Ok(Self { xy })
    }

    /// The key as DER SubjectPublicKeyInfo.
    pub fn to_spki_der(&self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), &self.xy].concat()
    }

    /// The key as JWK.
    pub fn to_jwk(&self) -> Jwk {
        let (x, y) = self.xy.split_at(32);
        Jwk {
            crv: "P-256".to_owned(),
            kty: "EC".to_owned(),
            x: BASE64_URL_SAFE_NO_PAD.encode(x),
            y: BASE64_URL_SAFE_NO_PAD.encode(y),
        }
    }

    /// The RFC 7638 thumbprint, base64url: the `kid` of every token under this key.
    pub fn thumbprint(&self) -> String {
        let Jwk { crv, kty, x, y } = &self.to_jwk();
        jwk_thumbprint(&[("crv", crv), ("kty", kty), ("x", x), ("y", y)])
    }

    /// Whether `signature` (r and s, 64 bytes) is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let point = [&[0x04], self.xy.as_slice()].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
    }
}
