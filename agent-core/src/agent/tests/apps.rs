//! Findings on apps in scans: each appears, and is resolved by what resolves it.

use std::fs;

use super::intel::bundle;
use super::support::*;
use crate::agent::*;
use crate::model::*;

/// An app from Google Play.
fn from_play(id: &str) -> AppRecord {
    AppRecord { installer: Some("com.android.vending".into()), system: Some(false), ..app(id) }
}

fn from_a_file(id: &str) -> AppRecord {
    AppRecord { installer: Some("com.google.android.packageinstaller".into()), ..from_play(id) }
}

/// An app of iOS from the App Store.
fn apple(id: &str) -> AppRecord {
    AppRecord {
        id: AppId::new(id),
        validated: Some(true),
        app_store_vendable: Some(true),
        ..AppRecord::from_source(AppSource::AppleMdm)
    }
}

fn id(id: &str) -> AppId {
    AppId::new(id).unwrap()
}

fn ruled(rules: AppRules) -> Settings {
    let settings = settings();
    let trusted_installers = [rules.trusted_installers, settings.apps.trusted_installers.clone()].concat();
    Settings { apps: AppRules { trusted_installers, ..rules }, ..settings }
}

fn open(scan: &ScanResult) -> Vec<(Detection, &str)> {
    let open = scan.findings.iter().filter(|finding| finding.is_open()).map(|finding| &finding.judgement);
    let of_apps = open.filter(|judgement| judgement.detection.as_str().starts_with("app."));
    of_apps.map(|judgement| (judgement.detection, judgement.subject.as_str())).collect()
}

/// Each with what makes it appear, under which rules, and what resolves it.
fn cases() -> Vec<(Detection, Severity, AppRules, Vec<AppRecord>, Vec<AppRecord>)> {
    let none = AppRules::default;
    let denied = DeniedApp { id: id("a.one"), reason: None };
    let minimum = MinimumApp { id: id("a.one"), version: "2.0".into() };
    let at_version = |version: &str| AppRecord { short_version: Some(version.into()), ..from_play("a.one") };
    let publisher = Publisher { id: id("a.one"), signers: vec![SignerDigest::Sha256(Sha256::of(b"maker"))] };
    let risky = ["BIND_ACCESSIBILITY_SERVICE", "REQUEST_INSTALL_PACKAGES"];
    let permissions: Vec<_> = risky.iter().map(|it| format!("android.permission.{it}")).collect();
    let trusted = AppRules { trusted_installers: vec![id("com.acme.store")], ..none() };
    let by_acme = AppRecord { installer: Some("com.acme.store".into()), ..from_play("a.one") };
    let maker = signed_by("maker", "a.one");
    let thief = signed_by("thief", "a.one");
    let store = |app: AppRecord| AppRecord { installer: Some("com.android.vending".into()), ..app };
    vec![
        (
            Detection::SideloadedApp,
            Severity::Medium,
            none(),
            vec![from_a_file("a.one")],
            vec![from_play("a.one")],
        ),
        (Detection::SideloadedApp, Severity::Medium, trusted, vec![from_a_file("a.one")], vec![by_acme]),
        (
            Detection::UnvalidatedApp,
            Severity::Medium,
            none(),
            vec![AppRecord { validated: Some(false), app_store_vendable: Some(false), ..apple("a.one") }],
            vec![AppRecord { validated: Some(true), app_store_vendable: Some(false), ..apple("a.one") }],
        ),
        (
            Detection::ThirdPartyStore,
            Severity::Low,
            none(),
            vec![AppRecord { installer: Some("com.amazon.venezia".into()), ..from_play("a.one") }],
            vec![],
        ),
        (
            Detection::DebuggableApp,
            Severity::Low,
            none(),
            vec![AppRecord { debuggable: Some(true), ..from_play("a.one") }],
            vec![AppRecord { debuggable: Some(false), ..from_play("a.one") }],
        ),
        (
            Detection::OldTargetSdk,
            Severity::Low,
            none(),
            vec![AppRecord { target_sdk: Some(19), ..from_play("a.one") }],
            vec![AppRecord { target_sdk: Some(34), ..from_play("a.one") }],
        ),
        (
            Detection::RiskyPermissions,
            Severity::Medium,
            none(),
            vec![AppRecord {
                permissions: permissions.clone(),
                target_sdk: Some(34),
                ..from_a_file("a.one")
            }],
            vec![AppRecord { permissions, target_sdk: Some(34), ..from_play("a.one") }],
        ),
        (
            Detection::DeniedApp,
            Severity::Medium,
            AppRules { denied: vec![denied], ..none() },
            vec![from_play("a.one")],
            vec![],
        ),
        (
            Detection::DeniedApp,
            Severity::Medium,
            AppRules { allowed: Some(vec![id("b.two")]), ..none() },
            vec![from_play("a.one"), from_play("b.two")],
            vec![from_play("b.two")],
        ),
        (
            Detection::RequiredAppMissing,
            Severity::Low,
            AppRules { required: vec![id("a.one")], ..none() },
            vec![from_play("b.two")],
            vec![from_play("b.two"), from_play("a.one")],
        ),
        (
            Detection::AppBelowMinimum,
            Severity::Low,
            AppRules { minimum_versions: vec![minimum], ..none() },
            vec![at_version("1.10")],
            vec![at_version("2.0.1")],
        ),
        (
            Detection::ResignedApp,
            Severity::High,
            AppRules { publishers: vec![publisher], ..none() },
            vec![store(thief)],
            vec![store(maker)],
        ),
        (
            Detection::UnmanagedTwin,
            Severity::Low,
            none(),
            vec![from_play("a.one"), AppRecord { managed: Some(true), ..from_play("a.one") }],
            vec![AppRecord { managed: Some(true), ..from_play("a.one") }],
        ),
    ]
}

#[test]
fn each_finding_on_an_app_appears_and_is_resolved() {
    for (detection, severity, rules, before, after) in cases() {
        let device = Device::enrolled(&ruled(rules));
        device.install(before);
        let scan = device.scan();
        assert!(open(&scan).contains(&(detection, "a.one")), "{detection}: {:?}", open(&scan));
        let found = scan.findings.iter().find(|finding| finding.judgement.detection == detection).unwrap();
        assert_eq!(found.severity, severity, "{detection}");
        let again = device.scan();
        assert!(open(&again).contains(&(detection, "a.one")), "{detection} is no flash in the pan");

        device.install(after);
        device.scan();
        let scan = device.scan();
        assert!(!open(&scan).iter().any(|(it, _)| *it == detection), "{detection}: {:?}", open(&scan));
        assert!(
            scan.findings
                .iter()
                .any(|it| it.judgement.detection == detection
                    && matches!(it.state, FindingState::Resolved { .. })),
            "{detection}"
        );
    }
}

#[test]
fn an_app_of_the_bundle_is_found_until_it_is_removed() {
    let device = Device::new();
    device.agent.install_intel(&bundle(&device, 5)).unwrap();
    device.install([from_play("com.listed.app"), from_play("com.other.app"), from_play(MALWARE)]);
    let scan = device.scan();
    assert_eq!(
        open(&scan),
        [(Detection::MaliciousApp, "com.listed.app"), (Detection::MaliciousApp, MALWARE)],
        "by the bundle, and by the settings"
    );
    let evidence = &scan.findings[0].judgement.evidence;
    let told = |name: &str| evidence.iter().find(|it| it.name == name).map(|it| it.value.as_str());
    assert_eq!(
        ["family", "source", "category", "reference"].map(told),
        [Some("Sample"), Some("a-feed"), Some("banker"), Some("https://reports.example.org/sample")]
    );
    device.install([from_play("com.other.app")]);
    assert_eq!(open(&device.scan()), []);
}

#[test]
fn a_bundle_that_was_tampered_with_resolves_nothing_and_hides_nothing() {
    let device = Device::new();
    device.agent.install_intel(&bundle(&device, 5)).unwrap();
    device.install([from_play("com.listed.app")]);
    device.scan();
    let path = device.folder.path().join("agent.mtdi");
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();

    device.install([from_play(MALWARE)]);
    let scan = device.scan();
    assert_eq!(
        open(&scan),
        [(Detection::MaliciousApp, "com.listed.app"), (Detection::MaliciousApp, MALWARE)]
    );
    let outcome = scan.checks.iter().find(|it| it.check == CheckId::AppIndicators).unwrap();
    let Coverage::Unknown { why } = &outcome.coverage else { panic!("{outcome:?}") };
    assert!(
        why.starts_with("the intelligence bundle cannot be used: its signature does not verify"),
        "{why}"
    );
}

#[test]
fn apps_that_are_shown_in_part_resolve_no_finding_and_miss_no_required_app() {
    let device = Device::enrolled(&ruled(AppRules { required: vec![id("c.three")], ..AppRules::default() }));
    device.install([from_a_file("a.one"), from_play("c.three")]);
    let sideloaded = [(Detection::SideloadedApp, "a.one")];
    assert_eq!(open(&device.scan()), sideloaded);
    let incomplete = Some("QUERY_ALL_PACKAGES".to_owned());
    let in_part = Inventory { apps: vec![from_play("b.two")], incomplete, ..Inventory::default() };
    device.host.script(|script| script.apps = Fact::known(in_part));
    assert_eq!(open(&device.scan()), sideloaded, "neither gone nor missing");
    device.install([from_play("b.two")]);
    assert_eq!(open(&device.scan()), [(Detection::RequiredAppMissing, "c.three")]);
}

#[test]
fn an_installer_that_is_no_longer_told_resolves_nothing() {
    let device = Device::new();
    device.install([from_a_file("a.one"), from_play("b.two")]);
    device.scan();
    device.install([AppRecord { installer: None, ..from_play("a.one") }, from_play("b.two")]);
    assert_eq!(open(&device.scan()), [(Detection::SideloadedApp, "a.one")]);
}

#[test]
fn a_replaced_app_of_a_known_publisher_is_one_finding_with_both_reasons() {
    let maker = SignerDigest::Sha256(Sha256::of(b"maker"));
    let publisher = Publisher { id: id("a.one"), signers: vec![maker] };
    let rules = AppRules { publishers: vec![publisher], ..AppRules::default() };
    let device = Device::enrolled(&ruled(rules));
    device.install([signed_by("maker", "a.one")]);
    assert_eq!(open(&device.scan()), []);
    device.install([signed_by("thief", "a.one")]);
    for _ in 0..3 {
        let scan = device.scan();
        assert_eq!(open(&scan), [(Detection::ResignedApp, "a.one")]);
        let names = scan.findings[0].judgement.evidence.iter().map(|it| it.name.as_str());
        let names: Vec<_> =
            names.filter(|name| !name.starts_with("version") && *name != "installer").collect();
        assert_eq!(names, ["signer_before", "signer_now", "expected_signer", "also"]);
    }

    // Another reader shows as much, but has no history: the finding keeps what will undo it.
    let elsewhere = AppRecord { source: AppSource::AndroidManagement, ..signed_by("thief", "a.one") };
    device.install([elsewhere]);
    let scan = device.scan();
    assert_eq!(open(&scan), [(Detection::ResignedApp, "a.one")]);
    assert!(scan.findings[0].judgement.evidence.iter().any(|it| it.name == "signer_before"));

    device.obey(&settings());
    device.install([signed_by("thief", "a.one")]);
    assert_eq!(open(&device.scan()), [(Detection::ResignedApp, "a.one")], "it was replaced all the same");
    device.install([signed_by("maker", "a.one")]);
    device.scan();
    assert_eq!(open(&device.scan()), []);
}
