//! Recordings of network measurements: `mtd scan --record DIR` writes one, `mtd analyze DIR` reads it.

use std::path::Path;

use agent_core::network::Recording;

use super::files;
use crate::CliError;
use crate::private_file;

/// The file in the folder.
const FILE: &str = "recording.json";

/// Makes `folder` ready, before a scan whose result could not be kept.
pub(super) fn prepare(folder: &Path) -> Result<(), CliError> {
    private_file::make_directory(folder)?;
    if folder.join(FILE).exists() {
        return Err(format!("{}: holds a recording already: name another folder", folder.display()).into());
    }
    Ok(())
}

/// Writes `recording` into `folder`, readable for its owner alone: it names the network and holds its traffic.
pub(super) fn write(recording: &Recording, folder: &Path) -> Result<(), CliError> {
    private_file::create_new(folder, FILE, &serde_json::to_vec_pretty(recording)?)?;
    Ok(())
}

/// The recording in `folder`, or in the file that is named itself.
pub(super) fn read(folder: &Path) -> Result<Recording, CliError> {
    let file = if folder.is_dir() { folder.join(FILE) } else { folder.to_owned() };
    files::read_json(&file)
}
