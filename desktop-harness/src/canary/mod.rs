//! The canary: a small server that tells an agent, under a signature, what of its requests arrived.
//!
//! Formats are those of [`agent_core::canary`]; here is the I/O: TLS (the exporter and the ClientHello as they came off
//! the wire), clear HTTP, a name server and DNS over HTTPS. `docs/canary.md` describes running it.
//!
//! Everybody may ask, so: it says nothing that it is not asked, answers one request a connection, bounds every read in
//! size and time, limits how often one peer may ask, and keeps neither state nor log of who asked.

mod config;
mod content;
mod dns;
mod error;
mod http;
mod identity;
mod limits;
mod listen;
mod peers;
mod running;
mod service;
mod signing_key;
mod tls;

#[cfg(test)]
mod tests;

pub use config::{Config, Listen};
pub use error::CanaryError;
pub use identity::Identity;
pub use running::{Addresses, Canary, Running};
pub use signing_key::{open_signing_key, read_signing_key};
