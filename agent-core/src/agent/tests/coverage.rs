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
