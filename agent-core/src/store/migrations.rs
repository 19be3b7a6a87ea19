//! The schema, step by step. `user_version` is the number of steps that a file has taken.
//!
//! A released step is never edited; a change is a new step.

use rusqlite::Transaction;

use super::error::StoreError;
use super::file::APPLICATION_ID;

/// Every step from an empty file on.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE secrets (
        name    TEXT PRIMARY KEY,
        wrapped BLOB NOT NULL
    ) STRICT;

    CREATE TABLE slots (
        name   TEXT PRIMARY KEY,
        sealed BLOB NOT NULL
    ) STRICT;

    CREATE TABLE reports (
        id              INTEGER PRIMARY KEY,
        state           TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'quarantined')),
        kind            TEXT NOT NULL CHECK (kind IN ('risk_level_change', 'device_report')),
        seq             INTEGER NOT NULL,
        jti             TEXT NOT NULL,
        queued_at       INTEGER NOT NULL,
        attempts        INTEGER NOT NULL,
        next_attempt_at INTEGER NOT NULL,
        closed_at       INTEGER,
        size            INTEGER NOT NULL,
        sealed_reason   BLOB,
        sealed          BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX reports_queue ON reports (seq) WHERE state = 'queued';
    CREATE INDEX reports_state ON reports (state, id);

    CREATE TABLE baselines (
        network    BLOB PRIMARY KEY,
        updated_at INTEGER NOT NULL,
        sealed     BLOB NOT NULL
    ) STRICT;
"];

/// The `user_version` of a file that has taken every step.
pub(super) const LATEST: i64 = MIGRATIONS.len() as i64;

/// Takes the steps that the file has not taken yet.
pub(super) fn migrate(tx: &Transaction<'_>) -> Result<(), StoreError> {
    let taken: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in MIGRATIONS.iter().skip(usize::try_from(taken).unwrap_or(0)) {
        tx.execute_batch(step)?;
    }
    if taken < LATEST {
        tx.pragma_update(None, "user_version", LATEST)?;
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    Ok(())
}
