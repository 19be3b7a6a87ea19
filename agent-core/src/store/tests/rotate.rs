//! The data key is replaced: everything still opens, and nothing of the old key is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::processes::{lines, start};
use super::support::*;
use crate::model::*;
use crate::platform::{Entropy, PlatformError, SecretStore};
use crate::store::limits::*;
use crate::store::*;

/// A store with something in every table.
fn full(place: &Place) -> Store {
    let store = place.enrolled();
    write(&store, |tx| {
        tx.put(Slot::Settings, &"settings")?;
        tx.put_baseline("home", &"baseline", NOW)
    });
    for body in ["sent", "refused", "large", "queued"] {
        enqueue(&store, ReportKind::DeviceReport, body);
    }
    write(&store, |tx| {
        tx.acknowledge(1, NOW)?;
        tx.quarantine(2, "reason", NOW)?;
        tx.replace(3, NOW, || Ok::<_, StoreError>(vec![7, 8])).map(|_| ())
    });
    store
}

fn assert_full(store: &Store) {
    assert_eq!(read(store, |tx| tx.get::<String>(Slot::Settings)).as_deref(), Some("settings"));
    assert_eq!(read(store, |tx| tx.baseline::<String>("home")).as_deref(), Some("baseline"));
    let reason = |state| read(store, |tx| tx.reports(state))[0].reason.clone();
    assert_eq!(reason(ReportState::Quarantined).as_deref(), Some("reason"));
    assert_eq!(reason(ReportState::Replaced).as_deref(), Some("too large; told again in reports 7, 8"));
    for (id, body) in [(1, "sent"), (2, "refused"), (3, "large"), (4, "queued")] {
        assert_eq!(read(store, |tx| tx.token(id)), Some(format!("token-{id}-{body}")));
    }
    assert_eq!(read(store, |tx| tx.next_position()).seq, 5);
}

fn wrapped(place: &Place) -> Vec<u8> {
    let file = rusqlite::Connection::open(place.path()).unwrap();
    file.query_row("SELECT wrapped FROM secrets", (), |row| row.get(0)).unwrap()
}

fn is_anywhere(place: &Place, bytes: &[u8]) -> bool {
    place.every_file().iter().any(|(_, file)| file.windows(bytes.len()).any(|window| window == bytes))
}

#[test]
fn everything_opens_under_the_new_key_and_the_old_one_is_in_no_file() {
    let place = Place::new();
    let store = full(&place);
    let old = wrapped(&place);
    let sealed: Vec<u8> = {
        let file = rusqlite::Connection::open(place.path()).unwrap();
        file.query_row("SELECT sealed FROM reports WHERE id = 4", (), |row| row.get(0)).unwrap()
    };
    for _ in 0..3 {
        store.rotate_data_key(NOW).unwrap();
        assert_full(&store);
    }
    assert_ne!(wrapped(&place), old);
    assert!(!is_anywhere(&place, &old), "the wrapped old key");
    assert!(!is_anywhere(&place, &sealed), "what was sealed under it");
    drop(store);
    assert_full(&place.open());
}

#[test]
fn another_process_goes_on_under_the_new_key() {
    let place = Place::new();
    let (one, other) = (full(&place), place.open());
    one.rotate_data_key(NOW).unwrap();
    assert_full(&other);
    write(&other, |tx| tx.put(Slot::Settings, &"settings"));
    other.rotate_data_key(NOW).unwrap();
    assert_full(&one);
    assert_full(&other);
}

#[test]
fn a_rotation_that_fails_changes_nothing() {
    /// Wraps as long as it may.
    struct Failing(TestSecrets, AtomicI64);

    impl SecretStore for Failing {
        fn wrap(&self, data_key: &[u8]) -> Result<Vec<u8>, PlatformError> {
            match self.1.fetch_sub(1, Ordering::SeqCst) {
                1.. => self.0.wrap(data_key),
                _ => Err(PlatformError::new("wrap", "the keystore is busy")),
            }
        }

        fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, PlatformError> {
            self.0.unwrap(wrapped)
        }
    }

    /// Gives random bytes that many times.
    struct Running(AtomicI64);

    impl Entropy for Running {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
            match self.0.fetch_sub(1, Ordering::SeqCst) {
                1.. => SystemEntropy.fill(buffer),
                _ => Err(PlatformError::new("entropy", "none left")),
            }
        }
    }

    let place = Place::new();
    drop(full(&place));
    let before = wrapped(&place);
    let secrets = Arc::new(Failing(TestSecrets::of_device(1), AtomicI64::new(0)));
    let store = Store::open(&place.path(), secrets, Arc::new(SystemEntropy)).unwrap();
    assert!(matches!(store.rotate_data_key(NOW), Err(StoreError::Platform(_))));
    assert_full(&store);
    drop(store);

    let mut failures = 0;
    for fills in 0.. {
        let entropy = Arc::new(Running(AtomicI64::new(fills)));
        let store = Store::open(&place.path(), Arc::new(TestSecrets::of_device(1)), entropy).unwrap();
        if store.rotate_data_key(NOW).is_ok() {
            break;
        }
        failures += 1;
        assert_full(&store);
        assert_eq!(wrapped(&place), before, "after {fills} random numbers");
    }
    assert!(failures > 10, "{failures}");
    assert_full(&place.open());
}

#[test]
fn a_process_that_dies_while_it_rotates_leaves_one_key_or_the_other() {
    for round in 0..6 {
        let place = Place::new();
        drop(full(&place));
        let mut child = start(&place, 1_000, "rotate", "");
        let _ = lines(&mut child, "rotated ").nth(round * 3);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_full(&place.open());
    }
}

#[test]
fn the_key_is_due_by_age_and_by_use() {
    let place = Place::new();
    let store = full(&place);
    let due = |at: i64| store.rotate_data_key_when_due(NOW.plus_seconds(at)).unwrap();
    assert!(!due(0));
    assert!(!due(DATA_KEY_MAX_AGE - 1));
    assert!(due(DATA_KEY_MAX_AGE));
    assert!(!due(DATA_KEY_MAX_AGE), "just done");
    // A clock that goes back does not make the key young for good.
    assert!(!due(0));
    assert!(due(DATA_KEY_MAX_AGE));

    place.meddle(&format!("UPDATE secrets SET seals = {}", DATA_KEY_MAX_SEALS - 1));
    assert!(!due(DATA_KEY_MAX_AGE));
    write(&store, |tx| tx.put(Slot::Settings, &"settings"));
    assert!(due(DATA_KEY_MAX_AGE), "by what was sealed");
    assert_full(&store);
}

#[test]
fn damaged_values_do_not_keep_the_key_from_being_replaced() {
    let place = Place::new();
    let store = full(&place);
    place.meddle("UPDATE reports SET sealed = x'00' WHERE id = 4; UPDATE slots SET sealed = x'01' WHERE name = 'settings'");
    store.rotate_data_key(NOW).unwrap();
    assert!(matches!(store.read(|tx| tx.token(4)), Err(StoreError::Tampered { .. })));
    assert_eq!(read(&store, |tx| tx.token(1)).as_deref(), Some("token-1-sent"));
    assert_eq!(read(&store, |tx| tx.baseline::<String>("home")).as_deref(), Some("baseline"));
}
