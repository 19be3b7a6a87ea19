//! Files that the command line names; `-` is standard input.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::CliError;

/// Largest file that is read, in bytes: 500 tokens of 100 kB.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// The text of `path`.
pub(super) fn read_text(path: &Path) -> Result<String, CliError> {
    String::from_utf8(read_bytes(path)?).map_err(|error| named(path, &error.utf8_error()))
}

/// The bytes of `path`.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let mut source: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(stdin()),
        _ => Box::new(File::open(path).map_err(|error| named(path, &error))?),
    };
    let mut bytes = Vec::new();
    let size =
        source.by_ref().take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(|error| named(path, &error))?;
    if u64::try_from(size).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(named(path, &format_args!("larger than the {MAX_FILE} bytes that are read")));
    }
    Ok(bytes)
}

/// The JSON document in `path`.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, CliError> {
    serde_json::from_str(&read_text(path)?).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> CliError {
    format!("{}: {error}", path.display()).into()
}
