//! A machine with `mtd`: a folder to work in, and the command run there.

use std::ffi::OsString;
use std::fmt::Debug;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// No command takes this long, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Device {
    folder: TempDir,
    /// What stands before `mtd` on the command line.
    prefix: Vec<OsString>,
}

impl Device {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, prefix: Vec::new() }
    }

    /// Runs every command through `prefix`, which ends with running its arguments.
    pub fn run_through(&mut self, prefix: Vec<OsString>) {
        self.prefix = prefix;
    }

    /// Where commands run; the agent's data is in `data`, temporary files in `tmp`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Makes a file for commands to name.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Copies a fixture to where commands can name it.
    pub fn fixture(&self, name: &str) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/end-to-end/fixtures");
        std::fs::copy(fixtures.join(name), self.path(name)).unwrap();
    }

    /// `mtd` with the words of `line` as arguments and `data` as its data folder.
    pub fn mtd(&self, line: &str) -> Ran {
        self.mtd_reading(line, "")
    }

    /// The same with `input` on standard input.
    pub fn mtd_reading(&self, line: &str, input: &str) -> Ran {
        run(self.command(&format!("{line} --data data")), line, input)
    }

    /// The JSON that `mtd` prints, which must end with status 0.
    pub fn json(&self, line: &str) -> Value {
        self.mtd(&format!("{line} --json")).ends_with(0).json()
    }

    /// `mtd` with the words of `line` and nothing added, to be started by the caller.
    pub fn command(&self, line: &str) -> Command {
        let mut words = self.prefix.clone();
        words.push(env!("CARGO_BIN_EXE_mtd").into());
        words.extend(line.split_whitespace().map(OsString::from));
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"));
        command
    }
}

/// A command that has ended.
pub struct Ran {
    line: String,
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    #[track_caller]
    pub fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON: {error}: {self:?}"))
    }

    /// The message of a command that failed as it should: status 1, nothing on standard output, one line.
    #[track_caller]
    pub fn error(&self) -> &str {
        assert_eq!(self.status, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        let message = self.stderr.strip_prefix("error: ").and_then(|rest| rest.strip_suffix('\n'));
        let message = message.unwrap_or_else(|| panic!("not one line of error: {self:?}"));
        assert!(!message.contains('\n') && !message.is_empty(), "{self:?}");
        message
    }

    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        assert!(self.stdout.contains(words) || self.stderr.contains(words), "no \"{words}\": {self:?}");
        self
    }
}

impl Debug for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { line, status, stdout, stderr } = self;
        write!(f, "mtd {line}: status {status:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

pub fn run(mut command: Command, line: &str, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let status = wait(&mut child, line);
    Ran { line: line.to_owned(), status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// The exit status; the child is killed rather than waited for without end.
pub fn wait(child: &mut Child, line: &str) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("mtd {line}: still running after {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.unwrap().read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}
