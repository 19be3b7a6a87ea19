//! A host whose answers the test has in hand.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use agent_core::platform::KeyProtection;
use tempfile::TempDir;

use crate::types::*;
use crate::{Agent, AgentOptions, DeviceHost, DeviceKey, HostError, KeySlot, SecretStore};

pub const AMPLE: Duration = Duration::from_secs(60);

/// What a [`ScriptedHost`] answers.
pub struct Script {
    pub apps: Result<Inventory, HostError>,
    pub posture: Result<DevicePosture, HostError>,
    pub network: Result<NetworkSnapshot, HostError>,
}

pub struct ScriptedHost(pub Mutex<Script>);

impl DeviceHost for ScriptedHost {
    fn installed_apps(&self) -> Result<Inventory, HostError> {
        self.0.lock().unwrap().apps.clone()
    }

    fn device_posture(&self) -> Result<DevicePosture, HostError> {
        self.0.lock().unwrap().posture.clone()
    }

    fn network_snapshot(&self) -> Result<NetworkSnapshot, HostError> {
        self.0.lock().unwrap().network.clone()
    }

    fn evaluate_trust(&self, _chain: Vec<Vec<u8>>, _host: String) -> Result<TrustVerdict, HostError> {
        Err(HostError::NotAvailable { why: "no verifier".to_owned() })
    }
}

/// A keystore that has neither keys nor secrets of its own.
pub struct NoKeystore;

impl DeviceKey for NoKeystore {
    fn public_key_spki_der(&self, _slot: KeySlot) -> Result<Option<Vec<u8>>, HostError> {
        Err(locked())
    }

    fn sign_es256(&self, _slot: KeySlot, _message: Vec<u8>) -> Result<Signature, HostError> {
        Err(locked())
    }

    fn protection(&self, _slot: KeySlot) -> Result<KeyProtection, HostError> {
        Err(locked())
    }

    fn make_candidate(&self, _challenge: Vec<u8>) -> Result<Option<KeyAttestation>, HostError> {
        Err(locked())
    }

    fn adopt_candidate(&self) -> Result<(), HostError> {
        Err(locked())
    }
}

fn locked() -> HostError {
    HostError::Locked { why: "the keystore is locked: unlock the device".to_owned() }
}

impl SecretStore for NoKeystore {
    fn wrap(&self, data_key: Vec<u8>) -> Result<Vec<u8>, HostError> {
        Ok(data_key.iter().map(|byte| byte ^ 0x5a).collect())
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, HostError> {
        self.wrap(wrapped)
    }
}

/// A keystore that answers once it is let go.
pub struct HangingSecrets(pub Mutex<std::sync::mpsc::Receiver<()>>);

impl SecretStore for HangingSecrets {
    fn wrap(&self, data_key: Vec<u8>) -> Result<Vec<u8>, HostError> {
        NoKeystore.wrap(data_key)
    }

    fn unwrap(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, HostError> {
        let _ = self.0.lock().unwrap().recv();
        NoKeystore.unwrap(wrapped)
    }
}

/// An agent over a scripted host, with its folder.
pub struct Bench {
    pub agent: Arc<Agent>,
    pub host: Arc<ScriptedHost>,
    pub folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Arc::new(ScriptedHost(Mutex::new(Script {
            apps: Ok(Inventory { apps: Vec::new(), notes: Vec::new(), incomplete: None }),
            posture: Ok(posture()),
            network: Ok(network()),
        })));
        let agent = block_on(Agent::open(options(&folder, &host), AMPLE)).unwrap();
        Self { agent, host, folder }
    }

    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.host.0.lock().unwrap());
    }

    pub fn scan(&self) -> ScanResult {
        block_on(self.agent.scan(ScanTrigger::Requested, Depth::Everything, AMPLE)).unwrap()
    }

    /// How far `check` got in a scan.
    pub fn coverage(&self, check: CheckId) -> Coverage {
        let scan = self.scan();
        scan.checks.into_iter().find(|outcome| outcome.check == check).unwrap().coverage
    }
}

pub fn options(folder: &TempDir, host: &Arc<ScriptedHost>) -> AgentOptions {
    AgentOptions {
        platform: Platform::Android,
        store_path: folder.path().join("agent.db").to_string_lossy().into_owned(),
        unenrolled_settings_json: None,
        intel_key: None,
        device: host.clone(),
        key: Arc::new(NoKeystore),
        secrets: Arc::new(NoKeystore),
    }
}

/// A device of which everything is known, and all is well.
pub fn posture() -> DevicePosture {
    let text = |value: &str| TextFact::Known { value: value.to_owned() };
    let none = || TextListFact::Known { value: Vec::new() };
    DevicePosture {
        model: text("Pixel 8"),
        os_name: text("Android"),
        os_version: text("14"),
        kernel_version: text("6.1"),
        security_patch: text("2026-10-05"),
        storage_encrypted: BoolFact::Known { value: true },
        screen_lock: BoolFact::Known { value: true },
        root_signs: none(),
        debug_flags: none(),
        os_build: text("UP1A.231005.007"),
        tamper_signs: none(),
        hooking_signs: none(),
        emulator_signs: none(),
        bootloader_locked: BoolFact::Known { value: true },
        verified_boot: VerifiedBootFact::Known { value: VerifiedBoot::Green },
        developer_mode: BoolFact::Known { value: false },
        usb_debugging: BoolFact::Known { value: false },
        wireless_debugging: BoolFact::Known { value: false },
        unknown_sources: none(),
        app_verification: BoolFact::Known { value: true },
        always_on_vpn: none(),
        accessibility_services: none(),
        device_admins: none(),
        profiles: ProfilesFact::Known { value: Vec::new() },
        added_roots: CertificatesFact::Known { value: Vec::new() },
    }
}

/// A network of which nothing is known.
pub fn network() -> NetworkSnapshot {
    let why = || "not asked".to_owned();
    let text = || TextFact::NotAvailable { why: why() };
    let list = || TextListFact::NotAvailable { why: why() };
    NetworkSnapshot {
        name: text(),
        gateways: list(),
        dns_servers: list(),
        proxies: ProxiesFact::NotAvailable { why: why() },
        vpns: list(),
        captive: BoolFact::NotAvailable { why: why() },
        private_dns: PrivateDnsFact::NotAvailable { why: why() },
        transport: TransportFact::NotAvailable { why: why() },
        ssid: text(),
        bssid: text(),
        security: WifiSecurityFact::NotAvailable { why: why() },
        neighbours: NeighboursFact::NotAvailable { why: why() },
        dhcp_server: text(),
        nat64_prefix: text(),
        portal_api: text(),
        metered: BoolFact::NotAvailable { why: why() },
    }
}

/// An app of which only the identifier is told.
pub fn app(id: &str) -> AppRecord {
    let nothing = agent_core::model::AppRecord::from_source(AppSource::AndroidPackageManager);
    AppRecord { id: Some(id.to_owned()), ..nothing.into() }
}

/// Waits for a future on this thread, as a language's own executor does.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => std::thread::park(),
        }
    }
}
