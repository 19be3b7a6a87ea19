//! Posture findings in scans and reports: version tables from the bundle, and what stays on the device.

use super::support::*;
use crate::intel::bundle::Contents;
use crate::intel::testing::write;
use crate::model::*;

/// Puts a bundle in force that says of Android 16 that it ends on `end`.
fn install_tables(device: &Device, version: u64, end: EndOfLife) {
    let android = OsRelease {
        cycle: "16".parse().unwrap(),
        released: "2025-06-10".parse().unwrap(),
        end_of_life: end,
        latest: None,
        latest_released: None,
    };
    let exploited = ExploitedVulnerability {
        cve: "CVE-2026-1".into(),
        os: OsFamily::Android,
        added: "2025-12-01".parse().unwrap(),
        fixes: vec![Fix::Patch("2025-12-06".parse().unwrap())],
    };
    let os = OsTables {
        releases: [(OsFamily::Android, vec![android])].into(),
        exploited: vec![exploited],
        ..OsTables::default()
    };
    let contents = Contents { os, ..Contents::default() };
    let path = device.folder.path().join("candidate.mtdi");
    write(&path, &contents, version);
    device.agent.install_intel(&path).unwrap();
}

fn open(device: &Device) -> Vec<Detection> {
    let findings = device.scan().findings.into_iter().filter(Finding::is_open);
    findings.map(|finding| finding.judgement.detection).collect()
}

#[test]
fn the_tables_of_the_bundle_decide_about_the_version() {
    let device = Device::new();
    assert_eq!(open(&device), [], "no tables");

    install_tables(&device, 1, EndOfLife::Ended);
    assert_eq!(open(&device), [Detection::OsEndOfLife, Detection::OsExploited]);

    install_tables(&device, 2, EndOfLife::Supported);
    assert_eq!(open(&device), [Detection::OsExploited], "the end was taken back");

    device.host.script(|script| script.posture.security_patch = Fact::not_available("no such property"));
    assert_eq!(open(&device), [Detection::OsExploited], "undecided is not gone");

    device.host.script(|script| script.posture.security_patch = Fact::known("2025-12-06".parse().unwrap()));
    assert_eq!(open(&device), []);
}

#[test]
fn a_finding_about_an_app_stays_open_while_its_fact_is_missing() {
    let device = Device::new();
    let allow = |apps: &[&str]| Fact::known(apps.iter().map(|app| (*app).to_owned()).collect());
    device.host.script(|script| {
        script.posture.app_verification = Fact::known(true);
        script.posture.unknown_sources = allow(&["com.example.browser"]);
    });
    assert_eq!(open(&device), [Detection::UnknownSources]);
    device.host.script(|script| script.posture.unknown_sources = Fact::not_available("asleep"));
    assert_eq!(open(&device), [Detection::UnknownSources]);
    device.host.script(|script| script.posture.unknown_sources = allow(&[]));
    assert_eq!(open(&device), []);
}

#[test]
fn a_report_names_no_app_profile_or_certificate_but_in_findings() {
    let device = Device::enrolled(&settings());
    device.host.script(|script| {
        let posture = &mut script.posture;
        let apps = || Fact::known(vec!["com.secret.app".to_owned()]);
        posture.unknown_sources = apps();
        posture.always_on_vpn = apps();
        posture.accessibility_services = apps();
        posture.device_admins = Fact::not_permitted("not granted");
        posture.profiles = Fact::known(vec![ConfigurationProfile {
            identifier: "com.secret.profile".into(),
            name: None,
            organization: None,
            managed: Some(true),
            signed: Some(true),
            payload_types: vec!["com.apple.mdm".into()],
        }]);
        posture.added_roots = Fact::known(vec![AddedRoot {
            sha256: Sha256::of(b"root"),
            spki: SpkiPin::of_spki(b"root"),
            subject: "CN=Added Root".into(),
        }]);
    });
    let scan = device.scan();
    assert_eq!(scan.posture.profiles.value().unwrap()[0].identifier, "com.secret.profile");

    let report = device.device_report_of(&scan);
    let told = serde_json::to_string(&report).unwrap();
    assert!(!told.contains("com.secret"), "{told}");
    for (name, state) in [
        ("unknown_sources", "not_available"),
        ("always_on_vpn", "not_available"),
        ("accessibility_services", "not_available"),
        ("device_admins", "not_permitted"),
        ("profiles", "not_available"),
        ("added_roots", "not_available"),
    ] {
        let posture = serde_json::to_value(&report.posture).unwrap();
        assert_eq!(posture[name]["state"], state, "{name}");
    }
    let subjects: Vec<_> = report.findings.iter().map(|it| it.judgement.subject.as_str()).collect();
    assert!(subjects.contains(&"CN=Added Root"), "{subjects:?}");
    assert_eq!(subjects.iter().filter(|subject| subject.starts_with("withheld app")).count(), 3);
}

#[test]
fn one_setting_for_all_apps_is_no_withheld_app() {
    let device = Device::enrolled(&settings());
    device.host.script(|script| script.posture.unknown_sources = Fact::known(vec!["*".into()]));
    let report = device.device_report_of(&device.scan());
    let finding = &report.findings[0].judgement;
    assert_eq!((finding.detection, finding.subject.as_str()), (Detection::UnknownSources, ""));
    assert_eq!(finding.reason, "apps may be installed from anywhere");
}
