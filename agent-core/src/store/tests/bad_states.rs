//! Files, folders and keystores as they should not be: a clear error each, no panic, nothing lost.

use std::fs;
use std::sync::Arc;

use super::support::*;
use crate::model::ReportKind;
use crate::platform::{Entropy, PlatformError};
use crate::store::*;

#[test]
fn garbage_is_damaged() {
    let place = Place::new();
    fs::write(place.path(), b"not a database, but long enough to have a header of one: ".repeat(100))
        .unwrap();
    assert!(matches!(open(&place.path()), Err(StoreError::Damaged)));
}

#[test]
fn a_truncated_file_is_an_error_at_any_length() {
    let whole = Place::new();
    let store = whole.enrolled();
    enqueue(&store, ReportKind::DeviceReport, &"x".repeat(20_000));
    drop(store);
    let bytes = fs::read(whole.path()).unwrap();
    for length in (1..bytes.len()).step_by(509) {
        let place = Place::new();
        fs::write(place.path(), &bytes[..length]).unwrap();
        let result = open(&place.path()).and_then(|store| due(&store));
        assert!(matches!(result, Err(StoreError::Damaged | StoreError::Foreign)), "{length}: {result:?}");
    }
}

#[test]
fn a_torn_page_is_never_believed_and_never_panics() {
    let whole = Place::new();
    let store = whole.enrolled();
    write(&store, |tx| tx.put(Slot::Settings, &"settings"));
    let token = enqueue(&store, ReportKind::DeviceReport, &"x".repeat(20_000)).token;
    drop(store);
    let bytes = fs::read(whole.path()).unwrap();
    for page in 0..bytes.len() / 4096 {
        for filler in [0x00, 0xff, 0x5a] {
            let place = Place::new();
            let mut torn = bytes.clone();
            torn[page * 4096 + 2048..(page + 1) * 4096].fill(filler);
            fs::write(place.path(), torn).unwrap();
            let Ok(store) = open(&place.path()) else { continue };
            if let Ok(Some((_, found))) = due(&store) {
                assert_eq!(found, token, "page {page}");
            }
            if let Ok(Some(found)) = store.read(|tx| tx.get::<String>(Slot::Settings)) {
                assert_eq!(found, "settings", "page {page}");
            }
        }
    }
}

#[test]
fn a_file_filled_with_zeros_is_an_error_wherever_they_begin_and_end() {
    let whole = Place::new();
    let store = whole.enrolled();
    let token = enqueue(&store, ReportKind::DeviceReport, &"x".repeat(20_000)).token;
    drop(store);
    let bytes = fs::read(whole.path()).unwrap();
    let pages = bytes.len() / 4096;
    let mut damaged = 0;
    for (from, to) in (0..pages).flat_map(|from| [(from, from + 1), (from, pages), (0, from + 1)]) {
        let place = Place::new();
        let mut zeroed = bytes.clone();
        zeroed[from * 4096..to * 4096].fill(0);
        fs::write(place.path(), zeroed).unwrap();
        match open(&place.path()).and_then(|store| due(&store)) {
            Ok(found) => assert!(found.is_none_or(|(_, found)| found == token), "pages {from} to {to}"),
            Err(_) => damaged += 1,
        }
    }
    assert!(damaged > pages, "{damaged} of {}", 3 * pages);
    let place = Place::new();
    fs::write(place.path(), vec![0; bytes.len()]).unwrap();
    assert!(matches!(open(&place.path()), Err(StoreError::Damaged | StoreError::Foreign)));
}

#[test]
fn an_emptied_file_is_a_new_store_that_is_not_enrolled() {
    let place = Place::new();
    drop(place.enrolled());
    fs::write(place.path(), []).unwrap();
    let store = place.open();
    assert!(matches!(store.read(|tx| tx.next_position()), Err(StoreError::NotEnrolled)));
}

/// The write-ahead log as it is while a process runs, damaged in every way that a power cut or a hand can.
#[test]
fn a_damaged_log_never_makes_anything_of_its_own() {
    let running = Place::new();
    let store = running.enrolled();
    for n in 0..6 {
        enqueue(&store, ReportKind::DeviceReport, &format!("{n}{}", "x".repeat(3000)));
    }
    let with_log = |place: &Place, log: &[u8]| {
        fs::copy(running.path(), place.path()).unwrap();
        fs::write(place.folder.path().join("agent.db-wal"), log).unwrap();
    };
    let log = fs::read(running.folder.path().join("agent.db-wal")).unwrap();
    assert!(log.len() > 20_000);
    let mut damaged: Vec<Vec<u8>> = (0..log.len()).step_by(1777).map(|cut| log[..cut].to_vec()).collect();
    damaged.extend((0..log.len() - 600).step_by(1777).map(|at| {
        let mut torn = log.clone();
        torn[at..at + 600].fill(0);
        torn
    }));
    for (case, log) in damaged.iter().enumerate() {
        let place = Place::new();
        with_log(&place, log);
        let Ok(store) = open(&place.path()) else { continue };
        let Ok(queued) = store.read(|tx| tx.reports(ReportState::Queued)) else { continue };
        let numbers: Vec<_> = queued.iter().map(|report| report.seq).collect();
        assert_eq!(
            numbers,
            (1..=numbers.len() as u64).collect::<Vec<_>>(),
            "case {case}: some state that there was"
        );
        for report in queued {
            let expected = format!("token-{}-{}", report.seq, report.seq - 1);
            let token = read(&store, |tx| tx.token(report.id)).unwrap();
            assert!(token.starts_with(&expected), "case {case}");
        }
    }
}

/// The connector sees the fork; here nothing may break, whichever copy's log lies beside it.
#[test]
fn an_older_copy_goes_on_from_where_it_was_and_a_foreign_log_is_not_believed() {
    let place = Place::new();
    let store = place.enrolled();
    enqueue(&store, ReportKind::DeviceReport, "one");
    drop(store);
    let older = fs::read(place.path()).unwrap();
    let store = place.open();
    enqueue(&store, ReportKind::DeviceReport, "two");
    let log = fs::read(place.folder.path().join("agent.db-wal")).unwrap();
    enqueue(&store, ReportKind::DeviceReport, "three");
    drop(store);

    let swapped = Place::new();
    fs::write(swapped.path(), &older).unwrap();
    assert_eq!(enqueue(&swapped.open(), ReportKind::DeviceReport, "another two").seq, 2);

    // The newer file under the older log: a state that there was, an error, or the newer state; never a mixture.
    let mixed = Place::new();
    fs::copy(place.path(), mixed.path()).unwrap();
    fs::write(mixed.folder.path().join("agent.db-wal"), &log).unwrap();
    if let Ok(store) = open(&mixed.path()) {
        let tokens: Result<Vec<_>, StoreError> = store.read(|tx| {
            tx.reports(ReportState::Queued)?.iter().map(|report| Ok(tx.token(report.id)?.unwrap())).collect()
        });
        let known = ["token-1-one", "token-2-two", "token-3-three"];
        if let Ok(tokens) = tokens {
            assert_eq!(tokens, known[..tokens.len()]);
        }
    }
}

#[test]
fn a_file_of_a_newer_version_names_both_and_stays_as_it_is() {
    let place = Place::new();
    drop(place.open());
    place.meddle("PRAGMA user_version = 99");
    let before = fs::read(place.path()).unwrap();
    let error = open(&place.path()).err().unwrap();
    assert_eq!(error.to_string(), "store: the file has version 99, this agent knows 2; update the agent");
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    for sql in ["CREATE TABLE notes (text TEXT)", "PRAGMA user_version = 1", "PRAGMA application_id = 7"] {
        let place = Place::new();
        place.meddle(sql);
        let before = fs::read(place.path()).unwrap();
        assert!(matches!(open(&place.path()), Err(StoreError::Foreign)), "{sql}");
        assert_eq!(fs::read(place.path()).unwrap(), before);
    }
}

#[test]
fn a_read_only_file_or_folder_is_an_error() {
    let place = Place::new();
    drop(place.open());
    let set_read_only = |path: &std::path::Path, read_only| {
        let mut permissions = fs::metadata(path).unwrap().permissions();
        permissions.set_readonly(read_only);
        fs::set_permissions(path, permissions).unwrap();
    };
    for path in [place.path(), place.folder.path().to_owned()] {
        set_read_only(&path, true);
        let result = open(&place.path());
        set_read_only(&path, false);
        assert!(matches!(result, Err(StoreError::ReadOnly)));
    }
    assert!(open(&place.path()).is_ok());
}

#[test]
fn a_missing_folder_and_a_folder_in_place_of_the_file_are_errors() {
    let place = Place::new();
    let missing = place.folder.path().join("missing/agent.db");
    assert!(matches!(open(&missing), Err(StoreError::CannotOpen)));
    fs::create_dir(place.path()).unwrap();
    assert!(matches!(open(&place.path()), Err(StoreError::CannotOpen)));
}

#[test]
fn a_full_disk_changes_nothing_and_is_got_over() {
    let place = Place::new();
    let store = place.enrolled();
    let token = enqueue(&store, ReportKind::DeviceReport, "before").token;
    let limit = |pages: i64| {
        let connection = store.connection.lock().unwrap();
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    };
    limit(1);
    let large = "x".repeat(100_000);
    let result: Result<_, StoreError> =
        store.write(|tx| tx.enqueue(NOW, |position| Ok(report(position, ReportKind::DeviceReport, &large))));
    assert!(matches!(result, Err(StoreError::DiskFull)), "{result:?}");
    assert_eq!(numbers(&store, ReportState::Queued), [1]);
    assert_eq!(read(&store, |tx| tx.next_position()).seq, 2);

    limit(i64::from(u32::MAX) - 1);
    enqueue(&store, ReportKind::DeviceReport, &large);
    assert_eq!(due(&store).unwrap().unwrap().1, token);
}

#[test]
fn a_lost_keystore_is_told_and_the_store_can_be_started_over() {
    let place = Place::new();
    drop(place.enrolled());
    let with_device = |device| {
        Store::open(&place.path(), Arc::new(TestSecrets::of_device(device)), Arc::new(SystemEntropy))
    };
    let error = with_device(2).err().unwrap();
    assert!(matches!(error, StoreError::KeyGone(_)));
    assert!(error.to_string().contains("enrol this device again"), "{error}");
    assert!(with_device(1).is_ok(), "nothing was changed by the attempt");

    erase(&place.path()).unwrap();
    assert!(place.every_file().is_empty());
    erase(&place.path()).unwrap();
    let store = with_device(2).unwrap();
    assert!(matches!(store.read(|tx| tx.next_position()), Err(StoreError::NotEnrolled)));
}

#[test]
fn a_data_key_of_another_file_opens_nothing() {
    let (place, other) = (Place::new(), Place::new());
    drop((place.enrolled(), other.enrolled()));
    place.meddle(&format!(
        "ATTACH '{}' AS other; DELETE FROM main.secrets;
         INSERT INTO main.secrets SELECT * FROM other.secrets;",
        other.path().display()
    ));
    let result = place.open().read(|tx| tx.next_position());
    assert!(matches!(result, Err(StoreError::Tampered { table: "slots" })));
}

#[test]
fn a_platform_without_entropy_makes_no_store() {
    struct NoEntropy;
    impl Entropy for NoEntropy {
        fn fill(&self, _: &mut [u8]) -> Result<(), PlatformError> {
            Err(PlatformError::new("entropy", "none"))
        }
    }
    let place = Place::new();
    let result = Store::open(&place.path(), Arc::new(TestSecrets::of_device(1)), Arc::new(NoEntropy));
    assert!(matches!(result, Err(StoreError::Platform(_))));
    assert!(open(&place.path()).is_ok(), "nothing half-made is left");
}

#[test]
fn errors_hold_no_path() {
    let place = Place::new();
    fs::write(place.path(), b"garbage").unwrap();
    let folder = place.folder.path().to_string_lossy().into_owned();
    for path in [place.path(), place.folder.path().to_owned(), place.folder.path().join("no/agent.db")] {
        let error = open(&path).err().unwrap().to_string();
        assert!(!error.contains(&folder), "{error}");
    }
}
