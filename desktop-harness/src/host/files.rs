//! Reads of a machine's own files: bounded, regular files only, and with an absence that says why.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use agent_core::model::Fact;

/// Largest configuration or kernel file that is read, in bytes. The largest seen in the wild, `mountinfo` on a
/// container host, stays under 200 kB.
const MAX_FILE: u64 = 1024 * 1024;

/// Most entries of a directory that are looked at. `/sys/class/net` on a container host holds hundreds.
const MAX_ENTRIES: usize = 4096;

/// The file system, seen from a root that need not be `/`.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// Files under `root`.
    pub fn under(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Whether this is the machine itself and not a tree that stands for one.
    pub fn is_machine(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Where the absolute `path` lies under the root.
    pub fn locate(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The whole file, decoded as UTF-8 with replacement.
    pub fn text(&self, path: impl AsRef<Path>) -> io::Result<String> {
        let mut file = open_regular(&self.locate(path))?;
        let bytes = read_bounded(&mut file, MAX_FILE)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The last `max` bytes of the file, from the start of a line on.
    pub fn last_lines(&self, path: impl AsRef<Path>, max: u64) -> io::Result<String> {
        let mut file = open_regular(&self.locate(path))?;
        let skipped = file.metadata()?.len().saturating_sub(max);
        file.seek(SeekFrom::Start(skipped))?;
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if skipped == 0 {
            return Ok(text);
        }
        Ok(text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default())
    }

    /// Names in the directory, sorted.
    pub fn names(&self, path: impl AsRef<Path>) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(self.locate(path))?
            .take(MAX_ENTRIES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort();
        Ok(names)
    }
}

/// All of `path`, which must be a regular file of at most `max` bytes.
pub fn read_whole(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_bounded(&mut open_regular(path)?, max)
}

/// A fact that is missing because `path` could not be read.
pub fn unreadable<T>(path: &str, error: &io::Error) -> Fact<T> {
    match error.kind() {
        ErrorKind::NotFound => Fact::not_available(format!("this system has no {path}")),
        ErrorKind::PermissionDenied => {
            Fact::not_permitted(format!("{path} may not be read by the user that runs the agent"))
        }
        _ => Fact::not_available(format!("{path} could not be read: {error}")),
    }
}

/// Opens `path` if it is a regular file: a pipe or device in its place could block for ever.
fn open_regular(path: &Path) -> io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "not a regular file"));
    }
    File::open(path)
}

fn read_bounded(file: &mut File, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("larger than {max} bytes")));
    }
    Ok(bytes)
}
