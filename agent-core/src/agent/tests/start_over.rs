//! A keystore that does not give the store's key: for now, or for good.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::support::*;
use crate::agent::*;
use crate::platform::{FailureKind, PlatformError, SecretStore};

/// A keystore that answers like this, whatever it is asked.
struct Failing(FailureKind);

impl SecretStore for Failing {
    fn wrap(&self, _: &[u8]) -> Result<Vec<u8>, PlatformError> {
        Err(PlatformError::of(self.0, "wrap", "says the test"))
    }

    fn unwrap(&self, _: &[u8]) -> Result<Vec<u8>, PlatformError> {
        Err(PlatformError::of(self.0, "unwrap", "says the test"))
    }
}

/// A keystore that began anew: it opens only what it wrapped itself.
struct Renewed;

impl SecretStore for Renewed {
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError> {
        Ok([b"renewed", data_key].concat())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError> {
        let data_key = wrapped.strip_prefix(b"renewed");
        data_key
            .map(<[u8]>::to_vec)
            .ok_or_else(|| PlatformError::of(FailureKind::Gone, "unwrap", "no such key"))
    }
}

fn files(device: &Device) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(device.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// A device with reports queued, a transfer under way and a bundle, whose agent has ended.
fn ended() -> Device {
    let mut device = Device::enrolled(&settings());
    device.scan();
    device.agent.next_upload().unwrap().unwrap();
    std::fs::write(device.folder.path().join("agent.mtdi"), "a bundle").unwrap();
    // Another agent in its place, so that the store is closed.
    let elsewhere = Device::new();
    device.agent = elsewhere.agent;
    device
}

fn host_with(device: &Device, secrets: Arc<dyn SecretStore>) -> Host {
    Host { secrets, ..host_of(&device.host, &device.clock, &device.key) }
}

#[test]
fn a_key_that_is_away_touches_nothing_and_opens_later() {
    for kind in [FailureKind::Locked, FailureKind::Busy, FailureKind::Failed] {
        let device = ended();
        let before = files(&device);
        let error =
            Agent::open(config(&device.folder), host_with(&device, Arc::new(Failing(kind)))).err().unwrap();
        assert!(matches!(error, AgentError::Store(StoreError::KeyUnavailable(_))), "{error}");
        assert!(error.to_string().contains("nothing was touched"), "{error}");
        assert_eq!(files(&device), before, "{kind:?}");
        let agent =
            Agent::open(config(&device.folder), host_of(&device.host, &device.clock, &device.key)).unwrap();
        assert_eq!(agent.status().unwrap().queued, 2);
    }
}

#[test]
fn a_key_that_is_gone_is_told_and_the_device_can_start_over_unenrolled() {
    let device = ended();
    let before = files(&device);
    for _ in 0..2 {
        let error = Agent::open(config(&device.folder), host_with(&device, Arc::new(Renewed))).err().unwrap();
        assert!(matches!(error, AgentError::Store(StoreError::KeyGone(_))), "{error}");
        assert!(error.to_string().contains("enrol this device again"), "{error}");
        assert_eq!(files(&device), before, "nothing is erased but on purpose");
    }

    let agent = Agent::start_over(config(&device.folder), host_with(&device, Arc::new(Renewed))).unwrap();
    let status = agent.status().unwrap();
    assert_eq!((status.enrolment, status.queued, status.intel), (None, 0, None));
    assert!(!config(&device.folder).uploads().exists());
    assert!(!device.folder.path().join("agent.mtdi").exists());
    drop(agent);
    let agent = Agent::open(config(&device.folder), host_with(&device, Arc::new(Renewed))).unwrap();
    block_on(agent.scan(ScanTrigger::Requested, AMPLE)).unwrap();
}

#[test]
fn a_damaged_store_can_be_started_over_and_an_absent_one_too() {
    let device = ended();
    std::fs::write(device.folder.path().join("agent.db"), "not a database at all, ".repeat(300)).unwrap();
    let host = || host_of(&device.host, &device.clock, &device.key);
    let error = Agent::open(config(&device.folder), host()).err().unwrap();
    assert!(matches!(error, AgentError::Store(StoreError::Damaged)), "{error}");
    for _ in 0..2 {
        drop(Agent::start_over(config(&device.folder), host()).unwrap());
    }
    for name in ["agent.db", "agent.db-wal", "agent.db-shm"] {
        let _ = std::fs::remove_file(device.folder.path().join(name));
    }
    assert_eq!(Agent::start_over(config(&device.folder), host()).unwrap().status().unwrap().enrolment, None);
}
