//! A check that could not look never makes a device look better.

use super::support::*;
use crate::model::*;

fn level(change: impl FnOnce(&mut Script)) -> Level {
    let device = Device::new();
    device.host.script(change);
    device.scan().assessment.level
}

#[test]
fn a_healthy_device_is_secured() {
    assert_eq!(level(|_| {}), Level::Secured);
}

#[test]
fn without_the_apps_the_level_is_unknown() {
    let device = Device::new();
    device.host.script(|script| script.apps = Fact::not_available("no way to list apps"));
    let scan = device.scan();
    assert_eq!(scan.assessment.level, Level::Unknown);
    assert_eq!(scan.assessment.at_least, RiskLevel::Secured);
    let gaps: Vec<_> = scan.assessment.gaps.iter().map(|gap| gap.check).collect();
    assert_eq!(gaps, [CheckId::Inventory, CheckId::AppIndicators]);
}

#[test]
fn a_missing_permission_makes_the_device_misconfigured() {
    assert_eq!(level(|script| script.apps = Fact::not_permitted("QUERY_ALL_PACKAGES")), Level::Misconfigured);
    assert_eq!(
        level(|script| {
            script.apps = Fact::not_available("no way to list apps");
            script.posture.root_signs = Fact::not_permitted("integrity checks");
        }),
        Level::Misconfigured
    );
}

#[test]
fn a_gap_does_not_hide_a_high_finding() {
    let rooted = |script: &mut Script| script.posture.root_signs = Fact::known(vec!["su".into()]);
    for apps in [Fact::not_available("no way to list apps"), Fact::not_permitted("QUERY_ALL_PACKAGES")] {
        let with_gap = |script: &mut Script| {
            rooted(script);
            script.apps = apps;
        };
        assert_eq!(level(with_gap), Level::High);
    }
}

#[test]
fn a_gap_hides_a_finding_below_high() {
    let with_gap = |script: &mut Script| {
        script.posture.screen_lock = Fact::known(false);
        script.apps = Fact::not_available("no way to list apps");
    };
    assert_eq!(level(with_gap), Level::Unknown);
}

#[test]
fn a_check_that_nobody_requires_may_be_missing() {
    assert_eq!(level(|script| script.posture.screen_lock = Fact::not_available("hidden")), Level::Secured);
}

#[test]
fn every_check_has_exactly_one_outcome_in_order() {
    let checks: Vec<_> = Device::new().scan().checks.iter().map(|outcome| outcome.check).collect();
    assert_eq!(checks, CheckId::ALL);
}

/// As on Android 11 and later without `QUERY_ALL_PACKAGES`.
fn shown_in_part(apps: &[AppRecord]) -> Fact<Inventory> {
    let incomplete = Some("QUERY_ALL_PACKAGES".to_owned());
    Fact::known(Inventory { apps: apps.to_vec(), incomplete, ..Inventory::default() })
}

#[test]
fn apps_that_are_shown_in_part_are_no_clean_check() {
    let device = Device::new();
    device.host.script(|script| script.apps = shown_in_part(&[app("a.one")]));
    let scan = device.scan();
    assert_eq!(scan.assessment.level, Level::Misconfigured);
    let gaps: Vec<_> = scan.assessment.gaps.iter().map(|gap| gap.check).collect();
    assert_eq!(gaps, [CheckId::Inventory, CheckId::AppIndicators]);
    assert_eq!(scan.inventory.apps.len(), 1);
}

#[test]
fn apps_that_are_shown_in_part_are_found_and_resolve_nothing() {
    let device = Device::new();
    device.host.script(|script| script.apps = shown_in_part(&[app(MALWARE)]));
    assert_eq!(device.scan().assessment.level, Level::High, "what is seen counts");
    device.host.script(|script| script.apps = shown_in_part(&[]));
    assert_eq!(device.scan().assessment.level, Level::High, "what is not shown may be there");
    device.install([]);
    assert_eq!(device.scan().assessment.level, Level::Secured);
}

#[test]
fn apps_that_appear_with_a_permission_are_no_change() {
    let device = Device::new();
    device.host.script(|script| script.apps = shown_in_part(&[app("a.one")]));
    device.scan();
    device.install([app("a.one"), app("b.two")]);
    assert!(device.scan().app_changes.is_empty());
}
