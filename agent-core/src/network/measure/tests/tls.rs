//! Handshakes with servers of every temper.

use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rustls::version::{TLS12, TLS13};

use super::{AMPLE, GRACE, local, measured, measured_on, probing, servers};
use crate::model::{CheckId, Fact, NetworkSettings, ProbeEndpoint, TrustVerdict, Verdict};
use crate::network::Recording;
use crate::network::limits::MAX_CERTIFICATES;
use crate::network::observation::{
    Attempt, Certificate, FailureKind, Handshake, Observations, Outcome, Phase, Possession, TlsProbe, answer,
};
use crate::network::testing::{Authority, Dates, FakeHost, NOW, key, leaf_key, self_signed};

/// `CN=gateway.local`, X.509 version 1, self-signed by `key(9)`: what `openssl x509 -req -signkey` makes.
const VERSION_1: &str = "MIHqMIGdAhRZbCarUBtpPg5z2fwMObJ8guZyhzAFBgMrZXAwGDEWMBQGA1UEAwwNZ2F0ZXdheS5sb2NhbDAe\
    Fw0yNjExMjIyMjQwMDNaFw0zNjExMTkyMjQwMDNaMBgxFjAUBgNVBAMMDWdhdGV3YXkubG9jYWwwKjAFBgMrZXADIQD9FyQ4WqDHW2T7eM1g\
    L6HZkf3r92sTxY7XAurINen2GDAFBgMrZXADQQABaxE+2jBmWw4hz4RFfxTvMOf1uv1p+hZXGwCt1BV+I3CQYsvYVxoJfeioBTTtnpJbvlqU\
    YLHw5102v1N604QO";

async fn probe(endpoint: ProbeEndpoint) -> TlsProbe {
    let Observations { mut tls, .. } = measured(&probing(endpoint), AMPLE).await;
    tls.remove(0)
}

async fn handshake(port: u16) -> Handshake {
    let probe = probe(local(port)).await;
    answer(&probe.attempts).unwrap_or_else(|| panic!("{probe:?}")).0.clone()
}

fn kinds(attempts: &[Attempt<Handshake>]) -> Vec<(Phase, FailureKind)> {
    let failures = attempts.iter().filter_map(|attempt| match &attempt.outcome {
        Outcome::Answered(_) => None,
        Outcome::Failed(failure) => Some((failure.phase, failure.kind)),
    });
    failures.collect()
}

#[tokio::test]
async fn a_completed_handshake_is_recorded_whatever_the_certificate() {
    let evil = Authority::new("Evil Root", 4);
    let chains = [
        evil.chain("a.example", Dates::CURRENT),
        evil.chain("a.example", Dates::PAST),
        evil.chain("other.example", Dates::CURRENT),
        self_signed("a.example"),
    ];
    for chain in chains {
        let seen = probe(local(servers::tls(chain.clone()).await)).await;
        let (handshake, address) = answer(&seen.attempts).unwrap();
        assert_eq!(handshake.chain, chain);
        assert_eq!(handshake.possession, Possession::Proven);
        assert_eq!(handshake.version.as_deref(), Some("TLSv1.3"));
        assert_eq!(handshake.alpn.as_deref(), Some("h2"));
        assert_eq!(handshake.interrupted, None);
        assert_eq!(address, Some([127, 0, 0, 1].into()));
        assert_eq!(seen.attempts.len(), 1);
        assert!(matches!(seen.platform, Some(Fact::Known { value: TrustVerdict::Rejected { .. } })));
    }
}

#[tokio::test]
async fn an_older_version_is_recorded_as_such() {
    let port = servers::tls_with(self_signed("a.example"), &leaf_key(), &[&TLS12], &[]).await;
    let handshake = handshake(port).await;
    assert_eq!(handshake.version.as_deref(), Some("TLSv1.2"));
    assert_eq!(handshake.possession, Possession::Proven);
    assert_eq!(handshake.alpn, None);
}

#[tokio::test]
async fn a_certificate_without_its_key_is_recorded_as_unproven() {
    for version in [&TLS12, &TLS13] {
        let chain = Authority::new("Root", 1).chain("a.example", Dates::CURRENT);
        let port = servers::tls_with(chain.clone(), &key(77), &[version], &["h2"]).await;
        let handshake = handshake(port).await;
        assert!(matches!(handshake.possession, Possession::Unproven { .. }), "{handshake:?}");
        assert_eq!(handshake.chain, chain);
    }
}

#[tokio::test]
async fn a_version_1_certificate_does_not_hide_its_bearer() {
    let chain = vec![Certificate::from_der(BASE64_STANDARD.decode(VERSION_1).unwrap())];
    let port = servers::tls_with(chain.clone(), &key(9), &[&TLS13], &[]).await;
    let handshake = handshake(port).await;
    assert_eq!(handshake.chain, chain);
    assert_eq!(handshake.possession, Possession::Proven);
}

#[tokio::test]
async fn garbage_in_place_of_a_certificate_is_kept() {
    let chain = vec![Certificate::from_der(b"no certificate at all".to_vec())];
    let handshake = handshake(servers::tls(chain.clone()).await).await;
    assert_eq!(handshake.chain, chain);
    assert!(matches!(handshake.possession, Possession::Unproven { .. }));
}

#[tokio::test]
async fn a_chain_of_too_many_certificates_is_cut() {
    let mut chain = self_signed("a.example");
    let filler = chain[0].clone();
    chain.resize(100, filler);
    let handshake = handshake(servers::tls(chain).await).await;
    assert_eq!(handshake.chain.len(), MAX_CERTIFICATES);
    assert_eq!(handshake.certificates_dropped, 100 - MAX_CERTIFICATES as u64);
}

#[tokio::test]
async fn a_certificate_larger_than_any_handshake_is_refused() {
    let chain = vec![Certificate::from_der(vec![0x30; 200_000])];
    let probe = probe(local(servers::tls(chain).await)).await;
    assert_eq!(kinds(&probe.attempts), [(Phase::Tls, FailureKind::TooLarge)]);
    assert_eq!(probe.platform, None);
}

#[tokio::test]
async fn loss_is_tried_three_times() {
    let cases = [
        (servers::resetting().await, Phase::Tls, FailureKind::Reset),
        (servers::nobody().await, Phase::Connect, FailureKind::Refused),
        (servers::counting().await.0, Phase::Tls, FailureKind::Closed),
    ];
    for (port, phase, kind) in cases {
        let attempts = probe(local(port)).await.attempts;
        let seen = kinds(&attempts);
        assert_eq!(seen.len(), 3, "{attempts:?}");
        assert!(
            seen.iter().all(|(p, k)| *p == phase && (*k == kind || *k == FailureKind::Reset)),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_handshake_is_tried_once() {
    let no_common_protocol =
        servers::tls_with(self_signed("a.example"), &leaf_key(), &[&TLS13], &["gopher"]).await;
    let cases = [
        (servers::saying("HTTP/1.1 400 Bad Request\r\n\r\n").await, FailureKind::Protocol),
        (no_common_protocol, FailureKind::Alert),
    ];
    for (port, kind) in cases {
        assert_eq!(kinds(&probe(local(port)).await.attempts), [(Phase::Tls, kind)]);
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_a_name_is_named_as_a_mistake_of_the_settings() {
    let mut endpoint = local(1);
    endpoint.host = "not a host".to_owned();
    assert_eq!(kinds(&probe(endpoint).await.attempts), [(Phase::Resolve, FailureKind::Configuration)]);
}

#[tokio::test]
async fn a_platform_that_does_not_answer_does_not_hold_the_scan() {
    let port = servers::tls(self_signed("a.example")).await;
    let (release, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let wait = move || held.lock().unwrap().recv().unwrap_or_default();
    let host = Arc::new(FakeHost { verdict: Fact::not_available("too late"), wait });
    let begin = Instant::now();
    let seen = measured_on(host, &probing(local(port)), Duration::from_secs(2)).await;
    assert!(begin.elapsed() < Duration::from_secs(2) + GRACE);
    drop(release);
    let Some(Fact::NotAvailable { why }) = &seen.tls[0].platform else { panic!("{:?}", seen.tls) };
    assert!(why.contains("did not answer in time"));
    assert!(answer(&seen.tls[0].attempts).is_some());
}

#[tokio::test]
async fn a_platform_that_panics_is_one_that_cannot_tell() {
    let port = servers::tls(self_signed("a.example")).await;
    let host =
        Arc::new(FakeHost { verdict: Fact::not_available("never"), wait: || panic!("as the test wants") });
    let seen = measured_on(host, &probing(local(port)), AMPLE).await;
    assert_eq!(seen.tls[0].platform, Some(Fact::not_available("the platform's certificate verifier failed")));
}

#[tokio::test]
async fn what_is_measured_can_be_recorded_and_judged() {
    let company = Authority::new("Company CA", 2);
    let port = servers::tls(company.chain("a.example", Dates::CURRENT)).await;
    let mut settings = probing(local(port));
    let seen = measured(&settings, AMPLE).await;
    let replayed: Observations = serde_json::from_str(&serde_json::to_string(&seen).unwrap()).unwrap();
    assert_eq!(replayed, seen);
    assert!(seen.traffic.sent > 100 && seen.traffic.received > 500, "{:?}", seen.traffic);

    let verdict = |settings: &NetworkSettings| {
        let recording = Recording::new(seen.clone(), settings.clone(), NOW);
        let outcomes = crate::network::judge(&recording).outcomes;
        outcomes.into_iter().find(|outcome| outcome.check == CheckId::TlsChain).unwrap().verdict()
    };
    assert_eq!(verdict(&settings), Verdict::Suspicious);
    settings.endpoints[0].private_anchors = vec![company.pin()];
    assert_eq!(verdict(&settings), Verdict::Clean);
}
