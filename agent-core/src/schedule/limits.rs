//! How often scans may run. Times of the wall clock are in whole seconds.

use std::time::Duration;

/// Quiet time after an event (NETWORK.md): DHCP, DNS and validation by the system each bring one of their own.
pub(super) const DEBOUNCE: Duration = Duration::from_secs(2);

/// Longest wait for quiet, so that a network that never comes to rest is looked at all the same.
pub(super) const LONGEST_DEBOUNCE: Duration = Duration::from_secs(10);

/// After this time a scan that was not reported as finished is taken for dead: five times the hard stop of everything.
pub(super) const LONGEST_SCAN: Duration = Duration::from_secs(60);

/// How long a clean scan of everything counts, in seconds: as long as an attacker who knows the first tier has, who
/// comes after it and keeps to what the first tier leaves out.
pub(super) const CLEAN_FOR: i64 = 60 * 60;

/// How long a clean scan makes others needless that nothing in particular asks for, in seconds: the shortest period of
/// Android's JobScheduler.
pub(super) const FRESH_FOR: i64 = 15 * 60;

/// Shortest distance of scans that no change of the network asks for, in seconds: an update of all apps is one event
/// each.
pub(super) const PAUSE: i64 = 60;

/// Wait after a scan without result, in seconds; it doubles with each.
pub(super) const BACK_OFF: i64 = 30;

/// Longest wait after a scan without result, in seconds.
pub(super) const LONGEST_BACK_OFF: i64 = 60 * 60;

/// Bytes that one scan may cost: all that it receives (256 KiB) and room for what it sends.
pub(super) const MAX_SCAN_BYTES: u64 = 320 * 1024;

/// Bytes that a scan counts for at least: waking the radio costs, too.
pub(super) const MIN_SCAN_BYTES: u64 = 32 * 1024;

/// Bytes in 24 hours: a first tier (25 kB) every 15 minutes and everything (60 kB) every hour, with room for attacks.
pub(super) const DAY_BYTES: u64 = 6 * 1024 * 1024;

/// Bytes in 24 hours where traffic costs: at most 60 MB a month.
pub(super) const DAY_BYTES_METERED: u64 = 2 * 1024 * 1024;

/// Networks that are remembered.
pub(super) const MAX_NETWORKS: usize = 32;
