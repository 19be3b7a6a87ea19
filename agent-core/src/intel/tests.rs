use proptest::prelude::*;

use super::Matcher;
use crate::model::{
    AppId, AppRecord, AppSource, CheckId, Coverage, Detection, Indicator, IndicatorKind, Inventory,
    SignerDigest, ThreatCategory, Verdict,
};

const SHA256: &str = "3f1d2a9c0b8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c5b4a392817060504";
const SHA1: &str = "00112233445566778899aabbccddeeff01234567";

fn indicator(kind: IndicatorKind, value: &str, category: ThreatCategory, family: &str) -> Indicator {
    let source = "stalkerware-indicators".into();
    Indicator { kind, value: value.into(), category, family: family.into(), source }
}

fn stalkerware(value: &str) -> Indicator {
    indicator(IndicatorKind::AppId, value, ThreatCategory::Stalkerware, "TrackView")
}

fn signer(value: &str) -> Indicator {
    indicator(IndicatorKind::Signer, value, ThreatCategory::Stalkerware, "TrackView")
}

fn app(id: &str) -> AppRecord {
    AppRecord { id: AppId::new(id), ..AppRecord::from_source(AppSource::AndroidPackageManager) }
}

fn signed(id: &str, digest: &str) -> AppRecord {
    AppRecord { signers: vec![digest.parse().unwrap()], ..app(id) }
}

fn inventory(apps: Vec<AppRecord>) -> Inventory {
    Inventory { apps, ..Inventory::default() }
}

/// Detection, subject and verdict of every judgement.
fn judged(indicators: &[Indicator], apps: Vec<AppRecord>) -> Vec<(Detection, String, Verdict)> {
    let outcome = Matcher::new(indicators).judge(&inventory(apps));
    outcome.judgements.into_iter().map(|it| (it.detection, it.subject, it.verdict)).collect()
}

fn malicious(subject: &str, verdict: Verdict) -> Vec<(Detection, String, Verdict)> {
    vec![(Detection::MaliciousApp, subject.to_owned(), verdict)]
}

#[test]
fn a_match_says_who_lists_the_app_as_what() {
    let tracker = AppRecord {
        name: Some("Tracker".into()),
        short_version: Some("3.1.4".into()),
        installer: Some("com.android.shell".into()),
        ..signed("com.example.tracker", &format!("sha256:{SHA256}"))
    };
    let indicators = [
        stalkerware("com.example.tracker"),
        signer(SHA256),
        indicator(IndicatorKind::AppId, "com.example.ads", ThreatCategory::Adware, "AdMost"),
        indicator(IndicatorKind::Signer, "tampered", ThreatCategory::Malware, "?"),
    ];
    let apps = vec![app("com.example.mail"), app("com.example.ads"), tracker, app("")];
    insta::assert_json_snapshot!("matches", Matcher::new(&indicators).judge(&inventory(apps)));
}

#[test]
fn an_app_that_differs_in_case_only_is_a_weaker_match() {
    let indicators = [stalkerware("com.Example.Tracker")];
    assert_eq!(
        judged(&indicators, vec![app("com.Example.Tracker")]),
        malicious("com.Example.Tracker", Verdict::Confirmed)
    );
    assert_eq!(
        judged(&indicators, vec![app("com.example.tracker")]),
        malicious("com.example.tracker", Verdict::Suspicious)
    );
}

#[test]
fn a_longer_or_shorter_identifier_is_no_match() {
    let indicators = [stalkerware("com.example.tracker")];
    for id in ["com.example", "com.example.tracker.pro", "xcom.example.tracker", "tracker"] {
        assert_eq!(judged(&indicators, vec![app(id)]), [], "{id}");
    }
}

#[test]
fn a_signer_matches_in_every_notation_of_its_digest() {
    let colons = |digits: &str| {
        let pairs: Vec<_> =
            digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap()).collect();
        pairs.join(":")
    };
    let sha256 = signed("com.example.a", &format!("sha256:{SHA256}"));
    for value in [
        SHA256.to_owned(),
        format!("sha256:{SHA256}"),
        format!("SHA256:{}", SHA256.to_uppercase()),
        colons(SHA256).to_uppercase(),
        format!(" {} ", colons(SHA256)),
    ] {
        assert_eq!(
            judged(&[signer(&value)], vec![sha256.clone()]),
            malicious("com.example.a", Verdict::Confirmed),
            "{value}"
        );
    }

    let sha1 = signed("com.example.b", &format!("sha1:{SHA1}"));
    for value in [SHA1.to_owned(), format!("sha1:{SHA1}"), colons(SHA1)] {
        assert_eq!(
            judged(&[signer(&value)], vec![sha1.clone()]),
            malicious("com.example.b", Verdict::Confirmed),
            "{value}"
        );
        assert_eq!(judged(&[signer(&value)], vec![sha256.clone()]), [], "another digest");
    }
}

#[test]
fn dual_use_software_and_adware_are_unwanted_never_malicious() {
    for category in ThreatCategory::ALL {
        let indicators = [indicator(IndicatorKind::AppId, "com.example.a", *category, "family")];
        let expected = match category {
            ThreatCategory::DualUse
            | ThreatCategory::Adware
            | ThreatCategory::Scam
            | ThreatCategory::Cryptojacking
            | ThreatCategory::NewlyListed => Detection::UnwantedApp,
            _ => Detection::MaliciousApp,
        };
        let judged = judged(&indicators, vec![app("com.example.a")]);
        assert_eq!(judged, [(expected, "com.example.a".to_owned(), Verdict::Confirmed)], "{category}");
    }
}

#[test]
fn an_app_is_judged_once_for_each_detection_the_gravest_first() {
    let indicators = [
        indicator(IndicatorKind::AppId, "com.example.a", ThreatCategory::Adware, "AdMost"),
        stalkerware("com.example.A"),
        stalkerware("com.example.a"),
        stalkerware("com.example.a"),
        signer(SHA256),
        stalkerware("com.example.Z"),
    ];
    let app = |id| signed(id, &format!("sha256:{SHA256}"));
    let mut other = app("com.example.z");
    other.signers.clear();
    let expected = [
        (Detection::MaliciousApp, "com.example.a".to_owned(), Verdict::Confirmed),
        (Detection::MaliciousApp, "com.example.z".to_owned(), Verdict::Suspicious),
        (Detection::UnwantedApp, "com.example.a".to_owned(), Verdict::Confirmed),
    ];
    // The same app twice, as for two users of one device, is still one.
    assert_eq!(judged(&indicators, vec![other, app("com.example.a"), app("com.example.a")]), expected);
}

#[test]
fn an_app_without_identifier_is_named_by_its_label() {
    let unnamed = AppRecord { id: None, name: Some("Lucid".into()), ..signed("x", &format!("sha1:{SHA1}")) };
    assert_eq!(judged(&[signer(SHA1)], vec![unnamed]), malicious("Lucid", Verdict::Confirmed));
}

#[test]
fn many_matches_of_one_app_are_counted_not_copied() {
    let indicators: Vec<_> = (0..100)
        .map(|n| {
            indicator(
                IndicatorKind::AppId,
                "com.example.a",
                ThreatCategory::Malware,
                &format!("family {n:03}"),
            )
        })
        .collect();
    let outcome = Matcher::new(&indicators).judge(&inventory(vec![app("com.example.a")]));
    let evidence = &outcome.judgements[0].evidence;
    assert_eq!(evidence.iter().filter(|it| it.name == "also").count(), 7);
    assert_eq!(evidence.last().map(|it| (it.name.as_str(), it.value.as_str())), Some(("not_listed", "92")));
}

#[test]
fn indicators_that_cannot_be_matched_are_set_aside_with_the_reason() {
    let indicators = [
        signer("not a digest"),
        signer(&SHA256[1..]),
        signer("hashcode:1a2b3c4d"),
        stalkerware("  "),
        stalkerware("com.example.a"),
    ];
    let matcher = Matcher::new(&indicators);
    let rejected: Vec<_> = matcher.rejects().iter().map(|it| (it.indicator.value.as_str(), it.why)).collect();
    assert_eq!(
        rejected,
        [
            ("not a digest", "the signer is neither a SHA-256 nor a SHA-1 digest"),
            (&SHA256[1..], "the signer is neither a SHA-256 nor a SHA-1 digest"),
            ("hashcode:1a2b3c4d", "32 bits of a hash code do not identify a signer"),
            ("  ", "the app identifier is empty"),
        ]
    );
    let outcome = matcher.judge(&inventory(vec![app("com.example.b")]));
    assert_eq!(outcome.summary, "1 app against 1 indicator: 0 matches; 4 indicators not usable");
}

#[test]
fn without_a_usable_indicator_nothing_is_known_of_any_app() {
    for indicators in [vec![], vec![signer("not a digest")]] {
        let outcome = Matcher::new(&indicators).judge(&inventory(vec![app("com.example.a")]));
        assert_eq!(outcome.check, CheckId::AppIndicators);
        assert!(matches!(outcome.coverage, Coverage::Unknown { .. }), "{:?}", outcome.coverage);
    }
    assert!(Matcher::new(&[]).judge(&inventory(vec![])).summary.contains("no threat intelligence is loaded"));
}

#[test]
fn a_hash_code_is_not_compared() {
    let hash_code = AppRecord { id: None, signers: vec![SignerDigest::HashCode(7)], ..app("x") };
    let outcome = Matcher::new(&[signer(SHA1)]).judge(&inventory(vec![hash_code]));
    assert_eq!(
        outcome.summary,
        "1 app against 1 indicator: 0 matches; 1 with neither identifier nor signer not compared"
    );
}

fn any_indicator() -> impl Strategy<Value = Indicator> {
    let kind = prop::sample::select(IndicatorKind::ALL);
    let value = prop_oneof!["[ab:A]{0,4}", any::<String>(), Just(SHA256.to_owned()), Just(SHA1.to_owned())];
    (kind, value, prop::sample::select(ThreatCategory::ALL))
        .prop_map(|(kind, value, category)| indicator(kind, &value, category, "family"))
}

fn any_app() -> impl Strategy<Value = AppRecord> {
    let id = prop_oneof!["[ab:A]{0,4}", any::<String>()];
    let signers = prop::collection::vec(
        prop_oneof![
            Just(format!("sha256:{SHA256}").parse().unwrap()),
            Just(format!("sha1:{SHA1}").parse().unwrap()),
            any::<u32>().prop_map(SignerDigest::HashCode),
        ],
        0..3,
    );
    (id, signers).prop_map(|(id, signers)| AppRecord { signers, ..app(&id) })
}

proptest! {
    #[test]
    fn no_app_and_no_detection_is_judged_twice(
        indicators in prop::collection::vec(any_indicator(), 0..12),
        apps in prop::collection::vec(any_app(), 0..12),
    ) {
        let judged = judged(&indicators, apps);
        let mut keys: Vec<_> = judged.iter().map(|(detection, subject, _)| (*detection, subject)).collect();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), judged.len());
        prop_assert!(judged.is_sorted_by(|a, b| (a.0, std::cmp::Reverse(a.2)) <= (b.0, std::cmp::Reverse(b.2))));
    }

    #[test]
    fn order_and_repetition_of_the_indicators_do_not_matter(
        indicators in prop::collection::vec(any_indicator(), 0..12),
        apps in prop::collection::vec(any_app(), 0..6),
    ) {
        let inventory = inventory(apps);
        let twice: Vec<_> = indicators.iter().rev().chain(&indicators).cloned().collect();
        let (once, twice) = (Matcher::new(&indicators), Matcher::new(&twice));
        prop_assert_eq!(once.judge(&inventory).judgements, twice.judge(&inventory).judgements);
    }
}
