//! Reports and the queue together: what is signed at the places that the store allocates makes a sound chain,
//! and what a user is shown beforehand is what is sent.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking; clippy knows that only inside #[test]")]

use std::sync::Arc;

use agent_core::model::{ChainPosition, Level, Sha256, Timestamp};
use agent_core::platform::{Clock, Entropy, Es256Signature, PlatformError, SecretStore, Signer};
use agent_core::report::jwk::PublicKey;
use agent_core::report::{
    ChainReport, Event, Expected, Issuer, Reporter, RiskLevelChange, jws, random_id, verify_chain,
};
use agent_core::store::{ReportState, Store, StoreError};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

const NOW: Timestamp = Timestamp::from_unix(1_767_225_600);

struct Host {
    key: EcdsaKeyPair,
    random: SystemRandom,
}

impl Host {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { key, random }
    }

    fn public_key(&self) -> PublicKey {
        PublicKey::from_spki_der(&self.public_key_spki_der().unwrap()).unwrap()
    }
}

impl Signer for Host {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        let prefix = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
            0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        Ok([&prefix, self.key.public_key().as_ref()].concat())
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        let signature = self.key.sign(&self.random, message).unwrap();
        Ok(Es256Signature::Der(signature.as_ref().to_vec()))
    }
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Entropy for Host {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        self.random.fill(buffer).map_err(|error| PlatformError::new("entropy", error))
    }
}

/// Leaves the data key as it is: how it is wrapped does not matter here.
impl SecretStore for Host {
    fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError> {
        Ok(data_key.to_vec())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError> {
        Ok(wrapped.to_vec())
    }
}

fn enqueue(store: &Store, host: &Host, position_is: impl Fn(&ChainPosition)) {
    let issuer = Issuer {
        iss: "https://mtd.example/mtd/acme/d/1".into(),
        aud: "https://mtd.example/mtd/acme/set".into(),
        device_id: "1".into(),
        tenant: "acme".into(),
    };
    let txn = random_id(host).unwrap();
    let reporter = Reporter { issuer: &issuer, txn: &txn, toe: None, key: host, clock: host, entropy: host };
    let event = Event::RiskLevelChange(RiskLevelChange::new(Level::Low, None, NOW));
    let queued: Result<_, Box<dyn std::error::Error>> = store.write(|tx| {
        tx.enqueue(NOW, |position| {
            position_is(position);
            reporter.sign(position, event).map_err(Into::into)
        })
    });
    queued.unwrap();
}

/// Takes everything out of the queue, as the connector would receive it.
fn deliver(store: &Store) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(report) = store.read(|tx| tx.next_queued()).unwrap() {
        let token = store.read(|tx| tx.token(report.id)).unwrap().unwrap();
        assert!(store.write(|tx| tx.acknowledge(report.id, NOW)).unwrap());
        sent.push(token);
    }
    sent
}

fn verify(tokens: &[String], host: &Host) -> ChainReport {
    let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
    verify_chain(&tokens, &host.public_key(), Expected::default())
}

#[test]
fn a_queue_makes_a_sound_chain_across_restarts() {
    let (host, folder) = (Host::new(), tempfile::tempdir().unwrap());
    let path = folder.path().join("agent.db");
    for run in 0..3 {
        let store = Store::open(&path, Arc::new(Host::new()), Arc::new(Host::new())).unwrap();
        store.write(|tx| tx.start_epoch("enrolment-1", NOW)).unwrap();
        for n in 1..=4 {
            enqueue(&store, &host, |position| assert_eq!(position.seq, run * 4 + n));
        }
    }
    let store = Store::open(&path, Arc::new(Host::new()), Arc::new(Host::new())).unwrap();
    let report = verify(&deliver(&store), &host);
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.epochs[0].first, report.epochs[0].last), (1, 12));
    assert!(report.epochs[0].problems.is_empty());
}

#[test]
fn a_device_restored_from_a_copy_of_its_store_forks_the_chain() {
    let (host, folder) = (Host::new(), tempfile::tempdir().unwrap());
    let [path, copy] = ["agent.db", "copy.db"].map(|name| folder.path().join(name));
    let open = |path| Store::open(path, Arc::new(Host::new()), Arc::new(Host::new())).unwrap();
    let store = open(&path);
    store.write(|tx| tx.start_epoch("enrolment-1", NOW)).unwrap();
    enqueue(&store, &host, |_| {});
    drop(store);
    std::fs::copy(&path, &copy).unwrap();

    let mut tokens = Vec::new();
    for path in [&path, &copy] {
        let store = open(path);
        enqueue(&store, &host, |position| assert_eq!(position.seq, 2));
        tokens.extend(deliver(&store));
    }
    let report = verify(&tokens, &host);
    assert!(!report.is_sound());
    let problems = serde_json::to_value(&report.epochs[0].problems).unwrap();
    assert_eq!((&problems[0]["kind"], &problems[1]["kind"]), (&"duplicate".into(), &"fork".into()));
}

#[test]
fn what_is_shown_beforehand_is_what_is_sent() {
    let (host, folder) = (Host::new(), tempfile::tempdir().unwrap());
    let store =
        Store::open(&folder.path().join("agent.db"), Arc::new(Host::new()), Arc::new(Host::new())).unwrap();
    store.write(|tx| tx.start_epoch("enrolment-1", NOW)).unwrap();
    enqueue(&store, &host, |position| assert_eq!(position.prev, None::<Sha256>));

    let shown = store
        .read(|tx| {
            let queued = tx.reports(ReportState::Queued)?;
            let token = tx.token(queued[0].id)?.unwrap();
            Ok::<_, StoreError>(jws::payload_of(&token).unwrap())
        })
        .unwrap();
    let sent = deliver(&store);
    let received = jws::verify(&sent[0], jws::typ::SECURITY_EVENT, &host.public_key()).unwrap();
    assert_eq!(shown, received);
}
