//! Puts a bundle in force: verified whole, never older, replaced at once or not at all.

use std::fs::{self, File};
use std::path::Path;

use super::error::BundleError;
use super::open::Bundle;
use crate::model::BundleKey;

/// Puts the bundle `candidate` in force as `current`, and opens it. On every error what was in force stays so.
///
/// `at_least` is the highest version that was ever in force, as the caller remembers it: a file that was deleted must
/// not make room for an older one.
pub fn install(
    candidate: &Path,
    current: &Path,
    key: &BundleKey,
    at_least: u64,
) -> Result<Bundle, BundleError> {
    let new = Bundle::open(candidate, key)?;
    new.verify_all()?;
    refuse_older(&new, current, key, at_least)?;

    let folder = current.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = current.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let staged = folder.join(name);
    let placed = stage(candidate, &staged, key).and_then(|()| {
        fs::rename(&staged, current)?;
        // The name, too, has to reach the disk.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(BundleError::from)
    });
    if placed.is_err() {
        // Where it was renamed there is nothing left to remove.
        _ = fs::remove_file(&staged);
    }
    placed?;
    Bundle::open(current, key)
}

fn refuse_older(new: &Bundle, current: &Path, key: &BundleKey, at_least: u64) -> Result<(), BundleError> {
    // One that cannot be read protects nobody and may be replaced; what the caller remembers still holds.
    let in_force = Bundle::open(current, key).ok();
    let have = in_force.as_ref().map_or(0, Bundle::version).max(at_least);
    if new.version() < have {
        return Err(BundleError::Older { found: new.version(), have });
    }
    match in_force {
        Some(old) if old.version() == new.version() && old.head() != new.head() => {
            Err(BundleError::SameVersion(new.version()))
        }
        _ => Ok(()),
    }
}

/// Copies, and verifies the copy: the candidate may have changed since.
fn stage(candidate: &Path, staged: &Path, key: &BundleKey) -> Result<(), BundleError> {
    fs::copy(candidate, staged)?;
    File::open(staged)?.sync_all()?;
    Bundle::open(staged, key)?.verify_all()
}
