//! Sizes and times of the development connector, and why.

use std::time::Duration;

use agent_core::report::jws;

/// Largest report, in bytes: the 1 MiB of the wire format.
pub const MAX_REPORT: usize = jws::MAX_TOKEN;

/// Largest other request body, in bytes. An enrolment takes about 1 kB.
pub const MAX_REQUEST: usize = 16 * 1024;

/// Largest request head, in bytes. A device's request token takes about 700.
pub const MAX_HEAD: usize = 16 * 1024;

/// Most header lines of a request.
pub const MAX_HEADERS: usize = 64;

/// Most connections at a time; further ones wait in the listener's queue.
pub const MAX_CONNECTIONS: usize = 256;

/// How long a TLS handshake may take: a few round trips on the worst mobile network.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the head of a request may take, and how long an idle connection is kept.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request may take from head to answer: 1 MiB at 35 kB/s.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may live. A client's exchange takes less; a download goes on over the next.
pub const CONNECTION_LIFETIME: Duration = Duration::from_secs(60);

/// How long open requests may take to end when the connector stops.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(2);

/// Pause after a failed `accept`, which mostly means that file descriptors ran out.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a challenge may be answered, in seconds. The device signs once in between.
pub const CHALLENGE_LIFETIME: i64 = 5 * 60;

/// How far the clock of a device may be off when it asks for its settings or decision, in seconds: what bounds
/// the replay of a request.
pub const REQUEST_SKEW: i64 = 10 * 60;

/// How far a report may be dated ahead, or before its enrolment, until that is worth a warning, in seconds: a clock set
/// to a wrong time zone is up to 14 h off.
pub const REPORT_SKEW: i64 = 24 * 60 * 60;

/// How many faults of a chain are told to an administrator: the first ones; those after them are their consequence.
pub const MAX_TOLD_PROBLEMS: usize = 8;

/// Most reports that one report replaces: from 1 MiB to 16 KiB in steps of an eighth takes 31.
pub const MAX_REPLACED: usize = 32;

/// Largest intelligence bundle, in bytes: what devices take.
pub const MAX_BUNDLE: u64 = 64 * 1024 * 1024;

/// How long another process may hold the database before a write fails.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
