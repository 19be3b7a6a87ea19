//! Peers that mean harm: whatever they send, a scan ends by its deadline, takes no more than it may, loses no probe to a
//! panic, and praises nothing that it could not see.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::hostile_peers::{
    FakeRsa, config, crossed, leaf_signing_key, pouring, record, rsa_8192, server_hello, stalling,
    tls_serving,
};
use super::servers::{each, endless, saying, silent};
use super::{Deadline, local, measure};
use crate::canary::{CanarySettings, CanarySigner, KeySet};
use crate::model::{CheckId, CheckOutcome, Fact, NetworkSettings, NetworkSnapshot, Verdict};
use crate::network::limits::{
    MAX_CANARIES, MAX_CAPTIVE_PROBES, MAX_DNS_CANARIES, MAX_ENDPOINTS, MAX_RECEIVED, MAX_SCAN_DATAGRAMS,
    MAX_SCAN_RECEIVED,
};
use crate::network::observation::{
    Certificate, FailureKind, Observations, Outcome, Possession, TlsProbe, answer, failure,
};
use crate::network::testing::{Authority, Dates, FakeHost, NOW, SystemEntropy, self_signed, snapshot};
use crate::network::{Recording, judge};

/// Enough for three attempts at most things, and for none at a few.
const WITHIN: Duration = Duration::from_secs(4);

/// How much later than its deadline a scan may end.
const MARGIN: Duration = Duration::from_secs(1);

/// Longest that judging what was seen may take, unoptimised and on a busy machine.
const JUDGING: Duration = Duration::from_secs(5);

/// One datagram more than the budget, and one read more on each thread.
const OVERSHOOT: u64 = 2 * 65_536;

/// The checks over clear HTTP.
pub(super) const CLEAR: [CheckId; 3] = [CheckId::HttpStrip, CheckId::HttpTamper, CheckId::HttpProxy];

pub(super) const NAME: &str = "canary.example";

/// One scan among hostile peers.
pub(super) struct Survived {
    pub(super) seen: Observations,
    pub(super) outcomes: Vec<CheckOutcome>,
}

impl Survived {
    pub(super) fn outcome(&self, check: CheckId) -> &CheckOutcome {
        self.outcomes.iter().find(|outcome| outcome.check == check).unwrap()
    }

    pub(super) fn is_not_praised(&self, checks: &[CheckId]) {
        for check in checks {
            let outcome = self.outcome(*check);
            assert_ne!(outcome.verdict(), Verdict::Clean, "{outcome:?}");
        }
    }
}

/// Scans, and asserts what holds of every scan.
pub(super) async fn survived(settings: &NetworkSettings, dns: &[SocketAddr]) -> Survived {
    let servers: Vec<_> = dns.iter().map(ToString::to_string).collect();
    let network = NetworkSnapshot { dns_servers: Fact::known(servers), ..snapshot() };
    let (host, entropy) = (Arc::new(FakeHost::refusing()), Arc::new(SystemEntropy));
    let begin = Instant::now();
    let seen = measure(settings, network, host, entropy, Deadline::now() + WITHIN).await;
    let took = begin.elapsed();
    assert!(took < WITHIN + MARGIN, "{took:?}");
    assert!(
        seen.traffic.received <= MAX_SCAN_RECEIVED + MAX_SCAN_DATAGRAMS + OVERSHOOT,
        "{:?}",
        seen.traffic
    );
    // A probe that panicked would be missing.
    assert_eq!(seen.tls.len(), settings.endpoints.len());
    assert_eq!(seen.captive.len(), settings.captive_probes.len());
    assert_eq!(seen.canaries.len(), settings.canaries.len());
    let zones = settings.canaries.iter().filter(|canary| canary.zone.is_some()).count();
    assert!(zones == 0 || zones > MAX_DNS_CANARIES || seen.dns.len() >= 4 * dns.len() + 2 * zones);

    let begin = Instant::now();
    let outcomes = judge(&Recording::new(seen.clone(), settings.clone(), NOW)).outcomes;
    assert!(begin.elapsed() < JUDGING, "{:?}", begin.elapsed());
    Survived { seen, outcomes }
}

pub(super) fn probing(ports: &[u16]) -> NetworkSettings {
    let endpoints = ports.iter().enumerate().map(|(number, port)| {
        let mut endpoint = local(*port);
        endpoint.network = format!("net-{number}");
        endpoint
    });
    NetworkSettings { endpoints: endpoints.collect(), ..NetworkSettings::default() }
}

pub(super) fn signer() -> CanarySigner {
    CanarySigner::from_seed(&[5; 32]).unwrap()
}

/// A canary at these ports, with a zone.
pub(super) fn asking(tls_port: u16, http_port: u16) -> NetworkSettings {
    let canary = CanarySettings {
        name: NAME.to_owned(),
        addresses: vec![[127, 0, 0, 1].into()],
        tls_port,
        http_port: Some(http_port),
        dns_port: Some(53),
        zone: Some("z.canary.example".to_owned()),
        keys: KeySet::new(vec![signer().public()]).unwrap(),
        network: "net-9".to_owned(),
        private_anchors: Vec::new(),
    };
    NetworkSettings { canaries: vec![canary], ..NetworkSettings::default() }
}

fn failures(probe: &TlsProbe) -> Vec<FailureKind> {
    let kinds = probe.attempts.iter().filter_map(|attempt| match &attempt.outcome {
        Outcome::Answered(_) => None,
        Outcome::Failed(failure) => Some(failure.kind),
    });
    kinds.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_that_stalls_at_any_stage_is_no_result() {
    let chain = Authority::new("Evil Root", 4).chain("a.example", Dates::CURRENT);
    let mut ports = Vec::new();
    for version in [&TLS12, &TLS13] {
        // Before the record, in its header, in the ServerHello, between it and the certificate, and in that.
        for most in [0, 1, 5, 40, 95, 127, 133, 400] {
            let config = config(&chain, leaf_signing_key(), &[version]);
            ports.push(stalling(config, most).await);
        }
    }
    let scan = survived(&probing(&ports), &[]).await;
    for probe in &scan.seen.tls {
        assert_eq!(failures(probe), [FailureKind::TimedOut, FailureKind::Deadline], "{probe:?}");
    }
    scan.is_not_praised(&[CheckId::TlsChain]);
}

#[tokio::test(flavor = "multi_thread")]
async fn handshake_messages_without_end_are_cut_off() {
    let hello_request = record(22, &[0, 0, 0, 0]);
    let old = Arc::new(config(&self_signed("a.example"), leaf_signing_key(), &[&TLS12]));
    let after_hello = each(move |mut stream| {
        let config = Arc::clone(&old);
        async move {
            let hello = server_hello(&mut stream, config).await;
            let _ = stream.write_all(&hello).await;
            // A Certificate message that never ends, a byte a record.
            let _ = stream.write_all(&record(22, &[11, 0, 0xff, 0xff])).await;
            while stream.write_all(&record(22, &[0])).await.is_ok() {}
        }
    })
    .await;
    let ports = [
        pouring(hello_request.clone(), hello_request).await.0,
        // A ServerHello that never ends: of 16 MB, of 64 kB, and of 64 kB a byte a record.
        pouring(record(22, &[2, 0xff, 0xff, 0xff]), record(22, &[0; 16_000])).await.0,
        pouring(record(22, &[2, 0, 0xff, 0xff]), record(22, &[0; 16_000])).await.0,
        pouring(record(22, &[2, 0, 0xff, 0xff]), record(22, &[0])).await.0,
        // Fragments without content, warnings, changes of cipher, data.
        pouring(record(22, &[]), record(22, &[])).await.0,
        pouring(record(21, &[1, 90]), record(21, &[1, 90])).await.0,
        pouring(record(20, &[1]), record(20, &[1])).await.0,
        pouring(record(23, &[0; 500]), record(23, &[0; 500])).await.0,
        after_hello,
    ];
    let scan = survived(&probing(&ports), &[]).await;
    for probe in &scan.seen.tls {
        assert!(answer(&probe.attempts).is_none(), "{probe:?}");
    }
    assert!(scan.seen.traffic.received <= 9 * MAX_RECEIVED, "{:?}", scan.seen.traffic);
    scan.is_not_praised(&[CheckId::TlsChain]);
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_made_to_cost_time_are_judged_in_time() {
    let small_names = many_names(10_000, |number| format!("{number:04}"));
    let large_names = many_names(10_000, |number| format!("{number}.a.example"));
    let fake_rsa = || Arc::new(FakeRsa::new());
    let nested = vec![Certificate::from_der(nested_der(20_000))];
    let endless_length = vec![Certificate::from_der(vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30])];
    let versions = rustls::ALL_VERSIONS;
    let ports = [
        tls_idle(config(&small_names, leaf_signing_key(), versions)).await,
        tls_idle(config(&rsa_8192("a.example"), fake_rsa(), versions)).await,
        tls_idle(config(&nested, leaf_signing_key(), versions)).await,
        tls_idle(config(&endless_length, leaf_signing_key(), versions)).await,
        tls_idle(config(&large_names, leaf_signing_key(), versions)).await,
    ];
    let scan = survived(&probing(&ports), &[]).await;
    let [small, rsa, nested, endless, large] = scan.seen.tls.as_slice() else { panic!() };
    assert_eq!(answer(&small.attempts).unwrap().0.possession, Possession::Proven);
    for forged in [rsa, nested, endless] {
        let possession = &answer(&forged.attempts).unwrap().0.possession;
        assert!(matches!(possession, Possession::Unproven { .. }), "{possession:?}");
    }
    assert_eq!(failures(large), [FailureKind::TooLarge]);
    let verdict = scan.outcome(CheckId::TlsChain).verdict();
    assert_eq!(verdict, Verdict::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_without_end_are_not_followed() {
    let crossed = config(&crossed("127.0.0.1"), leaf_signing_key(), rustls::ALL_VERSIONS);
    let port = tls_serving(crossed, |mut stream, _| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    })
    .await;
    let mut settings = probing(&[port; MAX_ENDPOINTS]);
    settings.captive_probes = vec![format!("https://127.0.0.1:{port}/"); MAX_CAPTIVE_PROBES];
    let scan = survived(&settings, &[]).await;
    for probe in &scan.seen.captive {
        assert_eq!(answer(&probe.attempts).unwrap().0.status, 204, "{probe:?}");
    }
    scan.is_not_praised(&[CheckId::Captive]);
    assert_eq!(scan.outcome(CheckId::TlsChain).verdict(), Verdict::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_peers_together_exceed_no_budget() {
    // Most of a handshake message, then the end of the connection: a loss, so that it is asked for again.
    let waste = [record(22, &[2, 0, 0xff, 0xff]), record(22, &[0; 16_000]).repeat(3)].concat();
    let port = each(move |mut stream| {
        let waste = waste.clone();
        async move {
            let _ = stream.write_all(&waste).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    let mut settings = probing(&[port; MAX_ENDPOINTS]);
    settings.canaries = (0..4).flat_map(|_| asking(port, port).canaries).collect();
    let scan = survived(&settings, &[]).await;
    assert!(scan.seen.traffic.received >= MAX_SCAN_RECEIVED, "{:?}", scan.seen.traffic);
    let last = scan.seen.tls.iter().filter_map(|probe| failure(&probe.attempts));
    assert!(last.clone().any(|failure| failure.detail.contains("as many as it may")));
    scan.is_not_praised(&[CheckId::TlsChain, CheckId::TlsBinding, CheckId::HttpStrip, CheckId::DnsAnswer]);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_without_end_are_not_followed() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
    let (port, connections) = pouring(answer, b"").await;
    let mut settings = asking(silent().await, port);
    settings.captive_probes = vec![format!("http://127.0.0.1:{port}/"), format!("http://127.0.0.1:{port}/b")];
    let scan = survived(&settings, &[]).await;
    // Two connectivity checks, and the six questions of a canary.
    assert_eq!(connections.load(Ordering::Relaxed), 2 + 6);
    assert_eq!(scan.outcome(CheckId::Captive).verdict(), Verdict::Benign);
    scan.is_not_praised(&CLEAR);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_without_end_are_cut_off_in_clear_and_over_tls() {
    let header = b"X-Filler: abcdefghijklmnopqrstuvwxyz\r\n".repeat(100);
    let parts: [(&'static [u8], Vec<u8>); MAX_CANARIES] = [
        (b"HTTP/1.1 200 OK\r\n", header),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n", vec![b'x'; 65_536]),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n".repeat(100)),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100)),
    ];
    let mut settings = NetworkSettings::default();
    for (head, piece) in parts {
        let over_tls = Arc::new(piece.clone());
        let config = config(&self_signed(NAME), leaf_signing_key(), &[&TLS13]);
        let tls = tls_serving(config, move |mut stream, _| {
            let piece = Arc::clone(&over_tls);
            async move {
                let _ = stream.write_all(head).await;
                while stream.write_all(&piece).await.is_ok() {}
            }
        })
        .await;
        settings.canaries.extend(asking(tls, pouring(head, piece).await.0).canaries);
    }
    let scan = survived(&settings, &[]).await;
    for over_https in &scan.seen.dns {
        assert!(answer(&over_https.attempts).is_none(), "{over_https:?}");
    }
    scan.is_not_praised(&[CheckId::TlsBinding]);
    scan.is_not_praised(&CLEAR);
}

#[tokio::test(flavor = "multi_thread")]
async fn session_tickets_without_end_are_cut_off() {
    let mut config = config(&self_signed(NAME), leaf_signing_key(), &[&TLS13]);
    config.send_tls13_tickets = 10_000;
    let tls = tls_serving(config, |_stream, _| std::future::pending()).await;
    let scan = survived(&asking(tls, silent().await), &[]).await;
    assert!(scan.seen.traffic.received <= 6 * MAX_RECEIVED, "{:?}", scan.seen.traffic);
    scan.is_not_praised(&[CheckId::TlsBinding]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_byte_by_byte_are_no_result() {
    let drip = endless(b"", *b"HTTP/1.1 200 OK\r\nX: ", Duration::from_millis(300)).await;
    let refusal = saying("HTTP/1.1 301 Moved\r\nLocation: https://canary.example/\r\n").await;
    let mut settings = asking(drip, drip);
    settings.canaries.extend(asking(drip, refusal).canaries);
    settings.captive_probes = [drip, refusal].map(|port| format!("http://127.0.0.1:{port}/")).to_vec();
    let scan = survived(&settings, &[]).await;
    scan.is_not_praised(&[CheckId::Captive, CheckId::TlsBinding]);
    scan.is_not_praised(&CLEAR);
}

/// A TLS server that says nothing once hands are shaken.
async fn tls_idle(config: rustls::ServerConfig) -> u16 {
    tls_serving(config, |_stream, _| std::future::pending()).await
}

fn many_names(count: usize, name: impl Fn(usize) -> String) -> Vec<Certificate> {
    let names: Vec<_> = (0..count).map(name).collect();
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let made = params.self_signed(&crate::network::testing::leaf_key()).unwrap();
    vec![Certificate::from_der(made.der().to_vec())]
}

/// A SEQUENCE in a SEQUENCE in a SEQUENCE, of indefinite length.
fn nested_der(depth: usize) -> Vec<u8> {
    [0x30, 0x80].repeat(depth)
}
