//! What each answer means for a report: it is forgotten on a receipt, and on nothing else.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Behaviour, HASTY, NOW, PATIENT, Server, TestKey, answer, client, enrolment};
use crate::connector::wire::Receipt;
use crate::connector::{ConnectorError, Delivery, RefusalCode, token_digest};
use crate::model::SpkiPin;
use crate::report::jws::typ;

struct Scene {
    connector_key: TestKey,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let token = TestKey::new().sign(typ::SECURITY_EVENT, &json!({"jti": "j1", "mtd_seq": 42}));
        Self { connector_key: TestKey::new(), token }
    }

    async fn outcome(&self, behaviour: Behaviour, timeout: Duration) -> Delivery {
        let server = Server::start(behaviour).await;
        let enrolment = server.enrolment(&self.connector_key);
        client(timeout).deliver(&enrolment, &self.token).await
    }

    async fn answered(&self, answer: Vec<u8>) -> Delivery {
        self.outcome(Behaviour::Answer(answer), PATIENT).await
    }

    async fn why(&self, behaviour: Behaviour, timeout: Duration) -> ConnectorError {
        match self.outcome(behaviour, timeout).await {
            Delivery::Retry { after: None, why } => why,
            other => panic!("{other:?}"),
        }
    }

    /// Delivers to a server whose 202 carries a receipt with `changes`, signed by `key` as `typ`.
    async fn with_receipt(&self, key: &TestKey, typ: &str, changes: &Value) -> Delivery {
        let behaviour = |url: &str| {
            let mut receipt = json!(Receipt {
                iss: format!("{url}/mtd/acme"),
                jti: "j1".to_owned(),
                sha256: token_digest(&self.token),
                seq: 42,
                iat: NOW,
            });
            receipt.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            let header = format!("MTD-Receipt: {}\r\n", key.sign(typ, &receipt));
            Behaviour::Answer(answer("202 Accepted", &header, b""))
        };
        let server = Server::start_at(behaviour).await;
        client(PATIENT).deliver(&server.enrolment(&self.connector_key), &self.token).await
    }
}

#[tokio::test]
async fn a_202_with_a_valid_receipt_is_accepted() {
    let scene = Scene::new();
    let outcome = scene.with_receipt(&scene.connector_key, typ::RECEIPT, &json!({})).await;
    assert!(matches!(outcome, Delivery::Accepted(Receipt { seq: 42, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_202_without_this_report_s_receipt_is_tried_again() {
    let scene = Scene::new();
    let key = &scene.connector_key;
    let outcomes = [
        scene.answered(answer("202 Accepted", "", b"")).await,
        scene.answered(answer("202 Accepted", "MTD-Receipt: garbage\r\n", b"")).await,
        scene.answered(answer("202 Accepted", "MTD-Receipt: \u{e9}\r\n", b"")).await,
        scene.with_receipt(&TestKey::new(), typ::RECEIPT, &json!({})).await,
        scene.with_receipt(key, typ::DECISION, &json!({})).await,
        scene.with_receipt(key, typ::RECEIPT, &json!({"jti": "j2"})).await,
        scene.with_receipt(key, typ::RECEIPT, &json!({"seq": 43})).await,
        scene.with_receipt(key, typ::RECEIPT, &json!({"sha256": token_digest("another")})).await,
        scene.with_receipt(key, typ::RECEIPT, &json!({"iss": "https://elsewhere/mtd/acme"})).await,
    ];
    for (case, outcome) in outcomes.into_iter().enumerate() {
        let Delivery::Retry { why: why @ ConnectorError::NoReceipt(_), .. } = outcome else {
            panic!("case {case}: {outcome:?}")
        };
        let why = why.to_string();
        assert!(why.starts_with("202 without a valid receipt: something on the path answered"), "{why}");
    }
}

#[tokio::test]
async fn a_400_is_a_rejection_by_the_connector_s_signature_alone() {
    let scene = Scene::new();
    let key = &scene.connector_key;
    let reason = json!({"err": "invalid_key", "description": "unknown\u{7} key"});
    let refused = |key: &TestKey, typ: &str, changes: Value| {
        let mut claims =
            json!({"sha256": token_digest(&scene.token), "status": 400, "refusal": reason, "iat": NOW});
        claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let header = format!("MTD-Refusal: {}\r\n", key.sign(typ, &claims));
        answer("400 Bad Request", &header, reason.to_string().as_bytes())
    };
    let Delivery::Rejected(refusal) = scene.answered(refused(key, typ::REFUSAL, json!({}))).await else {
        panic!()
    };
    assert_eq!((refusal.err, refusal.description.as_str()), (RefusalCode::InvalidKey, "unknown key"));

    let not_its_word = [
        answer("400 Bad Request", "", reason.to_string().as_bytes()),
        answer("400 Bad Request", "MTD-Refusal: garbage\r\n", reason.to_string().as_bytes()),
        refused(&TestKey::new(), typ::REFUSAL, json!({})),
        refused(key, typ::RECEIPT, json!({})),
        // Of a report that was cut off, or changed, on its way.
        refused(key, typ::REFUSAL, json!({"sha256": token_digest(&scene.token[..100])})),
        refused(key, typ::REFUSAL, json!({"status": 413})),
        refused(key, typ::REFUSAL, json!({"refusal": null})),
        refused(key, typ::REFUSAL, json!({"refusal": {"err": "teapot", "description": ""}})),
    ];
    for (case, answer) in not_its_word.into_iter().enumerate() {
        let why = scene.why(Behaviour::Answer(answer), PATIENT).await;
        assert!(matches!(why, ConnectorError::UnprovenRefusal { status: 400, .. }), "case {case}: {why:?}");
    }
}

#[tokio::test]
async fn a_413_asks_for_smaller_parts_by_the_connector_s_signature_alone() {
    let scene = Scene::new();
    let claims = json!({"sha256": token_digest(&scene.token), "status": 413, "iat": NOW});
    let header = format!("MTD-Refusal: {}\r\n", scene.connector_key.sign(typ::REFUSAL, &claims));
    assert_eq!(scene.answered(answer("413 Content Too Large", &header, b"")).await, Delivery::TooLarge);
    let why = scene.why(Behaviour::Answer(answer("413 Content Too Large", "", b"")), PATIENT).await;
    assert!(matches!(why, ConnectorError::UnprovenRefusal { status: 413, .. }), "{why:?}");
}

#[tokio::test]
async fn a_middlebox_s_answer_is_tried_again() {
    let scene = Scene::new();
    for status in ["200 OK", "204 No Content", "401 Unauthorized", "403 Forbidden", "404 Not Found"] {
        let why = scene.why(Behaviour::Answer(answer(status, "", b"<html>blocked</html>")), PATIENT).await;
        assert!(matches!(why, ConnectorError::Protocol { .. }), "{status}: {why:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let scene = Scene::new();
    let elsewhere = Server::start(Behaviour::Answer(answer("202 Accepted", "", b""))).await;
    let location = format!("Location: {}/mtd/acme/set\r\n", elsewhere.url());
    let redirect = answer("307 Temporary Redirect", &location, b"");
    let why = scene.why(Behaviour::Answer(redirect), PATIENT).await;
    assert!(why.to_string().contains("HTTP 307"), "{why}");
    assert!(elsewhere.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_busy_connector_says_when_to_come_back() {
    let scene = Scene::new();
    for status in ["429 Too Many Requests", "500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Timeout"] {
        let outcome = scene.answered(answer(status, "Retry-After: 120\r\n", b"")).await;
        let Delivery::Retry { after, why } = outcome else { panic!("{outcome:?}") };
        assert_eq!(after, Some(Duration::from_secs(120)));
        assert!(matches!(why, ConnectorError::Busy { .. }), "{why:?}");
    }
}

#[tokio::test]
async fn garbage_of_every_kind_is_tried_again() {
    let scene = Scene::new();
    let head_only = b"HTTP/1.1 202 Accepted\r\n".to_vec();
    let many_headers = answer("202 Accepted", &"a: b\r\n".repeat(1000), b"");
    let long_header = answer("202 Accepted", &format!("MTD-Receipt: {}\r\n", "x".repeat(100_000)), b"");
    let broken_off = b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    for (case, bytes) in [
        b"SSH-2.0-x\r\n\r\n".to_vec(),
        vec![0; 4096],
        Vec::new(),
        head_only,
        many_headers,
        long_header,
        broken_off,
    ]
    .into_iter()
    .enumerate()
    {
        let why = scene.why(Behaviour::Answer(bytes), PATIENT).await;
        let told = matches!(why, ConnectorError::Protocol { .. } | ConnectorError::Unreachable { .. });
        assert!(told, "case {case}: {why:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let head = "HTTP/1.1 202 Accepted\r\nContent-Length: 99999999999\r\n\r\n";
    let why = Scene::new().why(Behaviour::Endless(head), PATIENT).await;
    assert!(why.to_string().contains("an answer larger than 2097152 bytes"), "{why}");
}

#[tokio::test]
async fn a_silent_connector_costs_no_more_than_the_time_allowed() {
    let began = std::time::Instant::now();
    let why = Scene::new().why(Behaviour::Silent, HASTY).await;
    assert!(matches!(why, ConnectorError::Timeout { .. }), "{why:?}");
    assert!(began.elapsed() < HASTY * 10);
}

#[tokio::test]
async fn what_is_not_tls_is_not_spoken_to() {
    let why = Scene::new().why(Behaviour::NotTls(b"HTTP/1.1 202 Accepted\r\n\r\n"), PATIENT).await;
    assert!(matches!(why, ConnectorError::NotTls { .. }), "{why:?}");
}

#[tokio::test]
async fn tls_below_1_3_is_not_spoken() {
    let why = Scene::new().why(Behaviour::OldTls(answer("202 Accepted", "", b"")), PATIENT).await;
    assert!(matches!(why, ConnectorError::Unreachable { .. }), "{why:?}");
}

#[tokio::test]
async fn an_interceptor_with_another_ca_gets_not_one_byte() {
    let scene = Scene::new();
    let interceptor = Server::start(Behaviour::Answer(answer("202 Accepted", "", b""))).await;
    let pins = vec![SpkiPin::of_spki(b"ours"), SpkiPin::of_spki(b"backup")];
    let enrolment = enrolment(&interceptor.url(), pins, &scene.connector_key);
    let Delivery::Retry { why, .. } = client(PATIENT).deliver(&enrolment, &scene.token).await else {
        panic!()
    };
    let ConnectorError::PinMismatch { host, seen, .. } = why else { panic!("{why:?}") };
    assert_eq!((host.as_str(), seen.last()), ("localhost", Some(&interceptor.ca.pin)));
    assert!(interceptor.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_connector_that_is_down_is_unreachable() {
    let scene = Scene::new();
    let server = Server::start(Behaviour::Silent).await;
    let enrolment = server.enrolment(&scene.connector_key);
    drop(server);
    tokio::task::yield_now().await;
    let Delivery::Retry { why, .. } = client(PATIENT).deliver(&enrolment, &scene.token).await else {
        panic!()
    };
    assert!(matches!(why, ConnectorError::Unreachable { .. }), "{why:?}");
}

#[tokio::test]
async fn a_queued_row_that_is_no_report_is_set_aside_unsent() {
    let server = Server::start(Behaviour::Silent).await;
    let enrolment = server.enrolment(&TestKey::new());
    let outcome = client(HASTY).deliver(&enrolment, "not a token").await;
    assert!(matches!(outcome, Delivery::Rejected(_)), "{outcome:?}");
    let huge = "x".repeat(1024 * 1024 + 1);
    assert_eq!(client(HASTY).deliver(&enrolment, &huge).await, Delivery::TooLarge);
}

#[tokio::test]
async fn a_report_is_sent_as_rfc_8935_asks() {
    let scene = Scene::new();
    let server = Server::start(Behaviour::Answer(answer("202 Accepted", "", b""))).await;
    client(PATIENT).deliver(&server.enrolment(&scene.connector_key), &scene.token).await;
    let request = String::from_utf8(server.requests.lock().unwrap().remove(0)).unwrap();
    assert!(request.starts_with("POST /mtd/acme/set HTTP/1.1\r\n"), "{request}");
    let lower = request.to_ascii_lowercase();
    assert!(lower.contains("content-type: application/secevent+jwt\r\n"), "{request}");
    assert!(lower.contains("accept: application/json\r\n"), "{request}");
    assert!(request.ends_with(&format!("\r\n\r\n{}", scene.token)), "{request}");
}
