use super::*;
use crate::intel::testing::{attribution, contents, signer, write};
use crate::intel::value::ValueKind;

const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

fn bundle(entries: &[(ValueKind, &str, ThreatCategory, Option<u8>)]) -> (Bundle, tempfile::TempDir) {
    let entries: Vec<_> = entries
        .iter()
        .map(|(kind, text, category, confidence)| (*kind, *text, attribution(*category, *confidence)))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    write(&path, &contents(&entries), 1);
    (Bundle::open(&path, &signer().1).unwrap(), folder)
}

fn judged(bundle: &Bundle, url: &str) -> Vec<Judgement> {
    let rules = WebRules { own_domains: vec!["mybank.com".into()] };
    let suffixes = suffixes(bundle).unwrap();
    let judge = WebJudge { bundle: Some(bundle), rules: &rules, suffixes: suffixes.as_ref(), now: NOW };
    judge.url(url).unwrap()
}

#[test]
fn each_category_has_its_detection() {
    let expected = |category: ThreatCategory| match category {
        ThreatCategory::Phishing => Detection::PhishingSite,
        ThreatCategory::Scam
        | ThreatCategory::Cryptojacking
        | ThreatCategory::Adware
        | ThreatCategory::DualUse => Detection::UnwantedSite,
        ThreatCategory::NewlyListed => Detection::RiskyHost,
        _ => Detection::MaliciousSite,
    };
    for category in ThreatCategory::ALL {
        let (bundle, _folder) = bundle(&[(ValueKind::Domain, "bad.test", *category, None)]);
        let found = judged(&bundle, "https://www.bad.test:8443/a?b=c");
        assert_eq!(found.len(), 1, "{category}");
        assert_eq!(found[0].detection, expected(*category), "{category}");
        assert_eq!((found[0].verdict, found[0].subject.as_str()), (Verdict::Confirmed, "bad.test"));
    }
}

#[test]
fn a_source_that_is_not_sure_makes_it_suspicious() {
    for (confidence, verdict) in [(49, Verdict::Suspicious), (50, Verdict::Confirmed)] {
        let (bundle, _folder) =
            bundle(&[(ValueKind::Domain, "bad.test", ThreatCategory::Phishing, Some(confidence))]);
        assert_eq!(judged(&bundle, "bad.test")[0].verdict, verdict);
    }
}

#[test]
fn what_is_told_of_a_visit_is_the_indicator_and_nothing_else_of_it() {
    let (bundle, _folder) = bundle(&[
        (ValueKind::Domain, "bad.test", ThreatCategory::Phishing, None),
        (ValueKind::Url, "https://shared.test/login", ThreatCategory::Phishing, None),
    ]);
    for url in ["https://user-4711.bad.test/s3cret?s3cret=1", "https://shared.test/login/s3cret?4711"] {
        let told = format!("{:?}", judged(&bundle, url));
        assert!(told.contains("PhishingSite"), "{told}");
        assert!(!told.contains("s3cret") && !told.contains("4711"), "{told}");
    }
}

#[test]
fn a_bare_address_is_suspicious_before_navigation_and_nothing_as_a_contact() {
    let (bundle, _folder) = bundle(&[(ValueKind::Network, "203.0.113.0/24", ThreatCategory::Scam, None)]);
    let rules = WebRules::default();
    let judge = WebJudge { bundle: Some(&bundle), rules: &rules, suffixes: None, now: NOW };
    for url in ["http://192.0.2.1/", "http://[2001:db8::1]/", "http://0xC0000201/"] {
        let found = judge.url(url).unwrap();
        assert_eq!(found.len(), 1, "{url}");
        assert_eq!((found[0].detection, found[0].verdict), (Detection::RiskyHost, Verdict::Suspicious));
    }
    assert_eq!(judge.contact("192.0.2.1").unwrap(), []);
    let listed = judge.contact("203.0.113.7").unwrap();
    assert_eq!(listed[0].detection, Detection::UnwantedSite);
    assert_eq!(judge.again(&listed[0]).unwrap(), Some(listed[0].clone()));
}

#[test]
fn a_look_alike_and_an_indicator_are_told_apart() {
    let (bundle, _folder) = bundle(&[(ValueKind::Domain, "rnybank.com", ThreatCategory::Phishing, None)]);
    let found: Vec<_> = judged(&bundle, "https://rnybank.com/").into_iter().map(|it| it.detection).collect();
    assert_eq!(found, [Detection::PhishingSite, Detection::LookalikeDomain]);
    assert_eq!(judged(&bundle, "https://mail.mybank.com/"), []);
}

#[test]
fn what_is_no_url_is_an_error() {
    let judge = WebJudge { bundle: None, rules: &WebRules::default(), suffixes: None, now: NOW };
    for text in ["", "https://", "not a url", "http://a..b/"] {
        assert!(matches!(judge.url(text), Err(LookupError::Value(_))), "{text}");
    }
}

#[test]
fn a_host_is_looked_up_again_as_what_it_is_whatever_its_family_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b");
    let said = super::super::bundle::Attribution {
        family: "network".into(),
        ..attribution(ThreatCategory::Malware, None)
    };
    write(&path, &contents(&[(ValueKind::Domain, "bad.test", said)]), 1);
    let bundle = Bundle::open(&path, &signer().1).unwrap();
    let rules = WebRules::default();
    let judge = WebJudge { bundle: Some(&bundle), rules: &rules, suffixes: None, now: NOW };
    let found = judge.contact("www.bad.test").unwrap();
    assert_eq!(judge.again(&found[0]).unwrap(), Some(found[0].clone()));
}
