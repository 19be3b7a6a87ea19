//! Signed reports: Security Event Tokens (RFC 8417) as compact JWS (RFC 7515), ES256, in one hash chain.
//!
//! ```text
//! DeviceReport ─ split ─► parts ─┐
//!                                ├─ Reporter::sign at a ChainPosition ─► SignedReport (sent byte for byte)
//! RiskLevelChange ───────────────┘                                            │
//!                                       verify_report, verify_chain ◄─────────┘
//! ```
//!
//! What a report holds is fixed by the JSON Schemas in [`schema`]; writers hold to them exactly, readers ignore
//! members that they do not know (RFC 7519, section 4), so that a newer agent can talk to an older connector.

mod chain;
mod claims;
mod device_report;
mod event;
pub mod jwk;
pub mod jws;
pub mod schema;
mod sign;
mod signature;
mod split;
pub mod strict_json;
mod verify;

pub use chain::{
    ChainProblem, ChainReport, ChainedReport, EpochReport, ProblemKind, TokenReport, Verified, judge_chain,
    verify_chain, verify_rotated_chain,
};
pub use claims::{Absent, ChainLink, MAX_SEQUENCE, OpaqueId, Replaced, SetClaims, SubjectId, is_identifier};
pub use device_report::{AppKey, DeviceReport, InventoryReport, NetworkState, Part, SCHEMA_VERSION};
pub use event::{CaepLevel, DEVICE_REPORT, Event, Principal, RISK_LEVEL_CHANGE, RiskLevelChange};
pub use sign::{Issuer, ReportError, Reporter, enrolled_key, key_in, public_key_of, random_id};
pub use split::ReportTooLarge;
pub use verify::{Expected, verify_report};

#[cfg(test)]
mod tests;
