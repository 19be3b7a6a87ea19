//! A connector that restarts in the middle of a delivery, loses its database, or signs with another key.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Amount, Progress};
use crate::Failure;
use crate::event::Phase;
use crate::lab::Lab;
use crate::ledger::Ledger;
use crate::organisation::Organisation;
use crate::outcome::Outcome;
use crate::victim::{Device, Ended, Task};

/// The files of a connector's database.
const DATABASE: [&str; 3] = ["connector.db", "connector.db-wal", "connector.db-shm"];

/// Scans that leave reports in the queue.
const SCANS_ONLY: Task<'_> = Task { rounds: 2, keep: true, ..Task::ONE_ROUND };

pub fn run(lab: &Lab, amount: Amount, progress: Progress<'_>) -> Result<Outcome, Failure> {
    let mut organisation = Organisation::start(lab, "organisation")?;
    let mut trial = Trial { lab, ledger: Ledger::default(), outcome: Outcome::default(), progress };
    trial.restarts(&mut organisation, amount.damages * 2)?;
    trial.improper_key(&mut organisation)?;
    trial.proper_key(&organisation)?;
    trial.judge(&mut organisation)?;
    trial.lost_database(lab)?;
    Ok(trial.outcome)
}

struct Trial<'a> {
    lab: &'a Lab,
    ledger: Ledger,
    outcome: Outcome,
    progress: Progress<'a>,
}

impl Trial<'_> {
    /// Asked to end, as a service manager does, and started again, while a device delivers.
    fn restarts(&mut self, organisation: &mut Organisation<'_>, times: u64) -> Result<(), Failure> {
        let mut random = self.lab.random("restarts");
        let device = Device::new(self.lab, "restarted-under", organisation.code()?);
        for _ in 0..times {
            let task = Task { rounds: 1, scans: 4, drain: true, ..Task::ONE_ROUND };
            let mut victim = device.start(self.lab, &task)?;
            if victim.reaches(Phase::Deliver, 1)? {
                std::thread::sleep(Duration::from_micros(random.within(0..60_000)));
                organisation.stop()?;
                organisation.serve(None)?;
            }
            let ended = victim.wait()?;
            self.note(&device, &ended);
            (self.progress)("restarts");
        }
        self.outcome.row(
            "connector stopped and started during delivery",
            times,
            "the device went on by itself",
        );
        Ok(())
    }

    /// The file of the signing key is replaced, without any settings that announce it; later it comes back.
    fn improper_key(&mut self, organisation: &mut Organisation<'_>) -> Result<(), Failure> {
        let device = Device::new(self.lab, "other-key", organisation.code()?);
        self.well(&device, &Task::ONE_ROUND)?;
        self.well(&device, &SCANS_ONLY)?;
        let (key, aside) = (organisation.data.join("signing-key.p8"), self.lab.path("true-key"));
        organisation.kill()?;
        fs::rename(&key, &aside)?;
        organisation.serve(None)?;
        let ended = device.run(self.lab, &Task { rounds: 3, ..Task::ONE_ROUND })?;
        self.note(&device, &ended);
        if ended.delivered() > 0 {
            self.outcome.wrong("a receipt under a key that nobody announced was taken");
        }
        organisation.kill()?;
        fs::rename(&aside, &key)?;
        organisation.serve(None)?;
        self.well(&device, &Task::DRAIN)?;
        self.outcome.row(
            "signing key replaced without announcement",
            1,
            "refused and kept; delivered once it was back",
        );
        Ok(())
    }

    /// A new key is announced by the one in use, then used; one device hears of it in time, another only afterwards.
    fn proper_key(&mut self, organisation: &Organisation<'_>) -> Result<(), Failure> {
        let devices =
            ["told-in-time", "told-late"].map(|name| Ok::<_, Failure>((name, organisation.code()?)));
        let devices: Vec<_> = devices.into_iter().collect::<Result<_, _>>()?;
        let devices: Vec<_> =
            devices.into_iter().map(|(name, code)| Device::new(self.lab, name, code)).collect();
        for device in &devices {
            self.well(device, &Task::ONE_ROUND)?;
        }
        organisation.admin(&["rotate-key"])?;
        for device in devices.iter().take(1) {
            self.well(device, &Task::ONE_ROUND)?;
        }
        for device in &devices {
            self.well(device, &SCANS_ONLY)?;
        }
        organisation.admin(&["rotate-key", "--use", "--at-once"])?;
        for device in &devices {
            self.well(device, &Task { rounds: 1, drain: true, ..Task::ONE_ROUND })?;
        }
        self.outcome.row("signing key rotated", 1, "a device that heard of it and one that had not went on");
        Ok(())
    }

    fn judge(&mut self, organisation: &mut Organisation<'_>) -> Result<(), Failure> {
        let devices = organisation.devices()?;
        organisation.kill()?;
        self.outcome.judge(self.ledger.verdict(&organisation.data, &devices)?);
        if fs::read_to_string(&organisation.log)?.contains("panicked") {
            self.outcome.wrong("the connector panicked");
        }
        Ok(())
    }

    /// The database is gone, with the devices in it. What a device had queued stays, until it enrols anew: then these
    /// reports, which nobody can take, are set aside and counted in the drop counter of its first report.
    fn lost_database(&mut self, lab: &Lab) -> Result<(), Failure> {
        let mut organisation = Organisation::start(lab, "forgetful")?;
        let mut device = Device::new(lab, "forgotten", organisation.code()?);
        self.well(&device, &Task::ONE_ROUND)?;
        self.well(&device, &SCANS_ONLY)?;
        let queued = queued(lab, &device)?;
        organisation.kill()?;
        for file in DATABASE {
            if organisation.data.join(file).exists() {
                fs::remove_file(organisation.data.join(file))?;
            }
        }
        organisation.serve(None)?;
        organisation.set_up()?;

        let ended = device.run(lab, &Task { rounds: 2, ..Task::ONE_ROUND })?;
        for why in ended.stopped() {
            self.outcome.says("delivery stopped", &super::without_numbers(why));
        }
        if ended.delivered() > 0 || ended.sets_aside() {
            self.outcome
                .wrong("a connector that does not know the device took its reports, or had them set aside");
        }
        let kept = self::queued(lab, &device)?;
        if !queued.iter().all(|report| kept.contains(report)) {
            self.outcome.wrong("reports left the queue before the device enrolled anew");
        }

        // Enrolled anew, with the same folder.
        device.code = organisation.code()?;
        let mtd =
            lab.command(&lab.mtd).args(["enroll", &device.code, "--data"]).arg(&device.data).output()?;
        if !mtd.status.success() {
            let said = String::from_utf8_lossy(&mtd.stderr);
            self.outcome.wrong(format!("the device could not enrol anew: {said}"));
            return Ok(());
        }
        let mut ledger = Ledger::default();
        let ended = device.run(lab, &Task { rounds: 2, drain: true, ..Task::ONE_ROUND })?;
        ledger.note(&ended);
        let devices = organisation.devices()?;
        let dropped = first_drop_counter(&organisation, &devices)?;
        if usize::try_from(dropped)? != kept.len() {
            self.outcome
                .wrong(format!("{} reports were set aside, the drop counter tells {dropped}", kept.len()));
        }
        organisation.kill()?;
        self.outcome.row(
            "connector's database lost",
            1,
            format!("{} reports stayed queued; enrolled anew, the drop counter tells {dropped}", kept.len()),
        );
        self.outcome.judge(ledger.verdict(&organisation.data, &devices)?);
        Ok(())
    }

    fn well(&mut self, device: &Device, task: &Task<'_>) -> Result<(), Failure> {
        let ended = device.run(self.lab, task)?;
        self.note(device, &ended);
        if !ended.status.success() {
            self.outcome.wrong(format!("{}: ended with {}", device.name, ended.status));
        }
        Ok(())
    }

    fn note(&mut self, device: &Device, ended: &Ended) {
        self.ledger.note(ended);
        for (phase, why) in ended.failures() {
            self.outcome.wrong(format!("{}: {phase} failed: {why}", device.name));
        }
        for why in ended.stopped() {
            self.outcome.says("delivery stopped", &super::without_numbers(why));
        }
        if device.stderr().contains("panicked") {
            self.outcome.wrong(format!("{}: {}", device.name, device.stderr()));
        }
    }
}

/// The reports that wait on a device, as `mtd preview` shows them.
fn queued(lab: &Lab, device: &Device) -> Result<Vec<String>, Failure> {
    let shown = lab.command(&lab.mtd).args(["preview", "--json", "--data"]).arg(&device.data).output()?;
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&shown.stdout)?;
    Ok(reports.iter().filter_map(|it| it.get("token")?.as_str().map(str::to_owned)).collect())
}

/// What the first device report of the only device tells of dropped reports.
fn first_drop_counter(
    organisation: &Organisation<'_>,
    devices: &[serde_json::Value],
) -> Result<u64, Failure> {
    let device = devices.first().and_then(|it| it.get("id")?.as_str()).ok_or("no device at the connector")?;
    let claims = crate::ledger::claims_of(&organisation.data as &Path, device)?;
    let counter = claims.iter().find_map(|claims| {
        let events = claims.get("events")?.as_object()?;
        events.iter().find(|(uri, _)| uri.ends_with("device-report"))?.1.get("dropped")?.as_u64()
    });
    counter.ok_or_else(|| "no device report at the connector".into())
}
