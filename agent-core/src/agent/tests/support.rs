//! A device that does as it is told, and an agent on it.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::agent::*;
use crate::model::*;
use crate::platform::testing::MemoryKeystore;
use crate::platform::{DeviceHost, PlatformError, SystemEntropy};
use crate::report::{Event, Expected, SetClaims, verify_chain, verify_report};

pub const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);

/// Far more than any call of these tests takes on a busy machine.
pub const AMPLE: Duration = Duration::from_secs(60);

pub const MALWARE: &str = "com.planted.tracker";

/// An agent on a device whose facts, clock and key the test has in hand.
pub struct Device {
    pub agent: Agent,
    pub host: Arc<ScriptedHost>,
    pub clock: Arc<TestClock>,
    pub key: Arc<MemoryKeystore>,
    pub folder: TempDir,
}

impl Device {
    /// A healthy device with no apps, not enrolled.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Arc::new(ScriptedHost::default());
        let clock = Arc::new(TestClock(AtomicI64::new(NOW.unix())));
        let key = Arc::new(MemoryKeystore::with_key());
        let agent = open(&folder, &host, &clock, &key);
        Self { agent, host, clock, key, folder }
    }

    pub fn enrolled(settings: &Settings) -> Self {
        let device = Self::new();
        device
            .agent
            .inner()
            .unwrap()
            .store
            .write(|tx| tx.start_epoch("enrolment-1", NOW))
            .unwrap_or_else(fail);
        let enrolment = Enrolment {
            device_id: "d-7f3a".into(),
            tenant: "acme".into(),
            iss: "https://127.0.0.1:1/mtd/acme/d/d-7f3a".into(),
            aud: "https://127.0.0.1:1/mtd/acme/set".into(),
            // Nothing listens there.
            connector_url: "https://127.0.0.1:1".into(),
            spki_pins: Vec::new(),
            connector_jwk: device.agent.public_key().unwrap().to_jwk(),
            epoch: "enrolment-1".into(),
            key_protection: "software".into(),
            kid: device.agent.public_key().unwrap().thumbprint(),
        };
        device
            .agent
            .inner()
            .unwrap()
            .store
            .write(|tx| tx.put(Slot::Enrolment, &enrolment))
            .unwrap_or_else(fail);
        device.obey(settings);
        device
    }

    /// The process ends, and another starts.
    pub fn reopened(self) -> Self {
        let Self { agent, host, clock, key, folder } = self;
        drop(agent);
        let agent = open(&folder, &host, &clock, &key);
        Self { agent, host, clock, key, folder }
    }

    /// Puts other settings in force, as the next exchange with the connector would.
    pub fn obey(&self, settings: &Settings) {
        self.agent.inner().unwrap().store.write(|tx| tx.put(Slot::Settings, settings)).unwrap_or_else(fail);
    }

    pub fn install(&self, apps: impl IntoIterator<Item = AppRecord>) {
        let inventory = Inventory { apps: apps.into_iter().collect(), notes: Vec::new(), incomplete: None };
        self.host.script(|script| script.apps = Fact::known(inventory));
    }

    pub fn scan(&self) -> ScanResult {
        self.try_scan().unwrap()
    }

    pub fn try_scan(&self) -> Result<ScanResult, AgentError> {
        block_on(self.agent.scan(ScanTrigger::Requested, AMPLE))
    }

    /// The claims of the queued reports that `scan` made.
    pub fn claims_of(&self, scan: &ScanResult) -> Vec<SetClaims> {
        let key = self.agent.public_key().unwrap();
        let reports = self.reports_of(scan);
        let verify = |report: &PreviewedReport| verify_report(&report.token, &key, Expected::default());
        reports.iter().map(|report| verify(report).unwrap()).collect()
    }

    pub fn device_report_of(&self, scan: &ScanResult) -> crate::report::DeviceReport {
        let mut reports = self.claims_of(scan).into_iter().filter_map(|claims| match claims.events {
            Event::DeviceReport(report) => Some(*report),
            Event::RiskLevelChange(_) => None,
        });
        reports.next().unwrap()
    }

    pub fn reports_of(&self, scan: &ScanResult) -> Vec<PreviewedReport> {
        let mut reports = self.agent.preview_report().unwrap();
        reports.retain(|report| scan.queued_reports.contains(&report.seq));
        reports
    }

    /// Every queued report verifies, and together they are one unbroken chain from the first on.
    pub fn assert_sound_chain(&self) {
        let reports = self.agent.preview_report().unwrap();
        let tokens: Vec<_> = reports.iter().map(|report| report.token.as_str()).collect();
        let found = verify_chain(&tokens, &self.agent.public_key().unwrap(), Expected::default());
        assert!(found.is_sound(), "{found:#?}");
        assert_eq!(found.epochs[0].problems, []);
        let numbers: Vec<_> = reports.iter().map(|report| report.seq).collect();
        assert_eq!(numbers, (1..=reports.len() as u64).collect::<Vec<_>>());
    }

    /// The events since the last call.
    pub fn events(&self) -> Vec<AgentEvent> {
        std::iter::from_fn(|| match poll_once(self.agent.next_event()) {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        })
        .collect()
    }
}

fn open(
    folder: &TempDir,
    host: &Arc<ScriptedHost>,
    clock: &Arc<TestClock>,
    key: &Arc<MemoryKeystore>,
) -> Agent {
    Agent::open(config(folder), host_of(host, clock, key)).unwrap()
}

pub fn config(folder: &TempDir) -> AgentConfig {
    AgentConfig {
        platform: Platform::Android,
        store: folder.path().join("agent.db"),
        unenrolled_settings: settings(),
        intel_key: Some(crate::intel::testing::signer().1),
    }
}

pub fn host_of(host: &Arc<ScriptedHost>, clock: &Arc<TestClock>, key: &Arc<MemoryKeystore>) -> Host {
    Host {
        device: host.clone(),
        key: key.clone(),
        secrets: Arc::new(TestSecrets),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    }
}

fn fail<T>(error: crate::store::StoreError) -> T {
    panic!("{error}")
}

/// Nothing is shared, [`MALWARE`] is known, and every required check can run without a network.
pub fn settings() -> Settings {
    Settings {
        version: 1,
        required_checks: vec![
            CheckId::Inventory,
            CheckId::AppIndicators,
            CheckId::OsVersion,
            CheckId::Integrity,
        ],
        indicators: vec![Indicator {
            kind: IndicatorKind::AppId,
            value: MALWARE.into(),
            category: ThreatCategory::Stalkerware,
            family: "TrackView".into(),
            source: "the tests".into(),
        }],
        apps: AppRules { trusted_installers: installers(), ..AppRules::default() },
        ..Settings::default()
    }
}

pub fn sharing(ownership: Ownership) -> Settings {
    let app_sync = AppSync { enabled: true, personal_full_inventory: false };
    Settings { ownership, app_sync, ..settings() }
}

/// Those of [`app`], whose names tell the app, so that one in a report is noticed.
fn installers() -> Vec<AppId> {
    let labels = ["one", "two", "three", "bank", "docs", "mail", "tracker", "app", "chat"];
    labels.iter().filter_map(|label| AppId::new(format!("store.{label}"))).collect()
}

pub fn app(id: &str) -> AppRecord {
    let label = id.rsplit('.').next().unwrap();
    AppRecord {
        id: AppId::new(id),
        name: Some(format!("Label of {label}")),
        version: Some(format!("{label}-1066")),
        short_version: Some(format!("10.66.{label}")),
        managed: Some(false),
        installer: Some(format!("store.{label}")),
        signers: vec![SignerDigest::Sha256(Sha256::of(id.as_bytes()))],
        ..AppRecord::from_source(AppSource::AndroidPackageManager)
    }
}

pub fn managed(id: &str) -> AppRecord {
    AppRecord { managed: Some(true), ..app(id) }
}

pub fn signed_by(signer: &str, id: &str) -> AppRecord {
    AppRecord { signers: vec![SignerDigest::Sha256(Sha256::of(signer.as_bytes()))], ..app(id) }
}

/// Awaits on an executor without timers or I/O, as a host app's own may be.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits for what other threads do.
pub fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < AMPLE, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Mood {
    Answers,
    /// Blocks for a minute, or until the mood changes.
    Blocks,
    Panics,
}

/// What the device says.
#[derive(Clone)]
pub struct Script {
    pub apps: Fact<Inventory>,
    pub posture: DevicePosture,
    pub network: NetworkSnapshot,
    pub mood: Mood,
}

pub struct ScriptedHost {
    script: Mutex<Script>,
    asked: AtomicUsize,
}

impl Default for ScriptedHost {
    fn default() -> Self {
        let posture = DevicePosture {
            platform: Platform::Android,
            model: Fact::known("Pixel 9".into()),
            os_name: Fact::known("Android".into()),
            os_version: Fact::known("16".into()),
            kernel_version: Fact::known("6.1.99".into()),
            security_patch: Fact::known("2025-12-05".parse().unwrap()),
            storage_encrypted: Fact::known(true),
            screen_lock: Fact::known(true),
            root_signs: Fact::known(Vec::new()),
            debug_flags: Fact::known(Vec::new()),
            ..DevicePosture::not_available(Platform::Android, "not needed here")
        };
        let network = NetworkSnapshot {
            name: Fact::known("office".into()),
            gateways: Fact::known(vec!["192.0.2.1".into()]),
            dns_servers: Fact::known(vec!["192.0.2.53".into()]),
            proxies: Fact::known(Vec::new()),
            vpns: Fact::known(Vec::new()),
            captive: Fact::known(false),
            ..NetworkSnapshot::not_available("the script does not say")
        };
        let apps = Fact::known(Inventory::default());
        let script = Mutex::new(Script { apps, posture, network, mood: Mood::Answers });
        Self { script, asked: AtomicUsize::new(0) }
    }
}

impl ScriptedHost {
    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    pub fn mood(&self, mood: Mood) {
        self.script(|script| script.mood = mood);
    }

    /// How many questions reached the host.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn play(&self) -> Script {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let start = Instant::now();
        loop {
            let script = self.script.lock().unwrap().clone();
            match script.mood {
                Mood::Answers => return script,
                Mood::Panics => panic!("the script says so"),
                Mood::Blocks if start.elapsed() > AMPLE => return script,
                Mood::Blocks => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl DeviceHost for ScriptedHost {
    fn installed_apps(&self) -> Fact<Inventory> {
        self.play().apps
    }

    fn device_posture(&self) -> DevicePosture {
        self.play().posture
    }

    fn network_snapshot(&self) -> NetworkSnapshot {
        self.play().network
    }

    fn evaluate_trust(&self, _: &[Vec<u8>], _: &str) -> Fact<TrustVerdict> {
        Fact::not_available("no verifier in these tests")
    }
}

/// Stands still until the test moves it.
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

struct TestSecrets;

impl SecretStore for TestSecrets {
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError> {
        Ok(data_key.iter().map(|byte| byte ^ 0x5a).collect())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError> {
        self.wrap(wrapped)
    }
}
