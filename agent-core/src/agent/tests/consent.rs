//! What consent does not cover is named on the device and nowhere else.

use super::support::*;
use crate::agent::*;
use crate::model::*;
use crate::report::{Event, InventoryReport};

const BANK: &str = "com.planted.bank";
const DOCS: &str = "com.planted.docs";
const MAIL: &str = "com.work.mail";

/// Every text that tells one of `apps` from others.
fn names(apps: &[AppRecord]) -> Vec<String> {
    let texts = |app: &AppRecord| {
        let told = [&app.name, &app.version, &app.short_version, &app.installer];
        let told = told.into_iter().flatten().cloned();
        let signers = app.signers.iter().map(ToString::to_string);
        app.id.iter().map(ToString::to_string).chain(told).chain(signers).collect::<Vec<_>>()
    };
    apps.iter().flat_map(texts).collect()
}

fn assert_not_named(device: &Device, scan: &ScanResult, apps: &[AppRecord]) {
    let reports = device.reports_of(scan);
    assert!(!reports.is_empty());
    for (report, name) in
        reports.iter().flat_map(|report| names(apps).into_iter().map(move |it| (report, it)))
    {
        assert!(!report.payload.contains(&name), "{name} is named in {}", report.payload);
    }
}

/// An app that is malicious, one that will be signed anew, and one whose management will be removed.
fn before() -> [AppRecord; 3] {
    [app(BANK), managed(DOCS), app(MALWARE)]
}

fn after() -> [AppRecord; 3] {
    [signed_by("somebody else", BANK), app(DOCS), app(MALWARE)]
}

fn told_findings(device: &Device, scan: &ScanResult) -> Vec<Finding> {
    let mut findings = device.device_report_of(scan).findings;
    findings.retain(|finding| finding.judgement.detection.is_about_an_app());
    findings
}

#[test]
fn without_app_sync_no_report_tells_which_app_was_found() {
    let device = Device::enrolled(&settings());
    device.install(before());
    let first = device.scan();
    device.install(after());
    let second = device.scan();
    assert_not_named(&device, &first, &before());
    assert_not_named(&device, &second, &before());
    assert_not_named(&device, &second, &after());

    let findings = told_findings(&device, &second);
    let told: Vec<_> =
        findings.iter().map(|it| (it.judgement.detection, it.judgement.subject.as_str())).collect();
    assert_eq!(
        told,
        [
            (Detection::MaliciousApp, "withheld app 1"),
            (Detection::ResignedApp, "withheld app 2"),
            (Detection::ManagementRemoved, "withheld app 3"),
        ]
    );
    let evidence: Vec<_> = findings.iter().flat_map(|it| &it.judgement.evidence).map(|it| &it.name).collect();
    assert_eq!(evidence, ["source", "category"]);
    assert_eq!(
        device.device_report_of(&second).inventory,
        InventoryReport::NotShared { withheld: Some(3) },
        "only a count"
    );
}

#[test]
fn without_app_sync_the_device_itself_still_names_the_app() {
    let device = Device::enrolled(&settings());
    device.install(before());
    let scan = device.scan();
    assert_eq!(scan.findings[0].judgement.subject, MALWARE);
    assert_eq!(scan.inventory.apps, before());
    let explained = device.agent.explain(Language::En).unwrap().unwrap();
    assert_eq!(explained.findings[0].subject, MALWARE);
    assert!(explained.headline.contains(MALWARE), "{}", explained.headline);
}

#[test]
fn without_app_sync_the_reasons_of_a_level_change_name_no_app() {
    let device = Device::enrolled(&settings());
    device.install([app(MALWARE)]);
    let scan = device.scan();
    let claims = device.claims_of(&scan);
    let Event::RiskLevelChange(change) = &claims[0].events else { panic!("{claims:?}") };
    let texts: Vec<_> = change.reason_admin.values().chain(change.reason_user.values()).collect();
    assert_eq!(texts.len(), 4);
    for text in texts {
        assert!(text.contains("withheld app 1") && !text.contains(MALWARE), "{text}");
    }
    assert_not_named(&device, &scan, &[app(MALWARE)]);
}

#[test]
fn without_app_sync_an_app_that_was_removed_is_not_named_either() {
    let device = Device::enrolled(&settings());
    device.install(before());
    device.scan();
    device.install(after());
    device.scan();
    device.install([]);
    let scan = device.scan();
    assert_not_named(&device, &scan, &before());
    assert_not_named(&device, &scan, &after());
    let findings = told_findings(&device, &scan);
    assert!(findings.iter().all(|it| matches!(it.state, FindingState::Resolved { .. })));
    assert_eq!(findings.len(), 3);
}

#[test]
fn an_app_of_an_unreadable_inventory_is_not_named() {
    let device = Device::enrolled(&sharing(Ownership::Personal));
    device.install([managed(MALWARE)]);
    assert_eq!(told_findings(&device, &device.scan())[0].judgement.subject, MALWARE);
    device.host.script(|script| script.apps = Fact::not_available("asleep"));
    let scan = device.scan();
    assert_not_named(&device, &scan, &[managed(MALWARE)]);
    assert_eq!(device.device_report_of(&scan).inventory, InventoryReport::NotShared { withheld: None });
}

#[test]
fn on_a_personal_device_only_managed_apps_are_named() {
    let mut settings = sharing(Ownership::Personal);
    settings.indicators.push(Indicator { value: MAIL.into(), ..settings.indicators[0].clone() });
    let device = Device::enrolled(&settings);
    device.install([app(BANK), app(MALWARE), managed(MAIL)]);
    let first = device.scan();
    assert_not_named(&device, &first, &[app(BANK), app(MALWARE)]);
    let subjects: Vec<_> =
        told_findings(&device, &first).into_iter().map(|finding| finding.judgement.subject).collect();
    assert_eq!(subjects, ["withheld app 1", MAIL]);
    let InventoryReport::Full { apps, withheld, .. } = device.device_report_of(&first).inventory else {
        panic!("not the full list")
    };
    assert_eq!((apps, withheld), (vec![managed(MAIL)], 2));

    // Gone since: the finding on it is told resolved, without its name.
    device.install([app(BANK), managed(MAIL)]);
    let second = device.scan();
    assert_not_named(&device, &second, &[app(BANK), app(MALWARE)]);
    assert_eq!(told_findings(&device, &second).len(), 2);
}

#[test]
fn an_app_whose_management_was_removed_is_not_named_from_then_on() {
    let device = Device::enrolled(&sharing(Ownership::Personal));
    device.install([managed(DOCS), managed(MAIL)]);
    device.scan();
    device.install([app(DOCS), managed(MAIL)]);
    let scan = device.scan();
    assert_not_named(&device, &scan, &[app(DOCS)]);
    assert_eq!(told_findings(&device, &scan)[0].judgement.subject, "withheld app 1");
    assert!(
        matches!(device.device_report_of(&scan).inventory, InventoryReport::Full { withheld: 1, .. }),
        "a delta would name what is gone"
    );
}

#[test]
fn apps_are_not_named_any_more_once_the_organisation_collects_less() {
    let device = Device::enrolled(&sharing(Ownership::Corporate));
    device.install([app(BANK), app(DOCS), managed(MAIL)]);
    device.scan();
    device.obey(&sharing(Ownership::Personal));
    // One of them goes at the same time.
    device.install([app(BANK), managed(MAIL)]);
    let scan = device.scan();
    assert_not_named(&device, &scan, &[app(BANK), app(DOCS)]);
}

#[test]
fn an_app_that_shares_its_identifier_with_a_managed_one_is_not_named() {
    let device = Device::enrolled(&sharing(Ownership::Personal));
    device.install([managed(MALWARE), app(MALWARE)]);
    assert_eq!(told_findings(&device, &device.scan())[0].judgement.subject, "withheld app 1");
}

/// Every finding on an app that can be made of one list of apps, of which none may be named.
#[test]
fn no_finding_names_an_app_that_is_withheld_but_the_one_that_is_required_and_missing() {
    const MISSING: &str = "com.acme.required";
    let id = |id: &str| AppId::new(id).unwrap();
    let permissions = ["BIND_ACCESSIBILITY_SERVICE", "SYSTEM_ALERT_WINDOW", "READ_SMS"];
    let bank = AppRecord {
        installer: Some("com.secret.installer".into()),
        debuggable: Some(true),
        target_sdk: Some(4),
        permissions: permissions.iter().map(|it| format!("android.permission.{it}")).collect(),
        ..app(BANK)
    };
    let docs = AppRecord { installer: Some("com.amazon.venezia".into()), ..app(DOCS) };
    let phone = AppRecord {
        validated: Some(false),
        ad_hoc_code_signed: Some(true),
        ..AppRecord { source: AppSource::AppleMdm, ..app("com.planted.phone") }
    };
    let mut settings = settings();
    settings.apps = AppRules {
        denied: vec![DeniedApp { id: id(BANK), reason: Some("Label of bank is not wanted".into()) }],
        allowed: Some(vec![id("com.acme.allowed")]),
        required: vec![id(MISSING)],
        minimum_versions: vec![MinimumApp { id: id(DOCS), version: "99.0".into() }],
        publishers: vec![Publisher {
            id: id(BANK),
            signers: vec![SignerDigest::Sha256(Sha256::of(b"maker"))],
        }],
        ..AppRules::default()
    };
    let device = Device::enrolled(&settings);
    let apps = [bank, docs.clone(), AppRecord { managed: Some(true), ..docs }, phone, app(MALWARE)];
    device.install(apps.clone());
    let scan = device.scan();
    let told = told_findings(&device, &scan);
    let detections: std::collections::BTreeSet<_> = told.iter().map(|it| it.judgement.detection).collect();
    let never_here = [Detection::ManagementRemoved, Detection::UnwantedApp, Detection::DeviceTakeover];
    let of_apps =
        Detection::ALL.iter().filter(|it| it.as_str().starts_with("app.") && !never_here.contains(it));
    assert_eq!(detections, of_apps.copied().collect());

    assert_not_named(&device, &scan, &apps);
    for Finding { judgement, .. } in &told {
        if judgement.detection == Detection::RequiredAppMissing {
            assert_eq!(judgement.subject, MISSING);
            continue;
        }
        assert!(judgement.subject.starts_with("withheld app "), "{judgement:?}");
        let names: Vec<_> = judgement.evidence.iter().map(|it| it.name.as_str()).collect();
        assert!(names.iter().all(|name| ["source", "category"].contains(name)), "{judgement:?}");
    }
}
