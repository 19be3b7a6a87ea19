//! The software key and the file secret store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use agent_core::platform::{
    DeviceKey as _, Entropy, FailureKind, KeyProtection, KeySlot, SecretStore, Signer as _,
};
use agent_core::report::jwk::PublicKey;
use agent_core::report::jws;
use proptest::prelude::*;

use crate::host::{FileSecretStore, SystemEntropy};
use crate::software_key::{DEVICE_KEY, SoftwareKey, SoftwareKeys};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_made_once_for_its_owner_alone_and_found_again() {
    let data = tempfile::tempdir().unwrap();
    let directory = data.path().join("new");

    let first = SoftwareKey::open(&directory, DEVICE_KEY).unwrap();
    let second = SoftwareKey::open(&directory, DEVICE_KEY).unwrap();

    assert_eq!(first.public(), second.public());
    assert_eq!((mode(&directory), mode(&directory.join("device-key.p8"))), (0o700, 0o600));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "no temporary file stays behind");
}

#[test]
fn tokens_under_the_key_verify() {
    let data = tempfile::tempdir().unwrap();
    let key = SoftwareKey::open(data.path(), DEVICE_KEY).unwrap();
    let public_key = PublicKey::from_spki_der(&key.public_key_spki_der().unwrap()).unwrap();

    let token = jws::sign(jws::typ::SECURITY_EVENT, br#"{"iss":"x"}"#, &key).unwrap();

    assert_eq!(jws::verify(&token, jws::typ::SECURITY_EVENT, &public_key).unwrap(), br#"{"iss":"x"}"#);
}

#[test]
fn a_candidate_leaves_the_key_in_use_alone_until_it_takes_its_place() {
    let data = tempfile::tempdir().unwrap();
    let keys = SoftwareKeys::in_folder(data.path());
    let thumbprint = |slot| keys.key(slot).unwrap().map(|key| key.public().thumbprint());
    assert_eq!(thumbprint(KeySlot::Current), None);
    assert_eq!(keys.adopt_candidate().unwrap_err().kind, FailureKind::Gone);

    assert_eq!(keys.make_candidate(b"challenge").unwrap(), None);
    keys.adopt_candidate().unwrap();
    let first = thumbprint(KeySlot::Current);
    keys.make_candidate(b"challenge").unwrap();
    keys.make_candidate(b"another").unwrap();
    let second = thumbprint(KeySlot::Candidate);

    assert_eq!(thumbprint(KeySlot::Current), first);
    keys.adopt_candidate().unwrap();
    assert_eq!(thumbprint(KeySlot::Current), second);
    assert_eq!(thumbprint(KeySlot::Candidate), None);
    assert_eq!(keys.protection(KeySlot::Current).unwrap(), KeyProtection::Software);
    assert_eq!(mode(&data.path().join(DEVICE_KEY)), 0o600);
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "no temporary file stays behind");
}

#[test]
fn processes_that_start_together_end_up_with_one_key() {
    let data = tempfile::tempdir().unwrap();
    let mut keys: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let open = || SoftwareKey::open(data.path(), DEVICE_KEY).unwrap().public_key_spki_der().unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

#[test]
fn a_key_that_others_may_read_is_refused_with_the_remedy() {
    let data = tempfile::tempdir().unwrap();
    SoftwareKey::open(data.path(), DEVICE_KEY).unwrap();
    let path = data.path().join("device-key.p8");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();

    let error = SoftwareKey::open(data.path(), DEVICE_KEY).unwrap_err().to_string();

    assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
}

#[test]
fn a_damaged_key_is_refused_and_never_replaced() {
    let data = tempfile::tempdir().unwrap();
    SoftwareKey::open(data.path(), DEVICE_KEY).unwrap();
    let path = data.path().join("device-key.p8");
    fs::write(&path, b"not a key").unwrap();

    let error = SoftwareKey::open(data.path(), DEVICE_KEY).unwrap_err().to_string();

    assert!(error.contains("not a P-256 key"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"not a key");
}

#[test]
fn a_data_key_opens_in_the_store_that_wrapped_it_and_in_no_other() {
    let (data, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let wrapped = FileSecretStore::open(data.path()).unwrap().wrap(b"data key").unwrap();

    assert_eq!(FileSecretStore::open(data.path()).unwrap().unwrap(&wrapped).unwrap(), b"data key");
    let error = FileSecretStore::open(other.path()).unwrap().unwrap(&wrapped).unwrap_err();
    assert_eq!(error.to_string(), "unwrap data key: altered, or wrapped under a key that is gone");
    assert_eq!(error.kind, FailureKind::Gone);
    assert_eq!(mode(&data.path().join("wrapping-key")), 0o600);
}

#[test]
fn a_wrapping_key_of_the_wrong_length_is_refused() {
    let data = tempfile::tempdir().unwrap();
    FileSecretStore::open(data.path()).unwrap();
    fs::write(data.path().join("wrapping-key"), b"short").unwrap();

    assert!(FileSecretStore::open(data.path()).unwrap_err().to_string().contains("32 bytes"));
}

#[test]
fn random_bytes_differ() {
    let (mut one, mut other) = ([0; 32], [0; 32]);
    SystemEntropy.fill(&mut one).unwrap();
    SystemEntropy.fill(&mut other).unwrap();
    assert_ne!(one, other);
}

proptest! {
    #[test]
    fn wrapping_is_reversed_and_any_change_is_noticed(key in any::<Vec<u8>>(), position in any::<prop::sample::Index>(), bit in 0..8u8) {
        let data = tempfile::tempdir().unwrap();
        let store = FileSecretStore::open(data.path()).unwrap();
        let mut wrapped = store.wrap(&key).unwrap();
        prop_assert_eq!(store.unwrap(&wrapped).unwrap(), key);

        let index = position.index(wrapped.len());
        wrapped[index] ^= 1 << bit;
        prop_assert!(store.unwrap(&wrapped).is_err());
    }

    #[test]
    fn anything_else_is_refused(bytes in any::<Vec<u8>>()) {
        let data = tempfile::tempdir().unwrap();
        prop_assert!(FileSecretStore::open(data.path()).unwrap().unwrap(&bytes).is_err());
    }
}
