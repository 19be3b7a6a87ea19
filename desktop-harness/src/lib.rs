//! The desktop side of the agent: a Linux host, a connector and a canary for development, and the `mtd` command
//! with its demo.

pub mod canary;
pub mod connector;
pub mod host;
pub mod software_key;

mod authority;
mod private_file;

pub mod cli;
mod demo;
mod ui;
