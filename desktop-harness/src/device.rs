//! This machine as a device: the agent over its host, its keys and a store.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_core::agent::{Agent, AgentConfig, AgentError, Host, StoreError};
use agent_core::model::{BundleKey, Platform, Settings};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::CliError;
use crate::host::{
    FileSecretStore, InventorySource, LinuxHost, LinuxHostOptions, PostureOverride, SnapshotOverride,
    SystemClock, SystemEntropy,
};
use crate::private_file;
use crate::software_key::SoftwareKeys;

/// What a command may replace of the machine's own facts.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) apps: InventorySource,
    pub(crate) network: SnapshotOverride,
    pub(crate) posture: PostureOverride,
    pub(crate) unenrolled_settings: Settings,
}

/// The name, in the data folder, of the key that signs this machine's intelligence bundles.
pub(crate) const INTEL_SIGNING_KEY: &str = "intel-key.p8";

/// The name, in the data folder, of the agent's store.
const STORE: &str = "agent.db";

/// The name, in the data folder, of the public key of whose bundles are taken.
const INTEL_KEY: &str = "intel-key.pub";

/// The public half of a signing key.
pub(crate) fn public_half(key: &Ed25519KeyPair) -> Result<BundleKey, CliError> {
    let bytes = key.public_key().as_ref().try_into().map_err(|_| "an Ed25519 key of an odd length")?;
    Ok(BundleKey::from_bytes(bytes))
}

/// Takes the intelligence bundles that `key` signs, from now on.
pub(crate) fn take_bundles_of(data_dir: &Path, key: &BundleKey) -> Result<(), CliError> {
    std::fs::create_dir_all(data_dir).map_err(|error| format!("{}: {error}", data_dir.display()))?;
    let path = data_dir.join(INTEL_KEY);
    Ok(std::fs::write(&path, format!("{key}\n")).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Whose intelligence bundles are taken: those of the key that was named, else those that this machine signs itself.
fn intel_key(data_dir: &Path) -> Result<Option<BundleKey>, CliError> {
    let path = data_dir.join(INTEL_KEY);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.parse().map_err(|error| format!("{}: {error}", path.display()))?)),
        Err(error) if error.kind() == ErrorKind::NotFound => own_intel_key(data_dir),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

fn own_intel_key(data_dir: &Path) -> Result<Option<BundleKey>, CliError> {
    let path = data_dir.join(INTEL_SIGNING_KEY);
    if !path.exists() {
        return Ok(None);
    }
    let pair = Ed25519KeyPair::from_pkcs8(&private_file::read(&path)?)
        .map_err(|_| format!("{}: not an Ed25519 key in PKCS #8 version 2 (RFC 8410)", path.display()))?;
    public_half(&pair).map(Some)
}

/// Whether an agent has kept anything in `data_dir`.
pub(crate) fn has_store(data_dir: &Path) -> bool {
    data_dir.join(STORE).exists()
}

/// The agent over the store in `data_dir`.
pub(crate) fn open_agent(data_dir: PathBuf, overrides: Overrides) -> Result<Agent, CliError> {
    opened(data_dir, overrides, Agent::open)
}

/// A new agent in `data_dir`, in place of one whose store cannot be opened any more.
pub(crate) fn start_over(data_dir: PathBuf) -> Result<Agent, CliError> {
    opened(data_dir, Overrides::default(), Agent::start_over)
}

fn opened(
    data_dir: PathBuf,
    overrides: Overrides,
    open: fn(AgentConfig, Host) -> Result<Agent, AgentError>,
) -> Result<Agent, CliError> {
    std::fs::create_dir_all(&data_dir)
        .map_err(|error| format!("{}: {error}; name another folder with --data", data_dir.display()))?;
    let Overrides { apps, network, posture, unenrolled_settings } = overrides;
    let platform = posture.platform().unwrap_or(Platform::Linux);
    let options = LinuxHostOptions { apps, network, posture, ..LinuxHostOptions::default() };
    let host = Host {
        device: Arc::new(LinuxHost::new(options, Arc::new(SystemClock))),
        key: Arc::new(SoftwareKeys::in_folder(&data_dir)),
        secrets: Arc::new(FileSecretStore::open(&data_dir)?),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let config = AgentConfig {
        platform,
        store: data_dir.join(STORE),
        unenrolled_settings,
        intel_key: intel_key(&data_dir)?,
    };
    let store = config.store.clone();
    let opened = open(config, host);
    // The store's own errors hold no path, and know no command.
    Ok(opened.map_err(|error| format!("{}: {error}{}", store.display(), remedy(&error)))?)
}

const fn remedy(error: &AgentError) -> &'static str {
    match error {
        AgentError::Store(StoreError::KeyGone(_) | StoreError::Damaged) => " (mtd start-over --erase)",
        _ => "",
    }
}
