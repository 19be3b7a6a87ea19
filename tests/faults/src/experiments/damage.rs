//! Files that are torn, zeroed, cut off, flipped or put back to an older state, between two lives of an agent.
//!
//! What is destroyed with its file cannot be delivered. What must hold: the agent goes on or says that its store is
//! damaged, it works again once it is erased and enrolled anew, the connector never holds anything twice without saying
//! so, and every report that is missing is told of: by the agent, or by the connector as a gap, a fork or a regression.
//! One exception: the end of a torn write-ahead log, which SQLite takes for a commit that never was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Amount, Progress};
use crate::Failure;
use crate::event::Phase;
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::organisation::Organisation;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::victim::{Device, Task};

/// Pages of both databases.
const PAGE: usize = 4096;

/// What is done to the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    PageTorn,
    PageZeroed,
    BitFlipped,
    CutOff,
    AllZeroed,
    Emptied,
    LogTorn,
    LogCutOff,
    LogGone,
    IndexTorn,
    OlderCopy,
    KeyGone,
}

impl Damage {
    const ALL: [Self; 12] = [
        Self::PageTorn,
        Self::PageZeroed,
        Self::BitFlipped,
        Self::CutOff,
        Self::AllZeroed,
        Self::Emptied,
        Self::LogTorn,
        Self::LogCutOff,
        Self::LogGone,
        Self::IndexTorn,
        Self::OlderCopy,
        Self::KeyGone,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::PageTorn => "half of a page overwritten",
            Self::PageZeroed => "a page zeroed",
            Self::BitFlipped => "one bit flipped",
            Self::CutOff => "file cut off",
            Self::AllZeroed => "file zeroed whole",
            Self::Emptied => "file emptied",
            Self::LogTorn => "write-ahead log torn",
            Self::LogCutOff => "write-ahead log cut off",
            Self::LogGone => "write-ahead log removed",
            Self::IndexTorn => "index of the log torn",
            Self::OlderCopy => "older copy put back",
            Self::KeyGone => "wrapping key lost",
        }
    }

    /// Whether SQLite takes what is missing for a commit that never was.
    const fn is_of_the_log(self) -> bool {
        matches!(self, Self::LogTorn | Self::LogCutOff | Self::LogGone | Self::IndexTorn)
    }

    /// Does it to the files of `folder`; false where there is no such file.
    fn inflict(self, folder: &Path, older: &Path, random: &mut Random) -> Result<bool, Failure> {
        let (database, log, index) =
            (folder.join("agent.db"), folder.join("agent.db-wal"), folder.join("agent.db-shm"));
        match self {
            Self::PageTorn => alter(&database, |bytes| {
                let at = page(bytes.len(), random);
                fill(bytes, at, PAGE / 2, random);
            }),
            Self::PageZeroed => alter(&database, |bytes| {
                let at = page(bytes.len(), random);
                zero(bytes, at, PAGE);
            }),
            Self::BitFlipped => alter(&database, |bytes| {
                let at = index_in(bytes.len(), random);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.within(0..8);
                }
            }),
            Self::CutOff => alter(&database, |bytes| bytes.truncate(index_in(bytes.len(), random))),
            Self::AllZeroed => alter(&database, |bytes| bytes.fill(0)),
            Self::Emptied => alter(&database, Vec::clear),
            Self::LogTorn => alter(&log, |bytes| {
                let at = index_in(bytes.len(), random);
                fill(bytes, at, PAGE / 2, random);
            }),
            Self::LogCutOff => alter(&log, |bytes| bytes.truncate(index_in(bytes.len(), random))),
            Self::LogGone => remove(&log),
            Self::IndexTorn => alter(&index, |bytes| fill(bytes, 0, PAGE / 8, random)),
            Self::OlderCopy => {
                for file in [&database, &log, &index] {
                    remove(file)?;
                }
                copy_folder(older, folder)?;
                Ok(true)
            }
            Self::KeyGone => remove(&folder.join("wrapping-key")),
        }
    }
}

/// What came of the cases of one kind.
#[derive(Default)]
struct Count {
    cases: u64,
    went_on: u64,
    enrolled_again: u64,
    destroyed: usize,
    flagged: u64,
    rolled_back: usize,
}

/// Damages the agent's files.
pub fn agent(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let organisation = Organisation::start(lab, "organisation")?;
    let mut random = lab.random("damage");
    let (mut outcome, mut counts) = (Outcome::default(), BTreeMap::<Damage, Count>::new());
    for round in 0..amount.damages {
        for damage in Damage::ALL {
            let name = format!("device-{}-{round}", damage as u8);
            let device = Device::new(lab, &name, organisation.code()?);
            let case = Case { lab, organisation: &organisation, damage, device, ledger: Ledger::default() };
            case.run(&mut random, counts.entry(damage).or_default(), &mut outcome)?;
            progress("damaged stores");
        }
    }
    for (damage, count) in counts {
        let mut told =
            format!("{} went on, {} erased and enrolled again", count.went_on, count.enrolled_again);
        for (number, what) in [
            (count.destroyed, "reports gone with the file, told"),
            (usize::try_from(count.flagged)?, "flagged by the connector"),
            (count.rolled_back, "reports of the lost end of the log"),
        ] {
            if number > 0 {
                told += &format!("; {number} {what}");
            }
        }
        outcome.row(damage.name(), count.cases, told);
    }
    if fs::read_to_string(&organisation.log)?.contains("panicked") {
        outcome.wrong("the connector panicked");
    }
    Ok(outcome)
}

struct Case<'a> {
    lab: &'a Lab,
    organisation: &'a Organisation<'a>,
    damage: Damage,
    device: Device,
    ledger: Ledger,
}

impl Case<'_> {
    fn run(mut self, random: &mut Random, count: &mut Count, outcome: &mut Outcome) -> Result<(), Failure> {
        let older = self.live(random)?;
        if !self.damage.inflict(&self.device.data, &older, random)? {
            return Ok(());
        }
        count.cases += 1;

        let task = Task { rounds: 2, drain: true, ..Task::ONE_ROUND };
        let ended = self.device.run(self.lab, &task)?;
        self.ledger.note(&ended);
        let failures: Vec<_> = ended.failures().map(|(phase, why)| (phase, why.to_owned())).collect();
        for (phase, why) in &failures {
            outcome.says(phase, &why.replace(&self.device.data.display().to_string(), "DATA"));
        }
        let what = format!("{}, {}", self.damage.name(), self.device.name);
        let told = !failures.is_empty() || ended.sets_aside();
        if ended.status.success() {
            count.went_on += 1;
        } else if ended.status.code() == Some(1) && !failures.is_empty() {
            count.enrolled_again += 1;
            self.erase_and_enrol(&task, &what, outcome)?;
        } else {
            outcome.wrong(format!("{what}: {} {}", ended.status, self.device.stderr()));
        }
        if self.device.stderr().contains("panicked") {
            outcome.wrong(format!("{what}: {}", self.device.stderr()));
        }
        self.settle(told, &what, count, outcome)
    }

    /// Some reports delivered, some in the queue, the process killed; a copy of an earlier time.
    fn live(&mut self, random: &mut Random) -> Result<PathBuf, Failure> {
        let ended = self.device.run(self.lab, &Task { rounds: 1, ..Task::ONE_ROUND })?;
        self.ledger.note(&ended);
        if !ended.status.success() {
            let failures: Vec<_> = ended.failures().collect();
            return Err(format!("an undisturbed victim failed: {failures:?}").into());
        }
        let older = self.lab.path(format!("{}-older", self.device.name));
        copy_folder(&self.device.data, &older)?;
        let rounds = 1 + u32::try_from(random.within(0..3))?;
        self.ledger.note(&self.device.run(self.lab, &Task { rounds, ..Task::ONE_ROUND })?);
        // Killed with a log that was not written back.
        let mut victim = self.device.start(self.lab, &Task { rounds: 5, keep: true, ..Task::ONE_ROUND })?;
        victim.reaches(Phase::Rest, 3)?;
        self.ledger.note(&victim.kill()?);
        Ok(older)
    }

    /// What a host does where the store is lost.
    fn erase_and_enrol(&mut self, task: &Task<'_>, what: &str, outcome: &mut Outcome) -> Result<(), Failure> {
        for name in ["agent.db", "agent.db-wal", "agent.db-shm", "agent.db-journal"] {
            remove(&self.device.data.join(name))?;
        }
        self.device.code = self.organisation.code()?;
        let ended = self.device.run(self.lab, task)?;
        self.ledger.note(&ended);
        if !ended.status.success() {
            let failures: Vec<_> = ended.failures().collect();
            outcome.wrong(format!("{what}: not to be mended by enrolling again: {failures:?}"));
        }
        Ok(())
    }

    /// Whoever is missing must be told of.
    fn settle(self, told: bool, what: &str, count: &mut Count, outcome: &mut Outcome) -> Result<(), Failure> {
        let devices = self.organisation.devices()?;
        let standing = self.ledger.standing(&self.organisation.data)?;
        outcome.promised += standing.promised;
        outcome.held += standing.held;
        let flagged = devices.iter().any(|device| {
            let is_ours =
                device.get("id").and_then(|id| id.as_str()).is_some_and(|id| standing.devices.contains(id));
            is_ours && device.pointer("/chain/status").and_then(|it| it.as_str()) != Some("intact")
        });
        count.flagged += u64::from(flagged);
        if !standing.missing.is_empty() {
            match (told || flagged, self.damage.is_of_the_log()) {
                (true, _) => count.destroyed += standing.missing.len(),
                (false, true) => count.rolled_back += standing.missing.len(),
                (false, false) => {
                    outcome.lost.extend(standing.missing.iter().map(|it| format!("{what}: {it}")))
                }
            }
        }
        if !standing.twice.is_empty() && !flagged {
            outcome.duplicated.extend(standing.twice.iter().map(|it| format!("{what}: {it}")));
        }
        if self.damage == Damage::OlderCopy && !flagged {
            outcome.wrong(format!("{what}: the connector did not flag that the device was set back"));
        }
        Ok(())
    }
}

fn alter(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Result<bool, Failure> {
    if !path.exists() {
        return Ok(false);
    }
    let mut bytes = fs::read(path)?;
    change(&mut bytes);
    fs::write(path, bytes)?;
    Ok(true)
}

fn remove(path: &Path) -> Result<bool, Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn index_in(length: usize, random: &mut Random) -> usize {
    usize::try_from(random.within(0..length as u64)).unwrap_or(0)
}

/// Where one of the pages begins.
fn page(length: usize, random: &mut Random) -> usize {
    index_in(length / PAGE, random) * PAGE
}

fn zero(bytes: &mut [u8], from: usize, count: usize) {
    bytes.iter_mut().skip(from).take(count).for_each(|byte| *byte = 0);
}

fn fill(bytes: &mut [u8], from: usize, count: usize, random: &mut Random) {
    let noise = |byte: &mut u8| *byte = u8::try_from(random.within(0..256)).unwrap_or(0);
    bytes.iter_mut().skip(from).take(count).for_each(noise);
}
