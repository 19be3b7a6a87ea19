//! Files for their owner alone: keys, certificates, secrets. Made once, and read with a limit.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use agent_core::platform::PlatformError;
use tempfile::NamedTempFile;

/// Largest file that is read, in bytes. A chain of ten certificates takes 20 kB.
const MAX_FILE: u64 = 256 * 1024;

/// What is wrong with such a file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct PrivateFileError {
    path: PathBuf,
    why: String,
}

impl PrivateFileError {
    /// An error of the file `path`.
    pub fn new(path: &Path, why: impl ToString) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }
}

impl From<PrivateFileError> for PlatformError {
    fn from(error: PrivateFileError) -> Self {
        Self::new(error.path.display().to_string(), error.why)
    }
}

/// The content of `directory/name`; `make` is asked for it when there is none yet.
///
/// The file appears under its name whole or not at all and never replaces another: two processes that start
/// together end up with the same content. A file that others may read is refused.
pub fn read_or_create<E: From<PrivateFileError>>(
    directory: &Path,
    name: &str,
    make: impl FnOnce() -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let path = directory.join(name);
    if let Some(content) = read_if_there(&path)? {
        return Ok(content);
    }
    let content = make()?;
    make_directory(directory)?;
    create(directory, name, &content).map_err(|error| PrivateFileError::new(&path, error))?;
    Ok(read(&path)?)
}

/// Makes the file `directory/name` for its owner alone; one that is there stays, and is an error.
pub fn create_new(directory: &Path, name: &str, content: &[u8]) -> Result<(), PrivateFileError> {
    let path = directory.join(name);
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => PrivateFileError::new(&path, "is there already: name another folder"),
        _ => PrivateFileError::new(&path, error),
    };
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path).map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)
}

/// Makes `directory/name` hold `content`, at once or not at all.
pub fn replace(directory: &Path, name: &str, content: &[u8]) -> Result<(), PrivateFileError> {
    make_directory(directory)?;
    let replaced = written(directory, name, content).and_then(|file| {
        file.persist(directory.join(name)).map_err(|error| error.error)?;
        File::open(directory)?.sync_all()
    });
    replaced.map_err(|error| PrivateFileError::new(&directory.join(name), error))
}

/// Gives `directory/from` the name `to`, in place of what has it, for good once this returns.
pub fn rename(directory: &Path, from: &str, to: &str) -> Result<(), PrivateFileError> {
    let renamed = std::fs::rename(directory.join(from), directory.join(to))
        .and_then(|()| File::open(directory)?.sync_all());
    renamed.map_err(|error| PrivateFileError::new(&directory.join(from), error))
}

/// The content of a private file. One that others may read is refused.
pub fn read(path: &Path) -> Result<Vec<u8>, PrivateFileError> {
    read_if_there(path)?.ok_or_else(|| PrivateFileError::new(path, "there is no such file"))
}

/// The content of a file that others may read: a certificate that was made elsewhere.
pub fn read_public(path: &Path) -> Result<Vec<u8>, PrivateFileError> {
    let file = File::open(path).map_err(|error| PrivateFileError::new(path, error))?;
    content(path, file)
}

/// Makes a directory for its owner alone, unless it is there.
pub fn make_directory(directory: &Path) -> Result<(), PrivateFileError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|error| PrivateFileError::new(directory, error))
}

/// Makes an empty file for its owner alone, unless it is there.
pub fn touch(path: &Path) -> Result<(), PrivateFileError> {
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    opened.map(|_| ()).map_err(|error| PrivateFileError::new(path, error))
}

/// The content of a private file; `None` where there is none. One that others may read is refused.
pub fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, PrivateFileError> {
    let failed = |error: std::io::Error| PrivateFileError::new(path, error);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let why = format!("others than its owner may use it (mode {mode:o}): chmod 600");
        return Err(PrivateFileError::new(path, why));
    }
    content(path, file).map(Some)
}

fn content(path: &Path, file: File) -> Result<Vec<u8>, PrivateFileError> {
    let mut content = Vec::new();
    let read = file.take(MAX_FILE + 1).read_to_end(&mut content);
    read.map_err(|error| PrivateFileError::new(path, error))?;
    if content.len() as u64 > MAX_FILE {
        let why = format!("longer than the {MAX_FILE} bytes that any key or certificate takes");
        return Err(PrivateFileError::new(path, why));
    }
    Ok(content)
}

fn create(directory: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    match written(directory, name, content)?.persist_noclobber(directory.join(name)) {
        Ok(_) => File::open(directory)?.sync_all(),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

/// `content` on the disk, under a name of its own as yet.
fn written(directory: &Path, name: &str, content: &[u8]) -> std::io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(name)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}
