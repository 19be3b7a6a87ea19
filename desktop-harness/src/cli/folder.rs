//! The data folder of a command, and the agent in it.

use std::path::PathBuf;

use agent_core::agent::Agent;

use super::Global;
use crate::CliError;
use crate::device::{self, Overrides};

/// The agent over the store in the data folder.
pub(super) fn open_agent(global: &Global) -> Result<Agent, CliError> {
    device::open_agent(data_dir(global)?, Overrides::default())
}

/// `--data`, else the user's data folder by the XDG Base Directory specification.
pub(super) fn data_dir(global: &Global) -> Result<PathBuf, CliError> {
    if let Some(dir) = &global.data {
        return Ok(dir.clone());
    }
    let base = match std::env::var_os("XDG_DATA_HOME").filter(|value| !value.is_empty()) {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(std::env::var_os("HOME").ok_or("HOME is not set: name a folder with --data")?)
            .join(".local/share"),
    };
    Ok(base.join("mtd-agent"))
}
