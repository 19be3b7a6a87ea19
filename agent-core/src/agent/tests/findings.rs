//! The life of a finding, and what the host is told of it.

use super::support::*;
use crate::agent::*;
use crate::model::*;

const ROOTED: (Detection, &str) = (Detection::Rooted, "");

fn detected((detection, subject): (Detection, &str)) -> AgentEvent {
    AgentEvent::FindingDetected { detection, subject: subject.into() }
}

fn resolved((detection, subject): (Detection, &str)) -> AgentEvent {
    AgentEvent::FindingResolved { detection, subject: subject.into() }
}

fn level_changed(from: impl Into<Option<Level>>, to: Level) -> AgentEvent {
    AgentEvent::LevelChanged { from: from.into(), to }
}

fn root_signs(device: &Device, signs: Fact<Vec<String>>) {
    device.host.script(|script| script.posture.root_signs = signs);
}

#[test]
fn a_finding_is_open_until_a_scan_looks_and_sees_it_gone() {
    let device = Device::enrolled(&settings());
    root_signs(&device, Fact::known(vec!["su".into()]));
    let found = device.scan().findings;
    assert_eq!(found[0].state, FindingState::Open);
    assert_eq!((found[0].detected_at, found[0].last_seen_at), (NOW, NOW));
    assert_eq!(device.events(), [level_changed(None, Level::High), detected(ROOTED)]);

    device.clock.advance(60);
    root_signs(&device, Fact::not_available("asleep"));
    assert_eq!(device.scan().findings, found, "nobody looked");
    assert_eq!(device.events(), []);

    device.clock.advance(60);
    root_signs(&device, Fact::known(Vec::new()));
    let scan = device.scan();
    assert_eq!(scan.findings[0].state, FindingState::Resolved { at: NOW.plus_seconds(120) });
    assert_eq!((scan.findings[0].detected_at, scan.findings[0].last_seen_at), (NOW, NOW));
    assert_eq!(device.events(), [level_changed(Level::High, Level::Secured), resolved(ROOTED)]);
}

#[test]
fn a_resolution_is_reported_once_whatever_the_clock_does() {
    let device = Device::enrolled(&settings());
    root_signs(&device, Fact::known(vec!["su".into()]));
    device.scan();
    device.clock.advance(-3600);
    root_signs(&device, Fact::known(Vec::new()));
    let told = device.device_report_of(&device.scan()).findings;
    assert!(matches!(told[0].state, FindingState::Resolved { .. }));
    assert_eq!(device.device_report_of(&device.scan()).findings, []);
}

#[test]
fn what_the_policy_sets_aside_is_not_announced_as_resolved() {
    let device = Device::enrolled(&settings());
    root_signs(&device, Fact::known(vec!["su".into()]));
    device.scan();
    device.events();
    let set_aside = PolicyOverride {
        subject: None,
        grace_hours: None,
        expires: None,
        detection: Detection::Rooted,
        severity: None,
        ignore: true,
        reason: "a laboratory device".into(),
    };
    device.obey(&Settings { policy_overrides: vec![set_aside], ..settings() });
    let scan = device.scan();
    assert!(matches!(scan.findings[0].state, FindingState::Ignored { .. }));
    assert_eq!(device.events(), [level_changed(Level::High, Level::Secured)]);
}

#[test]
fn a_replaced_app_stays_a_finding_until_it_is_removed_or_put_back() {
    for undone in [vec![], vec![signed_by("the maker", "com.example.bank")]] {
        let device = Device::new();
        device.install([signed_by("the maker", "com.example.bank")]);
        device.scan();
        device.install([signed_by("somebody else", "com.example.bank")]);
        let found = device.scan();
        assert_eq!(found.assessment.level, Level::High);
        assert_eq!(found.findings[0].judgement.detection, Detection::ResignedApp);
        device.clock.advance(60);
        let again = device.scan();
        assert_eq!(again.assessment.level, Level::High, "a second scan is no cure");
        assert_eq!(again.findings[0].detected_at, NOW);
        assert_eq!(again.findings[0].judgement, found.findings[0].judgement);

        device.install(undone);
        let scan = device.scan();
        assert_eq!(scan.assessment.level, Level::Secured);
        assert!(matches!(scan.findings[0].state, FindingState::Resolved { .. }));
        assert_eq!(device.scan().assessment.level, Level::Secured);
    }
}

#[test]
fn an_app_replaced_twice_stays_a_finding() {
    let device = Device::new();
    for signer in ["the maker", "somebody else", "a third", "a third"] {
        device.install([signed_by(signer, "com.example.bank")]);
        device.scan();
    }
    assert_eq!(device.agent.status().unwrap().level, Some(Level::High));
}

#[test]
fn an_unmanaged_app_stays_a_finding_until_it_is_managed_or_removed() {
    for undone in [vec![], vec![managed("com.work.docs")]] {
        let device = Device::new();
        device.install([managed("com.work.docs")]);
        device.scan();
        device.install([app("com.work.docs")]);
        for _ in 0..2 {
            let scan = device.scan();
            assert_eq!(scan.assessment.level, Level::Low);
            assert_eq!(scan.findings[0].judgement.detection, Detection::ManagementRemoved);
        }
        device.install(undone);
        assert_eq!(device.scan().assessment.level, Level::Secured);
    }
}

#[test]
fn the_host_that_does_not_listen_does_not_hold_up_a_scan() {
    let device = Device::new();
    let signs = [Fact::known(vec!["su".into()]), Fact::known(Vec::new())];
    for round in 0..150 {
        root_signs(&device, signs[round % 2].clone());
        device.scan();
    }
    assert_eq!(device.events().len(), 256);
}
