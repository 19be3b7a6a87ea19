//! The installed apps: this machine's packages, or an export of another device that stands for them.

use std::io;
use std::path::{Path, PathBuf};

use agent_core::inventory::{self, Format};
use agent_core::model::{Fact, Inventory};

use super::files::{Files, read_whole, unreadable};

/// Largest inventory that is read, in bytes: what `agent_core::inventory` takes at most.
const MAX_INVENTORY: u64 = 32 * 1024 * 1024;

/// dpkg's database of packages.
const DPKG_STATUS: &str = "/var/lib/dpkg/status";

/// Where the list of installed apps comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InventorySource {
    /// This machine's dpkg.
    #[default]
    Dpkg,
    /// A file in any [`Format`], found out by its content.
    Export {
        /// The list of apps.
        inventory: PathBuf,
        /// An Apple MDM `ManagedApplicationList` response that says which of them are managed.
        managed: Option<PathBuf>,
    },
}

/// The apps that `source` lists.
pub fn installed_apps(files: &Files, source: &InventorySource) -> Fact<Inventory> {
    match source {
        InventorySource::Dpkg => packages(files),
        InventorySource::Export { inventory, managed } => {
            exported(inventory, managed.as_deref()).map_or_else(Fact::not_available, Fact::known)
        }
    }
}

fn packages(files: &Files) -> Fact<Inventory> {
    match read_whole(&files.locate(DPKG_STATUS), MAX_INVENTORY) {
        Ok(status) => inventory::read(Format::Dpkg, &status)
            .map_or_else(|error| Fact::not_available(format!("{DPKG_STATUS}: {error}")), Fact::known),
        Err(error) => unreadable(DPKG_STATUS, &error),
    }
}

fn exported(path: &Path, managed: Option<&Path>) -> Result<Inventory, String> {
    let named = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let content = read_export(path)?;
    let format = inventory::detect(&content).ok_or_else(|| {
        let known: Vec<_> = Format::ALL.iter().map(|format| format.as_str()).collect();
        named(path, &format_args!("not an app inventory in a known format ({})", known.join(", ")))
    })?;
    let mut apps = inventory::read(format, &content).map_err(|error| named(path, &error))?;
    if let Some(path) = managed {
        let managed = inventory::read_managed(&read_export(path)?).map_err(|error| named(path, &error))?;
        managed.join(&mut apps);
    }
    Ok(apps)
}

fn read_export(path: &Path) -> Result<Vec<u8>, String> {
    read_whole(path, MAX_INVENTORY).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("{}: there is no such file", path.display()),
        _ => format!("{}: {error}", path.display()),
    })
}
