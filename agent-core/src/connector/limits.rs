//! Sizes and times of the connector client, and why.

use std::time::Duration;

/// Longest enrolment payload that is read, in bytes. The largest QR code holds 2,953 (ISO/IEC 18004).
pub const MAX_PAYLOAD: usize = 4096;

/// Most pins of one connector. Two is the rule; a few more let a rotation overlap.
pub const MAX_PINS: usize = 8;

/// Longest name of a tenant: it is one label of a path.
pub const MAX_TENANT: usize = 63;

/// Longest one-time token and longest identifier that a connector gives, in bytes.
pub const MAX_IDENTIFIER: usize = 128;

/// Largest body of an answer, in bytes: signed settings with some thousand indicators.
pub const MAX_ANSWER: usize = 2 * 1024 * 1024;

/// Most header lines of an answer. Connectors send about ten.
pub const MAX_ANSWER_HEADERS: usize = 64;

/// Largest head of an answer, in bytes. A receipt takes about 600.
pub const MAX_ANSWER_HEAD: usize = 32 * 1024;

/// Most certificates of a chain that are looked at. Public chains have two to four.
pub const MAX_CHAIN: usize = 10;

/// Most origins of one connector: a few sites.
pub const MAX_ORIGINS: usize = 4;

/// Most signing keys that settings name: one in use, one that follows, and room for a hurried second change.
pub const MAX_CONNECTOR_KEYS: usize = 4;

/// Retired signing keys that are remembered. A connector changes its key every few months at most.
pub const MAX_RETIRED_KEYS: usize = 16;

/// Largest download that is taken, in bytes: the threat intelligence of a large feed is 20 MB.
pub const MAX_DOWNLOAD: u64 = 64 * 1024 * 1024;

/// Bytes that one request of a download asks for, so that each is done within [`CALL_TIMEOUT`] on a slow network.
pub const DOWNLOAD_PART: u64 = 1024 * 1024;

/// How long one of several origins may take to answer the connection before the next is tried.
pub const FAILOVER_AFTER: Duration = Duration::from_secs(5);

/// Notes of one exchange on what was met in the connector's place.
pub const MAX_TROUBLES: usize = 16;

/// How long one call may take, from the name look-up to the last byte. A background window is about 30 s.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// Longest text of a connector that is shown, in characters.
pub const MAX_DESCRIPTION: usize = 300;

/// Longest wait that a connector may ask for with `Retry-After`: past a day it would silence the device.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
