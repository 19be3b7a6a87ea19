//! Time that an organisation gives: to a device that is silent, and to one whose level rose.

use agent_core::connector::{Access, Decision};
use agent_core::model::{RiskLevel, UnknownLevelAccess};
use desktop_harness::connector::{Resource, TenantSettings};

use crate::support::{Bench, Device};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

async fn decision(device: &Device) -> Decision {
    device.client.fetch_decision(&device.enrolment).await.unwrap()
}

/// The access to the first resource, and why.
async fn access(device: &Device) -> (Access, String) {
    let first = decision(device).await.resources.remove(0);
    (first.access, first.reason)
}

fn silent_for(days: u32, access: UnknownLevelAccess) -> impl FnOnce(&mut TenantSettings) {
    move |settings| {
        settings.unresponsive_after_days = Some(days);
        settings.unresponsive_access = access;
    }
}

#[tokio::test]
async fn a_device_that_is_silent_for_too_long_is_blocked_until_it_reports() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let first = device.report(1, None, "secured");
    device.delivered(&first).await;
    bench.clock.advance(7 * DAY);
    assert!(decision(&device).await.compliant, "by default a device may be silent");

    bench.connector.update_settings(silent_for(8, UnknownLevelAccess::Block)).unwrap();
    bench.clock.advance(DAY - 1);
    assert!(decision(&device).await.compliant);
    bench.clock.advance(1);
    let told = decision(&device).await;
    assert!(!told.compliant);
    assert!(told.reason.starts_with("unresponsive: no report since 2026-09-21T"), "{}", told.reason);
    assert!(told.resources.iter().all(|it| it.access == Access::Block));
    assert!(bench.connector.devices().unwrap()[0].unresponsive, "asking for the decision is no report");

    device.delivered(&device.report(2, Some(&first), "secured")).await;
    assert!(decision(&device).await.compliant);
    assert!(!bench.connector.devices().unwrap()[0].unresponsive);
}

#[tokio::test]
async fn an_organisation_may_let_silent_devices_in_by_their_last_level() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let first = device.report(1, None, "secured");
    device.delivered(&first).await;
    bench.connector.update_settings(silent_for(1, UnknownLevelAccess::Allow)).unwrap();
    bench.clock.advance(3 * DAY);
    assert!(decision(&device).await.compliant);
    assert!(bench.connector.devices().unwrap()[0].unresponsive);

    device.delivered(&device.report(2, Some(&first), "high")).await;
    bench.clock.advance(3 * DAY);
    assert!(!decision(&device).await.compliant, "its last level still counts");
}

/// Mail is kept for a day above low; files are not.
fn graceful(settings: &mut TenantSettings) {
    let resource =
        |name: &str, grace_hours| Resource { name: name.to_owned(), allowed_level: None, grace_hours };
    settings.device.allowed_level = RiskLevel::Low;
    settings.resources = vec![resource("mail", Some(24)), resource("files", None)];
}

#[tokio::test]
async fn a_resource_is_kept_for_its_grace_after_the_level_first_rose() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    bench.connector.update_settings(graceful).unwrap();
    let low = device.report(1, None, "low");
    device.delivered(&low).await;
    assert_eq!(access(&device).await, (Access::Allow, "level low is within the allowed low".to_owned()));

    bench.clock.advance(HOUR);
    let medium = device.report(2, Some(&low), "medium");
    device.delivered(&medium).await;
    let told = decision(&device).await;
    assert!(!told.compliant, "the device as a whole is above the allowed level at once");
    assert_eq!(told.resources[1].access, Access::Block);
    assert_eq!(told.resources[0].access, Access::Allow);
    let reason = &told.resources[0].reason;
    let expected = "level medium is above the allowed low; access is kept until 2026-09-22T";
    assert!(reason.starts_with(expected), "{reason}");

    bench.clock.advance(12 * HOUR);
    let high = device.report(3, Some(&medium), "high");
    device.delivered(&high).await;
    let unknown = device.report(4, Some(&high), "unknown");
    device.delivered(&unknown).await;
    assert_eq!(access(&device).await.0, Access::Block, "a level that is not known is no grace");
    device.delivered(&device.report(5, Some(&unknown), "high")).await;
    bench.clock.advance(12 * HOUR - 1);
    assert_eq!(access(&device).await.0, Access::Allow, "from when it first rose, however it went on");
    bench.clock.advance(1);
    assert_eq!(access(&device).await.0, Access::Block);
}

#[tokio::test]
async fn a_device_that_came_down_again_gets_its_grace_anew() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    bench.connector.update_settings(graceful).unwrap();
    let mut prev: Option<String> = None;
    for (seq, (level, expected)) in
        (1..).zip([("low", Access::Allow), ("medium", Access::Allow), ("secured", Access::Allow)])
    {
        let token = device.report(seq, prev.as_deref(), level);
        device.delivered(&token).await;
        assert_eq!(access(&device).await.0, expected, "{level}");
        bench.clock.advance(20 * HOUR);
        prev = Some(token);
    }
    device.delivered(&device.report(4, prev.as_deref(), "medium")).await;
    bench.clock.advance(23 * HOUR);
    assert_eq!(access(&device).await.0, Access::Allow);
}

#[tokio::test]
async fn what_a_device_was_never_let_into_is_not_kept_for_it() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    bench.connector.update_settings(graceful).unwrap();
    device.delivered(&device.report(1, None, "medium")).await;
    assert_eq!(access(&device).await.0, Access::Block);
}

#[tokio::test]
async fn a_compromised_or_silent_device_has_no_grace() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    bench.connector.update_settings(graceful).unwrap();
    let low = device.report(1, None, "low");
    device.delivered(&low).await;
    device.delivered(&device.report(2, Some(&low), "medium")).await;
    assert_eq!(access(&device).await.0, Access::Allow);
    bench.connector.update_settings(|it| it.unresponsive_after_days = Some(0)).unwrap();
    assert_eq!(access(&device).await.0, Access::Block);
    bench.connector.update_settings(|it| it.unresponsive_after_days = None).unwrap();
    device.delivered(&device.report(1, None, "low")).await;
    assert_eq!(access(&device).await.0, Access::Block);
}
