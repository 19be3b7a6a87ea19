use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::*;
use crate::model::*;
use crate::report::jws::{self, VerifyError, typ};
use crate::report::*;

/// The claims of `event` as the first report of a chain.
fn claims_of(event: Event) -> Value {
    let host = Host::new();
    let token = host.reporter().sign(&first_position(), event).unwrap().token;
    serde_json::from_slice(&jws::payload_of(&token).unwrap()).unwrap()
}

/// What verification says of `claims`, correctly signed.
fn verdict_on(claims: &Value) -> Result<SetClaims, VerifyError> {
    let key = TestKey::generate();
    let token = jws::sign(typ::SECURITY_EVENT, claims.to_string().as_bytes(), &key).unwrap();
    verify_report(&token, &key.public(), Expected::default())
}

#[test]
fn the_form_of_each_event_on_the_wire() {
    let mut host = Host::new();
    host.entropy = Box::new(SameEntropy);
    let prev = Some(Sha256::of(b"token"));
    let position = ChainPosition { epoch: "enrolment-1".into(), seq: 42, prev };
    for (name, event) in [
        ("risk_level_change", level_change()),
        ("device_report_full", device_report(rich_report())),
        ("device_report_delta", device_report(rich_delta())),
    ] {
        let token = host.reporter().sign(&position, event).unwrap().token;
        let claims: SetClaims = jws::peek_claims(&token).unwrap();
        insta::assert_snapshot!(name, serde_json::to_string_pretty(&claims).unwrap());
    }
}

#[test]
fn what_is_signed_reads_back_the_same() {
    let host = Host::new();
    for event in [level_change(), device_report(rich_report()), device_report(rich_delta())] {
        let report = host.reporter().sign(&first_position(), event.clone()).unwrap();
        assert_eq!(report.kind, event.kind());
        let claims = verify_report(&report.token, &host.key.public(), Expected::default()).unwrap();
        assert_eq!((claims.events, claims.jti, claims.mtd_seq), (event, report.jti, report.seq));
    }
}

#[test]
fn uris_of_the_events_are_the_constants() {
    let uri = |event| claims_of(event)["events"].as_object().unwrap().keys().next().unwrap().clone();
    assert_eq!(uri(level_change()), RISK_LEVEL_CHANGE);
    assert_eq!(uri(device_report(rich_report())), DEVICE_REPORT);
}

#[test]
fn subject_and_expiry_are_refused_whatever_their_value() {
    for member in ["sub", "exp"] {
        for value in [json!(null), json!("d-7f3a"), json!(1_900_000_000), json!({})] {
            let mut claims = claims_of(level_change());
            claims[member] = value;
            let error = verdict_on(&claims).unwrap_err();
            assert!(error.to_string().contains("forbidden member"), "{error}");
        }
    }
}

#[test]
fn members_of_a_newer_agent_are_ignored() {
    let mut claims = claims_of(device_report(rich_report()));
    claims["mtd_new"] = json!(1);
    claims["events"][DEVICE_REPORT]["weather"] = json!("fine");
    assert!(verdict_on(&claims).is_ok());
}

#[test]
fn a_report_has_exactly_one_known_event() {
    let mut none = claims_of(level_change());
    none["events"] = json!({});
    assert_eq!(verdict_on(&none).unwrap_err().rule(), "claims");

    let mut two = claims_of(level_change());
    two["events"][DEVICE_REPORT] = claims_of(device_report(rich_report()))["events"][DEVICE_REPORT].clone();
    assert_eq!(verdict_on(&two).unwrap_err().rule(), "claims");

    let mut other = claims_of(level_change());
    other["events"] = json!({"https://example.com/event": {}});
    assert_eq!(verdict_on(&other).unwrap_err().rule(), "claims");
}

#[test]
fn every_claim_is_required_but_the_link() {
    let complete = claims_of(level_change());
    for member in complete.as_object().unwrap().keys() {
        let mut claims = complete.clone();
        claims.as_object_mut().unwrap().remove(member);
        let error = verdict_on(&claims).unwrap_err();
        assert_eq!(
            error.to_string().split(" at ").next(),
            Some(&*format!("claims refused: missing field `{member}`"))
        );
    }
}

#[test]
fn links_are_canonical_base64url_of_32_bytes() {
    let mut claims = claims_of(level_change());
    for (link, good) in [
        ("A".repeat(43), true),
        (format!("{}B", "A".repeat(42)), false),
        (format!("{}=", "A".repeat(43)), false),
        ("A".repeat(42), false),
        (String::new(), false),
    ] {
        claims["mtd_prev"] = json!(link);
        assert_eq!(verdict_on(&claims).is_ok(), good, "{link}");
    }
}

#[test]
fn issuer_and_audience_are_compared_when_they_are_known() {
    let host = Host::new();
    let token = host.reporter().sign(&first_position(), level_change()).unwrap().token;
    let verify = |iss, aud| verify_report(&token, &host.key.public(), Expected { iss, aud }).err();
    assert_eq!(verify(Some(host.issuer.iss.as_str()), Some(host.issuer.aud.as_str())), None);
    assert_eq!(verify(Some("https://mtd.example/mtd/acme/d/other"), None), Some(VerifyError::Issuer));
    assert_eq!(verify(None, Some("https://other.example/set")), Some(VerifyError::Audience));
}

#[test]
fn errors_about_claims_hold_no_values() {
    let mut claims = claims_of(level_change());
    claims["events"][RISK_LEVEL_CHANGE]["mtd_level"] = json!("com.example.secret");
    let error = verdict_on(&claims).unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn a_level_that_cannot_be_told_is_high_in_the_words_of_caep() {
    let words =
        [Level::Secured, Level::Low, Level::Medium, Level::High, Level::Unknown, Level::Misconfigured]
            .map(CaepLevel::from);
    use CaepLevel::{High, Low, Medium};
    assert_eq!(words, [Low, Low, Medium, High, High, High]);
}

#[test]
fn the_network_is_reported_without_names_and_addresses() {
    let snapshot = NetworkSnapshot {
        name: Fact::known("alices-home".into()),
        gateways: Fact::known(vec!["192.0.2.1".into()]),
        dns_servers: Fact::known(vec!["192.0.2.53".into()]),
        proxies: Fact::known(vec![Proxy { scheme: "http".into(), address: "proxy.example:3128".into() }]),
        vpns: Fact::not_permitted("no permission"),
        captive: Fact::known(false),
        ..NetworkSnapshot::not_available("not told")
    };
    assert_eq!(
        serde_json::to_value(NetworkState::from(&snapshot)).unwrap(),
        json!({
            "captive": {"state": "known", "value": false},
            "proxied": {"state": "known", "value": true},
            "vpn": {"state": "not_permitted", "why": "no permission"},
        })
    );
}

#[test]
fn identifiers_are_128_random_bits() {
    let ids: std::collections::BTreeSet<_> = (0..100).map(|_| random_id(&SystemEntropy).unwrap()).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| id.len() == 22));
}

#[test]
fn a_report_larger_than_any_token_is_not_signed() {
    let mut report = rich_report();
    report.posture.root_signs = Fact::known(vec!["x".repeat(jws::MAX_TOKEN)]);
    let result = Host::new().reporter().sign(&first_position(), device_report(report));
    assert!(matches!(result, Err(ReportError::TooLarge(_))));
}

proptest! {
    #[test]
    fn changed_claims_never_panic(cut: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let host = Host::new();
        let token = host.reporter().sign(&first_position(), device_report(rich_report())).unwrap().token;
        let mut claims = jws::payload_of(&token).unwrap();
        let index = at.index(claims.len());
        claims[index] = byte;
        let _ = jws::read_claims::<SetClaims>(&claims);
        let _ = jws::read_claims::<SetClaims>(&claims[..cut.index(claims.len())]);
    }
}
