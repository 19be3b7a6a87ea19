//! When to try again.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::limits::MAX_RETRY_AFTER;
use crate::model::Timestamp;

/// The bound of the first random wait.
const BASE: Duration = Duration::from_secs(5);

/// The bound of every later one: an hour, so that a device back from a long outage reports within the hour.
const CEILING: Duration = Duration::from_secs(60 * 60);

/// How long to wait after `failures` failed attempts in a row (0 for the first):
/// `max(Retry-After, random(0, min(1 h, 5 s * 2^n)))`.
///
/// Full jitter, so that a fleet does not come back at one moment. `random` is 64 uniform bits.
pub fn delay(failures: u32, retry_after: Option<Duration>, random: u64) -> Duration {
    let bound = BASE.saturating_mul(2_u32.saturating_pow(failures)).min(CEILING);
    let jittered = (bound.as_millis() * u128::from(random)) >> 64;
    let jittered = Duration::from_millis(u64::try_from(jittered).unwrap_or(u64::MAX));
    retry_after.unwrap_or_default().max(jittered)
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds or a date, at most [`MAX_RETRY_AFTER`].
pub(super) fn parse_retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let seconds = match value.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let moment = OffsetDateTime::parse(value, &Rfc2822).ok()?.unix_timestamp();
            u64::try_from(moment.saturating_sub(now.unix())).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
