//! The Linux host: what a desktop can tell about itself, in the words of [`agent_core::platform`].
//!
//! Every fact is read when it is asked for, from files that the kernel, the distribution and the user's
//! session keep; nothing is cached and no packet is sent. One program is ever run, `gsettings`, because
//! GNOME's settings have no other stable reader. A fact that this machine does not tell is `not_available`
//! or `not_permitted`, with the reason.
//!
//! All paths hang under one root directory and all variables come from one map, so that the readers can be
//! pointed at a fixture tree.

mod environment;
mod secrets;

mod files;

mod accounts;
mod added_roots;
mod apps;
mod encryption;
mod facts_file;
mod firmware;
mod gsettings;
mod hooks;
mod integrity;
mod leases;
mod link;
mod neighbours;
mod network;
mod patch_day;
mod posture;
mod posture_override;
mod proxies;
mod screen_lock;
mod snapshot_override;
mod trust;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use agent_core::model::{DevicePosture, Fact, Inventory, NetworkSnapshot, TrustVerdict};
use agent_core::platform::{Clock, DeviceHost};

pub use agent_core::platform::{SystemClock, SystemEntropy};
pub use apps::InventorySource;
pub use environment::Environment;
pub use facts_file::FactsFileError;
pub use posture_override::PostureOverride;
pub use secrets::FileSecretStore;
pub use snapshot_override::SnapshotOverride;

use files::Files;

/// Where a [`LinuxHost`] looks.
#[derive(Clone, Debug)]
pub struct LinuxHostOptions {
    /// The directory that stands for `/`.
    pub root: PathBuf,
    /// The variables of the user's session.
    pub environment: Environment,
    /// The list of installed apps.
    pub apps: InventorySource,
    /// Facts of the network that are not to be asked of the machine.
    pub network: SnapshotOverride,
    /// Facts of the device that are not to be asked of the machine.
    pub posture: PostureOverride,
}

impl Default for LinuxHostOptions {
    /// This machine, in the session of this process.
    fn default() -> Self {
        Self {
            root: PathBuf::from("/"),
            environment: Environment::of_process(),
            apps: InventorySource::default(),
            network: SnapshotOverride::default(),
            posture: PostureOverride::default(),
        }
    }
}

/// A Linux machine.
pub struct LinuxHost {
    files: Files,
    environment: Environment,
    apps: InventorySource,
    network: SnapshotOverride,
    posture: PostureOverride,
    clock: Arc<dyn Clock>,
}

impl LinuxHost {
    /// A machine as `options` say; certificates are judged at the time of `clock`.
    pub fn new(options: LinuxHostOptions, clock: Arc<dyn Clock>) -> Self {
        Self {
            files: Files::under(options.root),
            environment: options.environment,
            apps: options.apps,
            network: options.network,
            posture: options.posture,
            clock,
        }
    }
}

impl DeviceHost for LinuxHost {
    fn installed_apps(&self) -> Fact<Inventory> {
        apps::installed_apps(&self.files, &self.apps)
    }

    fn device_posture(&self) -> DevicePosture {
        self.posture.apply(|| posture::device_posture(&self.files, &self.environment))
    }

    fn network_snapshot(&self) -> NetworkSnapshot {
        self.network.apply(network::network_snapshot(&self.files, &self.environment))
    }

    fn evaluate_trust(&self, chain: &[Vec<u8>], host: &str) -> Fact<TrustVerdict> {
        trust::evaluate(trust::platform_verifier(), &self.files, chain, host, self.clock.now())
    }
}
