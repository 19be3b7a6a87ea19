//! Key and certificate files: read with a limit, made once, for their owner alone.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use super::error::CanaryError;
use super::limits::MAX_FILE;

/// The content of `path`.
pub fn read(path: &Path) -> Result<Vec<u8>, CanaryError> {
    let failed = |error| CanaryError::file(path, error);
    let mut content = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut content)).map_err(failed)?;
    if content.len() as u64 > MAX_FILE {
        return Err(CanaryError::file(
            path,
            format!("longer than the {MAX_FILE} bytes of any key or certificate"),
        ));
    }
    Ok(content)
}

/// The content of a private key file, which nobody but its owner may be able to read.
pub fn read_private(path: &Path) -> Result<Vec<u8>, CanaryError> {
    let metadata = std::fs::metadata(path).map_err(|error| CanaryError::file(path, error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let why = format!("others than its owner may use it (mode {mode:o}): chmod 600");
        return Err(CanaryError::file(path, why));
    }
    read(path)
}

/// The content of `directory/name`, private; `make` is asked for it when there is none yet. The file appears whole or
/// not at all and never replaces another, so that two servers that start together have the same keys.
pub fn read_or_make(
    directory: &Path,
    name: &str,
    make: impl FnOnce() -> Result<String, CanaryError>,
) -> Result<Vec<u8>, CanaryError> {
    let path = directory.join(name);
    if !path.exists() {
        create(directory, name, &make()?).map_err(|error| CanaryError::file(&path, error))?;
    }
    read_private(&path)
}

fn create(directory: &Path, name: &str, content: &str) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(name).permissions(Permissions::from_mode(0o600));
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(content.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(directory.join(name)) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => Ok(()),
    }
}
