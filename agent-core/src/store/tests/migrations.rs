use rusqlite::Connection;

use super::support::*;
use crate::model::ReportKind;
use crate::store::file::APPLICATION_ID;
use crate::store::migrations::{LATEST, MIGRATIONS};
use crate::store::*;

/// Everything that the schema of a file says.
fn schema(place: &Place) -> Vec<String> {
    let connection = Connection::open(place.path()).unwrap();
    let mut statement =
        connection.prepare("SELECT ifnull(sql, name) FROM sqlite_schema ORDER BY name").unwrap();
    statement.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_file_of_every_earlier_version_becomes_the_latest() {
    let fresh = Place::new();
    drop(fresh.open());
    for version in 0..=MIGRATIONS.len() {
        let old = Place::new();
        let connection = Connection::open(old.path()).unwrap();
        for step in &MIGRATIONS[..version] {
            connection.execute_batch(step).unwrap();
        }
        if version > 0 {
            connection.pragma_update(None, "user_version", version as i64).unwrap();
            connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        }
        drop(connection);

        let store = old.open();
        write(&store, |tx| tx.put(Slot::LastLevel, &1));
        drop(store);
        assert_eq!(schema(&old), schema(&fresh), "from version {version}");
        let store = old.open();
        assert_eq!(read(&store, |tx| tx.get(Slot::LastLevel)), Some(1));
    }
}

#[test]
fn the_file_says_whose_it_is_and_which_version() {
    let place = Place::new();
    drop(place.open());
    let connection = Connection::open(place.path()).unwrap();
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((pragma("application_id"), pragma("user_version")), (APPLICATION_ID, LATEST));
}

#[test]
fn commits_are_durable_and_deletions_overwrite() {
    let place = Place::new();
    let store = place.open();
    let connection = store.connection.lock().unwrap();
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    // SQLite's numbers for FULL, on, on, MEMORY.
    let settings = ["synchronous", "foreign_keys", "secure_delete", "temp_store"].map(pragma);
    assert_eq!(settings, [2, 1, 1, 2]);
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

/// A file as version 1 left it, with what it held then.
#[test]
fn a_file_of_version_1_keeps_all_that_it_held() {
    let place = Place::new();
    let store = place.enrolled();
    write(&store, |tx| tx.put(Slot::Settings, &"settings"));
    for body in ["sent", "refused", "queued"] {
        enqueue(&store, ReportKind::DeviceReport, body);
    }
    write(&store, |tx| {
        tx.acknowledge(1, NOW)?;
        tx.quarantine(2, "reason", NOW)
    });
    let sealer = store.sealer.lock().unwrap().clone();
    // Version 1 sealed a baseline under the network's name.
    let baseline = sealer.seal(seal::Place { table: "baselines", row: "home" }, &"baseline").unwrap();
    let network = sealer.lookup_key("baselines", "home");
    drop(store);

    let old = Place::new();
    let file = Connection::open(old.path()).unwrap();
    file.execute_batch(MIGRATIONS[0]).unwrap();
    file.execute("ATTACH ?1 AS now", [place.path().to_str().unwrap()]).unwrap();
    file.execute_batch(
        "INSERT INTO secrets SELECT name, wrapped FROM now.secrets;
         INSERT INTO slots SELECT name, sealed FROM now.slots;
         INSERT INTO reports SELECT id, state, kind, seq, jti, queued_at, attempts, next_attempt_at, closed_at, size,
            sealed_reason, sealed FROM now.reports;",
    )
    .unwrap();
    file.execute("INSERT INTO baselines VALUES (?1, ?2, ?3)", (network, NOW.unix(), baseline)).unwrap();
    file.execute_batch(&format!("PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID}"))
        .unwrap();
    drop(file);

    let store = old.open();
    assert_eq!(read(&store, |tx| tx.get::<String>(Slot::Settings)).as_deref(), Some("settings"));
    assert_eq!(read(&store, |tx| tx.baseline::<String>("home")).as_deref(), Some("baseline"));
    let states = [ReportState::Sent, ReportState::Quarantined, ReportState::Queued];
    assert_eq!(states.map(|state| numbers(&store, state)), [[1], [2], [3]]);
    assert_eq!(read(&store, |tx| tx.token(3)).as_deref(), Some("token-3-queued"));
    assert_eq!(enqueue(&store, ReportKind::RiskLevelChange, "").seq, 4);
    // What was sealed under the name is kept until it is seen again, or the key changes.
    write(&store, |tx| tx.put_baseline("home", &"again", NOW));
    store.rotate_data_key(NOW).unwrap();
    assert_eq!(read(&store, |tx| tx.baseline::<String>("home")).as_deref(), Some("again"));
    assert_eq!(read(&store, |tx| tx.token(1)).as_deref(), Some("token-1-sent"));
}
