//! A P-256 public key as JSON Web Key (RFC 7517).

use serde::{Deserialize, Serialize};

/// A public key as JSON Web Key. Other members (`kid`, `use`, `alg`) are neither written nor read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jwk {
    /// Always `P-256`.
    pub crv: String,
    /// Always `EC`.
    pub kty: String,
    /// Base64url of the 32-byte coordinate.
    pub x: String,
    /// Base64url of the 32-byte coordinate.
    pub y: String,
}
