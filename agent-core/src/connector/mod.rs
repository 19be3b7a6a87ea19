//! The agent's side of the connector: enrolment, delivery of reports, signed settings and decisions.
//!
//! The format of every message is in `docs/wire.md`. What holds here:
//! - Nothing is sent before the server's certificate chain validates and holds a pinned key (`pins.rs`), over
//!   TLS 1.3 only. A redirect is never followed.
//! - A report counts as delivered only on a receipt signed by the connector's key, which enrolment pinned: what
//!   a middlebox answers is a reason to try again, never a reason to forget.
//! - Settings and decisions are believed only under that same key, and settings never go back to an older
//!   version.
//! - Every answer is bounded in size and time (`limits.rs`).

mod backoff;
mod client;
mod deliver;
mod enrol;
mod error;
mod fetch;
mod http;
mod limits;
mod payload;
mod pins;
pub mod wire;

pub use backoff::delay as retry_delay;
pub use client::Client;
pub use deliver::{Delivery, RawAnswer, UPLOAD_HEADERS};
pub use error::ConnectorError;
pub use payload::{EnrolmentPayload, OneTimeToken, PayloadError};
pub use wire::{Access, Decision, Enrolment, Receipt, Refusal, RefusalCode, ResourceAccess, token_digest};

#[cfg(test)]
mod tests;
