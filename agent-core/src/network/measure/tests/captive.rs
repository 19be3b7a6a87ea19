//! Connectivity checks against servers of every temper.

use std::time::{Duration, Instant};

use super::{AMPLE, measured, servers};
use crate::model::{NetworkSettings, Sha256};
use crate::network::limits::{ATTEMPT_TIMEOUT, MAX_HTTP_BODY, MAX_RECEIVED};
use crate::network::observation::{
    Attempt, FailureKind, HttpAnswer, Observations, Outcome, Phase, Possession, Traffic, answer,
};
use crate::network::testing::{Authority, Dates};

async fn probe(url: String) -> (Vec<Attempt<HttpAnswer>>, Traffic) {
    let settings = NetworkSettings { captive_probes: vec![url], ..NetworkSettings::default() };
    let Observations { mut captive, traffic, .. } = measured(&settings, AMPLE).await;
    (captive.remove(0).attempts, traffic)
}

async fn answered(port: u16) -> HttpAnswer {
    let (attempts, _) = probe(format!("http://127.0.0.1:{port}/generate_204")).await;
    answer(&attempts).unwrap_or_else(|| panic!("{attempts:?}")).0.clone()
}

async fn failed(url: String) -> Vec<(Phase, FailureKind)> {
    let (attempts, _) = probe(url).await;
    let failures = attempts.iter().map(|attempt| match &attempt.outcome {
        Outcome::Answered(answer) => panic!("{answer:?}"),
        Outcome::Failed(failure) => (failure.phase, failure.kind),
    });
    failures.collect()
}

#[tokio::test]
async fn a_free_network_answers_204() {
    let port = servers::saying("HTTP/1.1 204 No Content\r\n\r\n").await;
    let answer = answered(port).await;
    assert_eq!((answer.status, answer.body_len, answer.body_complete), (204, 0, true));
}

#[tokio::test]
async fn a_redirect_is_recorded_and_not_followed() {
    let (elsewhere, connections) = servers::counting().await;
    let location = format!("http://127.0.0.1:{elsewhere}/login");
    let port =
        servers::saying(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
            .await;
    let answer = answered(port).await;
    assert_eq!((answer.status, answer.location), (302, Some(location)));
    assert_eq!(connections.load(std::sync::atomic::Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_page_is_recorded_by_its_digest() {
    let page = "<html>Welcome</html>";
    let port =
        servers::saying(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len())).await;
    let answer = answered(port).await;
    assert_eq!(answer.body_sha256, Sha256::of(page.as_bytes()));
    assert_eq!((answer.body_len, answer.body_complete), (page.len() as u64, true));
}

#[tokio::test]
async fn of_an_endless_body_little_is_read() {
    let port = servers::endless(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
        vec![b'x'; 65_536],
        Duration::ZERO,
    )
    .await;
    let (attempts, traffic) = probe(format!("http://127.0.0.1:{port}/")).await;
    let (answer, _) = answer(&attempts).unwrap();
    assert_eq!((answer.body_len, answer.body_complete), (MAX_HTTP_BODY as u64, false));
    assert!(traffic.received <= 2 * MAX_RECEIVED, "{traffic:?}");
}

#[tokio::test]
async fn a_slow_body_does_not_hide_its_head() {
    let port = servers::endless(
        b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        *b"x",
        Duration::from_millis(50),
    )
    .await;
    let begin = Instant::now();
    let answer = answered(port).await;
    assert_eq!((answer.status, answer.body_complete), (200, false));
    assert!(begin.elapsed() < ATTEMPT_TIMEOUT * 2);
}

#[tokio::test]
async fn heads_without_end_are_refused() {
    let cases: [(&[u8], &[u8]); 3] = [
        (b"HTTP/1.1 200 OK\r\n", b"X-Filler: abcdefghijklmnopqrstuvwxyz\r\n"),
        (b"HTTP/1.1 200 OK\r\nX-Filler: ", b"abcdefghijklmnopqrstuvwxyz"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ];
    for (head, piece) in cases {
        let port = servers::endless(head, piece.repeat(100), Duration::ZERO).await;
        let failures = failed(format!("http://127.0.0.1:{port}/")).await;
        assert!(
            matches!(failures[..], [(Phase::Http, FailureKind::Protocol | FailureKind::TooLarge)]),
            "{failures:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_tried_once() {
    let port = servers::saying("220 mail.example ESMTP\r\n").await;
    assert_eq!(failed(format!("http://127.0.0.1:{port}/")).await, [(Phase::Http, FailureKind::Protocol)]);
}

#[tokio::test]
async fn loss_is_tried_three_times() {
    let refused = failed(format!("http://127.0.0.1:{}/", servers::nobody().await)).await;
    assert_eq!(refused, [(Phase::Connect, FailureKind::Refused); 3]);
    let closed = failed(format!("http://127.0.0.1:{}/", servers::resetting().await)).await;
    assert_eq!(closed.len(), 3, "{closed:?}");
}

#[tokio::test]
async fn over_https_any_certificate_is_taken_and_recorded() {
    let chain = Authority::new("Evil Root", 4).chain("127.0.0.1", Dates::CURRENT);
    let port = servers::https(chain.clone(), "HTTP/1.1 204 No Content\r\n\r\n").await;
    let (attempts, _) = probe(format!("https://127.0.0.1:{port}/")).await;
    let (answer, _) = answer(&attempts).unwrap();
    assert_eq!(answer.status, 204);
    let handshake = answer.handshake.as_ref().unwrap();
    assert_eq!((&handshake.chain, &handshake.possession), (&chain, &Possession::Proven));
}

#[tokio::test]
async fn a_url_that_cannot_be_probed_is_named_as_a_mistake_of_the_settings() {
    let long = format!("http://127.0.0.1/{}", "a".repeat(2000));
    for url in ["ftp://127.0.0.1/", "generate_204", "http://", "data:text/plain,204", long.as_str()] {
        assert_eq!(failed(url.to_owned()).await, [(Phase::Resolve, FailureKind::Configuration)], "{url}");
    }
}
