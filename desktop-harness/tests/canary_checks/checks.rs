//! Each thing that a router does, with exactly what must be found.

use std::time::{Duration, Instant};

use agent_core::model::{CheckId, Coverage, Detection, Verdict};

use crate::lab::{Http, Lab, Tls};

const CHECKS: [CheckId; 5] =
    [CheckId::TlsChain, CheckId::TlsBinding, CheckId::HttpStrip, CheckId::HttpTamper, CheckId::HttpProxy];

#[tokio::test]
async fn nobody_in_between_is_clean() {
    let seen = Lab::start(Tls::Pass, Http::Pass).await.scan().await;
    assert_eq!(seen.found(), []);
    for check in CHECKS {
        assert_eq!(seen.outcome(check).coverage, Coverage::Complete, "{:?}", seen.outcome(check));
    }
    assert!(seen.observations.traffic.received < 15_000, "{:?}", seen.observations.traffic);
}

#[tokio::test]
async fn one_that_terminates_tls_is_proved() {
    let seen = Lab::start(Tls::Intercept, Http::Pass).await.scan().await;
    assert_eq!(
        seen.found(),
        [
            (CheckId::TlsChain, Detection::TlsInterception, Verdict::Confirmed),
            (CheckId::TlsBinding, Detection::TlsInterception, Verdict::Confirmed),
        ]
    );
    assert!(seen.evidence(CheckId::TlsChain).contains(&"exporter_at_canary".to_owned()));
}

/// TLS 1.2 with extended master secret binds the session too.
#[tokio::test]
async fn tls_1_3_kept_out_is_a_downgrade_and_nothing_else() {
    let seen = Lab::start(Tls::RefuseNewest, Http::Pass).await.scan().await;
    assert_eq!(seen.found(), [(CheckId::TlsDowngrade, Detection::TlsDowngrade, Verdict::Suspicious)]);
    for check in CHECKS {
        assert_eq!(seen.outcome(check).coverage, Coverage::Complete, "{:?}", seen.outcome(check));
    }
    assert_eq!(seen.outcome(CheckId::TlsBinding).verdict(), Verdict::Clean);
}

#[tokio::test]
async fn a_redirect_taken_away_is_stripping() {
    fn answer_in_clear(response: Vec<u8>) -> Vec<u8> {
        if !response.starts_with(b"HTTP/1.1 301") {
            return response;
        }
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nSign in".to_vec()
    }
    let lab = Lab::start(Tls::Pass, Http::Change { request: same, response: answer_in_clear }).await;
    let found = lab.scan().await.found();
    assert_eq!(found, [(CheckId::HttpStrip, Detection::SslStrip, Verdict::Confirmed)]);
}

#[tokio::test]
async fn a_script_added_to_the_page_is_tampering() {
    fn inject(response: Vec<u8>) -> Vec<u8> {
        with_body(response, |body| {
            let at = body.windows(7).position(|seven| seven == b"</body>")?;
            let evil = b"<script src=//evil.example/x.js></script>".as_slice();
            Some([&body[..at], evil, &body[at..]].concat())
        })
    }
    let lab = Lab::start(Tls::Pass, Http::Change { request: same, response: inject }).await;
    let found = lab.scan().await.found();
    assert_eq!(found, [(CheckId::HttpTamper, Detection::ContentTampering, Verdict::Confirmed)]);
}

#[tokio::test]
async fn another_image_is_recompression() {
    fn recompress(response: Vec<u8>) -> Vec<u8> {
        with_body(response, |body| {
            body.starts_with(b"\x89PNG").then(|| b"\xff\xd8\xff\xe0\x00\x10JFIF and less".to_vec())
        })
    }
    let lab = Lab::start(Tls::Pass, Http::Change { request: same, response: recompress }).await;
    let found = lab.scan().await.found();
    assert_eq!(found, [(CheckId::HttpTamper, Detection::ContentRecompressed, Verdict::Benign)]);
}

#[tokio::test]
async fn a_page_in_place_of_the_image_is_tampering() {
    fn replace(response: Vec<u8>) -> Vec<u8> {
        with_body(response, |body| body.starts_with(b"\x89PNG").then(|| b"<html>hello</html>".to_vec()))
    }
    let lab = Lab::start(Tls::Pass, Http::Change { request: same, response: replace }).await;
    let found = lab.scan().await.found();
    assert_eq!(found, [(CheckId::HttpTamper, Detection::ContentTampering, Verdict::Confirmed)]);
}

#[tokio::test]
async fn a_proxy_that_adds_a_header_is_benign() {
    fn add(request: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8(request).unwrap();
        text.replacen("\r\n\r\n", "\r\nVia: 1.1 carrier.example\r\n\r\n", 1).into_bytes()
    }
    let lab = Lab::start(Tls::Pass, Http::Change { request: add, response: same }).await;
    let seen = lab.scan().await;
    assert_eq!(seen.found(), [(CheckId::HttpProxy, Detection::TransparentProxy, Verdict::Benign)]);
    assert!(seen.evidence(CheckId::HttpProxy).contains(&"line_received".to_owned()));
}

#[tokio::test]
async fn a_replayed_reply_proves_nothing() {
    let seen = Lab::start(Tls::Replay, Http::Pass).await.scan().await;
    let binding = seen.outcome(CheckId::TlsBinding);
    assert!(
        matches!(&binding.coverage, Coverage::Unknown { why } if why.contains("another nonce")),
        "{binding:?}"
    );
    assert!(seen.found().iter().all(|(_, _, verdict)| *verdict < Verdict::Confirmed), "{:?}", seen.found());
}

#[tokio::test]
async fn answers_byte_by_byte_end_at_the_deadline() {
    let lab = Lab::start(Tls::Drip, Http::Drip).await;
    let begin = Instant::now();
    let seen = lab.scan_within(Duration::from_secs(2)).await;
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(seen.found(), []);
    for check in CHECKS {
        assert_ne!(seen.outcome(check).verdict(), Verdict::Clean, "{check}");
    }
}

#[tokio::test]
async fn a_hundred_megabytes_are_not_read() {
    let lab = Lab::start(Tls::Pass, Http::Flood).await;
    let seen = lab.scan().await;
    assert!(seen.observations.traffic.received < 1_000_000, "{:?}", seen.observations.traffic);
    assert!(seen.found().iter().all(|(_, _, verdict)| *verdict < Verdict::Confirmed), "{:?}", seen.found());
}

fn same(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// `response` with another body, its length made to fit.
fn with_body(response: Vec<u8>, change: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
    let Some(end) = response.windows(4).position(|four| four == b"\r\n\r\n") else { return response };
    let (head, body) = response.split_at(end + 4);
    let Some(changed) = change(body) else { return response };
    let length = |body: &[u8]| format!("Content-Length: {}", body.len());
    let head = String::from_utf8(head.to_vec()).unwrap().replace(&length(body), &length(&changed));
    [head.as_bytes(), &changed].concat()
}
