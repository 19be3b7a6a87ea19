//! Decisions: every level against every allowed level, per resource, as a device gets them.

use agent_core::connector::Access;
use agent_core::model::{Level, RiskLevel, UnknownLevelAccess};
use desktop_harness::connector::Resource;
use serde_json::json;

use crate::support::Bench;

const LEVELS: [&str; 6] = ["secured", "low", "medium", "high", "unknown", "misconfigured"];
const ALLOWED: [RiskLevel; 4] = [RiskLevel::Secured, RiskLevel::Low, RiskLevel::Medium, RiskLevel::High];

/// One row a level, one letter an allowed level from secured to high. The reports say "at least low".
async fn table(unknown: UnknownLevelAccess) -> String {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let mut table = String::new();
    let mut prev: Option<String> = None;
    for (seq, level) in (1..).zip(LEVELS) {
        let token = device.report(seq, prev.as_deref(), level);
        device.delivered(&token).await;
        prev = Some(token);
        let mut row = format!("{level:<14}");
        for allowed in ALLOWED {
            let set = |settings: &mut desktop_harness::connector::TenantSettings| {
                settings.device.allowed_level = allowed;
                settings.unknown_level_access = unknown;
            };
            bench.connector.update_settings(set).unwrap();
            let decision = device.client.fetch_decision(&device.enrolment).await.unwrap();
            assert_eq!(decision.allowed_level, allowed);
            assert_eq!(decision.last_seq, Some(seq));
            assert!(decision.resources.iter().all(|it| (it.access == Access::Allow) == decision.compliant));
            row.push_str(if decision.compliant { "a" } else { "." });
        }
        table.push_str(&row);
        table.push('\n');
    }
    table
}

#[tokio::test]
async fn a_device_is_let_in_up_to_the_allowed_level_and_unknown_only_where_all_is_allowed() {
    insta::assert_snapshot!(table(UnknownLevelAccess::Block).await, @r"
    secured       aaaa
    low           .aaa
    medium        ..aa
    high          ...a
    unknown       ...a
    misconfigured ...a
    ");
}

#[tokio::test]
async fn a_tenant_may_let_unknown_in_as_far_as_its_findings_allow() {
    insta::assert_snapshot!(table(UnknownLevelAccess::Allow).await, @r"
    secured       aaaa
    low           .aaa
    medium        ..aa
    high          ...a
    unknown       .aaa
    misconfigured .aaa
    ");
}

#[tokio::test]
async fn a_device_that_never_reported_is_blocked_and_told_why() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    bench.connector.update_settings(|settings| settings.device.allowed_level = RiskLevel::High).unwrap();
    let decision = device.client.fetch_decision(&device.enrolment).await.unwrap();
    assert_eq!((decision.compliant, decision.level), (false, None));
    assert_eq!(decision.reason, "the device has not reported yet");
    let names: Vec<_> = decision.resources.iter().map(|it| (it.name.as_str(), it.access)).collect();
    assert_eq!(names, [("mail", Access::Block), ("files", Access::Block)]);
}

#[tokio::test]
async fn a_resource_may_have_an_allowed_level_of_its_own() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(1, None, "medium")).await;
    let resource =
        |name: &str, allowed_level| Resource { name: name.to_owned(), allowed_level, grace_hours: None };
    let set = |settings: &mut desktop_harness::connector::TenantSettings| {
        settings.device.allowed_level = RiskLevel::Low;
        settings.resources = vec![resource("mail", Some(RiskLevel::Medium)), resource("files", None)];
    };
    bench.connector.update_settings(set).unwrap();
    let decision = device.client.fetch_decision(&device.enrolment).await.unwrap();
    assert!(!decision.compliant);
    let told: Vec<_> = decision.resources.iter().map(|it| (it.access, it.reason.as_str())).collect();
    let expected = [
        (Access::Allow, "level medium is within the allowed medium"),
        (Access::Block, "level medium is above the allowed low"),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_compromised_device_counts_as_high_and_is_blocked_even_where_all_is_allowed() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    device.delivered(&device.report(1, None, "secured")).await;
    device.delivered(&device.report(1, None, "secured")).await;
    bench.connector.update_settings(|settings| settings.device.allowed_level = RiskLevel::High).unwrap();
    let decision = device.client.fetch_decision(&device.enrolment).await.unwrap();
    assert_eq!((decision.level, decision.compliant), (Some(Level::High), false));
    assert!(decision.resources.iter().all(|it| it.access == Access::Block));
    assert!(decision.reason.contains("enrol it with a new key"), "{}", decision.reason);
}

#[tokio::test]
async fn the_highest_number_decides_when_reports_arrive_out_of_order() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let one = device.report(1, None, "high");
    let two = device.report(2, Some(&one), "secured");
    device.delivered(&two).await;
    device.delivered(&one).await;
    let decision = device.client.fetch_decision(&device.enrolment).await.unwrap();
    assert_eq!((decision.level, decision.last_seq), (Some(Level::Secured), Some(2)));
}

#[tokio::test]
async fn a_risk_level_change_tells_the_finer_level_or_else_that_of_caep() {
    let bench = Bench::start().await;
    let device = bench.enrolled().await;
    let uri = "https://schemas.openid.net/secevent/caep/event-type/risk-level-change";
    let mut claims = device.claims(1, None, "high");
    claims["events"] = json!({uri: {"principal": "DEVICE", "current_level": "LOW", "mtd_level": "secured"}});
    let one = device.sign(&claims);
    device.delivered(&one).await;
    assert_eq!(bench.connector.devices().unwrap()[0].level, Some(Level::Secured));
    let mut claims = device.claims(2, Some(&one), "high");
    claims["events"] = json!({uri: {"principal": "DEVICE", "current_level": "MEDIUM"}});
    device.delivered(&device.sign(&claims)).await;
    assert_eq!(bench.connector.devices().unwrap()[0].level, Some(Level::Medium));
}
