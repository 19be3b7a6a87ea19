//! The schema, step by step. `user_version` is the number of steps that a file has taken.
//!
//! A released step is never edited; a change is a new step.

use rusqlite::Transaction;

use super::error::StoreError;
use super::file::APPLICATION_ID;

/// Every step from an empty file on.
pub(super) const MIGRATIONS: &[&str] = &[
    "
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
",
    "
    -- The state 'replaced', and what eviction, refusals and waits need.
    CREATE TABLE reports_2 (
        id              INTEGER PRIMARY KEY,
        state           TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'quarantined', 'replaced')),
        kind            TEXT NOT NULL CHECK (kind IN ('risk_level_change', 'device_report')),
        seq             INTEGER NOT NULL,
        jti             TEXT NOT NULL,
        queued_at       INTEGER NOT NULL,
        attempts        INTEGER NOT NULL,
        unproven        INTEGER NOT NULL DEFAULT 0,
        tried_at        INTEGER,
        next_attempt_at INTEGER NOT NULL,
        closed_at       INTEGER,
        counted         INTEGER NOT NULL DEFAULT 0,
        size            INTEGER NOT NULL,
        sealed_worth    BLOB,
        sealed_reason   BLOB,
        sealed          BLOB NOT NULL
    ) STRICT;
    INSERT INTO reports_2 (id, state, kind, seq, jti, queued_at, attempts, next_attempt_at, closed_at, size,
            sealed_reason, sealed)
        SELECT id, state, kind, seq, jti, queued_at, attempts, next_attempt_at, closed_at, size,
            sealed_reason, sealed FROM reports;
    DROP TABLE reports;
    ALTER TABLE reports_2 RENAME TO reports;
    CREATE UNIQUE INDEX reports_queue ON reports (seq) WHERE state = 'queued';
    CREATE INDEX reports_state ON reports (state, id);
    CREATE INDEX reports_jti ON reports (jti);

    -- The data key, replaced by age and use; each process sees by the number that another one has done so.
    ALTER TABLE secrets ADD COLUMN number INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE secrets ADD COLUMN made_at INTEGER;
    ALTER TABLE secrets ADD COLUMN seals INTEGER NOT NULL DEFAULT 0;
",
];

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
