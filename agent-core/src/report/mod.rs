//! Signed reports: Security Event Tokens (RFC 8417) as compact JWS (RFC 7515), ES256, in one hash chain.

pub mod jwk;
pub mod jws;
mod signature;
pub mod strict_json;
