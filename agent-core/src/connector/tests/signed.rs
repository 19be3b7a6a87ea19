//! Enrolment, settings and decisions that are not what they seem.

use serde_json::{Value, json};

use super::support::{Behaviour, NOW, PATIENT, Server, TestKey, answer, client};
use crate::connector::wire::PolicyClaims;
use crate::connector::{ConnectorError, Decision};
use crate::model::{Ownership, Settings};
use crate::report::jws::typ;

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK", "", body.as_bytes())
}

fn settings_of(url: &str, version: u64) -> Value {
    let settings = Settings { version, ownership: Ownership::Corporate, ..Settings::default() };
    json!({"iss": format!("{url}/mtd/acme"), "aud": format!("{url}/mtd/acme/d/d1"), "iat": NOW, "settings": settings})
}

/// Fetches settings, of which version 5 is known, from a server that answers with what `token` makes.
async fn fetch(
    key: &TestKey,
    token: impl FnOnce(&str) -> String,
) -> Result<Option<Settings>, ConnectorError> {
    let server = Server::start_at(|url| Behaviour::Answer(ok(&token(url)))).await;
    client(PATIENT).fetch_settings(&server.enrolment(key), 5).await
}

#[tokio::test]
async fn newer_settings_are_taken_and_the_same_are_not_news() {
    let key = TestKey::new();
    let newer = fetch(&key, |url| key.sign(typ::SETTINGS, &settings_of(url, 6))).await;
    assert_eq!(newer.unwrap().unwrap().version, 6);
    let same = fetch(&key, |url| key.sign(typ::SETTINGS, &settings_of(url, 5))).await;
    assert_eq!(same.unwrap(), None);
}

#[tokio::test]
async fn older_settings_are_refused_however_well_signed() {
    let key = TestKey::new();
    let older = fetch(&key, |url| key.sign(typ::SETTINGS, &settings_of(url, 4))).await;
    assert_eq!(older.unwrap_err(), ConnectorError::Rollback { known: 5, offered: 4 });
}

#[tokio::test]
async fn settings_of_another_key_type_device_or_tenant_are_forged() {
    let key = TestKey::new();
    let changed = |url: &str, member: &str, value: &str| {
        let mut claims = settings_of(url, 6);
        claims[member] = json!(value);
        key.sign(typ::SETTINGS, &claims)
    };
    let results = [
        fetch(&key, |url| TestKey::new().sign(typ::SETTINGS, &settings_of(url, 6))).await,
        fetch(&key, |url| key.sign(typ::DECISION, &settings_of(url, 6))).await,
        fetch(&key, |url| changed(url, "iss", &format!("{url}/mtd/globex"))).await,
        fetch(&key, |url| changed(url, "aud", &format!("{url}/mtd/acme/d/d2"))).await,
        fetch(&key, |_| "garbage".to_owned()).await,
        fetch(&key, |_| String::new()).await,
    ];
    for (case, result) in results.into_iter().enumerate() {
        assert!(
            matches!(result, Err(ConnectorError::Forged { what: "settings", .. })),
            "case {case}: {result:?}"
        );
    }
}

#[tokio::test]
async fn other_content_under_the_version_in_force_is_refused() {
    let key = TestKey::new();
    let signed = |url: &str| key.sign(typ::SETTINGS, &settings_of(url, 5));
    let server = Server::start_at(|url| Behaviour::Answer(ok(&signed(url)))).await;
    let (client, enrolment) = (client(PATIENT), server.enrolment(&key));
    let mut in_force = Settings { version: 5, ownership: Ownership::Corporate, ..Settings::default() };
    assert_eq!(client.fetch_settings(&enrolment, &in_force).await.unwrap(), None);
    in_force.app_sync.enabled = true;
    let error = client.fetch_settings(&enrolment, &in_force).await.unwrap_err();
    assert_eq!(error, ConnectorError::Changed { what: "settings", version: 5 });

    let mut other = policy_of(5);
    other["document"] = json!("format = 2");
    let error = policy(&key, Some(5), &key.sign(typ::POLICY, &other)).await.unwrap_err();
    assert_eq!(error, ConnectorError::Changed { what: "policy", version: 5 });
}

#[tokio::test]
async fn settings_whose_transport_cannot_be_obeyed_are_refused() {
    let key = TestKey::new();
    let pin = crate::model::SpkiPin::of_spki(b"alone");
    let jwk = key.public.to_jwk();
    let unusable = [
        json!({"spki_pins": [pin]}),
        json!({"spki_pins": [pin, pin]}),
        json!({"urls": ["http://mtd.example"]}),
        json!({"urls": ["https://mtd.example/path"]}),
        json!({"urls": vec!["https://mtd.example"; 5]}),
        json!({"connector_keys": [jwk, jwk]}),
        json!({"connector_keys": [{"crv": "P-256", "kty": "EC", "x": "AA", "y": "AA"}]}),
        json!({"pins_relaxed_under_inspection": true}),
    ];
    for transport in unusable {
        let fetched = fetch(&key, |url| {
            let mut claims = settings_of(url, 6);
            claims["settings"]["transport"] = transport.clone();
            key.sign(typ::SETTINGS, &claims)
        });
        let error = fetched.await.unwrap_err();
        assert!(matches!(error, ConnectorError::Unusable { version: 6, .. }), "{transport}: {error:?}");
    }
}

#[tokio::test]
async fn not_modified_means_that_nothing_is_new() {
    let key = TestKey::new();
    let server = Server::start(Behaviour::Answer(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())).await;
    assert_eq!(client(PATIENT).fetch_settings(&server.enrolment(&key), 5).await.unwrap(), None);
    let request = String::from_utf8(server.requests.lock().unwrap().remove(0)).unwrap().to_ascii_lowercase();
    assert!(request.contains("if-none-match: \"5\"\r\n"), "{request}");
}

/// Fetches the policy, of which version `known` is in force, from a server that answers with `token`.
async fn policy(
    key: &TestKey,
    known: Option<u32>,
    token: &str,
) -> Result<Option<PolicyClaims>, ConnectorError> {
    let server = Server::start(Behaviour::Answer(ok(token))).await;
    client(PATIENT).fetch_policy(&server.enrolment(key), known.map(|known| (known, Some("format = 1")))).await
}

fn policy_of(version: u32) -> Value {
    json!({"tenant": "acme", "iat": NOW, "version": version, "document": "format = 1"})
}

#[tokio::test]
async fn a_policy_is_taken_when_it_is_newer_and_refused_when_it_is_older_or_not_ours() {
    let key = TestKey::new();
    let signed = |version| key.sign(typ::POLICY, &policy_of(version));
    assert_eq!(policy(&key, None, &signed(5)).await.unwrap().unwrap().version, 5);
    assert_eq!(policy(&key, Some(4), &signed(5)).await.unwrap().unwrap().version, 5);
    assert_eq!(policy(&key, Some(5), &signed(5)).await.unwrap(), None);
    let older = policy(&key, Some(6), &signed(5)).await.unwrap_err();
    assert_eq!(older, ConnectorError::PolicyRollback { known: 6, offered: 5 });

    let mut elsewhere = policy_of(5);
    elsewhere["tenant"] = json!("globex");
    let forged = [
        TestKey::new().sign(typ::POLICY, &policy_of(5)),
        key.sign(typ::SETTINGS, &policy_of(5)),
        key.sign(typ::POLICY, &elsewhere),
        "garbage".to_owned(),
    ];
    for token in forged {
        let result = policy(&key, None, &token).await;
        assert!(matches!(result, Err(ConnectorError::Forged { what: "policy", .. })), "{result:?}");
    }
}

#[tokio::test]
async fn a_connector_without_a_policy_of_its_own_has_no_news() {
    let key = TestKey::new();
    for head in ["404 Not Found", "304 Not Modified"] {
        let server = Server::start(Behaviour::Answer(answer(head, "", b""))).await;
        let fetched = client(PATIENT).fetch_policy(&server.enrolment(&key), Some((7, None))).await;
        assert_eq!(fetched.unwrap(), None, "{head}");
        let request =
            String::from_utf8(server.requests.lock().unwrap().remove(0)).unwrap().to_ascii_lowercase();
        assert!(
            request.contains("/policy http") && request.contains("if-none-match: \"7\"\r\n"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_decision_on_another_device_is_forged() {
    let key = TestKey::new();
    let decision = |aud: &'static str| {
        let key = &key;
        move |url: &str| {
            let decision: Decision = serde_json::from_value(json!({
                "allowed_level": "low", "compliant": true, "reason": "", "resources": [], "decided_at": NOW
            }))
            .unwrap();
            let claims = json!({
                "iss": format!("{url}/mtd/acme"), "aud": format!("{url}{aud}"), "iat": NOW, "decision": decision
            });
            Behaviour::Answer(ok(&key.sign(typ::DECISION, &claims)))
        }
    };
    let server = Server::start_at(decision("/mtd/acme/d/d1")).await;
    assert!(client(PATIENT).fetch_decision(&server.enrolment(&key)).await.unwrap().compliant);
    let server = Server::start_at(decision("/mtd/acme/d/d2")).await;
    let error = client(PATIENT).fetch_decision(&server.enrolment(&key)).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Forged { what: "decision", .. }), "{error:?}");
}

/// Enrols at a server that answers the challenge, then with what `response` makes of a good answer.
async fn enrol(change: impl FnOnce(&mut Value)) -> Result<(), ConnectorError> {
    let key = TestKey::new();
    let answers = |url: &str| {
        let mut response = json!({
            "device_id": "d1", "iss": format!("{url}/mtd/acme/d/d1"), "aud": format!("{url}/mtd/acme/set"),
            "connector_jwk": key.public.to_jwk(), "epoch": "e1",
            "settings": key.sign(typ::SETTINGS, &settings_of(url, 1)),
        });
        change(&mut response);
        Behaviour::Answers(vec![ok(r#"{"challenge":"c2lnbiB0aGlz"}"#), ok(&response.to_string())])
    };
    let server = Server::start_at(answers).await;
    client(PATIENT).enrol(&server.payload()).await.map(|_| ())
}

#[tokio::test]
async fn an_enrolment_holds_together_or_is_none() {
    enrol(|_| ()).await.unwrap();
    let other_key = json!(TestKey::new().public.to_jwk());
    let changes = [
        ("device_id", json!("d2")),
        ("device_id", json!("../../admin")),
        ("device_id", json!("x".repeat(1000))),
        ("iss", json!("https://elsewhere/mtd/acme/d/d1")),
        ("aud", json!("https://elsewhere/mtd/acme/set")),
        ("epoch", json!("")),
        ("connector_jwk", other_key),
        ("connector_jwk", json!({"kty": "RSA"})),
        ("settings", json!("garbage")),
    ];
    for (member, value) in changes {
        let result = enrol(|response| response[member] = value.clone()).await;
        let refused = matches!(result, Err(ConnectorError::Forged { .. } | ConnectorError::Protocol { .. }));
        assert!(refused, "{member}={value}: {result:?}");
    }
}

#[tokio::test]
async fn the_token_goes_to_a_pinned_connector_and_into_no_error() {
    let server = Server::start(Behaviour::Answer(ok(r#"{"challenge":5}"#))).await;
    let error = client(PATIENT).enrol(&server.payload()).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Protocol { .. }), "{error:?}");
    let request = String::from_utf8(server.requests.lock().unwrap().remove(0)).unwrap();
    assert!(request.starts_with("POST /mtd/acme/enrol/challenge ") && !request.contains("secret-token"));
    assert!(!format!("{error} {error:?}").contains("secret-token"));
}
