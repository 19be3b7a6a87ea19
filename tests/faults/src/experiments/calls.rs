//! Every system call that can fail fails once: first a run that counts them, then one run for each that is chosen.
//!
//! Of every function, file and error at least one call is chosen, the others at random until the budget is spent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use super::{Amount, Progress};
use crate::Failure;
use crate::event::Phase;
use crate::lab::{Fault, Lab};
use crate::ledger::Ledger;
use crate::organisation::{Organisation, last_lines};
use crate::outcome::Outcome;
use crate::random::Random;
use crate::victim::{Device, Ended, Task};

/// Runs of the connector that one device lives through.
const RUNS_PER_DEVICE: u64 = 8;

/// One run in so many is the first start of a connector.
const FIRST_STARTS: u64 = 10;

/// What a victim does while a call fails: all that there is, with more than one report in the queue.
const TASK: Task<'_> = Task { rounds: 1, scans: 2, ..Task::ONE_ROUND };

/// Fails calls on the files of the agent.
pub fn agent(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let organisation = Organisation::start(lab, "organisation")?;
    let device = |name: &str| Ok::<_, Failure>(Device::new(lab, name, organisation.code()?));
    let mut run = Run::new(lab, "agent");

    let counted = device("counted")?;
    let none = run.fault(&counted.data, 0, "enospc");
    run.ledger.note(&counted.run(lab, &Task { fault: Some(&none), ..TASK })?);
    let calls = Call::read(&none.log)?;

    for (number, (call, kind)) in run.choose(&calls, amount.calls).into_iter().enumerate() {
        let mut device = device(&format!("device-{number}"))?;
        let fault = run.fault(&device.data, call.number, kind);
        let ended = device.run(lab, &Task { fault: Some(&fault), ..TASK })?;
        run.struck(&fault, &call, kind);
        run.check(&device, &ended, &format!("{kind} on {call}"));

        let recovered = device.run(lab, &Task { rounds: 1, drain: true, ..Task::ONE_ROUND })?;
        let recovered = match refused_code(&recovered) {
            false => recovered,
            true => {
                run.new_codes += 1;
                device.code = organisation.code()?;
                device.run(lab, &Task { rounds: 1, drain: true, ..Task::ONE_ROUND })?
            }
        };
        run.recovered(&device, &recovered, &format!("{kind} on {call}"));
        progress("runs with a failing call of the agent");
    }
    run.conclude(calls.len(), organisation)
}

/// Fails calls on the files of the connector: of one that has devices, and of one that starts for the first time.
pub fn connector(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let mut outcome = running_connector(lab, amount, progress)?;
    outcome.merge(first_start(lab, amount.calls / FIRST_STARTS, progress)?);
    Ok(outcome)
}

/// Fails calls while keys, certificates and database are made. The same folder must do afterwards.
fn first_start(lab: &Lab, budget: u64, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let mut run = Run::new(lab, "first start");
    let mut counted = Organisation::new(lab, "first");
    let none = run.fault(&counted.data, 0, "enospc");
    counted.serve(Some(&none))?;
    counted.kill()?;
    let calls = Call::read(&none.log)?;
    let (mut failed, chosen) = (0, run.choose(&calls, budget));
    let times = chosen.len() as u64;
    for (number, (call, kind)) in chosen.into_iter().enumerate() {
        let what = format!("first start, {kind} on {call}");
        let mut organisation = Organisation::new(lab, &format!("first-{number}"));
        let fault = run.fault(&organisation.data, call.number, kind);
        if organisation.serve(Some(&fault)).is_err() {
            failed += 1;
            run.not_started(&organisation, &what);
        }
        organisation.kill()?;
        organisation.serve(None).map_err(|why| format!("after {what}: {why}"))?;
        organisation.set_up()?;
        let device = Device::new(lab, &format!("first-device-{number}"), organisation.code()?);
        let ended = device.run(lab, &Task { drain: true, ..Task::ONE_ROUND })?;
        run.recovered(&device, &ended, &what);
        progress("first starts with a failing call");
    }
    let mut outcome = Outcome { broken: run.wrong, ..run.outcome };
    let told = format!("{failed} did not start, and said why; all did the next time");
    outcome.row("first start of a connector", times, told);
    Ok(outcome)
}

fn running_connector(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let mut organisation = Organisation::start(lab, "organisation")?;
    let mut run = Run::new(lab, "connector");

    let mut device = Device::new(lab, "counted", organisation.code()?);
    organisation.kill()?;
    let none = run.fault(&organisation.data, 0, "enospc");
    organisation.serve(Some(&none))?;
    run.ledger.note(&device.run(lab, &TASK)?);
    let calls = Call::read(&none.log)?;

    for (number, (call, kind)) in run.choose(&calls, amount.calls).into_iter().enumerate() {
        let what = format!("{kind} on {call}");
        organisation.kill()?;
        if (number as u64).is_multiple_of(RUNS_PER_DEVICE) {
            device = Device::new(lab, &format!("device-{number}"), organisation.code()?);
        }
        let fault = run.fault(&organisation.data, call.number, kind);
        match organisation.serve(Some(&fault)) {
            Ok(()) => {
                let ended = device.run(lab, &TASK)?;
                run.check(&device, &ended, &what);
                if organisation.has_ended()? {
                    run.wrong
                        .push(format!("{what}: the connector ended: {}", last_lines(&organisation.log, 2)));
                }
            }
            Err(_) => run.not_started(&organisation, &what),
        }
        run.struck(&fault, &call, kind);

        organisation.kill()?;
        organisation.serve(None).map_err(|why| format!("after {what}: {why}"))?;
        let mut recovered = device.run(lab, &Task { rounds: 1, drain: true, ..Task::ONE_ROUND })?;
        if refused_code(&recovered) {
            run.new_codes += 1;
            device.code = organisation.code()?;
            recovered = device.run(lab, &Task { rounds: 1, drain: true, ..Task::ONE_ROUND })?;
        }
        run.recovered(&device, &recovered, &what);
        progress("runs with a failing call of the connector");
    }
    run.conclude(calls.len(), organisation)
}

fn refused_code(ended: &Ended) -> bool {
    ended.failures().any(|(step, _)| step == Phase::Enrol)
}

/// The error message that a connector which did not start ended with.
fn last_error(log: &Path) -> String {
    let last = last_lines(log, 1);
    let document: Option<serde_json::Value> = serde_json::from_str(&last).ok();
    document.and_then(|it| it.get("error")?.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Without what differs from run to run: the folder, and the ends of names that are made up.
fn anonymous(message: &str, folder: &Path) -> String {
    let message = message.replace(&folder.display().to_string(), "DATA");
    message.split(" at path ").next().unwrap_or_default().to_owned()
}

/// One call of the counting run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Call {
    number: u64,
    function: String,
    file: String,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "call {} ({} {})", self.number, self.function, self.file)
    }
}

impl Call {
    fn read(log: &Path) -> Result<Vec<Self>, Failure> {
        let text = std::fs::read_to_string(log)?;
        let call = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let number = words.next()?.parse().ok()?;
            let (function, file) = (words.next()?.to_owned(), words.next()?.to_owned());
            Some(Self { number, function, file })
        };
        Ok(text.lines().filter_map(call).collect())
    }

    /// The errors that the function may have on a file.
    fn kinds(&self) -> &'static [&'static str] {
        match self.function.as_str() {
            "write" | "pwrite" | "pwritev" => &["enospc", "eio", "eintr", "short", "torn"],
            "read" | "pread" => &["eio", "eintr", "short"],
            "create" | "ftruncate" => &["enospc", "eio", "eintr"],
            "mkdir" | "rename" | "link" | "fsync" | "fdatasync" => &["enospc", "eio"],
            "open" | "lock" => &["eio", "eintr"],
            _ => &["eio"],
        }
    }

    /// The file without what is random in its name.
    fn kind_of_file(&self) -> String {
        let known = [
            "agent.db-wal",
            "agent.db-shm",
            "agent.db",
            "connector.db-wal",
            "connector.db-shm",
            "connector.db",
        ];
        let known = known.iter().find(|name| self.file.ends_with(**name));
        known.map_or_else(|| self.file.chars().take(8).collect(), |name| (*name).to_owned())
    }
}

/// What both experiments note.
struct Run<'a> {
    lab: &'a Lab,
    random: Random,
    ledger: Ledger,
    wrong: Vec<String>,
    /// How often each function failed in each way, and how often that was not reached.
    struck: BTreeMap<(String, &'static str), (u64, u64)>,
    outcome: Outcome,
    possible: usize,
    new_codes: u64,
}

impl<'a> Run<'a> {
    fn new(lab: &'a Lab, whose: &str) -> Self {
        Self {
            lab,
            random: lab.random(&format!("calls of the {whose}")),
            ledger: Ledger::default(),
            wrong: Vec::new(),
            struck: BTreeMap::new(),
            outcome: Outcome::default(),
            possible: 0,
            new_codes: 0,
        }
    }

    fn fault(&self, folder: &Path, at: u64, kind: &'static str) -> Fault {
        let log = self.lab.path("calls");
        // Left from the run before.
        let _ = std::fs::remove_file(&log);
        Fault { folder: folder.to_owned(), at, kind, log }
    }

    /// At most `budget` calls and errors, every function, file and error among them at least once.
    fn choose(&mut self, calls: &[Call], budget: u64) -> Vec<(Call, &'static str)> {
        let mut all: Vec<(&Call, &'static str)> =
            calls.iter().flat_map(|call| call.kinds().iter().map(move |kind| (call, *kind))).collect();
        self.possible = all.len();
        // Fisher and Yates.
        for at in (1..all.len()).rev() {
            let other = usize::try_from(self.random.within(0..at as u64 + 1)).unwrap_or(0);
            all.swap(at, other);
        }
        let mut seen = BTreeSet::new();
        let (first, others): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(call, kind)| seen.insert((call.function.clone(), call.kind_of_file(), *kind)));
        let budget = usize::try_from(budget).unwrap_or(usize::MAX);
        first.into_iter().chain(others).take(budget).map(|(call, kind)| (call.clone(), kind)).collect()
    }

    /// A connector may refuse to start, and must say why.
    fn not_started(&mut self, organisation: &Organisation<'_>, what: &str) {
        let said = last_error(&organisation.log);
        self.outcome.says("the connector", &anonymous(&said, &organisation.data));
        if said.is_empty() || last_lines(&organisation.log, 20).contains("panicked") {
            self.wrong.push(format!("{what}: the connector did not start, and did not say why: {said}"));
        }
    }

    fn struck(&mut self, fault: &Fault, call: &Call, kind: &'static str) {
        let reached = std::fs::read_to_string(&fault.log).is_ok_and(|log| log.contains('!'));
        let counts = self.struck.entry((call.function.clone(), kind)).or_default();
        if reached { counts.0 += 1 } else { counts.1 += 1 }
    }

    /// A victim may fail while a call fails, but must end by itself and say what failed.
    fn check(&mut self, device: &Device, ended: &Ended, what: &str) {
        self.ledger.note(ended);
        let failures: Vec<_> = ended.failures().map(|(phase, why)| (phase, why.to_owned())).collect();
        for (phase, why) in &failures {
            // The path and the words of the system differ from device to device.
            self.outcome.says(phase, &anonymous(why, &device.data));
            if why.trim().is_empty() {
                self.wrong.push(format!("{what}: {phase} failed without a word"));
            }
        }
        match ended.status.code() {
            Some(0) if failures.is_empty() => {}
            Some(1) if !failures.is_empty() => {}
            _ => self.wrong.push(format!("{what}: {} after {failures:?}: {}", ended.status, device.stderr())),
        }
        if device.stderr().contains("panicked") {
            self.wrong.push(format!("{what}: panic: {}", device.stderr()));
        }
    }

    /// Afterwards everything works.
    fn recovered(&mut self, device: &Device, ended: &Ended, what: &str) {
        self.ledger.note(ended);
        if !ended.status.success() {
            let failures: Vec<_> = ended.failures().collect();
            self.wrong.push(format!("{what}: not recovered: {} {failures:?}", ended.status));
        }
        if let Err(why) = is_sound(&device.data.join("agent.db")) {
            self.wrong.push(format!("{what}: the agent's store: {why}"));
        }
    }

    fn conclude(self, calls: usize, mut organisation: Organisation<'_>) -> Result<Outcome, Failure> {
        let devices = organisation.devices()?;
        organisation.kill()?;
        let mut outcome = Outcome { broken: self.wrong, ..self.outcome };
        let mut by_function: BTreeMap<String, (u64, u64, Vec<String>)> = BTreeMap::new();
        for ((function, kind), (hit, missed)) in &self.struck {
            let row = by_function.entry(function.clone()).or_default();
            row.0 += hit;
            row.1 += missed;
            row.2.push(format!("{kind} {hit}"));
        }
        let done: u64 = by_function.values().map(|row| row.0 + row.1).sum();
        for (function, (hit, missed, kinds)) in by_function {
            let missed = if missed > 0 { format!(" (not reached: {missed})") } else { String::new() };
            outcome.row(format!("{function} fails"), hit, format!("{}{missed}", kinds.join(", ")));
        }
        let (possible, codes) = (self.possible, self.new_codes);
        outcome.row(
            "system calls of one run",
            calls as u64,
            format!("{possible} calls and errors possible, {done} done; {codes} needed another code"),
        );
        outcome.judge(self.ledger.verdict(&organisation.data, &devices)?);
        if std::fs::read_to_string(&organisation.log)?.contains("panicked") {
            outcome.wrong("the connector panicked");
        }
        Ok(outcome)
    }
}

/// SQLite's own examination.
fn is_sound(database: &Path) -> Result<(), Failure> {
    let said: String =
        Connection::open(database)?.query_row("PRAGMA integrity_check", (), |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(said.into()) }
}
