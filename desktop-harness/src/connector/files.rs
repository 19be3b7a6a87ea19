//! The data directory's private files: readable by their owner alone, made once.
//!
//! A file appears under its name whole or not at all and never replaces another, so that a server and a command
//! that start together end up with the same keys.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::error::Error;
use super::limits::MAX_PRIVATE_FILE;

/// Makes the directory, for its owner alone.
pub fn make_directory(directory: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| Error::file(directory, error))
}

/// The content of `directory/name`; `make` is asked for it when there is none yet.
pub fn read_or_create(
    directory: &Path,
    name: &str,
    make: impl FnOnce() -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    let path = directory.join(name);
    if let Some(content) = read(&path)? {
        return Ok(content);
    }
    let content = make()?;
    create(directory, name, &content).map_err(|error| Error::file(&path, error))?;
    read(&path)?.ok_or_else(|| Error::file(&path, "gone as soon as it was made"))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(path, error)),
    };
    let mode = file.metadata().map_err(|error| Error::file(path, error))?.permissions().mode();
    if mode & 0o077 != 0 {
        let why = format!("others than its owner may use it (mode {:o}): chmod 600", mode & 0o777);
        return Err(Error::file(path, why));
    }
    let mut content = Vec::new();
    file.take(MAX_PRIVATE_FILE).read_to_end(&mut content).map_err(|error| Error::file(path, error))?;
    Ok(Some(content))
}

fn create(directory: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(name)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(directory.join(name)) {
        Ok(_) => File::open(directory)?.sync_all(),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

/// Makes an empty file for its owner alone, unless it is there.
pub fn touch(path: &Path) -> Result<(), Error> {
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    opened.map(|_| ()).map_err(|error| Error::file(path, error))
}
