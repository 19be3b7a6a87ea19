//! Nothing on the disk tells anything, and nothing that was changed or moved is believed.

use proptest::prelude::*;

use super::support::*;
use crate::model::*;
use crate::store::*;

const SECRET: &str = "com.example.PLANTED-SECRET";

fn secret_finding() -> Finding {
    Finding {
        judgement: Judgement::new(Detection::MaliciousApp, Verdict::Confirmed).about(SECRET).because(SECRET),
        severity: Severity::High,
        detected_at: NOW,
        last_seen_at: NOW,
        state: FindingState::Open,
        trace: Trace::default(),
    }
}

/// Puts the secret everywhere that it can be put.
fn plant(store: &Store) {
    // Larger than the page cache, so that SQLite has to spill.
    let large = SECRET.repeat(120_000);
    write(store, |tx| {
        tx.put(Slot::Inventory, &large)?;
        tx.put(Slot::Settings, &SECRET)?;
        tx.put_findings(&[secret_finding()])?;
        tx.put_baseline(SECRET, &SECRET, NOW)
    });
    for seq in 1..=3_u64 {
        enqueue(store, ReportKind::DeviceReport, SECRET);
        let _ = read(store, |tx| tx.reports(ReportState::Queued));
        write(store, |tx| match seq {
            1 => tx.acknowledge(seq as i64, NOW),
            2 => tx.quarantine(seq as i64, SECRET, NOW),
            _ => Ok(true),
        });
    }
}

fn assert_hidden(place: &Place) {
    let parts = ["PLANTED", "com.example", "token-", "confirmed"];
    for (path, bytes) in place.every_file() {
        for part in parts {
            let found = bytes.windows(part.len()).any(|window| window == part.as_bytes());
            assert!(!found, "\"{part}\" is readable in {}", path.display());
        }
    }
}

#[test]
fn nothing_planted_is_readable_in_any_file_during_and_after() {
    let place = Place::new();
    let store = place.enrolled();
    plant(&store);
    assert!(place.every_file().len() >= 2, "the write-ahead log is there");
    assert_hidden(&place);

    store
        .write(|tx| {
            tx.put(Slot::Settings, &SECRET)?;
            assert_hidden(&place);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    write(&store, |tx| tx.delete(Slot::Inventory));
    assert_hidden(&place);

    let _abandoned: Result<(), StoreError> = store.write(|tx| {
        tx.put(Slot::LastScan, &SECRET)?;
        Err(StoreError::NotEnrolled)
    });
    drop(store);
    assert_hidden(&place);
    assert_eq!(place.every_file().len(), 1, "the log is gone after closing");
    let store = place.open();
    assert_eq!(read(&store, |tx| tx.get::<String>(Slot::Settings)).as_deref(), Some(SECRET));
    assert_eq!(read(&store, |tx| tx.findings()), [secret_finding()]);
}

#[test]
fn the_search_for_plain_text_finds_plain_text() {
    let place = Place::new();
    drop(place.open());
    place.meddle(&format!("INSERT INTO slots VALUES ('x', CAST('{SECRET}' AS BLOB))"));
    assert!(std::panic::catch_unwind(|| assert_hidden(&place)).is_err());
}

fn tampered<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Tampered { .. }))
}

#[test]
fn values_moved_to_another_place_do_not_open() {
    let place = Place::new();
    let store = place.enrolled();
    write(&store, |tx| {
        tx.put(Slot::Settings, &"a")?;
        tx.put(Slot::Enrolment, &"b")?;
        tx.put_baseline("home", &"c", NOW)?;
        tx.put_baseline("café", &"d", NOW)
    });
    for seq in 1..=2_u64 {
        enqueue(&store, ReportKind::DeviceReport, "");
        write(&store, |tx| tx.quarantine(seq as i64, "refused", NOW));
    }
    place.meddle(
        "CREATE TEMP TABLE copy AS SELECT * FROM slots WHERE name IN ('settings', 'enrolment');
         UPDATE slots SET sealed = (SELECT sealed FROM copy WHERE copy.name <> slots.name)
            WHERE name IN ('settings', 'enrolment');
         UPDATE baselines SET sealed = (SELECT max(sealed) FROM baselines);",
    );
    assert!(tampered(store.read(|tx| tx.get::<String>(Slot::Settings))));
    assert!(tampered(store.read(|tx| tx.get::<String>(Slot::Enrolment))));
    let baselines = ["home", "café"].map(|name| tampered(store.read(|tx| tx.baseline::<String>(name))));
    assert_eq!(baselines.iter().filter(|moved| **moved).count(), 1, "one of them is where it was");

    place.meddle("UPDATE reports SET sealed = (SELECT sealed FROM reports WHERE id = 1)");
    assert!(!tampered(store.read(|tx| tx.token(1))));
    assert!(tampered(store.read(|tx| tx.token(2))));
    // A token in the place of a reason of the same row.
    place.meddle("UPDATE reports SET sealed_reason = sealed WHERE id = 1");
    assert!(tampered(store.read(|tx| tx.reports(ReportState::Quarantined))));
}

#[test]
fn values_with_any_byte_changed_or_cut_off_do_not_open() {
    let place = Place::new();
    let store = place.open();
    write(&store, |tx| tx.put(Slot::LastLevel, &"high"));
    let sealed: Vec<u8> = rusqlite::Connection::open(place.path())
        .unwrap()
        .query_row("SELECT sealed FROM slots", (), |row| row.get(0))
        .unwrap();
    let with = |bytes: &[u8]| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        place.meddle(&format!("UPDATE slots SET sealed = x'{hex}'"));
        store.read(|tx| tx.get::<String>(Slot::LastLevel))
    };
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 0x40;
        assert!(tampered(with(&changed)), "byte {index}");
        assert!(tampered(with(&sealed[..index])), "cut to {index}");
    }
    assert_eq!(with(&sealed).unwrap().as_deref(), Some("high"));
}

#[test]
fn the_same_value_is_sealed_differently_each_time() {
    let place = Place::new();
    let store = place.open();
    write(&store, |tx| {
        tx.put(Slot::Settings, &"same")?;
        tx.put(Slot::Enrolment, &"same")
    });
    let distinct: i64 = rusqlite::Connection::open(place.path())
        .unwrap()
        .query_row("SELECT count(DISTINCT substr(sealed, 2, 12)) FROM slots", (), |row| row.get(0))
        .unwrap();
    assert_eq!(distinct, 2);
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    std::fs::write(place.path(), []).unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o666)).unwrap();
    let store = place.enrolled();
    plant(&store);
    for (path, _) in place.every_file() {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_value_opens_at_its_own_place_and_at_no_other(value: String, row: String, other: String) {
        let place = Place::new();
        let sealer = place.open().sealer.into_inner().unwrap();
        let at = |table, row| seal::Place { table, row };
        let sealed = sealer.seal(at("slots", &row), &value).unwrap();
        prop_assert_eq!(sealer.open::<String>(at("slots", &row), &sealed).unwrap(), value);
        prop_assert!(tampered(sealer.open::<String>(at("reports", &row), &sealed)));
        prop_assert_eq!(tampered(sealer.open::<String>(at("slots", &other), &sealed)), row != other);
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes: Vec<u8>) {
        let place = Place::new();
        let sealer = place.open().sealer.into_inner().unwrap();
        let at = seal::Place { table: "slots", row: "" };
        prop_assert!(tampered(sealer.open::<String>(at, &bytes)));
    }
}
