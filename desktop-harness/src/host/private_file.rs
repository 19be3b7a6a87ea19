//! Small files that hold a secret: readable by their owner alone, and made once.
//!
//! A file appears under its name whole or not at all, and never replaces another: two processes that start
//! together end up with the same secret.

use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use agent_core::platform::PlatformError;
use tempfile::Builder;

use super::files::read_whole;

/// Largest secret that is read, in bytes. A P-256 key in PKCS #8 takes 138.
const MAX_SECRET: u64 = 4096;

/// The secret in `directory/name`; `make` is asked for it when there is none yet.
pub fn read_or_create(
    directory: &Path,
    name: &str,
    make: impl FnOnce() -> Result<Vec<u8>, PlatformError>,
) -> Result<Vec<u8>, PlatformError> {
    let path = directory.join(name);
    if let Some(secret) = read(&path)? {
        return Ok(secret);
    }
    create(directory, name, &make()?).map_err(|error| failed("create", &path, error))?;
    read(&path)?.ok_or_else(|| failed("create", &path, "the file is gone again"))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, PlatformError> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, error)),
    };
    if mode & 0o077 != 0 {
        let why = format!("others than its owner may use it (mode {:o}): chmod 600", mode & 0o777);
        return Err(failed("read", path, why));
    }
    read_whole(path, MAX_SECRET).map(Some).map_err(|error| failed("read", path, error))
}

/// Puts `secret` at `directory/name` unless a file is there already.
fn create(directory: &Path, name: &str, secret: &[u8]) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut file =
        Builder::new().prefix(name).permissions(fs::Permissions::from_mode(0o600)).tempfile_in(directory)?;
    file.write_all(secret)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(directory.join(name)) {
        Ok(_) => File::open(directory)?.sync_all(),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

fn failed(action: &str, path: &Path, why: impl ToString) -> PlatformError {
    PlatformError::new(format!("{action} {}", path.display()), why)
}
