//! Attestations: a platform maker's signed word on how a key is kept, and by what.
//!
//! ```text
//! android   Android Key Attestation: a chain of X.509 certificates with the statement in the leaf
//! apple     Apple App Attest: a CBOR object around a chain, bound to a digest of challenge and key
//! ```
//!
//! Everything here is pure: bytes, what is expected, the time and a revocation list go in; what the platform vouches for,
//! or the rule that is broken, comes out. Rules: docs/adr/0005-reports-that-hold.md, "Attestation".

pub mod android;
pub mod apple;
pub mod der;
pub mod pem;

mod cbor;
mod chain;
mod refusal;

pub use refusal::{Refusal, Rule};
