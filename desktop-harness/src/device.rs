//! This machine as a device: the agent over its host, its keys and a store.

use std::path::PathBuf;
use std::sync::Arc;

use agent_core::agent::{Agent, AgentConfig, Host};
use agent_core::model::{Platform, Settings};

use crate::CliError;
use crate::host::{
    FileSecretStore, InventorySource, LinuxHost, LinuxHostOptions, SnapshotOverride, SystemClock,
    SystemEntropy,
};
use crate::software_key::{DEVICE_KEY, SoftwareKey};

/// What a command may replace of the machine's own facts.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) apps: InventorySource,
    pub(crate) network: SnapshotOverride,
    pub(crate) unenrolled_settings: Settings,
}

/// The agent over the store in `data_dir`.
pub(crate) fn open_agent(data_dir: PathBuf, overrides: Overrides) -> Result<Agent, CliError> {
    std::fs::create_dir_all(&data_dir)
        .map_err(|error| format!("{}: {error}; name another folder with --data", data_dir.display()))?;
    let Overrides { apps, network, unenrolled_settings } = overrides;
    let options = LinuxHostOptions { apps, network, ..LinuxHostOptions::default() };
    let host = Host {
        device: Arc::new(LinuxHost::new(options, Arc::new(SystemClock))),
        key: Arc::new(SoftwareKey::open(&data_dir, DEVICE_KEY)?),
        secrets: Arc::new(FileSecretStore::open(&data_dir)?),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let config = AgentConfig {
        platform: Platform::Linux,
        store: data_dir.join("agent.db"),
        unenrolled_settings,
        intel_key: None,
    };
    let store = config.store.clone();
    // The store's own errors hold no path.
    Ok(Agent::open(config, host).map_err(|error| format!("{}: {error}", store.display()))?)
}
