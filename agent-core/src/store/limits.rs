//! How much the store keeps, and how long it waits.

use std::time::Duration;

/// Queued reports. A device that is offline for weeks fills this before the bytes below.
pub const MAX_QUEUED: u64 = 500;

/// Bytes of queued tokens: what a phone can spare without its owner asking why.
pub const MAX_QUEUED_BYTES: u64 = 50 * 1024 * 1024;

/// Delivered reports that are kept so that the user can see what was sent.
pub const MAX_SENT: u64 = 50;

/// Bytes of delivered tokens.
pub const MAX_SENT_BYTES: u64 = 5 * 1024 * 1024;

/// Reports that the connector refused for good, kept so that somebody can find out why.
pub const MAX_QUARANTINED: u64 = 50;

/// Bytes of quarantined tokens.
pub const MAX_QUARANTINED_BYTES: u64 = 5 * 1024 * 1024;

/// Reports that were too large and are told again in parts, kept so that the user can see what became of them.
pub const MAX_REPLACED: u64 = 20;

/// Bytes of their tokens: a few of the largest.
pub const MAX_REPLACED_BYTES: u64 = 5 * 1024 * 1024;

/// Longest wait until a report is tried again, in seconds. A longer one can only come from a clock that was set
/// back, and must not hold a report for years.
pub const MAX_WAIT_SECONDS: i64 = 24 * 60 * 60;

/// Resolved findings that are kept as history.
pub const MAX_RESOLVED: usize = 200;

/// How long a flapping finding stays open after it was last seen, in seconds; and how far back its earlier lives count.
pub const FLAPPING_SECONDS: i64 = 10 * 60;

/// Earlier lives that ended within that time from which on a finding flaps. Twice can be a user who tries again.
pub const FLAPPING_LIVES: usize = 3;

/// Networks that are remembered: the regular ones of a person who travels.
pub const MAX_BASELINES: i64 = 64;

/// Longest wait for another process's transaction. The longest one signs a report in a slow keystore.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause between attempts where SQLite does not wait by itself. Making a store takes about as long.
pub const WAL_RETRY: Duration = Duration::from_millis(20);

/// Age from which on the data key is replaced, in seconds: a quarter, so that an old backup of the platform's keys opens
/// no more than that.
pub const DATA_KEY_MAX_AGE: i64 = 90 * 24 * 60 * 60;

/// Values sealed under one data key from which on it is replaced. Random nonces of 96 bits are safe for 2^32 (NIST SP
/// 800-38D, section 8.3).
pub const DATA_KEY_MAX_SEALS: u64 = 1 << 28;

/// Size that the write-ahead log is cut down to after a checkpoint, in bytes.
pub const MAX_WAL_BYTES: i64 = 4 * 1024 * 1024;
