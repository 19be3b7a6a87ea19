//! Files beside the store, for the app alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// How a file is opened that nobody else may read, where it is made by that.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Removes a file. What is not there need not be removed.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    missing_is_fine(fs::remove_file(path))
}

/// The result of a removal, where it is fine that nothing was there.
pub(crate) fn missing_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Waits until no other process holds the lock of the file in `path`, and holds it until the file is dropped. The system
/// frees it when a process dies.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let file = private().create(true).truncate(false).open(path)?;
    match file.lock() {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            log::warn!("the file system has no locks: processes that share the store are not kept apart");
        }
        held => held?,
    }
    Ok(file)
}
