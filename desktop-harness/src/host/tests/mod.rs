//! The host on machines made of files, and on the machine that runs the tests.

mod apps;
mod identity;
mod keeping;
mod network;
mod posture;
mod storage;
mod this_machine;
mod trust;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, UNIX_EPOCH};

use super::files::Files;

/// A tree of files that stands for a machine.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(self, path: &str, content: &str) -> Self {
        let path = self.files().locate(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// A link as sysfs has them; `target` is an absolute path on the machine.
    fn link(self, path: &str, target: &str) -> Self {
        let (path, target) = (self.files().locate(path), self.files().locate(target));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::create_dir_all(&target).unwrap();
        symlink(target, path).unwrap();
        self
    }

    fn mode(self, path: &str, mode: u32) -> Self {
        fs::set_permissions(self.files().locate(path), fs::Permissions::from_mode(mode)).unwrap();
        self
    }

    /// Sets the modification time of `path` to `days` after 1970-01-01.
    fn modified(self, path: &str, days: u64) -> Self {
        let file = fs::File::options().write(true).open(self.files().locate(path)).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_secs(days * 86_400)).unwrap();
        self
    }

    fn files(&self) -> Files {
        Files::under(self.0.path())
    }
}
