//! What devices were promised, and whether the connector holds it: every report exactly once, in one unbroken chain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use agent_core::report::jwk::{Jwk, PublicKey};
use agent_core::report::{Expected, verify_chain};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::Failure;
use crate::event::Event;
use crate::victim::{Ended, Told};

/// The promises made so far.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Numbers that `scan` returned, by device.
    acknowledged: BTreeMap<String, BTreeSet<u64>>,
    /// Digests of queued reports, by device and number.
    digests: BTreeSet<(String, u64, String)>,
    /// Numbers that `deliver` returned.
    delivered: BTreeMap<String, BTreeSet<u64>>,
    /// Reports that were set aside: the connector will never have them.
    set_aside: Vec<String>,
}

/// What the connector made of them.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Reports that were promised.
    pub promised: usize,
    /// Reports that the connector holds.
    pub held: usize,
    /// Promised, and not held.
    pub lost: Vec<String>,
    /// Held more than once.
    pub duplicated: Vec<String>,
    /// Anything else that must not be: forks, gaps, other bytes.
    pub broken: Vec<String>,
}

impl Ledger {
    /// Notes what a process told.
    pub fn note(&mut self, ended: &Ended) {
        for Told { event, .. } in &ended.told {
            match event.clone() {
                Event::Acknowledged { device, numbers } => {
                    self.acknowledged.entry(device).or_default().extend(numbers);
                }
                Event::Queued { device, number, sha256 } => {
                    self.digests.insert((device, number, sha256));
                }
                Event::Delivered { device, numbers } => {
                    self.delivered.entry(device).or_default().extend(numbers);
                }
                Event::SetAside { device, number, why } => {
                    self.set_aside.push(format!("report {number} of {device} was set aside: {why}"));
                }
                Event::Phase { .. }
                | Event::Found { .. }
                | Event::Enrolled { .. }
                | Event::Stopped { .. }
                | Event::Failed { .. } => {}
            }
        }
    }

    /// Adds the promises of another ledger.
    pub fn merge(&mut self, other: Self) {
        for (device, numbers) in other.acknowledged {
            self.acknowledged.entry(device).or_default().extend(numbers);
        }
        for (device, numbers) in other.delivered {
            self.delivered.entry(device).or_default().extend(numbers);
        }
        self.digests.extend(other.digests);
        self.set_aside.extend(other.set_aside);
    }

    /// Compares with the database of the connector in `data`, and with what it says of its devices.
    pub fn verdict(&self, data: &Path, devices: &[Value]) -> Result<Verdict, Failure> {
        let held = Held::read(data)?;
        let mut verdict = Verdict { held: held.reports.len(), broken: held.broken(), ..Verdict::default() };
        verdict.lost.extend(self.set_aside.iter().cloned());
        verdict.broken.extend(held.faults.iter().cloned());
        verdict.broken.extend(said_of_chains(devices));

        let mut numbers: BTreeMap<(&str, &str, u64), usize> = BTreeMap::new();
        let mut places: BTreeMap<(&str, u64), BTreeSet<&str>> = BTreeMap::new();
        for report in &held.reports {
            *numbers.entry((&report.device, &report.epoch, report.seq)).or_default() += 1;
            places.entry((&report.device, report.seq)).or_default().insert(&report.sha256);
        }
        for ((device, epoch, number), times) in numbers.iter().filter(|(_, times)| **times > 1) {
            verdict.duplicated.push(format!("report {number} of {device} in {epoch}: {times} times"));
        }
        for (device, numbers) in self.promises() {
            verdict.promised += numbers.len();
            for number in numbers {
                if !places.contains_key(&(device, number)) {
                    verdict.lost.push(format!("report {number} of {device}"));
                }
            }
        }
        for (device, number, sha256) in &self.digests {
            let there = places.get(&(device.as_str(), *number));
            if there.is_some_and(|digests| !digests.contains(sha256.as_str())) {
                verdict
                    .broken
                    .push(format!("report {number} of {device} was held as other bytes than it was queued"));
            }
        }
        Ok(verdict)
    }

    /// What the connector in `data` holds of this ledger's devices, without a judgement of their chains.
    pub fn standing(&self, data: &Path) -> Result<Standing, Failure> {
        let held = Held::read(data)?;
        let promises = self.promises();
        let devices: BTreeSet<String> = promises.keys().map(|device| (*device).to_owned()).collect();
        let mut standing = Standing { devices, ..Standing::default() };
        let mut places: BTreeMap<(&str, &str, u64), u64> = BTreeMap::new();
        let ours = held.reports.iter().filter(|report| standing.devices.contains(&report.device));
        for report in ours {
            standing.held += 1;
            *places.entry((&report.device, &report.epoch, report.seq)).or_default() += 1;
        }
        let twice = places.iter().filter(|(_, times)| **times > 1);
        standing.twice = twice
            .map(|((device, _, number), times)| format!("report {number} of {device}: {times} times"))
            .collect();
        // By their bytes where these are known: a device that enrolled anew has every number once more.
        let numbers: BTreeSet<(&str, u64)> =
            places.keys().map(|(device, _, number)| (*device, *number)).collect();
        let bytes: BTreeSet<&str> = held.reports.iter().map(|report| report.sha256.as_str()).collect();
        let known: BTreeSet<(&str, u64)> = self.digests.iter().map(|it| (it.0.as_str(), it.1)).collect();
        let gone = self.digests.iter().filter(|(_, _, sha256)| !bytes.contains(sha256.as_str()));
        let mut missing: BTreeSet<(&str, u64)> = gone.map(|it| (it.0.as_str(), it.1)).collect();
        for (device, promised) in promises {
            standing.promised += promised.len();
            let here = promised.into_iter().map(|number| (device, number));
            missing.extend(here.filter(|place| !known.contains(place) && !numbers.contains(place)));
        }
        standing.missing =
            missing.into_iter().map(|(device, number)| format!("report {number} of {device}")).collect();
        Ok(standing)
    }

    /// What scans returned, what was seen waiting, and what receipts were had for.
    fn promises(&self) -> BTreeMap<&str, BTreeSet<u64>> {
        let mut all: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for (device, numbers) in self.acknowledged.iter().chain(&self.delivered) {
            all.entry(device).or_default().extend(numbers);
        }
        for (device, number, _) in &self.digests {
            all.entry(device).or_default().insert(*number);
        }
        all
    }
}

/// How it stands with the devices of one ledger, among others of the same connector.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The devices that were promised anything.
    pub devices: BTreeSet<String>,
    /// Reports that were promised.
    pub promised: usize,
    /// Reports of them that the connector holds.
    pub held: usize,
    /// Promised, and not held.
    pub missing: Vec<String>,
    /// Places that are held more than once.
    pub twice: Vec<String>,
}

struct HeldReport {
    device: String,
    epoch: String,
    seq: u64,
    sha256: String,
    token: String,
}

/// What is in a connector's database.
struct Held {
    reports: Vec<HeldReport>,
    keys: BTreeMap<String, String>,
    faults: Vec<String>,
}

impl Held {
    fn read(data: &Path) -> Result<Self, Failure> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = Connection::open_with_flags(data.join("connector.db"), flags)?;
        let mut held = Self { reports: Vec::new(), keys: BTreeMap::new(), faults: Vec::new() };
        let said: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0))?;
        if said != "ok" {
            held.faults.push(format!("the connector's database is damaged: {said}"));
        }
        let mut statement = connection
            .prepare("SELECT device, epoch, seq, sha256, token, fault FROM report ORDER BY rowid")?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            let report = HeldReport {
                device: row.get(0)?,
                epoch: row.get(1)?,
                seq: u64::try_from(row.get::<_, i64>(2)?)?,
                sha256: row.get(3)?,
                token: row.get(4)?,
            };
            if let Some(fault) = row.get::<_, Option<String>>(5)? {
                held.faults.push(format!("report {} of {} is a {fault}", report.seq, report.device));
            }
            held.reports.push(report);
        }
        let mut statement = connection.prepare("SELECT id, jwk FROM device")?;
        let keys = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        held.keys = keys.collect::<Result<_, _>>()?;
        Ok(held)
    }

    /// What is wrong with the chains, by the agent's own verification.
    fn broken(&self) -> Vec<String> {
        let mut by_device: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for report in &self.reports {
            by_device.entry(&report.device).or_default().push(&report.token);
        }
        let mut broken = Vec::new();
        for (device, tokens) in by_device {
            let key = self.keys.get(device).and_then(|jwk| serde_json::from_str::<Jwk>(jwk).ok());
            let Some(key) = key.and_then(|jwk| PublicKey::from_jwk(&jwk).ok()) else {
                broken.push(format!("device {device} has no readable key"));
                continue;
            };
            let found = verify_chain(&tokens, &key, Expected::default());
            if !found.is_sound() {
                broken.push(format!("the chain of {device} is not sound: {found:?}"));
            }
            for epoch in &found.epochs {
                if epoch.first != 1 || epoch.last != epoch.reports as u64 {
                    let (first, last, count) = (epoch.first, epoch.last, epoch.reports);
                    broken.push(format!("the chain of {device} has {count} reports from {first} to {last}"));
                }
            }
        }
        broken
    }
}

/// The claims of the reports of `device`, in order of number.
pub fn claims_of(data: &Path, device: &str) -> Result<Vec<Value>, Failure> {
    let mut held = Held::read(data)?;
    held.reports.retain(|report| report.device == device);
    held.reports.sort_by_key(|report| report.seq);
    let claims =
        held.reports.iter().map(|report| agent_core::report::jws::peek_claims::<Value>(&report.token));
    Ok(claims.collect::<Result<_, _>>()?)
}

/// What the connector itself says against a chain.
fn said_of_chains(devices: &[Value]) -> Vec<String> {
    let bad = devices.iter().filter(|device| device.pointer("/chain/status") != Some(&Value::from("intact")));
    bad.map(|device| format!("the connector says of a chain: {device}")).collect()
}
