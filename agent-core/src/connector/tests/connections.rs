//! One connection for an exchange, and the next origin where one cannot be reached.

use serde_json::json;

use super::support::{Behaviour, NOW, PATIENT, Server, TestKey, answer, client};
use crate::connector::wire::Receipt;
use crate::connector::{ConnectorKeys, Delivery, Route, TroubleKind, token_digest};
use crate::model::{Settings, SpkiPin, TransportSettings};
use crate::report::jws::typ;

fn report(n: u64) -> String {
    TestKey::new().sign(typ::SECURITY_EVENT, &json!({"jti": format!("j{n}"), "mtd_seq": n}))
}

/// The answer of a connector at `url` that signs for `token` with `key`.
fn signed_for(url: &str, key: &TestKey, token: &str, n: u64) -> Vec<u8> {
    let receipt = Receipt {
        iss: format!("{url}/mtd/acme"),
        jti: format!("j{n}"),
        sha256: token_digest(token),
        seq: n,
        iat: NOW,
    };
    answer("202 Accepted", &format!("MTD-Receipt: {}\r\n", key.sign(typ::RECEIPT, &receipt)), b"")
}

/// Delivers ten reports to a server that answers so many on each connection; how many connections that took.
async fn connections_for_ten(per_connection: usize) -> usize {
    let key = TestKey::new();
    let tokens: Vec<_> = (1..=10).map(report).collect();
    let server = Server::start_at(|url| {
        let answers = (1..).zip(&tokens).map(|(n, token)| signed_for(url, &key, token, n)).collect();
        Behaviour::KeepAlive { answers, per_connection }
    })
    .await;
    let (client, enrolment) = (client(PATIENT), server.enrolment(&key));
    for token in &tokens {
        let delivery = client.deliver(&enrolment, token).await;
        assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    }
    assert_eq!(client.connections(), server.connections.load(std::sync::atomic::Ordering::SeqCst) as u64);
    assert_eq!(client.proofs(), 10);
    server.connections.load(std::sync::atomic::Ordering::SeqCst)
}

#[tokio::test]
async fn ten_reports_take_one_connection_where_the_server_keeps_it_open() {
    assert_eq!(connections_for_ten(10).await, 1);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    assert_eq!(connections_for_ten(1).await, 10, "a server that closes after each answer");
    assert_eq!(connections_for_ten(4).await, 3);
}

#[tokio::test]
async fn a_connection_is_used_for_one_set_of_pins_only() {
    let key = TestKey::new();
    let ok = || answer("503 Unavailable", "", b"");
    let server =
        Server::start(Behaviour::KeepAlive { answers: vec![ok(), ok(), ok()], per_connection: 3 }).await;
    let (client, enrolment) = (client(PATIENT), server.enrolment(&key));
    client.deliver(&enrolment, &report(1)).await;
    client.deliver(&enrolment, &report(2)).await;
    assert_eq!(client.connections(), 1);
    // New settings no longer have the key that the open connection was accepted by.
    client.reroute(route(&[], &[SpkiPin::of_spki(b"new"), SpkiPin::of_spki(b"newer")]));
    let Delivery::Retry { why, .. } = client.deliver(&enrolment, &report(3)).await else { panic!() };
    assert!(why.to_string().contains("does not match either pin"), "{why}");
    assert_eq!(client.take_troubles()[0].kind, TroubleKind::Untrusted);
}

fn route(urls: &[String], pins: &[SpkiPin]) -> Route {
    let transport =
        TransportSettings { urls: urls.to_vec(), spki_pins: pins.to_vec(), ..TransportSettings::default() };
    Route::of(&Settings { transport: Some(transport), ..Settings::default() })
}

#[tokio::test]
async fn the_next_origin_is_tried_and_then_kept_and_names_stay_as_enrolled() {
    let key = TestKey::new();
    let gone = Server::start(Behaviour::Silent).await;
    let (enrolled_at, down) = (gone.url(), gone.url());
    let tokens: Vec<_> = (1..=2).map(report).collect();
    let second = Server::start_at(|_| {
        let answers = (1..).zip(&tokens).map(|(n, token)| signed_for(&enrolled_at, &key, token, n)).collect();
        Behaviour::KeepAlive { answers, per_connection: 2 }
    })
    .await;
    let enrolment = gone.enrolment(&key);
    drop(gone);
    tokio::task::yield_now().await;
    let route = route(&[down, second.url()], &[second.ca.pin, SpkiPin::of_spki(b"backup")]);
    let client = client(PATIENT).through(route, ConnectorKeys::default());
    for token in &tokens {
        let delivery = client.deliver(&enrolment, token).await;
        assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    }
    assert_eq!(client.connections(), 1, "the first origin is not tried again");
    let request = String::from_utf8(second.requests.lock().unwrap().remove(0)).unwrap();
    let host = format!("host: localhost:{}\r\n", second.addr.port());
    assert!(request.starts_with("POST /mtd/acme/set HTTP/1.1\r\n"), "{request}");
    assert!(request.to_ascii_lowercase().contains(&host), "{request}");
}

#[tokio::test]
async fn a_gateway_whose_connector_is_down_is_passed_over_and_its_wish_still_holds_when_all_are() {
    let key = TestKey::new();
    let busy = answer("503 Unavailable", "Retry-After: 120\r\n", b"");
    let first = Server::start(Behaviour::Answer(busy)).await;
    let second = Server::start(Behaviour::Answer(answer("502 Bad Gateway", "", b""))).await;
    let pins = [first.ca.pin, second.ca.pin];
    let client =
        client(PATIENT).through(route(&[first.url(), second.url()], &pins), ConnectorKeys::default());
    let Delivery::Retry { after, .. } = client.deliver(&first.enrolment(&key), &report(1)).await else {
        panic!()
    };
    assert_eq!(after, Some(std::time::Duration::from_secs(120)));
    assert_eq!(second.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_interceptor_at_one_origin_is_noted_though_another_takes_the_report() {
    let key = TestKey::new();
    let evil = Server::start(Behaviour::Silent).await;
    let token = report(1);
    let enrolled_at = evil.url();
    let honest = Server::start_at(|_| {
        let answers = vec![signed_for(&enrolled_at, &key, &token, 1)];
        Behaviour::KeepAlive { answers, per_connection: 1 }
    })
    .await;
    let pins = [honest.ca.pin, SpkiPin::of_spki(b"backup")];
    let client = client(PATIENT).through(route(&[evil.url(), honest.url()], &pins), ConnectorKeys::default());
    assert!(matches!(client.deliver(&evil.enrolment(&key), &token).await, Delivery::Accepted(_)));
    let troubles = client.take_troubles();
    assert_eq!((troubles.len(), troubles[0].kind), (1, TroubleKind::Untrusted), "{troubles:?}");
    assert!(troubles[0].detail.contains(&evil.ca.pin.to_string()), "{troubles:?}");
}
