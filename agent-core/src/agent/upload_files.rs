//! The report that a transfer outside this process is to send, as a file: platforms that send while the app is gone take
//! nothing else (iOS `URLSession.uploadTask(with:fromFile:)`).
//!
//! The folder beside the store holds at most one, from when it is handed out to when the transfer's end was told. It is the
//! token as it is sent, hence readable: the one exception to everything being sealed, and a short one. The host keeps the
//! folder out of backups, as it does with the store.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::files::{self, missing_is_fine};
use crate::model::Sha256;
use crate::store::StoreError;

/// Ends the name of a file that is being written.
const UNFINISHED: &str = "part";

pub(super) struct UploadFolder(PathBuf);

impl UploadFolder {
    /// The folder beside `store`.
    pub(super) fn beside(store: &Path) -> Self {
        Self(store.with_extension("uploads"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The file with `token`, whole and on the disk, and no other file beside it. The same one as before where it is there.
    pub(super) fn keep_only(&self, token: &str) -> Result<PathBuf, StoreError> {
        make_private(&self.0)?;
        let file = self.file(token);
        self.sweep(Some(&file))?;
        if fs::read(&file).is_ok_and(|found| found == token.as_bytes()) {
            return Ok(file);
        }
        let unfinished = file.with_extension(format!("{}.{UNFINISHED}", std::process::id()));
        let written =
            write_private(&unfinished, token.as_bytes()).and_then(|()| fs::rename(&unfinished, &file));
        if let Err(error) = written {
            let _ = files::remove(&unfinished);
            return Err(error.into());
        }
        Ok(file)
    }

    /// Removes the file with `token`, if there is one: nobody is to send it any more.
    pub(super) fn remove(&self, token: &str) {
        if let Err(error) = files::remove(&self.file(token)) {
            log::warn!("the file of a transfer could not be removed: {}", error.kind());
        }
    }

    /// Removes every file but the one with `token`.
    pub(super) fn retain(&self, token: Option<&str>) {
        let kept = token.map(|token| self.file(token));
        if let Err(error) = self.sweep(kept.as_deref()) {
            log::warn!("files of earlier transfers could not be removed: {error}");
        }
    }

    /// Removes the folder with all that is in it.
    pub(super) fn erase(&self) -> Result<(), StoreError> {
        self.sweep(None)?;
        Ok(missing_is_fine(fs::remove_dir(&self.0))?)
    }

    /// Whether there may be anything to remove.
    pub(super) fn has_files(&self) -> bool {
        fs::read_dir(&self.0).is_ok_and(|mut entries| entries.next().is_some())
    }

    /// Named by the token's digest, so that neither a tampered row nor a second process can point a transfer at other bytes.
    fn file(&self, token: &str) -> PathBuf {
        self.0.join(format!("{}.jws", Sha256::of(token.as_bytes())))
    }

    fn sweep(&self, kept: Option<&Path>) -> Result<(), StoreError> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) => return Ok(missing_is_fine(Err(error))?),
        };
        for entry in entries {
            let path = entry?.path();
            if kept != Some(path.as_path()) {
                files::remove(&path)?;
            }
        }
        Ok(())
    }
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = files::private().create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
