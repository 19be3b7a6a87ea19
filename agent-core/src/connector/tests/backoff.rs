//! When to try again.

use std::time::Duration;

use proptest::prelude::*;

use crate::connector::backoff::{delay, parse_retry_after};
use crate::connector::limits::MAX_RETRY_AFTER;
use crate::model::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn the_bound_doubles_from_five_seconds_to_an_hour() {
    let bounds: Vec<_> =
        (0..12).map(|failures| delay(failures, None, u64::MAX).as_secs_f64().round()).collect();
    assert_eq!(bounds, [5., 10., 20., 40., 80., 160., 320., 640., 1280., 2560., 3600., 3600.]);
}

#[test]
fn the_connector_s_wish_is_a_lower_bound_of_at_most_a_day() {
    let now = Timestamp::from_unix(784_111_777);
    assert_eq!(parse_retry_after("120", now), Some(Duration::from_secs(120)));
    assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", now), Some(Duration::from_secs(60)));
    assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
    assert_eq!(parse_retry_after("99999999999", now), Some(MAX_RETRY_AFTER));
    assert_eq!(parse_retry_after("-1", now), None);
    assert_eq!(parse_retry_after("soon", now), None);
    assert_eq!(delay(0, Some(Duration::from_secs(120)), u64::MAX), Duration::from_secs(120));
}

proptest! {
    #[test]
    fn a_wait_is_within_its_bounds(failures: u32, asked in proptest::option::of(0_u64..100_000), random: u64) {
        let asked = asked.map(Duration::from_secs);
        let wait = delay(failures, asked, random);
        prop_assert!(wait >= asked.unwrap_or_default());
        prop_assert!(wait <= HOUR.max(asked.unwrap_or_default()));
    }

    #[test]
    fn a_wait_grows_with_the_random_number(failures in 0_u32..40, one: u64, other: u64) {
        let (low, high) = (one.min(other), one.max(other));
        prop_assert!(delay(failures, None, low) <= delay(failures, None, high));
    }

    #[test]
    fn any_retry_after_is_read_or_ignored(value in ".*", now: i64) {
        if let Some(wait) = parse_retry_after(&value, Timestamp::from_unix(now)) {
            prop_assert!(wait <= MAX_RETRY_AFTER);
        }
    }
}
