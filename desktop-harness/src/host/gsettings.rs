//! GNOME's settings, asked of GNOME's own `gsettings`: they live in a binary database below layers of defaults
//! and locks that only its library resolves.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::environment::Environment;
use super::files::Files;

/// The program, by its fixed place: a directory of the user's must not come first.
const PROGRAM: &str = "/usr/bin/gsettings";

/// How long the program may take. It answers in 20 ms; a session bus that hangs is not waited for.
const DEADLINE: Duration = Duration::from_secs(2);

/// How often its end is looked for.
const POLL: Duration = Duration::from_millis(10);

/// Longest answer that is read, in bytes. The proxy settings take about 600.
const MAX_ANSWER: u64 = 16 * 1024;

/// What `gsettings` answers to `arguments`; `None` when this is not a GNOME session or there is no answer.
pub fn ask(files: &Files, environment: &Environment, arguments: &[&str]) -> Option<String> {
    if !files.is_machine() || !environment.desktop()?.contains("gnome") {
        return None;
    }
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let finished = ended_well(&mut child);
    if finished.is_none() {
        // Errors mean that it has ended meanwhile, which is what is wanted.
        let _ = child.kill();
        let _ = child.wait();
    }
    if !finished? {
        return None;
    }
    let mut answer = String::new();
    child.stdout.take()?.take(MAX_ANSWER).read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Whether `child` succeeded; `None` when it is still running at the deadline. Its answer fits into the pipe,
/// so it never waits for us.
fn ended_well(child: &mut Child) -> Option<bool> {
    let start = Instant::now();
    while start.elapsed() < DEADLINE {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) => std::thread::sleep(POLL),
            Err(_) => return None,
        }
    }
    None
}
