//! A host for the tests, and reports to queue.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use tempfile::TempDir;

use crate::model::*;
use crate::platform::{Entropy, FailureKind, PlatformError, SecretStore};
use crate::store::*;

pub const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);

/// Wraps under a key in memory, as a platform does under one in hardware.
pub struct TestSecrets(LessSafeKey);

impl TestSecrets {
    /// The keystore of device number `device`.
    pub fn of_device(device: u8) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[device; 32]).unwrap()))
    }
}

impl SecretStore for TestSecrets {
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError> {
        let mut nonce = [0; NONCE_LEN];
        SystemEntropy.fill(&mut nonce)?;
        let mut text = data_key.to_vec();
        let nonce_value = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(nonce_value, Aad::empty(), &mut text).unwrap();
        Ok([nonce.as_slice(), &text].concat())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError> {
        let (nonce, text) = wrapped.split_first_chunk().unwrap();
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut text);
        opened
            .map(|plain| plain.to_vec())
            .map_err(|_| PlatformError::of(FailureKind::Gone, "unwrap", "no such key"))
    }
}

pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        SystemRandom::new().fill(buffer).map_err(|error| PlatformError::new("entropy", error))
    }
}

/// A folder with a store in it, that goes away with the value.
pub struct Place {
    pub folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("agent.db")
    }

    pub fn open(&self) -> Store {
        open(&self.path()).unwrap()
    }

    /// An open store whose chain has begun.
    pub fn enrolled(&self) -> Store {
        let store = self.open();
        write(&store, |tx| tx.start_epoch("enrolment-1", NOW));
        store
    }

    /// The bytes of every file in the folder.
    pub fn every_file(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// Changes the file behind the store's back.
    pub fn meddle(&self, sql: &str) {
        rusqlite::Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }
}

pub fn open(path: &Path) -> Result<Store, StoreError> {
    Store::open(path, Arc::new(TestSecrets::of_device(1)), Arc::new(SystemEntropy))
}

pub fn read<T>(store: &Store, work: impl FnOnce(&ReadTx<'_>) -> Result<T, StoreError>) -> T {
    store.read(work).unwrap()
}

pub fn write<T>(store: &Store, work: impl FnOnce(&WriteTx<'_>) -> Result<T, StoreError>) -> T {
    store.write(work).unwrap()
}

/// A report that holds `body`, where a signed one would hold its claims.
pub fn report(position: &ChainPosition, kind: ReportKind, body: &str) -> SignedReport {
    let seq = position.seq;
    let worth = match kind {
        ReportKind::RiskLevelChange => ReportWorth::Level,
        ReportKind::DeviceReport => ReportWorth::Inventory,
    };
    SignedReport { kind, worth, jti: format!("jti-{seq}"), seq, token: format!("token-{seq}-{body}") }
}

pub fn enqueue(store: &Store, kind: ReportKind, body: &str) -> SignedReport {
    write(store, |tx| tx.enqueue(NOW, |position| Ok(report(position, kind, body))))
}

/// The row of the report that has number `seq` and is queued.
pub fn row(store: &Store, seq: u64) -> i64 {
    let queued = read(store, |tx| tx.reports(ReportState::Queued));
    queued.iter().find(|report| report.seq == seq).unwrap().id
}

/// The numbers of the reports in `state`.
pub fn numbers(store: &Store, state: ReportState) -> Vec<u64> {
    read(store, |tx| tx.reports(state)).iter().map(|report| report.seq).collect()
}

/// The report that is due at [`NOW`], and its token.
pub fn due(store: &Store) -> Result<Option<(StoredReport, String)>, StoreError> {
    store.read(|tx| {
        let Some(report) = tx.next_queued()?.filter(|report| report.is_due(NOW)) else { return Ok(None) };
        let token = tx.token(report.id)?.unwrap();
        Ok(Some((report, token)))
    })
}
