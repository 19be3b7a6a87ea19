use super::*;
use crate::model::RiskLevel;
use crate::policy::{aged, assess, is_stale};

const HOUR: i64 = 60 * 60;

#[test]
fn a_scan_is_stale_once_the_hours_are_over_and_when_the_clock_hides_its_age() {
    let stale = |age: i64| is_stale(NOW, NOW.plus_seconds(age), 72);
    assert!(!stale(0));
    assert!(!stale(72 * HOUR - 1));
    assert!(stale(72 * HOUR));
    assert!(!stale(-HOUR), "clocks that are set right go back a little");
    assert!(stale(-HOUR - 1), "a clock set back must not make a scan fresh for ever");
    assert!(is_stale(Timestamp::from_unix(i64::MIN), Timestamp::from_unix(i64::MAX), u32::MAX));
}

#[test]
fn a_stale_level_is_unknown_and_says_why_and_high_stays_high() {
    let required = [CheckId::Inventory, CheckId::Captive];
    let coverage = required.map(complete);
    let later = NOW.plus_seconds(73 * HOUR);
    for (severity, expected) in [
        (Severity::None, Level::Unknown),
        (Severity::Low, Level::Unknown),
        (Severity::Medium, Level::Unknown),
        (Severity::High, Level::High),
    ] {
        let scan = assess(&[finding(Detection::Rooted, "", severity)], &coverage, &required);
        assert_eq!(aged(&scan, &required, NOW, NOW.plus_seconds(71 * HOUR), 72), scan);
        let old = aged(&scan, &required, NOW, later, 72);
        assert_eq!((old.level, old.at_least), (expected, RiskLevel::from(severity)));
        assert_eq!(old.gaps.iter().map(|gap| gap.check).collect::<Vec<_>>(), required);
        for gap in &old.gaps {
            let Coverage::Unknown { why } = &gap.coverage else { panic!("{gap:?}") };
            assert!(why.starts_with("stale: the last scan was at 2026-09-21T"), "{why}");
        }
    }
}

#[test]
fn a_permission_that_was_missing_is_still_told_when_stale() {
    let required = [CheckId::Inventory, CheckId::Captive];
    let scan = assess(&[], &[not_permitted(CheckId::Inventory), complete(CheckId::Captive)], &required);
    let old = aged(&scan, &required, NOW, NOW.plus_seconds(100 * HOUR), 72);
    assert_eq!(old.level, Level::Misconfigured);
    assert_eq!(old.gaps[0], not_permitted(CheckId::Inventory));
}

#[test]
fn where_no_check_is_required_a_stale_level_is_unknown_all_the_same() {
    let scan = assess(&[], &[], &[]);
    assert_eq!(scan.level, Level::Secured);
    assert_eq!(aged(&scan, &[], NOW, NOW.plus_seconds(100 * HOUR), 72).level, Level::Unknown);
}
