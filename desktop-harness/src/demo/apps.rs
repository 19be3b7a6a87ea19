//! The demo's installed apps: a copy of this machine's package database, and one package that the user adds.

use std::path::{Path, PathBuf};

use crate::CliError;
use crate::world::TRACKER;

/// Where Debian keeps its package database.
const DPKG_STATUS: &str = "/var/lib/dpkg/status";

/// What stands in for it on a machine that is not Debian.
const OTHER_MACHINE: &str = "Package: mtd-agent-demo\nStatus: install ok installed\nVersion: 1.0\n\n";

/// A package database that the demo may write to.
pub(super) struct Apps {
    pub(super) path: PathBuf,
    machine: String,
}

impl Apps {
    pub(super) fn copy_of_this_machine(folder: &Path) -> Result<Self, CliError> {
        let machine = std::fs::read(DPKG_STATUS).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let apps = Self {
            path: folder.join("status"),
            machine: machine.unwrap_or_else(|_| OTHER_MACHINE.to_owned()),
        };
        apps.remove_tracker()?;
        Ok(apps)
    }

    pub(super) fn install_tracker(&self) -> Result<(), CliError> {
        let stanza = format!(
            "Package: {TRACKER}\nStatus: install ok installed\nVersion: 4.2\nInstalled-Size: 18432\n\
             Architecture: all\nDescription: Family locator\n"
        );
        Ok(std::fs::write(&self.path, format!("{}\n\n{stanza}", self.machine.trim_end()))?)
    }

    pub(super) fn remove_tracker(&self) -> Result<(), CliError> {
        Ok(std::fs::write(&self.path, &self.machine)?)
    }
}
