//! A keystore in memory, whose failures the test has in hand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

use super::{DeviceKey, Es256Signature, FailureKind, KeyAttestation, KeySlot, PlatformError, Signer};
use crate::model::KeyProtection;
use crate::report::jwk::PublicKey;

/// DER of a P-256 SubjectPublicKeyInfo up to the point (RFC 5480).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// What can be asked of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asked {
    PublicKey,
    Sign,
    Protection,
    Make,
    Adopt,
}

/// P-256 keys in memory. Outlives the agents that are opened over it, as a platform's keystore does.
#[derive(Default)]
pub struct MemoryKeystore {
    slots: Mutex<Slots>,
    failures: Mutex<BTreeMap<Asked, Vec<FailureKind>>>,
    always: Mutex<Option<FailureKind>>,
    /// Everything that was asked, in order.
    pub asked: Mutex<Vec<(Asked, Option<KeySlot>)>>,
    pub panics: AtomicBool,
    pub hangs: AtomicBool,
}

#[derive(Default)]
struct Slots {
    current: Option<Arc<EcdsaKeyPair>>,
    candidate: Option<Arc<EcdsaKeyPair>>,
}

impl MemoryKeystore {
    /// With a key in use.
    pub fn with_key() -> Self {
        let keystore = Self::default();
        keystore.slots().current = Some(generate());
        keystore
    }

    /// The next times that `asked` is asked, it fails: once for each of `kinds`.
    pub fn fail(&self, asked: Asked, kinds: &[FailureKind]) {
        self.failures.lock().unwrap().insert(asked, kinds.to_vec());
    }

    /// Every question fails with `kind`, or none any more.
    pub fn fail_always(&self, kind: Option<FailureKind>) {
        *self.always.lock().unwrap() = kind;
    }

    /// Deletes what is in `slot`.
    pub fn lose(&self, slot: KeySlot) {
        *self.slots().at(slot) = None;
    }

    /// The public key in `slot`, DER, whatever is to fail.
    pub fn spki(&self, slot: KeySlot) -> Option<Vec<u8>> {
        self.slots().at(slot).as_ref().map(|pair| [&SPKI, pair.public_key().as_ref()].concat())
    }

    /// Makes a candidate, whatever is to fail.
    pub fn prepare_candidate(&self) {
        self.slots().candidate = Some(generate());
    }

    /// The RFC 7638 thumbprint of the key in `slot`.
    pub fn thumbprint(&self, slot: KeySlot) -> String {
        PublicKey::from_spki_der(&self.spki(slot).unwrap()).unwrap().thumbprint()
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap()
    }

    fn ask(&self, asked: Asked, slot: Option<KeySlot>) -> Result<(), PlatformError> {
        self.asked.lock().unwrap().push((asked, slot));
        let mut failures = self.failures.lock().unwrap();
        let next = failures.get_mut(&asked).filter(|kinds| !kinds.is_empty()).map(|kinds| kinds.remove(0));
        match next.or(*self.always.lock().unwrap()) {
            Some(kind) => Err(PlatformError::of(kind, "the test's keystore", "the test says so")),
            None => Ok(()),
        }
    }

    fn pair(&self, slot: KeySlot) -> Result<Arc<EcdsaKeyPair>, PlatformError> {
        let gone = || PlatformError::of(FailureKind::Gone, "the test's keystore", "no such key");
        self.slots().at(slot).clone().ok_or_else(gone)
    }
}

impl Slots {
    fn at(&mut self, slot: KeySlot) -> &mut Option<Arc<EcdsaKeyPair>> {
        match slot {
            KeySlot::Current => &mut self.current,
            KeySlot::Candidate => &mut self.candidate,
        }
    }
}

impl DeviceKey for MemoryKeystore {
    fn public_key_spki_der(&self, slot: KeySlot) -> Result<Option<Vec<u8>>, PlatformError> {
        self.ask(Asked::PublicKey, Some(slot))?;
        Ok(self.spki(slot))
    }

    fn sign_es256(&self, slot: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        assert!(!self.panics.load(Ordering::SeqCst), "the test says so");
        while self.hangs.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.ask(Asked::Sign, Some(slot))?;
        let signature = self.pair(slot)?.sign(&SystemRandom::new(), message).unwrap();
        Ok(Es256Signature::Der(signature.as_ref().to_vec()))
    }

    fn protection(&self, slot: KeySlot) -> Result<KeyProtection, PlatformError> {
        self.ask(Asked::Protection, Some(slot))?;
        Ok(KeyProtection::Software)
    }

    fn make_candidate(&self, _: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        self.ask(Asked::Make, None)?;
        self.slots().candidate = Some(generate());
        Ok(None)
    }

    fn adopt_candidate(&self) -> Result<(), PlatformError> {
        self.ask(Asked::Adopt, None)?;
        let candidate = self.pair(KeySlot::Candidate)?;
        let mut slots = self.slots();
        (slots.current, slots.candidate) = (Some(candidate), None);
        Ok(())
    }
}

/// The key in use, as a connector of the tests signs with it: whatever is to fail.
impl Signer for MemoryKeystore {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Ok(self.spki(KeySlot::Current).unwrap())
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        let signature = self.pair(KeySlot::Current)?.sign(&SystemRandom::new(), message).unwrap();
        Ok(Es256Signature::Der(signature.as_ref().to_vec()))
    }
}

fn generate() -> Arc<EcdsaKeyPair> {
    let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    Arc::new(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap())
}
