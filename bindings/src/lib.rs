//! The agent for Kotlin, Swift and Python, by UniFFI: types and calls, no logic.
//!
//! An app implements [`DeviceHost`], [`DeviceKey`] and [`SecretStore`], opens an [`Agent`] with them, and calls it. All
//! calls that may take longer than a moment are asynchronous, take a limit in time, and may be cancelled in the
//! language's own way. Nothing that a host does ends the process: what it throws becomes a typed error, and what it is
//! slow with is waited for no longer than the limit.
//!
//! Reading order: [`agent`] is what an app calls, [`host`] what it implements, [`types`] what passes between.

#![deny(missing_docs)]

uniffi::setup_scaffolding!();

pub mod agent;

pub mod host;

mod adapter;

mod scope;

pub mod inventory;

pub mod management;

pub mod logging;

pub mod types;

pub mod error;

pub use agent::{Agent, AgentOptions};
pub use error::AgentError;
pub use host::{DeviceHost, DeviceKey, HostError, KeySlot, SecretStore};
pub use logging::{LogLevel, LogSink, set_log_sink};

#[cfg(test)]
mod tests;
