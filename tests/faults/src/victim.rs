//! A victim process as its parent sees it: what it told, when, and how it ended.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::event::{Event, Phase};
use crate::lab::{Fault, Lab};

/// How long a victim may be silent. Its calls end after 20 s each.
const SILENCE: Duration = Duration::from_secs(60);

/// A device: its folders, which outlive its processes.
#[derive(Clone, Debug)]
pub struct Device {
    /// Names it in messages.
    pub name: String,
    /// Store and keys.
    pub data: PathBuf,
    root: PathBuf,
    /// The code that it enrols with.
    pub code: String,
    /// Whether it told that it is enrolled.
    pub enrolled: bool,
}

/// What a process is to do.
#[derive(Clone, Debug, Default)]
pub struct Task<'a> {
    /// Rounds of scans and a delivery.
    pub rounds: u32,
    /// Scans before each delivery.
    pub scans: u32,
    /// Then deliver until nothing waits.
    pub drain: bool,
    /// Scan only.
    pub keep: bool,
    /// Another clock than the lab's.
    pub clock: Option<&'a Path>,
    /// Where connections to a port of this machine really go: the port, and the other.
    pub detour: Option<(u16, u16)>,
    /// A system call that fails.
    pub fault: Option<&'a Fault>,
    /// A word that is planted among the apps.
    pub plant: Option<&'a str>,
}

impl Task<'_> {
    /// Enrols if need be, and empties the queue.
    pub const DRAIN: Self = Self { rounds: 0, drain: true, ..Self::ONE_ROUND };

    /// One scan, one delivery.
    pub const ONE_ROUND: Self = Self {
        rounds: 1,
        scans: 1,
        drain: false,
        keep: false,
        clock: None,
        detour: None,
        fault: None,
        plant: None,
    };
}

impl Device {
    /// A device that has nothing yet.
    pub fn new(lab: &Lab, name: &str, code: String) -> Self {
        let folder = lab.path(name);
        Self {
            name: name.to_owned(),
            data: folder.join("data"),
            root: folder.join("root"),
            code,
            enrolled: false,
        }
    }

    /// Starts a process of it.
    pub fn start(&self, lab: &Lab, task: &Task<'_>) -> Result<Victim, Failure> {
        std::fs::create_dir_all(&self.root)?;
        let mut command = lab.command(&lab.own);
        let clock = task.clock.unwrap_or(&lab.clock);
        command.args(crate::worker::command_line(&self.data, &self.root, clock)).env("FAULT_CLOCK", clock);
        command.args(["--code", &self.code, "--rounds", &task.rounds.to_string()]);
        command.args(["--scans", &task.scans.max(1).to_string()]);
        if task.drain {
            command.arg("--drain");
        }
        if task.keep {
            command.arg("--keep");
        }
        if let Some((from, to)) = task.detour {
            command.env("FAULT_DETOUR", format!("{from}:{to}"));
        }
        if let Some(word) = task.plant {
            command.args(["--plant", word]);
        }
        if let Some(fault) = task.fault {
            fault.put_on(&mut command);
        }
        let errors = std::fs::File::options().create(true).append(true).open(self.root.join("stderr"))?;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn()?;
        let stdout = child.stdout.take().ok_or("the victim has no output")?;
        Ok(Victim { child, events: listen(stdout), told: Vec::new() })
    }

    /// Runs a process of it to its end.
    pub fn run(&self, lab: &Lab, task: &Task<'_>) -> Result<Ended, Failure> {
        self.start(lab, task)?.wait()
    }

    /// What all its processes wrote to standard error.
    pub fn stderr(&self) -> String {
        std::fs::read_to_string(self.root.join("stderr")).unwrap_or_default()
    }
}

/// An event and when it came.
#[derive(Clone, Debug)]
pub struct Told {
    pub at: Instant,
    pub event: Event,
}

/// A running process.
pub struct Victim {
    child: Child,
    events: Receiver<Told>,
    told: Vec<Told>,
}

/// A process that ended.
pub struct Ended {
    pub told: Vec<Told>,
    pub status: ExitStatus,
}

impl Victim {
    /// Waits until `phase` has begun for the `count`th time; false where the process ended before.
    pub fn reaches(&mut self, phase: Phase, count: u32) -> Result<bool, Failure> {
        let mut begun = 0;
        while let Some(told) = self.next()? {
            if told.event == (Event::Phase { phase }) {
                begun += 1;
            }
            self.told.push(told);
            if begun == count {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it now (SIGKILL), and reads what it had told.
    pub fn kill(mut self) -> Result<Ended, Failure> {
        self.child.kill()?;
        self.wait()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Result<Ended, Failure> {
        while let Some(told) = self.next()? {
            self.told.push(told);
        }
        Ok(Ended { told: std::mem::take(&mut self.told), status: self.child.wait()? })
    }

    fn next(&mut self) -> Result<Option<Told>, Failure> {
        match self.events.recv_timeout(SILENCE) {
            Ok(told) => Ok(Some(told)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                self.child.kill()?;
                Err(format!("a victim hung; the last that it told: {:?}", self.told.last()).into())
            }
        }
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // Fails only where the process has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The phase that was under way at the end, and since when.
    pub fn last_phase(&self) -> Option<(Phase, Instant)> {
        self.told.iter().rev().find_map(|told| match told.event {
            Event::Phase { phase } => Some((phase, told.at)),
            _ => None,
        })
    }

    /// Whether it told that the device is enrolled.
    pub fn enrolled(&self) -> bool {
        self.told.iter().any(|told| matches!(told.event, Event::Enrolled { .. }))
    }

    /// How many reports it told that it delivered.
    pub fn delivered(&self) -> usize {
        let delivered = self.told.iter().map(|told| match &told.event {
            Event::Delivered { numbers, .. } => numbers.len(),
            _ => 0,
        });
        delivered.sum()
    }

    /// Why deliveries stopped.
    pub fn stopped(&self) -> impl Iterator<Item = &str> {
        self.told.iter().filter_map(|told| match &told.event {
            Event::Stopped { why, .. } => Some(why.as_str()),
            _ => None,
        })
    }

    /// What its scans found, scan by scan.
    pub fn found(&self) -> impl DoubleEndedIterator<Item = &[String]> {
        self.told.iter().filter_map(|told| match &told.event {
            Event::Found { detections } => Some(detections.as_slice()),
            _ => None,
        })
    }

    /// Whether it told that a report was set aside.
    pub fn sets_aside(&self) -> bool {
        self.told.iter().any(|told| matches!(told.event, Event::SetAside { .. }))
    }

    /// The calls that failed: where, and in which words.
    pub fn failures(&self) -> impl Iterator<Item = (Phase, &str)> {
        self.told.iter().filter_map(|told| match &told.event {
            Event::Failed { step, why } => Some((*step, why.as_str())),
            _ => None,
        })
    }
}

/// Reads on its own thread, so that every event gets the time at which it came.
fn listen(stdout: ChildStdout) -> Receiver<Told> {
    let (tell, events) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            let Ok(line) = line else { return };
            // A line that a kill cut off was not told.
            let Ok(event) = serde_json::from_str(&line) else { continue };
            if tell.send(Told { at: Instant::now(), event }).is_err() {
                return;
            }
        }
    });
    events
}
