//! The agent's side of the connector: enrolment, delivery of reports, signed settings and decisions.
//!
//! The format of every message is in `docs/wire.md`. What holds here:
//! - Nothing is sent before the server's certificate chain validates and holds a pinned key (`pins.rs`), over
//!   TLS 1.3 only. A redirect is never followed. Pins and origins change by signed settings only (`route.rs`).
//! - A report counts as delivered only on a receipt signed by the connector's key, which enrolment pinned: what
//!   a middlebox answers is a reason to try again, never a reason to forget.
//! - Settings and decisions are believed only under that same key, and settings never go back to an older
//!   version.
//! - The connector's key is followed by another only as settings announced it that the former one signed
//!   (`keyring.rs`).
//! - Every answer is bounded in size and time (`limits.rs`). What is too large to be held goes to a file as it comes,
//!   and goes on where it broke off (`download.rs`).

mod backoff;
mod candidate;
mod client;
mod connection;
mod deliver;
mod download;
mod enrol;
mod error;
mod fetch;
mod http;
mod keyring;
mod limits;
mod payload;
mod pins;
mod rotate;
mod route;
mod trouble;
pub mod wire;

pub use backoff::delay as retry_delay;
pub use candidate::{CandidateKey, Purpose};
pub use client::Client;
pub use deliver::{Delivery, RawAnswer, UPLOAD_HEADERS};
pub use download::{DownloadState, Downloaded, Partial};
pub use error::{ConnectorError, Presented};
pub use fetch::InForce;
pub use keyring::ConnectorKeys;
pub use payload::{EnrolmentPayload, OneTimeToken, PayloadError};
pub use route::{Route, RouteError, check_transport};
pub use trouble::{Trouble, TroubleKind};
pub use wire::{Access, Decision, Enrolment, Receipt, Refusal, RefusalCode, ResourceAccess, token_digest};

#[cfg(test)]
pub(crate) mod tests;
