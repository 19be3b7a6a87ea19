//! The closer look at servers behind something that does not let TLS 1.3 through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use super::{AMPLE, GRACE, local, measured, probing, servers};
use crate::model::{CheckId, Coverage, Detection, NetworkSettings, Verdict};
use crate::network::Recording;
use crate::network::observation::{
    Attempt, FailureKind, Handshake, Observations, Outcome, Phase, TlsProbe, failure,
};
use crate::network::testing::{Authority, Dates, NOW, leaf_key};

/// supported_versions (RFC 8446, section 4.2.1) with TLS 1.3 and 1.2, as rustls writes it.
const OFFERS_TLS13: &[u8] = &[0, 43, 0, 5, 4, 3, 4, 3, 3];

/// A fatal alert: protocol_version.
const ALERT: &[u8] = &[21, 3, 3, 0, 2, 2, 70];

/// What stands in the path does with a ClientHello that offers TLS 1.3.
#[derive(Clone, Copy)]
enum Block {
    Reset,
    Alert,
    Swallow,
    /// Answers in the name of a TLS 1.3 server to which only TLS 1.2 was offered.
    Mark,
    /// Resets that many, and lets the others through.
    First(usize),
}

#[tokio::test]
async fn a_server_that_speaks_one_version_needs_no_closer_look() {
    for (version, name) in [(&TLS12, "TLSv1.2"), (&TLS13, "TLSv1.3")] {
        let port = servers::tls_with(chain(), &leaf_key(), &[version], &["h2"]).await;
        let probe = probed(port).await;
        assert_eq!(probe.fallback, None);
        assert_eq!(probe.answer().unwrap().0.version.as_deref(), Some(name));
    }
}

#[tokio::test]
async fn where_tls_1_3_is_refused_the_older_version_brings_the_chain() {
    let cases = [(Block::Reset, FailureKind::Reset, 3), (Block::Alert, FailureKind::Alert, 1)];
    for (block, kind, attempts) in cases {
        let probe = probed(blocking(block).await).await;
        assert_eq!(probe.attempts.len(), attempts, "{probe:?}");
        assert_eq!(failure(&probe.attempts).map(|failure| failure.kind), Some(kind));
        let fallback = probe.fallback.as_ref().unwrap();
        assert_eq!(version(&fallback.older), Some("TLSv1.2"));
        assert_eq!(kind_of(fallback.again.as_ref().unwrap()), Some((Phase::Tls, kind)));
        assert_eq!(probe.answer().unwrap().0.chain, chain());
        assert!(probe.platform.is_some());
    }
}

#[tokio::test]
async fn the_mark_of_a_downgrade_is_told_from_other_failures() {
    let probe = probed(blocking(Block::Mark).await).await;
    assert_eq!(failure(&probe.attempts).map(|failure| failure.kind), Some(FailureKind::Downgraded));
    assert_eq!(version(&probe.fallback.unwrap().older), Some("TLSv1.2"));
}

#[tokio::test]
async fn a_dead_server_is_tried_with_the_older_version_once() {
    let fallback = probed(servers::resetting().await).await.fallback.unwrap();
    assert_eq!(kind_of(&fallback.older), Some((Phase::Tls, FailureKind::Reset)));
    assert_eq!(fallback.again, None);
}

#[tokio::test]
async fn nobody_at_the_port_is_not_looked_at_closer() {
    assert_eq!(probed(servers::nobody().await).await.fallback, None);
}

#[tokio::test]
async fn what_gets_through_the_second_time_was_loss() {
    let probe = probed(blocking(Block::First(3)).await).await;
    let again = probe.fallback.as_ref().unwrap().again.as_ref().unwrap();
    assert_eq!(version(again), Some("TLSv1.3"));
    assert_eq!(probe.answer().unwrap().0.version.as_deref(), Some("TLSv1.3"));
}

/// Slow on purpose: time-outs are awaited.
#[tokio::test]
async fn swallowed_offers_leave_time_for_the_closer_look() {
    let settings = probing(local(blocking(Block::Swallow).await));
    let begin = Instant::now();
    let mut seen = measured(&settings, Duration::from_secs(10)).await;
    assert!(begin.elapsed() < Duration::from_secs(10) + GRACE);
    let probe = seen.tls.remove(0);
    assert_eq!(probe.attempts.len(), 2);
    let fallback = probe.fallback.unwrap();
    assert_eq!(version(&fallback.older), Some("TLSv1.2"));
    assert_eq!(kind_of(&fallback.again.unwrap()), Some((Phase::Tls, FailureKind::TimedOut)));
}

/// Row 21 of NETWORK.md, from the socket to the judgement.
#[tokio::test]
async fn blocked_tls_1_3_is_a_downgrade_and_nothing_else() {
    let root = Authority::new("Root", 1);
    let endpoints = [blocking(Block::Reset).await, blocking(Block::Reset).await].map(|port| {
        let mut endpoint = local(port);
        endpoint.private_anchors = vec![root.pin()];
        endpoint
    });
    let settings = NetworkSettings { endpoints: endpoints.to_vec(), ..NetworkSettings::default() };
    let observations = measured(&settings, AMPLE).await;
    let replayed: Observations =
        serde_json::from_str(&serde_json::to_string(&observations).unwrap()).unwrap();
    assert_eq!(replayed, observations);

    let outcomes = crate::network::judge(&Recording::new(observations, settings, NOW)).outcomes;
    let judged: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.judgements).collect();
    let [only] = judged.as_slice() else { panic!("{judged:?}") };
    assert_eq!((only.detection, only.verdict), (Detection::TlsDowngrade, Verdict::Suspicious));
    for check in [CheckId::TlsChain, CheckId::TlsDowngrade] {
        let outcome = outcomes.iter().find(|outcome| outcome.check == check).unwrap();
        assert_eq!(outcome.coverage, Coverage::Complete, "{outcome:?}");
    }
}

async fn probed(port: u16) -> TlsProbe {
    measured(&probing(local(port)), AMPLE).await.tls.remove(0)
}

fn chain() -> Vec<crate::network::observation::Certificate> {
    Authority::new("Root", 1).chain("a.example", Dates::CURRENT)
}

fn version(attempt: &Attempt<Handshake>) -> Option<&str> {
    match &attempt.outcome {
        Outcome::Answered(handshake) => handshake.version.as_deref(),
        Outcome::Failed(_) => None,
    }
}

fn kind_of(attempt: &Attempt<Handshake>) -> Option<(Phase, FailureKind)> {
    match &attempt.outcome {
        Outcome::Answered(_) => None,
        Outcome::Failed(failure) => Some((failure.phase, failure.kind)),
    }
}

/// A server of every version, and `block` in front of it.
async fn blocking(block: Block) -> u16 {
    let server = servers::tls(chain()).await;
    let seen = Arc::new(AtomicUsize::new(0));
    servers::each(move |client| {
        let seen = Arc::clone(&seen);
        async move {
            let _ = pass(block, client, server, &seen).await;
        }
    })
    .await
}

async fn pass(block: Block, mut client: TcpStream, server: u16, seen: &AtomicUsize) -> std::io::Result<()> {
    // The ClientHello comes in one piece.
    let mut hello = [0; 2048];
    let length = client.peek(&mut hello).await?;
    if hello[..length].windows(OFFERS_TLS13.len()).any(|window| window == OFFERS_TLS13) {
        let number = seen.fetch_add(1, Ordering::Relaxed);
        match block {
            Block::First(count) if number >= count => {}
            // Closed with the peer's bytes unread, which TCP makes a reset.
            Block::Reset | Block::First(_) => return Ok(()),
            Block::Alert => return answer(client, ALERT).await,
            Block::Mark => return answer(client, &marked_server_hello()).await,
            Block::Swallow => {
                while client.read(&mut hello).await? > 0 {}
                return Ok(());
            }
        }
    }
    let mut upstream = TcpStream::connect(("127.0.0.1", server)).await?;
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}

async fn answer(mut client: TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let _ = client.read(&mut [0; 2048]).await?;
    client.write_all(bytes).await?;
    // Until the peer has read: an early close would lose what is under way.
    while client.read(&mut [0; 2048]).await? > 0 {}
    Ok(())
}

/// A ServerHello of TLS 1.2 with the last eight bytes of its random as RFC 8446, section 4.1.3 wants them.
fn marked_server_hello() -> Vec<u8> {
    let mut hello = vec![3, 3];
    hello.extend([7; 24]);
    hello.extend(b"DOWNGRD\x01");
    // No session id, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, no compression.
    hello.extend([0, 0xc0, 0x2b, 0]);
    let length = hello.len() as u8;
    [vec![22, 3, 3, 0, length + 4, 2, 0, 0, length], hello].concat()
}
