use rusqlite::Connection;

use super::support::*;
use crate::store::Slot;
use crate::store::file::APPLICATION_ID;
use crate::store::migrations::{LATEST, MIGRATIONS};

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
