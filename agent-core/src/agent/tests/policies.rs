//! The policy in force, as scans and the user see it.

use std::time::Duration;

use super::support::*;
use crate::agent::planning::triggers_of;
use crate::agent::policies::StoredPolicy;
use crate::agent::*;
use crate::model::*;
use crate::policy::{EMBEDDED, Language, Policy, ResolvingEvent};

const HOUR: i64 = 60 * 60;

fn lock_off(device: &Device) {
    device.host.script(|script| script.posture.screen_lock = Fact::known(false));
}

fn change(detection: Detection) -> PolicyOverride {
    PolicyOverride {
        detection,
        subject: None,
        severity: None,
        ignore: false,
        grace_hours: None,
        expires: None,
        reason: "our own rule".into(),
    }
}

fn level(device: &Device) -> Level {
    device.scan().assessment.level
}

#[test]
fn a_finding_in_its_grace_counts_from_the_first_scan_after_it() {
    let grace = PolicyOverride { grace_hours: Some(2), ..change(Detection::ScreenLockOff) };
    let device = Device::enrolled(&Settings { policy_overrides: vec![grace], ..settings() });
    lock_off(&device);
    assert_eq!(level(&device), Level::Secured);
    let told = device.agent.explain(Language::En).unwrap().unwrap();
    assert_eq!(told.recorded[0].finding.counts_from, Some(NOW.plus_seconds(2 * HOUR)));

    device.clock.advance(2 * HOUR - 1);
    assert_eq!(level(&device), Level::Secured);
    device.clock.advance(1);
    assert_eq!(level(&device), Level::Medium);
    device.clock.advance(-HOUR);
    assert_eq!(level(&device), Level::Medium, "a clock set back gives no new grace");
}

#[test]
fn a_change_ends_when_it_expires() {
    let until = NOW.plus_seconds(HOUR);
    let ignore = PolicyOverride { ignore: true, expires: Some(until), ..change(Detection::ScreenLockOff) };
    let device = Device::enrolled(&Settings { policy_overrides: vec![ignore], ..settings() });
    lock_off(&device);
    let scan = device.scan();
    assert!(matches!(scan.findings[0].state, FindingState::Ignored { .. }));
    let told = device.agent.explain(Language::En).unwrap().unwrap();
    assert_eq!(told.recorded[0].finding.rule.changed_until, Some(until));
    device.clock.advance(HOUR);
    let scan = device.scan();
    assert_eq!((scan.assessment.level, scan.findings[0].is_open()), (Level::Medium, true));
}

#[test]
fn a_level_that_is_old_is_told_as_unknown_and_a_scan_makes_it_known_again() {
    let device = Device::enrolled(&settings());
    assert_eq!(level(&device), Level::Secured);
    let status = |device: &Device| {
        let status = device.agent.status().unwrap();
        (status.level, status.is_stale)
    };
    device.clock.advance(72 * HOUR - 1);
    assert_eq!(status(&device), (Some(Level::Secured), false));
    device.clock.advance(1);
    assert_eq!(status(&device), (Some(Level::Unknown), true));
    let told = device.agent.explain(Language::En).unwrap().unwrap();
    assert_eq!(told.level, Level::Unknown);
    let Coverage::Unknown { why } = &told.gaps[0].coverage else { panic!("{told:?}") };
    assert!(why.starts_with("stale: "), "{why}");

    device.scan();
    assert_eq!(status(&device), (Some(Level::Secured), false));
    device.clock.advance(-30 * 24 * HOUR);
    assert_eq!(status(&device), (Some(Level::Unknown), true), "a clock set back hides how old it is");
}

#[test]
fn high_stays_high_however_old() {
    let device = Device::enrolled(&settings());
    device.host.script(|script| script.posture.root_signs = Fact::known(vec!["su".into()]));
    device.scan();
    device.clock.advance(1000 * HOUR);
    assert_eq!(device.agent.status().unwrap().level, Some(Level::High));
}

#[test]
fn the_organisations_policy_is_in_force_and_one_that_cannot_be_read_is_not() {
    let device = Device::enrolled(&settings());
    lock_off(&device);
    let row = "id = \"device.screen_lock_off\"\nseverity = { confirmed = \"medium\"";
    let stricter = EMBEDDED.replacen(row, &row.replace("medium", "high"), 1);
    let stricter = stricter.replacen("version = 2", "version = 40", 1);
    let keep = |document: &str| {
        let stored = StoredPolicy { version: 40, document: document.to_owned() };
        let put = device.agent.inner().unwrap().store.write(|tx| tx.put(Slot::Policy, &stored));
        put.unwrap_or_else(|error: crate::store::StoreError| panic!("{error}"));
    };
    keep(&stricter);
    assert_eq!(level(&device), Level::High);
    assert_eq!(device.agent.explain(Language::En).unwrap().unwrap().policy_version, 40);
    keep("format = 99");
    assert_eq!(level(&device), Level::Medium, "the embedded one");
}

#[test]
fn settings_with_changes_that_an_older_agent_does_not_know_are_obeyed_all_the_same() {
    let text = serde_json::json!({
        "version": 3, "ownership": "corporate", "app_sync": {}, "allowed_level": "low", "required_checks": [],
        "policy_overrides": [
            {"detection": "device.haunted", "ignore": true, "reason": "r"},
            {"detection": "device.rooted", "severity": "unheard-of", "reason": "r"},
            {"detection": "device.rooted", "ignore": true, "reason": "r"},
            17
        ]
    });
    let settings = Settings::from_json(&text.to_string()).unwrap();
    let expected = PolicyOverride { ignore: true, reason: "r".into(), ..change(Detection::Rooted) };
    assert_eq!(settings.policy_overrides, [expected]);
}

#[test]
fn composite_findings_are_a_check_of_every_scan() {
    let device = Device::new();
    device.install([app("com.example.notes")]);
    let scan = device.scan();
    let composite = scan.checks.iter().filter(|outcome| outcome.check == CheckId::Composite);
    assert_eq!(composite.count(), 1);
}

#[test]
fn whatever_resolves_a_finding_leads_to_a_scan_at_once() {
    for row in Policy::embedded().unwrap().rows() {
        for event in &row.resolved_by {
            let Some(trigger) = triggers_of(*event).first().copied() else {
                panic!("{event:?} is no trigger")
            };
            let device = Device::new();
            device.scan();
            device.clock.advance(61);
            assert_at_once(&device, trigger, &format!("{}: {event:?}", row.id));
        }
    }
}

#[test]
fn coming_back_from_the_settings_leads_to_a_scan_at_once_where_they_mend_something() {
    for event in [ResolvingEvent::SettingChanged, ResolvingEvent::SystemUpdated, ResolvingEvent::AppManaged] {
        assert!(triggers_of(event).contains(&ScanTrigger::Foreground), "{event:?}");
    }
    let device = Device::new();
    lock_off(&device);
    device.scan();
    assert_at_once(&device, ScanTrigger::Foreground, "the lock is off");
    device.host.script(|script| script.posture.screen_lock = Fact::known(true));
    device.scan();
    let skipped = Plan::Skip { why: Reason::Recent };
    assert_eq!(device.agent.plan(ScanTrigger::Foreground).unwrap(), skipped, "it was mended");

    device.host.script(|script| script.apps = Fact::NotPermitted { why: "not allowed".into() });
    device.scan();
    assert_at_once(&device, ScanTrigger::Foreground, "a permission is missing");
}

/// A scan begins as soon as the events have come to rest.
#[track_caller]
fn assert_at_once(device: &Device, trigger: ScanTrigger, why: &str) {
    match device.agent.plan(trigger).unwrap() {
        Plan::Now { .. } => {}
        Plan::Later { after, why: Reason::Settling } if after <= Duration::from_secs(2) => {}
        plan => panic!("{why}: {trigger} leads to {plan:?}"),
    }
}
