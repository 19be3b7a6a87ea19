//! `kill -9` at random points of enrolment, scan, enqueue, delivery and download, and of the connector meanwhile.
//!
//! Every kill aims at one phase: it waits until the victim tells that the phase begins, then for a random part of the
//! phase's usual length. Where it really struck is read from what the victim had told.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Amount, Progress};
use crate::Failure;
use crate::event::{Event, Phase};
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::organisation::Organisation;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::victim::{Device, Ended, Task};

/// Victims at a time: one a core of the smallest machine that this is meant for.
const AT_ONCE: u64 = 2;

/// One kill of the connector for so many of a victim.
const CONNECTOR_EVERY: u64 = 25;

/// One change of the settings for so many kills, so that there is something to download.
const SETTINGS_EVERY: u64 = 10;

/// Kills that one device lives through before the next is taken.
const LIVES: u64 = 12;

/// Rounds that a victim would live if it were let.
const ROUNDS: u32 = 4;

/// A kill may come this much later than the phase usually ends, in percent of its length.
const OVERSHOOT: u64 = 110;

/// Parts that a phase's length is divided into, to show where kills struck.
const PARTS: usize = 5;

pub fn run(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let organisation = Organisation::start(lab, "organisation")?;
    let lengths = calibrate(lab, &organisation)?;
    let field = Field {
        lab,
        organisation: Mutex::new(organisation),
        lengths,
        started: AtomicU64::new(0),
        amount: amount.kills,
        strikes: Mutex::default(),
        connector_kills: AtomicU64::new(0),
        refused_codes: Mutex::default(),
        progress,
    };
    let mut ledger = Ledger::default();
    let mut wrong = Vec::new();
    std::thread::scope(|scope| -> Result<(), Failure> {
        let field = &field;
        let hunters: Vec<_> = (0..AT_ONCE).map(|number| scope.spawn(move || field.hunt(number))).collect();
        for hunter in hunters {
            let (found, trouble) = hunter.join().map_err(|_| "a thread of the experiment panicked")??;
            ledger.merge(found);
            wrong.extend(trouble);
        }
        Ok(())
    })?;
    field.conclude(&ledger, wrong)
}

/// The usual length of every phase: the median of a few undisturbed rounds.
fn calibrate(lab: &Lab, organisation: &Organisation<'_>) -> Result<BTreeMap<Phase, Duration>, Failure> {
    let mut lengths: BTreeMap<Phase, Vec<Duration>> = BTreeMap::new();
    for number in 0..3 {
        let device = Device::new(lab, &format!("calibration-{number}"), organisation.code()?);
        let ended = device.run(lab, &Task { rounds: 5, ..Task::ONE_ROUND })?;
        if let Some((phase, why)) = ended.failures().next() {
            return Err(format!("an undisturbed victim failed in {phase}: {why}").into());
        }
        let mut open: Option<(Phase, Instant)> = None;
        for told in &ended.told {
            if let Event::Phase { phase } = told.event
                && let Some((before, since)) = open.replace((phase, told.at))
            {
                lengths.entry(before).or_default().push(told.at.duration_since(since));
            }
        }
    }
    Ok(lengths
        .into_iter()
        .filter_map(|(phase, mut all)| {
            all.sort();
            Some((phase, *all.get(all.len() / 2)?))
        })
        .collect())
}

/// What the threads of the experiment share.
struct Field<'a> {
    lab: &'a Lab,
    organisation: Mutex<Organisation<'a>>,
    lengths: BTreeMap<Phase, Duration>,
    started: AtomicU64,
    amount: u64,
    /// Kills by the phase that they struck, and the part of its usual length.
    strikes: Mutex<BTreeMap<Phase, [u64; PARTS]>>,
    connector_kills: AtomicU64,
    refused_codes: Mutex<Vec<String>>,
    progress: Progress<'a>,
}

impl Field<'_> {
    /// Kills until enough were killed; the promises made, and what went wrong.
    fn hunt(&self, number: u64) -> Result<(Ledger, Vec<String>), Failure> {
        let mut random = self.lab.random(&format!("kills {number}"));
        let (mut ledger, mut wrong) = (Ledger::default(), Vec::new());
        let mut device = None;
        let mut lives = 0;
        loop {
            let kill = self.started.fetch_add(1, Ordering::Relaxed);
            if kill >= self.amount {
                break;
            }
            let phase = *random.one_of(&Phase::ALL).ok_or("no phases")?;
            if kill.is_multiple_of(SETTINGS_EVERY) {
                self.change_settings(kill)?;
            }
            // Only a device that is not enrolled enrols.
            let has_enrolled = device.as_ref().is_some_and(|device: &Device| device.enrolled);
            if lives >= LIVES || (phase == Phase::Enrol && has_enrolled) {
                self.retire(device.take(), &mut ledger, &mut wrong)?;
            }
            let mut current = match device.take() {
                Some(device) => device,
                None => {
                    lives = 0;
                    Device::new(self.lab, &format!("device-{number}-{kill}"), self.code()?)
                }
            };
            lives += 1;
            if kill % CONNECTOR_EVERY == CONNECTOR_EVERY - 1 {
                self.kill_connector(&mut current, &mut random, &mut ledger, &mut wrong)?;
            }
            device = Some(self.kill(current, phase, &mut random, &mut ledger, &mut wrong)?);
            (self.progress)("kills");
        }
        self.retire(device.take(), &mut ledger, &mut wrong)?;
        Ok((ledger, wrong))
    }

    /// One kill that counts: a victim that ends before it is struck is started again.
    fn kill(
        &self,
        mut device: Device,
        phase: Phase,
        random: &mut Random,
        ledger: &mut Ledger,
        wrong: &mut Vec<String>,
    ) -> Result<Device, Failure> {
        loop {
            // Enrolled by the life before, which was not struck in time.
            let phase = if device.enrolled && phase == Phase::Enrol { Phase::Scan } else { phase };
            let usual = self.length(phase);
            let task = Task { rounds: ROUNDS, scans: 1 + u32::from(random.once_in(3)), ..Task::ONE_ROUND };
            let mut victim = device.start(self.lab, &task)?;
            let count = if matches!(phase, Phase::Open | Phase::Enrol) { 1 } else { random.within(1..3) };
            if victim.reaches(phase, u32::try_from(count)?)? {
                let latest = u64::try_from(usual.as_micros())? * OVERSHOOT / 100;
                std::thread::sleep(Duration::from_micros(random.within(0..latest)));
            }
            let struck_at = Instant::now();
            let ended = victim.kill()?;
            device.enrolled |= ended.enrolled();
            self.note(&device, &ended, ledger, wrong);
            if ended.status.code().is_none() {
                self.strike(&ended, struck_at)?;
                return Ok(device);
            }
            // It ended by itself before it was struck.
            self.mind_code(&mut device, &ended)?;
        }
    }

    fn strike(&self, ended: &Ended, at: Instant) -> Result<(), Failure> {
        let (phase, since) = ended.last_phase().ok_or("a victim was killed before it told anything")?;
        let usual = self.length(phase).as_micros().max(1);
        let part = at.duration_since(since).as_micros() * PARTS as u128 / usual;
        let part = usize::try_from(part)?.min(PARTS - 1);
        let mut strikes = self.strikes.lock().map_err(|_| "a thread panicked")?;
        if let Some(count) = strikes.entry(phase).or_default().get_mut(part) {
            *count += 1;
        }
        Ok(())
    }

    /// Kills the connector while a victim delivers, and starts it again; the victim goes on until its queue is empty.
    fn kill_connector(
        &self,
        device: &mut Device,
        random: &mut Random,
        ledger: &mut Ledger,
        wrong: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let task = Task { rounds: 1, scans: 3, drain: true, ..Task::ONE_ROUND };
        let mut victim = device.start(self.lab, &task)?;
        if victim.reaches(Phase::Deliver, 1)? {
            let whole = self.length(Phase::Deliver) + self.length(Phase::Download);
            std::thread::sleep(Duration::from_micros(random.within(0..u64::try_from(whole.as_micros())?)));
            let mut organisation = self.organisation.lock().map_err(|_| "a thread panicked")?;
            organisation.kill()?;
            organisation.serve(None)?;
            self.connector_kills.fetch_add(1, Ordering::Relaxed);
        }
        let ended = victim.wait()?;
        device.enrolled |= ended.enrolled();
        self.note(device, &ended, ledger, wrong);
        Ok(())
    }

    /// Lets a device deliver all that it has.
    fn retire(
        &self,
        device: Option<Device>,
        ledger: &mut Ledger,
        wrong: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let Some(mut device) = device else { return Ok(()) };
        for _ in 0..5 {
            let ended = device.run(self.lab, &Task::DRAIN)?;
            self.note(&device, &ended, ledger, wrong);
            if ended.status.success() {
                return Ok(());
            }
            self.mind_code(&mut device, &ended)?;
        }
        wrong.push(format!("{} could not deliver all that it had", device.name));
        Ok(())
    }

    /// Gives a device whose code was refused another one. While the connector is gone, none is.
    fn mind_code(&self, device: &mut Device, ended: &Ended) -> Result<(), Failure> {
        let mut enrolments = ended.failures().filter(|(step, _)| *step == Phase::Enrol);
        if let Some((_, why)) = enrolments.find(|(_, why)| why.contains("refused:")) {
            self.refused_codes.lock().map_err(|_| "a thread panicked")?.push(why.to_owned());
            device.code = self.code()?;
        }
        Ok(())
    }

    /// Keeps the promises, and what a victim may never say.
    fn note(&self, device: &Device, ended: &Ended, ledger: &mut Ledger, wrong: &mut Vec<String>) {
        ledger.note(ended);
        for (phase, why) in ended.failures() {
            // The connector may be gone while it is started again; a code that is refused is minded apart.
            let is_expected = phase == Phase::Enrol;
            if !is_expected {
                wrong.push(format!("{}: {phase} failed: {why}", device.name));
            }
        }
        if device.stderr().contains("panicked") {
            wrong.push(format!("{} panicked: {}", device.name, device.stderr()));
        }
    }

    fn change_settings(&self, kill: u64) -> Result<(), Failure> {
        let level = if (kill / SETTINGS_EVERY).is_multiple_of(2) { "medium" } else { "low" };
        let organisation = self.organisation.lock().map_err(|_| "a thread panicked")?;
        organisation.admin(&["settings", "--allowed-level", level])?;
        Ok(())
    }

    fn code(&self) -> Result<String, Failure> {
        self.organisation.lock().map_err(|_| "a thread panicked")?.code()
    }

    fn length(&self, phase: Phase) -> Duration {
        self.lengths.get(&phase).copied().unwrap_or(Duration::from_millis(5))
    }

    fn conclude(self, ledger: &Ledger, wrong: Vec<String>) -> Result<Outcome, Failure> {
        let mut organisation = self.organisation.into_inner().map_err(|_| "a thread panicked")?;
        let devices = organisation.devices()?;
        organisation.kill()?;
        let mut outcome = Outcome { broken: wrong, ..Outcome::default() };
        let strikes = self.strikes.into_inner().map_err(|_| "a thread panicked")?;
        for (phase, parts) in strikes {
            let usual = self.lengths.get(&phase).copied().unwrap_or_default();
            let spread = parts.map(|count| count.to_string()).join(" ");
            let told = format!("{:>6.2} ms long; by fifths of it: {spread}", usual.as_secs_f64() * 1e3);
            outcome.row(format!("kill -9 of the agent in {phase}"), parts.iter().sum(), told);
        }
        let refused = self.refused_codes.into_inner().map_err(|_| "a thread panicked")?;
        outcome.row(
            "kill -9 of the connector during delivery",
            self.connector_kills.into_inner(),
            format!("{} devices; {} needed another enrolment code", devices.len(), refused.len()),
        );
        outcome.judge(ledger.verdict(&organisation.data, &devices)?);
        // An enrolment that broke off goes on with the code that it began with.
        let needless =
            refused.iter().map(|why| format!("an enrolment that broke off needed another code: {why}"));
        outcome.broken.extend(needless);
        if std::fs::read_to_string(&organisation.log)?.contains("panicked") {
            outcome.wrong("the connector panicked");
        }
        Ok(outcome)
    }
}
