//! Attackers who choose: the canary passes and other hosts do not, or only every second connection is opened. And
//! canaries that are not what they say.

use std::sync::Arc;

use rustls::version::TLS13;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::hostile::{CLEAR, NAME, Survived, asking, probing, signer, survived};
use super::hostile_peers::{Session, alternating, config, leaf_signing_key, pouring, tls_serving};
use super::servers::{self, nobody};
use crate::canary::{CanarySigner, Nonce, REPLY_HEADER, RedirectReply, Resource, TlsReply, sign};
use crate::model::{CheckId, Detection, NetworkSettings, Sha256, Verdict};
use crate::network::testing::{Authority, Dates, NOW, self_signed};

const HOSTS: usize = 4;

fn company() -> Authority {
    Authority::new("Company CA", 2)
}

/// Endpoints in networks of their own, at these ports, under the company's authority.
fn endpoints(ports: [u16; HOSTS]) -> NetworkSettings {
    let mut settings = probing(&ports);
    for endpoint in &mut settings.endpoints {
        endpoint.private_anchors = vec![company().pin()];
    }
    settings
}

fn interception(scan: &Survived) -> Verdict {
    let judgements = scan.outcomes.iter().flat_map(|outcome| &outcome.judgements);
    let found = judgements.filter(|judgement| judgement.detection == Detection::TlsInterception);
    found.map(|judgement| judgement.verdict).max().unwrap_or(Verdict::Clean)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_is_let_pass_excuses_no_other_host() {
    let evil = servers::tls(Authority::new("Evil Root", 4).chain("a.example", Dates::CURRENT)).await;
    let canary = canary(Session::reply).await;
    let settings =
        NetworkSettings { canaries: asking(canary, nobody().await).canaries, ..endpoints([evil; HOSTS]) };
    let scan = survived(&settings, &[]).await;
    assert_eq!(scan.outcome(CheckId::TlsBinding).verdict(), Verdict::Clean);
    assert_eq!(scan.outcome(CheckId::TlsChain).verdict(), Verdict::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_second_connection_opened_is_seen() {
    let genuine = servers::tls(company().chain("a.example", Dates::CURRENT)).await;
    let evil = servers::tls(Authority::new("Evil Root", 4).chain("a.example", Dates::CURRENT)).await;
    let scan = survived(&endpoints(alternating(evil, genuine).await), &[]).await;
    assert_eq!(interception(&scan), Verdict::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opened_session_to_the_canary_that_breaks_is_not_forgotten_over_the_next() {
    let genuine = canary(Session::reply).await;
    // Shakes hands, takes the question, and closes: a loss, so that it is asked again.
    let evil = Authority::new("Evil Root", 4).chain(NAME, Dates::CURRENT);
    let evil = config(&evil, leaf_signing_key(), &[&TLS13]);
    let evil = tls_serving(evil, |mut stream, _| async move {
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let [front] = alternating(evil, genuine).await;
    let mut settings = asking(front, nobody().await);
    settings.canaries[0].zone = None;
    let scan = survived(&settings, &[]).await;
    assert_eq!(interception(&scan), Verdict::Suspicious);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_canary_is_believed() {
    let scan = survived(&asking(canary(Session::reply).await, nobody().await), &[]).await;
    assert_eq!(scan.outcome(CheckId::TlsBinding).verdict(), Verdict::Clean);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_that_signs_something_else_proves_nothing() {
    let replies: [fn(&Session, Nonce) -> String; 3] = [
        // Another nonce, which an old reply has too.
        |session, _| session.reply(Nonce::from_bytes([1; 16])),
        // Under a key that nobody pinned.
        |session, nonce| {
            let stranger = CanarySigner::from_seed(&[6; 32]).unwrap();
            sign(&stranger, (), &session.members(nonce)).unwrap()
        },
        // A reply of another kind.
        |_, nonce| {
            let redirect = RedirectReply {
                nonce,
                server_time: NOW,
                peer: [127, 0, 0, 1].into(),
                request_as_received_sha256: Sha256::of(b""),
                location: String::new(),
            };
            sign(&signer(), (), &redirect).unwrap()
        },
    ];
    for reply in replies {
        let scan = survived(&asking(canary(reply).await, nobody().await), &[]).await;
        scan.is_not_praised(&[CheckId::TlsBinding]);
        assert!(interception(&scan) < Verdict::Confirmed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_redirect_in_clear_proves_nothing() {
    let nonce = Nonce::from_bytes([1; 16]);
    let old = RedirectReply {
        nonce,
        server_time: NOW,
        peer: [127, 0, 0, 1].into(),
        request_as_received_sha256: Sha256::of(b""),
        location: format!("https://{NAME}/{nonce}"),
    };
    let token = sign(&signer(), (), &old).unwrap();
    let location = &old.location;
    let reply = format!(
        "HTTP/1.1 301 Moved\r\nLocation: {location}\r\n{REPLY_HEADER}: {token}\r\nContent-Length: 0\r\n\r\n"
    );
    let scan = survived(&asking(nobody().await, pouring(reply, b"").await.0), &[]).await;
    scan.is_not_praised(&CLEAR);
}

impl Session {
    fn members(&self, nonce: Nonce) -> TlsReply {
        TlsReply {
            nonce,
            server_time: NOW,
            peer: [127, 0, 0, 1].into(),
            tls_exporter: self.exporter,
            client_hello_sha256: self.client_hello,
            request_as_received_sha256: Sha256::of(b""),
        }
    }

    /// What an honest canary says of the session.
    fn reply(&self, nonce: Nonce) -> String {
        sign(&signer(), (), &self.members(nonce)).unwrap()
    }
}

/// A canary over TLS that signs what `reply` makes of the session and the nonce asked for.
async fn canary(reply: fn(&Session, Nonce) -> String) -> u16 {
    let config = config(&self_signed(NAME), leaf_signing_key(), &[&TLS13]);
    let reply = Arc::new(reply);
    tls_serving(config, move |stream, session| {
        let reply = Arc::clone(&reply);
        async move { answer(stream, |nonce| reply(&session, nonce)).await }
    })
    .await
}

async fn answer(mut stream: TlsStream<TcpStream>, reply: impl Fn(Nonce) -> String) {
    let mut request = vec![0; 4096];
    let Ok(length) = stream.read(&mut request).await else { return };
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let Some((nonce, _)) = Resource::parse(path) else { return };
    let response =
        format!("HTTP/1.1 200 OK\r\n{REPLY_HEADER}: {}\r\nContent-Length: 0\r\n\r\n", reply(nonce));
    let _ = stream.write_all(response.as_bytes()).await;
    let _ = stream.shutdown().await;
}
