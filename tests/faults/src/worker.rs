//! The victim: an agent on a desktop's host parts that enrols, scans and delivers, and tells what it was promised.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_core::agent::{Agent, AgentConfig, Host, ScanTrigger};
use agent_core::connector::{EnrolmentPayload, token_digest};
use agent_core::model::{Depth, Platform, Settings};
use agent_core::platform::{
    DeviceKey, Es256Signature, KeyAttestation, KeyProtection, KeySlot, PlatformError,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use desktop_harness::host::{
    Environment, FileSecretStore, LinuxHost, LinuxHostOptions, SystemClock, SystemEntropy,
};
use desktop_harness::software_key::SoftwareKeys;

use crate::Failure;
use crate::clock;
use crate::event::{Event, Phase};

/// Longest time of one call.
const LIMIT: Duration = Duration::from_secs(20);

/// How far the clock is moved on where a report waits for its next attempt, in seconds: as much as the first wait at
/// most, and twice as much each time that nothing was delivered.
const HURRY: i64 = 5;

/// Longest such move: as much as the longest wait.
const LONGEST_HURRY: i64 = 60 * 60;

/// Attempts to empty the queue.
const MOST_ATTEMPTS: u32 = 500;

/// The app that comes and goes, so that the level changes.
const TRACKER: &str = "com.example.trackview";

/// What the victim does.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the store and the keys
    #[arg(long)]
    data: PathBuf,
    /// The directory that stands for `/`
    #[arg(long)]
    root: PathBuf,
    /// The clock's shift
    #[arg(long)]
    clock: PathBuf,
    /// The enrolment code
    #[arg(long)]
    code: Option<String>,
    /// Rounds of a scan and a delivery
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// Scans before each delivery
    #[arg(long, default_value_t = 1)]
    scans: u32,
    /// Scan only
    #[arg(long)]
    keep: bool,
    /// Deliver until nothing waits, moving the clock on
    #[arg(long)]
    drain: bool,
    /// A word in the name of an app that is always there
    #[arg(long)]
    plant: Option<String>,
}

/// Runs the victim; true where every call went well.
pub fn run(args: &Args) -> Result<bool, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let worker = Arc::new(Teller::default());
        worker.phase(Phase::Open);
        let agent = match open(args, &worker) {
            Ok(agent) => agent,
            Err(why) => return Ok(worker.failed(Phase::Open, &why.to_string())),
        };
        let mut victim = Victim { args, agent, teller: worker, device: String::new() };
        Ok(victim.live().await)
    })
}

fn open(args: &Args, teller: &Arc<Teller>) -> Result<Agent, Failure> {
    fs::create_dir_all(&args.data)?;
    let options = LinuxHostOptions {
        root: args.root.clone(),
        environment: Environment::from([("HOME", "/nowhere")]),
        ..LinuxHostOptions::default()
    };
    let host = Host {
        device: Arc::new(LinuxHost::new(options, Arc::new(SystemClock))),
        key: Arc::new(TellingKeys { keys: SoftwareKeys::in_folder(&args.data), teller: teller.clone() }),
        secrets: Arc::new(FileSecretStore::open(&args.data)?),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let config = AgentConfig {
        platform: Platform::Linux,
        store: args.data.join("agent.db"),
        unenrolled_settings: Settings::default(),
        intel_key: None,
    };
    Ok(Agent::open(config, host)?)
}

struct Victim<'a> {
    args: &'a Args,
    agent: Agent,
    teller: Arc<Teller>,
    device: String,
}

impl Victim<'_> {
    async fn live(&mut self) -> bool {
        if !self.enrol().await {
            return false;
        }
        let mut well = true;
        for round in 0..self.args.rounds {
            for scan in 0..self.args.scans {
                well &= self.scan(round + scan).await;
            }
            well &= self.args.keep || self.deliver().await.is_some();
        }
        if self.args.drain { self.drain().await && well } else { well }
    }

    async fn enrol(&mut self) -> bool {
        let status = match self.agent.status() {
            Ok(status) => status,
            Err(error) => return self.teller.failed(Phase::Open, &error.to_string()),
        };
        self.device = match (status.enrolment, &self.args.code) {
            (Some(enrolment), _) => enrolment.device_id,
            (None, None) => return self.teller.failed(Phase::Enrol, "no code to enrol with"),
            (None, Some(code)) => {
                self.teller.phase(Phase::Enrol);
                let enrolled = match code.parse::<EnrolmentPayload>() {
                    Ok(payload) => self.agent.enroll(payload, LIMIT).await.map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                match enrolled {
                    Ok(enrolment) => enrolment.device_id,
                    Err(why) => return self.teller.failed(Phase::Enrol, &why),
                }
            }
        };
        self.teller.tell(&Event::Enrolled { device: self.device.clone() });
        true
    }

    async fn scan(&self, round: u32) -> bool {
        if let Err(error) = self.change_apps(round) {
            return self.teller.failed(Phase::Scan, &format!("the fixture: {error}"));
        }
        self.teller.phase(Phase::Scan);
        let scanned = self.agent.scan_to(Depth::First, ScanTrigger::Requested, LIMIT).await;
        let (numbers, findings) = match scanned {
            Ok(scan) => (scan.queued_reports, scan.findings),
            Err(error) => return self.teller.failed(Phase::Scan, &error.to_string()),
        };
        self.teller.tell(&Event::Acknowledged { device: self.device.clone(), numbers });
        let open = findings.iter().filter(|finding| finding.is_open());
        let detections = open.map(|finding| finding.judgement.detection.as_str().to_owned()).collect();
        self.teller.tell(&Event::Found { detections });
        self.teller.phase(Phase::Rest);
        match self.agent.preview_report() {
            Ok(queue) => queue.iter().for_each(|report| {
                self.teller.tell(&Event::Queued {
                    device: self.device.clone(),
                    number: report.seq,
                    sha256: token_digest(&report.token),
                });
            }),
            Err(error) => return self.teller.failed(Phase::Rest, &error.to_string()),
        }
        true
    }

    /// How many reports wait still; `None` where the call failed.
    async fn deliver(&self) -> Option<usize> {
        self.teller.phase(Phase::Deliver);
        let delivered = self.agent.deliver(LIMIT).await;
        self.teller.phase(Phase::Rest);
        let summary = match delivered {
            Ok(summary) => summary,
            Err(error) => {
                self.teller.failed(Phase::Deliver, &error.to_string());
                return None;
            }
        };
        let device = self.device.clone();
        self.teller.tell(&Event::Delivered { device: device.clone(), numbers: summary.delivered });
        for aside in summary.quarantined {
            let (number, why) = (aside.seq, aside.why);
            self.teller.tell(&Event::SetAside { device: device.clone(), number, why });
        }
        if let Some(why) = summary.stopped {
            self.teller.tell(&Event::Stopped { why, waiting: summary.still_queued });
        }
        Some(summary.still_queued)
    }

    async fn drain(&self) -> bool {
        let (mut waiting, mut hurry) = (usize::MAX, HURRY);
        for _ in 0..MOST_ATTEMPTS {
            match self.deliver().await {
                Some(0) => return true,
                Some(left) => {
                    hurry = if left < waiting { HURRY } else { (hurry * 2).min(LONGEST_HURRY) };
                    waiting = left;
                    if let Err(error) = clock::advance(&self.args.clock, hurry) {
                        return self.teller.failed(Phase::Deliver, &format!("the clock: {error}"));
                    }
                }
                None => return false,
            }
        }
        self.teller.failed(Phase::Deliver, &format!("reports wait still after {MOST_ATTEMPTS} attempts"))
    }

    /// Another list of apps than at the last scan: something is updated each time, and the tracker comes and goes.
    fn change_apps(&self, round: u32) -> std::io::Result<()> {
        let folder = self.args.root.join("var/lib/dpkg");
        fs::create_dir_all(&folder)?;
        let tag = random_word();
        let mut status = package("base-files", "12.4") + &package("notes-for-work", &format!("4.{tag}"));
        if let Some(word) = &self.args.plant {
            status += &package(word, "1.0");
        }
        if round % 2 == 1 {
            status += &package(TRACKER, "6.6.6");
        }
        fs::write(folder.join("status"), status)
    }
}

fn package(name: &str, version: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: {version}\n\n")
}

/// Differs from process to process and from scan to scan.
fn random_word() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    let word = RandomState::new().hash_one(0);
    u32::try_from(word % 1_000_000).unwrap_or(0)
}

/// Writes events to standard output, one `write` each.
#[derive(Default)]
struct Teller {
    now: Mutex<Option<Phase>>,
    mute: AtomicBool,
}

impl Teller {
    fn tell(&self, event: &Event) {
        let Ok(mut line) = serde_json::to_vec(event) else { return };
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        // Nobody listens any more: the parent is gone.
        if out.write_all(&line).and_then(|()| out.flush()).is_err() {
            self.mute.store(true, Ordering::Relaxed);
        }
    }

    fn phase(&self, phase: Phase) {
        if let Ok(mut now) = self.now.lock() {
            *now = Some(phase);
        }
        self.tell(&Event::Phase { phase });
    }

    /// False.
    fn failed(&self, step: Phase, why: &str) -> bool {
        self.tell(&Event::Failed { step, why: why.to_owned() });
        false
    }

    /// What the key is asked to sign tells how far a call has come.
    fn about_to_sign(&self, header: &[u8]) {
        let Ok(now) = self.now.lock().map(|now| *now) else { return };
        let has = |typ: &str| String::from_utf8_lossy(header).contains(typ);
        match now {
            Some(Phase::Scan) if has("secevent+jwt") => self.phase(Phase::Enqueue),
            Some(Phase::Deliver) if has("mtd-request+jwt") => self.phase(Phase::Download),
            _ => {}
        }
    }
}

/// The device's keys, which tell what they are used for.
struct TellingKeys {
    keys: SoftwareKeys,
    teller: Arc<Teller>,
}

impl DeviceKey for TellingKeys {
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, PlatformError> {
        self.keys.public_key_spki_der(slot)
    }

    fn sign_es256(&self, slot: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        let header = message.split(|byte| *byte == b'.').next().unwrap_or_default();
        if let Ok(header) = BASE64_URL_SAFE_NO_PAD.decode(header) {
            self.teller.about_to_sign(&header);
        }
        self.keys.sign_es256(slot, message)
    }

    fn protection(&self, slot: KeySlot) -> Result<KeyProtection, PlatformError> {
        self.keys.protection(slot)
    }

    fn make_candidate(&self, challenge: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        self.keys.make_candidate(challenge)
    }

    fn adopt_candidate(&self) -> Result<(), PlatformError> {
        self.keys.adopt_candidate()
    }
}

/// The arguments of a victim, for who starts one.
pub fn command_line(data: &Path, root: &Path, clock: &Path) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    ["worker", "--data", &path(data), "--root", &path(root), "--clock", &path(clock)]
        .map(String::from)
        .to_vec()
}
