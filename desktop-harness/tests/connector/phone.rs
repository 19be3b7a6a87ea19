//! A phone with the whole agent, whose network the test decides on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agent_core::agent::{Agent, AgentConfig, DeliveryHints, DeliverySummary, Host, ScanResult, ScanTrigger};
use agent_core::connector::EnrolmentPayload;
use agent_core::model::{
    AppId, AppRecord, AppSource, BundleKey, Detection, DevicePosture, Fact, Finding, Inventory,
    NetworkSnapshot, Platform, Settings, TrustVerdict, Verdict,
};
use agent_core::platform::{DeviceHost, SystemEntropy};
use desktop_harness::host::FileSecretStore;
use desktop_harness::software_key::SoftwareKeys;
use tempfile::TempDir;

use crate::support::TestClock;

/// More than any call takes on a busy machine.
pub const AMPLE: Duration = Duration::from_secs(60);

pub struct Phone {
    pub agent: Agent,
    pub facts: Arc<Facts>,
    pub folder: TempDir,
    clock: TestClock,
    intel_key: Option<BundleKey>,
}

/// What the platform would tell: fake, so that a test can take the phone from one network to another.
pub struct Facts {
    network: Mutex<String>,
    captive: AtomicBool,
    apps: Mutex<Vec<AppRecord>>,
}

impl Facts {
    pub fn new() -> Self {
        Self { network: Mutex::new("office".into()), captive: AtomicBool::new(false), apps: Mutex::default() }
    }

    pub fn go_to(&self, network: &str) {
        *self.network.lock().unwrap() = network.to_owned();
    }

    pub fn behind_portal(&self, captive: bool) {
        self.captive.store(captive, Ordering::SeqCst);
    }

    pub fn install(&self, count: usize) {
        let app = |n: usize| AppRecord {
            id: AppId::new(format!("com.example.app{n}")),
            name: Some(format!("An app with a rather long name, number {n}")),
            ..AppRecord::from_source(AppSource::AndroidPackageManager)
        };
        *self.apps.lock().unwrap() = (0..count).map(app).collect();
    }
}

impl DeviceHost for Facts {
    fn installed_apps(&self) -> Fact<Inventory> {
        let apps = self.apps.lock().unwrap().clone();
        Fact::known(Inventory { apps, notes: Vec::new(), incomplete: None })
    }

    fn device_posture(&self) -> DevicePosture {
        DevicePosture::not_available(Platform::Android, "not told in these tests")
    }

    fn network_snapshot(&self) -> NetworkSnapshot {
        NetworkSnapshot {
            ssid: Fact::known(self.network.lock().unwrap().clone()),
            captive: Fact::known(self.captive.load(Ordering::SeqCst)),
            ..NetworkSnapshot::not_available("not told in these tests")
        }
    }

    fn evaluate_trust(&self, _: &[Vec<u8>], _: &str) -> Fact<TrustVerdict> {
        Fact::not_available("no verifier in these tests")
    }
}

impl Phone {
    pub fn new(clock: &TestClock, intel_key: Option<BundleKey>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts = Arc::new(Facts::new());
        let agent = open(&folder, &facts, clock, intel_key);
        Self { agent, facts, folder, clock: clock.clone(), intel_key }
    }

    pub async fn enrolled(
        clock: &TestClock,
        payload: EnrolmentPayload,
        intel_key: Option<BundleKey>,
    ) -> Self {
        let phone = Self::new(clock, intel_key);
        phone.agent.enroll(payload, AMPLE).await.unwrap();
        phone
    }

    /// The process ends, and another starts.
    pub fn restarted(self) -> Self {
        let Self { agent, facts, folder, clock, intel_key } = self;
        drop(agent);
        let agent = open(&folder, &facts, &clock, intel_key);
        Self { agent, facts, folder, clock, intel_key }
    }

    pub async fn scan(&self) -> ScanResult {
        self.agent.scan(ScanTrigger::Requested, AMPLE).await.unwrap()
    }

    pub async fn deliver(&self) -> DeliverySummary {
        self.agent.deliver(AMPLE).await.unwrap()
    }

    pub async fn deliver_with(&self, hints: DeliveryHints) -> DeliverySummary {
        self.agent.deliver_with(AMPLE, hints).await.unwrap()
    }

    /// Whether a scan finds that TLS is intercepted, and how sure.
    pub async fn interception(&self) -> Option<Verdict> {
        let found = self.scan().await.findings.into_iter().filter(Finding::is_open);
        let verdicts = found.filter(|it| it.judgement.detection == Detection::TlsInterception);
        verdicts.map(|it| it.judgement.verdict).next()
    }
}

fn open(folder: &TempDir, facts: &Arc<Facts>, clock: &TestClock, intel_key: Option<BundleKey>) -> Agent {
    let config = AgentConfig {
        platform: Platform::Android,
        store: folder.path().join("agent.db"),
        unenrolled_settings: Settings::default(),
        intel_key,
    };
    let host = Host {
        device: facts.clone(),
        key: Arc::new(SoftwareKeys::in_folder(folder.path())),
        secrets: Arc::new(FileSecretStore::open(folder.path()).unwrap()),
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SystemEntropy),
    };
    Agent::open(config, host).unwrap()
}
