//! Clocks that jump by ten years, processes that sleep in the middle of a delivery, two processes on one store.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Amount, Progress};
use crate::Failure;
use crate::clock;
use crate::event::Phase;
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::organisation::Organisation;
use crate::outcome::Outcome;
use crate::victim::{Device, Ended, Task};

const YEAR: i64 = 365 * 24 * 60 * 60;

/// How far a device's clock jumps, in seconds.
const JUMPS: [(&str, i64); 6] = [
    ("ten years ahead", 10 * YEAR),
    ("ten years back", -10 * YEAR),
    ("a day and a half ahead", 36 * 60 * 60),
    ("a day and a half back", -36 * 60 * 60),
    ("an hour ahead", 60 * 60),
    ("an hour back", -60 * 60),
];

/// Longest sleep of a process, in milliseconds.
const LONGEST_SLEEP: u64 = 400;

/// How long the device slept by the wall clock, in seconds: a night.
const NIGHT: i64 = 8 * 60 * 60;

/// Processes on one store.
const TOGETHER: usize = 3;

pub fn run(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let mut organisation = Organisation::start(lab, "organisation")?;
    let mut time = Time { lab, ledger: Ledger::default(), outcome: Outcome::default(), progress };
    time.jump(&organisation, amount.damages)?;
    time.sleep(&organisation, amount.damages * 4)?;
    time.together(&organisation, amount.damages)?;

    let devices = organisation.devices()?;
    organisation.kill()?;
    let mut outcome = time.outcome;
    outcome.judge(time.ledger.verdict(&organisation.data, &devices)?);
    if fs::read_to_string(&organisation.log)?.contains("panicked") {
        outcome.wrong("the connector panicked");
    }
    Ok(outcome)
}

struct Time<'a> {
    lab: &'a Lab,
    ledger: Ledger,
    outcome: Outcome,
    progress: Progress<'a>,
}

impl Time<'_> {
    /// A device's clock jumps, it scans and tries to deliver, and the clock is put right again.
    fn jump(&mut self, organisation: &Organisation<'_>, times: u64) -> Result<(), Failure> {
        for (name, seconds) in JUMPS {
            let mut meanwhile = 0;
            for round in 0..times.div_ceil(2) {
                let device = Device::new(self.lab, &format!("jump{seconds}-{round}"), organisation.code()?);
                let clock = self.own_clock(&device.name)?;
                let task = Task { clock: Some(&clock), ..Task::ONE_ROUND };
                self.well(&device, &task)?;
                clock::set(&clock, seconds)?;
                let ended = device.run(self.lab, &Task { rounds: 2, ..task.clone() })?;
                self.note(&device, &ended, &[Phase::Deliver]);
                meanwhile += ended.delivered();
                clock::set(&clock, 0)?;
                self.well(&device, &Task { rounds: 1, drain: true, ..task })?;
                (self.progress)("clocks");
            }
            let told = format!("{meanwhile} reports delivered meanwhile, the others afterwards");
            self.outcome.row(format!("device's clock {name}"), times.div_ceil(2), told);
        }
        Ok(())
    }

    /// The device or the connector stops in the middle of a delivery (SIGSTOP), and the night passes.
    fn sleep(&mut self, organisation: &Organisation<'_>, times: u64) -> Result<(), Failure> {
        let mut random = self.lab.random("sleep");
        let connector = organisation.id().ok_or("no connector")?;
        for (who, is_connector) in [("device", false), ("connector", true)] {
            for round in 0..times.div_ceil(2) {
                let device = Device::new(self.lab, &format!("sleep-{who}-{round}"), organisation.code()?);
                let clock = self.own_clock(&device.name)?;
                let task = Task { rounds: 3, drain: true, clock: Some(&clock), ..Task::ONE_ROUND };
                let mut victim = device.start(self.lab, &task)?;
                if victim.reaches(*random.one_of(&Phase::ALL).ok_or("no phases")?, 1)? {
                    std::thread::sleep(Duration::from_micros(random.within(0..20_000)));
                    let id = if is_connector { connector } else { victim.id() };
                    let id = Pid::from_raw(i32::try_from(id)?);
                    kill(id, Signal::SIGSTOP)?;
                    std::thread::sleep(Duration::from_millis(random.within(1..LONGEST_SLEEP)));
                    if !is_connector && round % 2 == 0 {
                        // Its clock stood still, or ran on for the others.
                        clock::set(&clock, -NIGHT)?;
                    }
                    kill(id, Signal::SIGCONT)?;
                }
                let ended = victim.wait()?;
                self.note(&device, &ended, &[]);
                clock::set(&clock, 0)?;
                self.well(&device, &Task { clock: Some(&clock), ..Task::DRAIN })?;
                (self.progress)("sleeps");
            }
            self.outcome.row(format!("{who} stopped and continued"), times.div_ceil(2), "anywhere");
        }
        Ok(())
    }

    /// Several processes scan and deliver on one store at the same time.
    fn together(&mut self, organisation: &Organisation<'_>, times: u64) -> Result<(), Failure> {
        for round in 0..times {
            let device = Device::new(self.lab, &format!("together-{round}"), organisation.code()?);
            self.well(&device, &Task::ONE_ROUND)?;
            let task = Task { rounds: 4, ..Task::ONE_ROUND };
            let victims: Vec<_> =
                (0..TOGETHER).map(|_| device.start(self.lab, &task)).collect::<Result<_, _>>()?;
            for victim in victims {
                let ended = victim.wait()?;
                self.note(&device, &ended, &[]);
            }
            self.well(&device, &Task::DRAIN)?;
            (self.progress)("processes on one store");
        }
        let told = format!("{TOGETHER} at a time, 4 scans and deliveries each");
        self.outcome.row("processes on one store", times * TOGETHER as u64, told);
        Ok(())
    }

    fn own_clock(&self, name: &str) -> Result<PathBuf, Failure> {
        let path = self.lab.path(format!("{name}-clock"));
        clock::create(Path::new(&path))?;
        Ok(path)
    }

    /// A run in which nothing may fail.
    fn well(&mut self, device: &Device, task: &Task<'_>) -> Result<(), Failure> {
        let ended = device.run(self.lab, task)?;
        self.note(device, &ended, &[]);
        if !ended.status.success() {
            self.outcome.wrong(format!("{}: ended with {}", device.name, ended.status));
        }
        Ok(())
    }

    /// Keeps the promises; what fails elsewhere than in `may_fail` is wrong.
    fn note(&mut self, device: &Device, ended: &Ended, may_fail: &[Phase]) {
        self.ledger.note(ended);
        for (phase, why) in ended.failures() {
            self.outcome.says(phase, why);
            if !may_fail.contains(&phase) {
                self.outcome.wrong(format!("{}: {phase} failed: {why}", device.name));
            }
        }
        for why in ended.stopped() {
            self.outcome.says("delivery stopped", &super::without_numbers(why));
        }
        if device.stderr().contains("panicked") {
            self.outcome.wrong(format!("{}: {}", device.name, device.stderr()));
        }
    }
}
