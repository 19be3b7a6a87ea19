//! Enrolments and changes of key that break off between any two steps: the key in use goes on, and a new process takes up
//! what was begun.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use agent_core::agent::{Agent, AgentConfig, AgentError, EnrolmentStatus, Host, ScanTrigger};
use agent_core::connector::EnrolmentPayload;
use agent_core::model::{Ownership, Platform, Settings};
use agent_core::platform::{
    DeviceKey, Es256Signature, FailureKind, KeyAttestation, KeyProtection, KeySlot, PlatformError,
    SystemClock, SystemEntropy,
};
use desktop_harness::connector::{Config, Connector, KeyState, Running};
use desktop_harness::host::FileSecretStore;
use desktop_harness::software_key::SoftwareKeys;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::phone::{AMPLE, Facts};
use crate::support::HOUR;

/// Where it breaks off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Break {
    /// Before there is a key.
    BeforeMaking,
    /// The key is made, and nobody knows what for.
    AfterMaking,
    /// What it is for is kept, and the connector has not heard of it.
    Proof,
    /// The connector has taken it, and its answer is lost.
    Answer,
    /// The answer is stored, and the key is still the candidate.
    Adoption,
    /// The key is adopted, and the process ends before it hears of that.
    AfterAdoption,
}

const BREAKS: [Break; 6] = [
    Break::BeforeMaking,
    Break::AfterMaking,
    Break::Proof,
    Break::Answer,
    Break::Adoption,
    Break::AfterAdoption,
];

/// Keys in files, which fail at one step.
struct Breaking {
    keys: SoftwareKeys,
    at: Mutex<Option<Break>>,
    path: Arc<AtomicBool>,
}

impl Breaking {
    fn breaks(&self, step: Break) -> Result<(), PlatformError> {
        match *self.at.lock().unwrap() == Some(step) {
            true => Err(PlatformError::of(FailureKind::Busy, "keystore", "the test ends here")),
            false => Ok(()),
        }
    }
}

impl DeviceKey for Breaking {
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, PlatformError> {
        self.keys.public_key_spki_der(slot)
    }

    fn sign_es256(&self, slot: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        if slot == KeySlot::Candidate {
            self.breaks(Break::Proof)?;
            // The proof goes out next; its answer does not come back.
            self.path.store(*self.at.lock().unwrap() == Some(Break::Answer), Ordering::SeqCst);
        }
        self.keys.sign_es256(slot, message)
    }

    fn protection(&self, slot: KeySlot) -> Result<KeyProtection, PlatformError> {
        self.keys.protection(slot)
    }

    fn make_candidate(&self, challenge: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        self.breaks(Break::BeforeMaking)?;
        let attestation = self.keys.make_candidate(challenge)?;
        self.breaks(Break::AfterMaking)?;
        Ok(attestation)
    }

    fn adopt_candidate(&self) -> Result<(), PlatformError> {
        self.breaks(Break::Adoption)?;
        self.keys.adopt_candidate()?;
        self.breaks(Break::AfterAdoption)
    }
}

/// A way to the connector on which answers get lost.
async fn lossy_path(at: SocketAddr, to: SocketAddr, loses: Arc<AtomicBool>) {
    let listener = TcpListener::bind(at).await.unwrap();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(passed(client, to, loses.clone()));
        }
    });
}

async fn passed(client: TcpStream, to: SocketAddr, loses: Arc<AtomicBool>) {
    let server = TcpStream::connect(to).await.unwrap();
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let there = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
        if loses.load(Ordering::SeqCst) || to_client.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    there.abort();
}

struct Scene {
    connector: Connector,
    _running: Running,
    _data: TempDir,
    folder: TempDir,
    facts: Arc<Facts>,
    key: Arc<Breaking>,
}

impl Scene {
    async fn new() -> Self {
        let data = TempDir::new().unwrap();
        let mut config = Config::new(data.path(), Arc::new(SystemClock));
        config.listen = SocketAddr::from(([127, 0, 0, 2], 0));
        config.names = vec!["127.0.0.1".to_owned()];
        config.tenant = "acme".to_owned();
        let connector = Connector::open(config).unwrap();
        connector.update_settings(|settings| settings.keys.software = true).unwrap();
        let running = connector.start().await.unwrap();
        let loses = Arc::new(AtomicBool::new(false));
        let front = SocketAddr::from(([127, 0, 0, 1], running.addr.port()));
        lossy_path(front, running.addr, loses.clone()).await;
        let folder = TempDir::new().unwrap();
        let keys = SoftwareKeys::in_folder(folder.path());
        let key = Arc::new(Breaking { keys, at: Mutex::default(), path: loses });
        Self { connector, _running: running, _data: data, folder, facts: Arc::new(Facts::new()), key }
    }

    /// A process of the agent, over whatever the one before left.
    fn process(&self) -> Agent {
        let config = AgentConfig {
            platform: Platform::Android,
            store: self.folder.path().join("agent.db"),
            unenrolled_settings: Settings::default(),
            intel_key: None,
        };
        let host = Host {
            device: self.facts.clone(),
            key: self.key.clone(),
            secrets: Arc::new(FileSecretStore::open(self.folder.path()).unwrap()),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        Agent::open(config, host).unwrap()
    }

    /// What `call` comes to when it breaks off at `step`, and its process with it.
    async fn broken(
        &self,
        step: Break,
        call: impl AsyncFnOnce(Agent) -> Result<EnrolmentStatus, AgentError>,
    ) -> Result<EnrolmentStatus, AgentError> {
        *self.key.at.lock().unwrap() = Some(step);
        let told = call(self.process()).await;
        *self.key.at.lock().unwrap() = None;
        self.key.path.store(false, Ordering::SeqCst);
        told
    }

    fn invite(&self) -> EnrolmentPayload {
        self.connector.create_token(Ownership::Corporate, HOUR).unwrap()
    }

    fn states(&self) -> Vec<KeyState> {
        let device = self.connector.devices().unwrap().remove(0);
        device.keys.into_iter().map(|key| key.state).collect()
    }
}

/// A device that reports, and is heard.
async fn reports(agent: &Agent) {
    let scan = agent.scan(ScanTrigger::Requested, AMPLE).await.unwrap();
    assert_eq!(scan.unsigned, 0, "{:?}", scan.key_trouble);
    let summary = agent.deliver(AMPLE).await.unwrap();
    assert!(summary.delivered.ends_with(&scan.queued_reports), "{summary:?}");
    assert_eq!((summary.stopped, summary.still_queued), (None, 0));
    assert!(summary.decision.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolment_that_breaks_off_anywhere_goes_on_with_the_same_code_as_one_device() {
    for step in BREAKS {
        let scene = Scene::new().await;
        let payload = scene.invite();
        let told = scene.broken(step, async |agent| agent.enroll(payload.clone(), AMPLE).await).await;
        // What the connector has taken and the agent has stored is done; the keystore is made up for.
        assert_eq!(
            told.is_ok(),
            matches!(step, Break::Adoption | Break::AfterAdoption),
            "{step:?}: {told:?}"
        );
        let taken: Vec<_> = scene.connector.devices().unwrap().into_iter().map(|row| row.id).collect();

        let agent = scene.process();
        if told.is_err() {
            let enrolled =
                agent.enroll(payload, AMPLE).await.unwrap_or_else(|error| panic!("{step:?}: {error}"));
            assert!(taken.is_empty() || taken == [enrolled.device_id.clone()], "{step:?}");
        }
        reports(&agent).await;
        let rows = scene.connector.devices().unwrap();
        assert_eq!((rows.len(), rows[0].keys.len()), (1, 1), "{step:?}");
        assert_eq!(rows[0].keys[0].kid, agent.public_key().unwrap().thumbprint());
        assert!(scene.key.keys.key(KeySlot::Candidate).unwrap().is_none(), "{step:?}: nothing is left over");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_enrolment_that_breaks_off_leaves_the_first_one_working_until_it_is_done() {
    for step in BREAKS {
        let scene = Scene::new().await;
        let first = scene.process().enroll(scene.invite(), AMPLE).await.unwrap();
        reports(&scene.process()).await;
        let payload = scene.invite();
        let told = scene.broken(step, async |agent| agent.enroll(payload.clone(), AMPLE).await).await;

        let agent = scene.process();
        reports(&agent).await;
        if told.is_err() {
            let again =
                agent.enroll(payload, AMPLE).await.unwrap_or_else(|error| panic!("{step:?}: {error}"));
            assert_eq!(again.device_id, first.device_id, "{step:?}");
            reports(&agent).await;
        }
        let rows = scene.connector.devices().unwrap();
        assert_eq!((rows.len(), &rows[0].id), (1, &first.device_id), "{step:?}");
        assert_eq!(scene.states(), [KeyState::InUse, KeyState::Retired], "{step:?}");
        assert_eq!(rows[0].keys[0].kid, agent.public_key().unwrap().thumbprint());
        assert_eq!(
            (rows[0].chain.forks, rows[0].chain.regressions, rows[0].chain.gaps),
            (0, 0, 0),
            "{step:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_key_that_breaks_off_anywhere_costs_no_report_and_is_taken_up() {
    for step in BREAKS {
        let scene = Scene::new().await;
        scene.process().enroll(scene.invite(), AMPLE).await.unwrap();
        let before = {
            let agent = scene.process();
            reports(&agent).await;
            agent.public_key().unwrap().thumbprint()
        };
        let told = scene.broken(step, async |agent| agent.rotate_key(AMPLE).await).await;
        assert_eq!(
            told.is_ok(),
            matches!(step, Break::Adoption | Break::AfterAdoption),
            "{step:?}: {told:?}"
        );

        let agent = scene.process();
        reports(&agent).await;
        if told.is_err() {
            assert_eq!(agent.public_key().unwrap().thumbprint(), before, "{step:?}");
            agent.rotate_key(AMPLE).await.unwrap_or_else(|error| panic!("{step:?}: {error}"));
            reports(&agent).await;
        }
        assert_ne!(agent.public_key().unwrap().thumbprint(), before, "{step:?}");
        assert_eq!(scene.states(), [KeyState::InUse, KeyState::Retired], "{step:?}");
        let row = scene.connector.devices().unwrap().remove(0);
        assert_eq!((row.chain.forks, row.chain.regressions, row.chain.gaps), (0, 0, 0), "{step:?}");
        assert!(scene.key.keys.key(KeySlot::Candidate).unwrap().is_none(), "{step:?}");
        // And once more, from the new one.
        agent.rotate_key(AMPLE).await.unwrap();
        reports(&agent).await;
        assert_eq!(scene.states(), [KeyState::InUse, KeyState::Retired, KeyState::Retired]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_before_a_change_of_key_are_delivered_after_it() {
    let scene = Scene::new().await;
    let agent = scene.process();
    agent.enroll(scene.invite(), AMPLE).await.unwrap();
    agent.scan(ScanTrigger::Requested, AMPLE).await.unwrap();
    agent.rotate_key(AMPLE).await.unwrap();
    agent.scan(ScanTrigger::Requested, AMPLE).await.unwrap();
    // A request under the new key retires the old one; its reports are still taken.
    let summary = agent.deliver(AMPLE).await.unwrap();
    assert_eq!((summary.delivered.len(), summary.stopped), (3, None));
    agent.scan(ScanTrigger::Requested, AMPLE).await.unwrap();
    assert_eq!(agent.deliver(AMPLE).await.unwrap().delivered, [4]);
    assert_eq!(scene.states(), [KeyState::InUse, KeyState::Retired]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_lost_makes_a_new_device_and_one_that_is_locked_is_waited_for() {
    let scene = Scene::new().await;
    let first = scene.process().enroll(scene.invite(), AMPLE).await.unwrap();
    reports(&scene.process()).await;
    // Locked: the enrolment waits, rather than to become another device.
    let locked = scene.folder.path().join("device-key.p8");
    let kept = std::fs::read(&locked).unwrap();
    std::fs::write(&locked, b"not now").unwrap();
    let payload = scene.invite();
    assert!(scene.process().enroll(payload.clone(), AMPLE).await.is_err());
    std::fs::write(&locked, &kept).unwrap();
    let again = scene.process().enroll(payload, AMPLE).await.unwrap();
    assert_eq!(again.device_id, first.device_id);
    // Gone.
    reports(&scene.process()).await;
    std::fs::remove_file(&locked).unwrap();
    let other = scene.process().enroll(scene.invite(), AMPLE).await.unwrap();
    assert_ne!(other.device_id, first.device_id);
    reports(&scene.process()).await;
}
