//! The desktop side of the agent: a Linux host, a connector for development, and the `mtd` command with its
//! demo.

pub mod connector;
pub mod host;
pub mod software_key;

mod private_file;

pub mod cli;
mod demo;
mod ui;
