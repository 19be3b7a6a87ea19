//! The desktop side of the agent: a Linux host, a connector and a canary for development, and the `mtd` command
//! with its demo.

pub mod attestation;
pub mod canary;
pub mod connector;
pub mod host;
pub mod software_key;

mod authority;
mod device;
mod private_file;

pub mod cli;
mod demo;
mod intel;
mod stage;
mod ui;
mod world;

/// Whatever a command could not do, in words that say what to do.
pub(crate) type CliError = Box<dyn std::error::Error + Send + Sync>;
