//! Hosts: before somebody goes there, and after.

use super::intel::bundle;
use super::support::*;
use crate::agent::*;
use crate::intel::testing::{contents, write};
use crate::model::*;
use crate::policy::Language;

const DAY: i64 = 24 * 60 * 60;

fn protected() -> Device {
    let device = Device::enrolled(&own_domains());
    device.agent.install_intel(&bundle(&device, 1)).unwrap();
    device
}

fn own_domains() -> Settings {
    Settings { web: WebRules { own_domains: vec!["mybank.com".into()] }, ..settings() }
}

fn check(device: &Device, url: &str) -> UrlVerdict {
    device.agent.check_url(url, Language::En).unwrap()
}

fn open_hosts(scan: &ScanResult) -> Vec<(Detection, &str)> {
    let open = scan
        .findings
        .iter()
        .filter(|it| it.is_open() && it.judgement.detection.check() == CheckId::WebContacts);
    open.map(|it| (it.judgement.detection, it.judgement.subject.as_str())).collect()
}

#[test]
fn a_url_is_judged_before_somebody_goes_there_and_nothing_is_kept() {
    let device = protected();
    let bad = check(&device, "https://www.bad.test/login?user=4711");
    assert_eq!((bad.severity, &bad.coverage), (Severity::High, &Coverage::Complete));
    assert_eq!(bad.findings[0].detection, Detection::PhishingSite);
    assert!(!bad.findings[0].fix.is_empty());
    assert_eq!(check(&device, "https://rnybank.com/").severity, Severity::Medium);
    assert_eq!(check(&device, "http://192.0.2.1/").severity, Severity::Low);
    assert_eq!(check(&device, "https://www.mybank.com/").findings, []);
    assert_eq!(open_hosts(&device.scan()), []);
}

#[test]
fn without_intelligence_a_url_is_not_clean_but_unknown() {
    let device = Device::new();
    let verdict = check(&device, "https://bad.test/");
    assert_eq!(verdict.severity, Severity::None);
    assert!(matches!(verdict.coverage, Coverage::Unknown { .. }));
    for text in ["", "http://", "no url at all"] {
        let refused = device.agent.check_url(text, Language::En);
        assert!(matches!(refused, Err(AgentError::NotAUrl(_))), "{text}");
    }
}

#[test]
fn a_contact_counts_until_it_is_seven_days_old() {
    let device = protected();
    assert_eq!(device.agent.contacted(&["good.test", "", "a..b"]).unwrap(), 0);
    assert_eq!(open_hosts(&device.scan()), []);

    assert_eq!(device.agent.contacted(&["cdn.bad.test", "good.test", "mybnak.com"]).unwrap(), 2);
    let scan = device.scan();
    let expected = [(Detection::PhishingSite, "bad.test"), (Detection::LookalikeDomain, "mybnak.com")];
    assert_eq!(open_hosts(&scan), expected);
    assert_eq!(scan.assessment.level, Level::High);

    device.clock.advance(6 * DAY);
    device.agent.contacted(&["mybnak.com"]).unwrap();
    assert_eq!(open_hosts(&device.scan()), expected);
    device.clock.advance(DAY);
    let scan = device.scan();
    assert_eq!(open_hosts(&scan), [(Detection::LookalikeDomain, "mybnak.com")]);
    let gone = scan.findings.iter().find(|it| it.judgement.subject == "bad.test").unwrap();
    assert!(matches!(gone.state, FindingState::Resolved { .. }));
}

#[test]
fn an_indicator_that_is_taken_back_resolves_what_it_found() {
    let device = protected();
    device.agent.contacted(&["bad.test"]).unwrap();
    assert_eq!(open_hosts(&device.scan()).len(), 1);
    let path = device.folder.path().join("download");
    write(&path, &contents(&[]), 2);
    device.agent.install_intel(&path).unwrap();
    assert_eq!(open_hosts(&device.scan()), []);
}

#[test]
fn an_app_that_tells_of_contacts_no_longer_leaves_them_open_and_the_check_unknown() {
    let device = protected();
    device.agent.contacted(&["bad.test"]).unwrap();
    device.scan();
    device.clock.advance(8 * DAY);
    let scan = device.scan();
    let told = scan.checks.iter().find(|it| it.check == CheckId::WebContacts).unwrap();
    assert!(matches!(told.coverage, Coverage::Unknown { .. }));
    assert_eq!(open_hosts(&scan), [(Detection::PhishingSite, "bad.test")]);
}

#[test]
fn only_indicators_leave_the_device() {
    let device = protected();
    device.agent.contacted(&["session-4711.bad.test", "private-4711.good.test"]).unwrap();
    let scan = device.scan();
    for report in device.reports_of(&scan) {
        assert!(!report.payload.contains("4711"), "{}", report.payload);
    }
    assert!(device.reports_of(&scan).iter().any(|report| report.payload.contains("bad.test")));
}
