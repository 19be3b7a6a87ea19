//! What every experiment needs: the programs, the preloaded library, a folder that is gone afterwards, a seed.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Failure;
use crate::clock;
use crate::random::Random;

const SHIM: &str = include_str!("../shim/fault.c");

/// One experiment's place of work.
pub struct Lab {
    /// The `mtd` program.
    pub mtd: PathBuf,
    /// This program, for victims.
    pub own: PathBuf,
    /// The preloaded library.
    pub shim: PathBuf,
    /// The shift of the wall clock of all processes of this lab.
    pub clock: PathBuf,
    /// What decides every random choice.
    pub seed: u64,
    mitmdump: Option<PathBuf>,
    folder: TempDir,
}

impl Lab {
    /// A new place, with the library compiled.
    pub fn new(mtd: &Path, mitmdump: Option<PathBuf>, seed: u64) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("mtd-faults-").tempdir_in(place())?;
        let (source, shim) = (folder.path().join("fault.c"), folder.path().join("fault.so"));
        std::fs::write(&source, SHIM)?;
        let compiled = Command::new("cc")
            .args(["-std=gnu11", "-O2", "-shared", "-fPIC", "-o"])
            .args([&shim, &source])
            .arg("-ldl")
            .status()
            .map_err(|error| format!("cc cannot be run ({error}): install a C compiler"))?;
        if !compiled.success() {
            return Err("the preloaded library does not compile (see above)".into());
        }
        let clock = folder.path().join("clock");
        clock::create(&clock)?;
        let own = std::env::current_exe()?;
        Ok(Self { mtd: mtd.to_owned(), own, shim, clock, seed, mitmdump, folder })
    }

    /// A path in the lab.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Random choices for one purpose.
    pub fn random(&self, purpose: &str) -> Random {
        Random::new(self.seed, purpose)
    }

    /// The `mitmdump` program.
    pub fn mitmdump(&self) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.mitmdump {
            return Ok(path.clone());
        }
        let target = self.own.parent().and_then(Path::parent).ok_or("this program is in no folder")?;
        let path = target.join("faults/venv/bin/mitmdump");
        if path.is_file() {
            return Ok(path);
        }
        Err(format!(
            "{} is missing: tests/run faults installs it, or name another with --mitmdump",
            path.display()
        )
        .into())
    }

    /// Puts a program of this lab under the lab's clock.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("LD_PRELOAD", &self.shim).env("FAULT_CLOCK", &self.clock);
        command
    }

    /// Keeps the folder, for who looks into a failure; where it is.
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// In memory where there is such a file system: what is killed here is processes, not the power, and a busy disk would
/// only stretch every commit.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// One system call that is to fail.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Only calls on files below this directory count.
    pub folder: PathBuf,
    /// Which of them fails; 0: none.
    pub at: u64,
    /// How: see the library.
    pub kind: &'static str,
    /// Where the calls are listed.
    pub log: PathBuf,
}

impl Fault {
    /// Has `command` meet it.
    pub fn put_on(&self, command: &mut Command) {
        command
            .env("FAULT_DIR", format!("{}/", self.folder.display()))
            .env("FAULT_LOG", &self.log)
            .env("FAULT_AT", self.at.to_string())
            .env("FAULT_KIND", self.kind);
    }
}
