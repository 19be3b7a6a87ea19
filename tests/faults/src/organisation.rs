//! An organisation: a real connector process, and its administrator's commands.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::Failure;
use crate::lab::{Fault, Lab};

/// How long a connector may take to listen.
const START: Duration = Duration::from_secs(20);

/// Detections that make a desktop's level, and are not under test.
const NOT_UNDER_TEST: &str = "device.";

/// The organisation of one lab.
pub struct Organisation<'a> {
    lab: &'a Lab,
    /// The connector's data folder.
    pub data: PathBuf,
    /// Where the connector writes what it has to say.
    pub log: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl<'a> Organisation<'a> {
    /// Starts a connector called `name`, with an indicator that the victims' apps meet.
    pub fn start(lab: &'a Lab, name: &str) -> Result<Self, Failure> {
        let mut organisation = Self::new(lab, name);
        organisation.serve(None)?;
        organisation.set_up()?;
        Ok(organisation)
    }

    /// A connector that has no files yet and does not run.
    pub fn new(lab: &'a Lab, name: &str) -> Self {
        Self { lab, data: lab.path(name), log: lab.path(format!("{name}.log")), port: 0, server: None }
    }

    /// The settings that the experiments need.
    pub fn set_up(&self) -> Result<(), Failure> {
        let settings = self.lab.path("settings.json");
        std::fs::write(&settings, settings_file().to_string())?;
        self.admin(&[
            "settings",
            "--accept-software-keys",
            "on",
            "--allowed-level",
            "low",
            "--app-sync",
            "on",
            "--from",
            &settings.display().to_string(),
        ])?;
        Ok(())
    }

    /// Starts the process, on the port that devices know; with `fault`, if any.
    pub fn serve(&mut self, fault: Option<&Fault>) -> Result<(), Failure> {
        let mut command = self.mtd(&["serve", "--json", "--listen", &format!("127.0.0.1:{}", self.port)]);
        if let Some(fault) = fault {
            fault.put_on(&mut command);
        }
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let stdout = child.stdout.take().ok_or("the connector has no output")?;
        self.server = Some(child);
        let started = Instant::now();
        let mut text = String::new();
        let mut lines = BufReader::new(stdout);
        while !text.ends_with("\n}\n") {
            if lines.read_line(&mut text)? == 0 || started.elapsed() > START {
                let status = self.kill()?;
                return Err(format!(
                    "the connector did not start ({status}); it said: {}",
                    self.last_words()
                )
                .into());
            }
        }
        let document: Value = serde_json::from_str(&text)?;
        let url = document.get("url").and_then(Value::as_str).ok_or("the connector told no URL")?;
        self.port =
            url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).ok_or("a URL without port")?;
        // Read on, so that the process may go on writing.
        std::thread::spawn(move || lines.lines().for_each(drop));
        Ok(())
    }

    /// Asks the process to end, as a service manager does.
    pub fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        kill(Pid::from_raw(i32::try_from(server.id())?), Signal::SIGTERM)?;
        let status = server.wait()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("the connector was asked to end: {status}").into())
        }
    }

    /// Ends the process as `kill -9` does; what it ended with.
    pub fn kill(&mut self) -> Result<String, Failure> {
        let Some(mut server) = self.server.take() else { return Ok("no process".to_owned()) };
        if let Some(status) = server.try_wait()? {
            return Ok(status.to_string());
        }
        server.kill()?;
        Ok(server.wait()?.to_string())
    }

    /// The process.
    pub fn id(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> Result<bool, Failure> {
        self.server.as_mut().map_or(Ok(true), |server| Ok(server.try_wait()?.is_some()))
    }

    /// A new one-time code.
    pub fn code(&self) -> Result<String, Failure> {
        // For a month: victims in a hurry move the clock on.
        Ok(self.admin(&["token", "--ttl", "2592000"])?.trim().to_owned())
    }

    /// Runs `mtd connector` on the data folder; what it printed.
    pub fn admin(&self, arguments: &[&str]) -> Result<String, Failure> {
        let ran = self.mtd(arguments).output()?;
        if !ran.status.success() {
            let said = String::from_utf8_lossy(&ran.stderr);
            return Err(format!("mtd connector {}: {} ({said})", arguments.join(" "), ran.status).into());
        }
        Ok(String::from_utf8(ran.stdout)?)
    }

    /// The devices as the administrator sees them.
    pub fn devices(&self) -> Result<Vec<Value>, Failure> {
        Ok(serde_json::from_str(&self.admin(&["devices", "--json"])?)?)
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    fn mtd(&self, arguments: &[&str]) -> Command {
        let mut command = self.lab.command(&self.lab.mtd);
        command.arg("connector").args(arguments).arg("--connector-data").arg(&self.data).stdin(Stdio::null());
        command
    }

    fn last_words(&self) -> String {
        last_lines(&self.log, 3)
    }
}

impl Drop for Organisation<'_> {
    fn drop(&mut self) {
        // Fails only where the process has ended already.
        let _ = self.kill();
    }
}

/// The end of a text file.
pub fn last_lines(path: &Path, count: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join(" | ")
}

/// What makes the level of a victim high while the tracker is installed, and secured while it is not.
fn settings_file() -> Value {
    use agent_core::model::Detection;
    let posture = Detection::ALL.iter().filter(|it| it.check().as_str().starts_with(NOT_UNDER_TEST));
    let overrides: Vec<_> = posture
        .map(|it| json!({ "detection": it, "severity": "none", "reason": "not under test" }))
        .collect();
    json!({
        "indicators": [{
            "kind": "app_id", "value": "com.example.trackview", "category": "stalkerware",
            "family": "TrackView", "source": "test indicators",
        }],
        "policy_overrides": overrides,
        "required_checks": ["apps.inventory", "apps.indicators"],
    })
}
