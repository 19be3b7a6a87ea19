use std::fs;

use super::*;
use crate::intel::testing::{attribution, contents, signer, write};
use crate::model::{AppSource, Indicator, IndicatorKind, Sha256};

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

fn app(id: &str) -> AppRecord {
    AppRecord { id: AppId::new(id), ..AppRecord::from_source(AppSource::AndroidPackageManager) }
}

fn of_category(category: ThreatCategory) -> Attribution {
    attribution(category, None)
}

/// A bundle of `entries`, and the folder that it is in.
fn bundle(entries: &[(ValueKind, &str, Attribution)]) -> (Bundle, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    write(&path, &contents(entries), 1);
    (Bundle::open(&path, &signer().1).unwrap(), folder)
}

fn judge(matcher: &Matcher, bundle: Option<&Bundle>, apps: Vec<AppRecord>) -> CheckOutcome {
    let inventory = Inventory { apps, ..Inventory::default() };
    AppJudge { matcher, bundle, fault: None, now: NOW }.judge(&inventory)
}

fn told(outcome: &CheckOutcome) -> Vec<(Detection, &str, Verdict)> {
    outcome.judgements.iter().map(|it| (it.detection, it.subject.as_str(), it.verdict)).collect()
}

fn by_settings(value: &str, category: ThreatCategory) -> Matcher {
    let source = "the settings".to_owned();
    let family = "Planted".to_owned();
    Matcher::new(&[Indicator { kind: IndicatorKind::AppId, value: value.into(), category, family, source }])
}

#[test]
fn the_severity_of_what_is_said_decides_the_detection() {
    let graver = |category, severity| Attribution { severity, ..of_category(category) };
    let cases = [
        (of_category(ThreatCategory::Stalkerware), Detection::MaliciousApp),
        (of_category(ThreatCategory::RootingTool), Detection::MaliciousApp),
        (of_category(ThreatCategory::Adware), Detection::UnwantedApp),
        (of_category(ThreatCategory::DualUse), Detection::UnwantedApp),
        (graver(ThreatCategory::Malware, Severity::Medium), Detection::UnwantedApp),
        (graver(ThreatCategory::Adware, Severity::High), Detection::MaliciousApp),
        (graver(ThreatCategory::DualUse, Severity::High), Detection::UnwantedApp),
    ];
    for (said, detection) in cases {
        let (bundle, _folder) = bundle(&[(ValueKind::AppId, "com.bad.app", said.clone())]);
        let outcome =
            judge(&Matcher::default(), Some(&bundle), vec![app("com.bad.app"), app("com.good.app")]);
        assert_eq!(told(&outcome), [(detection, "com.bad.app", Verdict::Confirmed)], "{said:?}");
    }
}

#[test]
fn a_package_file_is_known_whatever_the_app_calls_itself_and_whoever_signed_it() {
    let digest = "ab".repeat(32);
    let (bundle, _folder) =
        bundle(&[(ValueKind::FileHash, digest.as_str(), of_category(ThreatCategory::Spyware))]);
    let listed = AppRecord { package_sha256: digest.parse().ok(), ..app("com.innocent.name") };
    let other = AppRecord { package_sha256: "cd".repeat(32).parse().ok(), ..app("com.other.name") };
    let outcome = judge(&Matcher::default(), Some(&bundle), vec![listed, other]);
    assert_eq!(told(&outcome), [(Detection::MaliciousApp, "com.innocent.name", Verdict::Confirmed)]);
    assert!(outcome.judgements[0].reason.contains("package file"), "{outcome:?}");
}

#[test]
fn a_weak_match_and_a_doubtful_source_are_suspicious() {
    let doubtful = attribution(ThreatCategory::Malware, Some(30));
    let (bundle, _folder) = bundle(&[
        (ValueKind::AppId, "com.Bad.App", of_category(ThreatCategory::Malware)),
        (ValueKind::AppId, "com.doubt.app", doubtful),
    ]);
    let outcome = judge(&Matcher::default(), Some(&bundle), vec![app("com.bad.app"), app("com.doubt.app")]);
    assert_eq!(
        told(&outcome),
        [
            (Detection::MaliciousApp, "com.bad.app", Verdict::Suspicious),
            (Detection::MaliciousApp, "com.doubt.app", Verdict::Suspicious),
        ]
    );
}

#[test]
fn settings_and_bundle_make_one_judgement_that_tells_every_source() {
    let signed = SignerDigest::Sha256(Sha256::of(b"thief"));
    let digest = Sha256::of(b"thief").to_string();
    let (bundle, _folder) = bundle(&[
        (ValueKind::AppId, "com.bad.app", attribution(ThreatCategory::Stalkerware, Some(90))),
        (ValueKind::Certificate, &digest, of_category(ThreatCategory::Banker)),
        (ValueKind::AppId, "com.bad.app", of_category(ThreatCategory::Adware)),
    ]);
    let matcher = by_settings("com.bad.app", ThreatCategory::Spyware);
    let bad = AppRecord { signers: vec![signed], ..app("com.bad.app") };
    insta::assert_json_snapshot!(judge(&matcher, Some(&bundle), vec![bad]));
}

#[test]
fn what_both_say_alike_is_told_once() {
    let alike = Attribution {
        source: "the settings".into(),
        family: "Planted".into(),
        ..of_category(ThreatCategory::Spyware)
    };
    let (bundle, _folder) = bundle(&[(ValueKind::AppId, "com.bad.app", alike)]);
    let matcher = by_settings("com.bad.app", ThreatCategory::Spyware);
    let outcome = judge(&matcher, Some(&bundle), vec![app("com.bad.app")]);
    assert!(outcome.judgements[0].evidence.iter().all(|it| it.name != "also"), "{outcome:?}");
}

#[test]
fn an_indicator_that_does_not_hold_now_says_nothing() {
    let lapsed = Attribution { valid_until: Some(NOW), ..of_category(ThreatCategory::Malware) };
    let (bundle, _folder) = bundle(&[(ValueKind::AppId, "com.bad.app", lapsed)]);
    let outcome = judge(&Matcher::default(), Some(&bundle), vec![app("com.bad.app")]);
    assert_eq!((told(&outcome), &outcome.coverage), (vec![], &Coverage::Complete));
}

#[test]
fn a_bundle_that_cannot_be_used_is_no_clean_check_and_hides_no_finding() {
    let inventory = Inventory { apps: vec![app("com.bad.app")], ..Inventory::default() };
    let why = "the intelligence bundle cannot be used: its signature does not verify";
    let judge = |matcher: &Matcher| {
        let fault = Some("its signature does not verify");
        AppJudge { matcher, bundle: None, fault, now: NOW }.judge(&inventory)
    };
    let found = judge(&by_settings("com.bad.app", ThreatCategory::Spyware));
    assert_eq!(told(&found), [(Detection::MaliciousApp, "com.bad.app", Verdict::Confirmed)]);
    assert_eq!(found.coverage, Coverage::Unknown { why: why.into() });
    assert_eq!(judge(&Matcher::default()).coverage, Coverage::Unknown { why: why.into() });
}

/// Every page that holds app identifiers in turn.
#[test]
fn a_damaged_page_is_unknown_and_not_clean() {
    let names: Vec<_> = (0..2_000).map(|number| format!("com.bad.app{number:05}")).collect();
    let entries: Vec<_> = names
        .iter()
        .map(|name| (ValueKind::AppId, name.as_str(), of_category(ThreatCategory::Malware)))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    write(&path, &contents(&entries), 1);
    let whole = fs::read(&path).unwrap();
    let apps = || [app("com.bad.app00003"), app("com.bad.app01997"), app("com.good.app")].to_vec();
    let matcher = by_settings("com.good.app", ThreatCategory::Adware);

    let mut unknown = 0;
    for page in 1..=whole.len() / 4096 {
        let mut damaged = whole.clone();
        let at = whole.len() - page * 4096 + 100;
        damaged[at] ^= 0xff;
        fs::write(&path, &damaged).unwrap();
        let Ok(bundle) = Bundle::open(&path, &signer().1) else { continue };
        let outcome = judge(&matcher, Some(&bundle), apps());
        assert!(told(&outcome).contains(&(Detection::UnwantedApp, "com.good.app", Verdict::Confirmed)));
        if outcome.coverage == Coverage::Complete {
            assert_eq!(outcome.judgements.len(), 3, "page {page} from the end: what was not read is clean");
        } else {
            unknown += 1;
        }
    }
    assert!(unknown >= 2, "{unknown}");
}
