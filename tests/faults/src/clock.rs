//! The shift of the wall clock that the processes under test see: a file of 8 bytes, which they have mapped.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Makes the file: no shift.
pub fn create(path: &Path) -> io::Result<()> {
    std::fs::write(path, 0_i64.to_ne_bytes())
}

/// Shifts by `seconds` from the true time.
pub fn set(path: &Path, seconds: i64) -> io::Result<()> {
    // In place: the file is mapped.
    OpenOptions::new().write(true).open(path)?.write_all_at(&seconds.to_ne_bytes(), 0)
}

/// Shifts by `seconds` more.
pub fn advance(path: &Path, seconds: i64) -> io::Result<()> {
    set(path, read(path)?.saturating_add(seconds))
}

/// The shift in seconds.
pub fn read(path: &Path) -> io::Result<i64> {
    let mut bytes = [0; 8];
    OpenOptions::new().read(true).open(path)?.read_exact_at(&mut bytes, 0)?;
    Ok(i64::from_ne_bytes(bytes))
}
