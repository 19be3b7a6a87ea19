//! Records of scans, as the settings of the targets would have made them.

use std::net::SocketAddr;

use agent_core::canary::{Exporter, REPLY_HEADER, address_v4, nonce_name, sign};
use agent_core::model::{Fact, NetworkSnapshot, Sha256, TrustAnchor, TrustVerdict};
use agent_core::network::dns_record::{
    DnsAddress, DnsAim, DnsAnswers, DnsMessage, DnsPacket, DnsProbe, DnsReading, DnsTransport, DnsType,
};
use agent_core::network::observation::{
    Attempt, CanaryProbe, CaptiveProbe, Certificate, ClearExchange, ClearProbe, ClearQuestion, Failure,
    FailureKind, Fallback, Handshake, Hop, HopAnswer, HttpAnswer, Observations, Outcome, PathProbe, Phase,
    PortalApiAnswer, PortalApiProbe, Possession, Question, Raw, Target, TlsExchange, TlsProbe,
};
use mtd_fuzz::{HOST, NONCE, ZONE, settings, signer};

use crate::tokens::tls_reply;
use crate::{Seed, certificates, seed};

pub fn observations() -> Vec<Seed> {
    let lost = Observations {
        captive: vec![captive(failed())],
        tls: vec![tls(HOST, failed())],
        canaries: vec![canary(Vec::new())],
        ..empty()
    };
    let portal = HttpAnswer {
        status: 302,
        location: Some("http://gateway.local/".to_owned()),
        body_sha256: Sha256::of(b""),
        body_len: 0,
        body_complete: true,
        handshake: None,
    };
    let portal = Observations {
        captive: vec![captive(Outcome::Answered(portal))],
        portal_api: Some(portal_api()),
        tls: vec![tls(HOST, Outcome::Answered(handshake("gateway.local")))],
        ..empty()
    };
    let clean = Observations {
        tls: vec![tls(HOST, Outcome::Answered(handshake(HOST)))],
        canaries: vec![canary(attempt(Outcome::Answered(exchange())).into())],
        dns: vec![dns([address_v4(&NONCE, ZONE).into()])],
        ..empty()
    };
    let attacked = Observations {
        tls: vec![tls(HOST, Outcome::Answered(handshake("evil.example")))],
        dns: vec![dns([[192, 0, 2, 66].into()])],
        dns_tls: vec![tls("canary-0.example", Outcome::Answered(handshake("evil.example")))],
        ..empty()
    };
    let downgraded = Observations {
        tls: vec![TlsProbe { fallback: Some(fallback()), ..tls(HOST, failed()) }],
        paths: vec![path()],
        network_after: Some(empty().network),
        ..empty()
    };
    let scans = [
        ("empty", empty()),
        ("lost", lost),
        ("portal", portal),
        ("clean", clean),
        ("attacked", attacked),
        ("downgraded", downgraded),
    ];
    let json = |seen: &Observations| serde_json::to_vec(seen).expect("a record is JSON");
    scans.iter().map(|(name, seen)| seed(name, json(seen))).collect()
}

fn empty() -> Observations {
    Observations::of(NetworkSnapshot {
        dns_servers: Fact::known(vec!["192.0.2.53".to_owned()]),
        ..NetworkSnapshot::not_available("x")
    })
}

fn captive(outcome: Outcome<HttpAnswer>) -> CaptiveProbe {
    CaptiveProbe { url: settings().captive_probes.remove(0), attempts: attempt(outcome).into() }
}

fn tls(host: &str, outcome: Outcome<Handshake>) -> TlsProbe {
    let mut target = Target::from(&settings().endpoints[0]);
    target.host = host.to_owned();
    let trusted = TrustVerdict::Trusted { anchor: TrustAnchor::UserAdded, root_spki: None };
    TlsProbe {
        target,
        attempts: attempt(outcome).into(),
        fallback: None,
        platform: Some(Fact::known(trusted)),
    }
}

fn fallback() -> Fallback<Handshake> {
    let older = Handshake { version: Some("TLSv1.2".to_owned()), ..handshake(HOST) };
    let [older] = attempt(Outcome::Answered(older));
    let [again] = attempt(failed());
    Fallback { older, again: Some(again) }
}

fn path() -> PathProbe {
    let answer = HopAnswer { from: [192, 0, 2, 1].into(), icmp_type: 11, icmp_code: 0 };
    let hop = Hop { ttl: 1, attempts: attempt(Outcome::Answered(answer)).into() };
    PathProbe { destination: [192, 0, 2, 7].into(), hops: vec![hop] }
}

fn portal_api() -> PortalApiProbe {
    let answer = PortalApiAnswer {
        captive: true,
        user_portal_url: Some("https://gateway.example/login".to_owned()),
        handshake: handshake("gateway.example"),
    };
    let attempts = attempt(Outcome::Answered(answer)).into();
    PortalApiProbe { url: "https://gateway.example/api".to_owned(), attempts }
}

fn canary(tls: Vec<Attempt<TlsExchange>>) -> CanaryProbe {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec();
    let clear = ClearExchange { question: question(), response: Raw::new(response) };
    CanaryProbe {
        target: Target::from(&settings().canaries[0]),
        tls,
        fallback: None,
        platform: None,
        clear: vec![ClearProbe {
            asked: ClearQuestion::Page,
            attempts: attempt(Outcome::Answered(clear)).into(),
        }],
    }
}

fn exchange() -> TlsExchange {
    let (exporter, hello) = (Exporter::from_bytes([1; 32]), Sha256::of(b"hello"));
    let token = sign(&signer(0), (), &tls_reply(exporter, hello)).expect("signs");
    let response = format!("HTTP/1.1 200 OK\r\n{REPLY_HEADER}: {token}\r\nContent-Length: 0\r\n\r\n");
    TlsExchange {
        handshake: handshake("canary-0.example"),
        exporter: Some(exporter),
        client_hello_sha256: Some(hello),
        question: question(),
        response: Outcome::Answered(Raw::new(response.into_bytes())),
    }
}

fn question() -> Question {
    Question { nonce: NONCE, request: Raw::new(b"request".to_vec()) }
}

fn handshake(host: &str) -> Handshake {
    Handshake {
        chain: certificates::genuine(host).into_iter().map(Certificate::from_der).collect(),
        certificates_dropped: 0,
        possession: Possession::Proven,
        version: Some("TLSv1.3".to_owned()),
        alpn: Some("h2".to_owned()),
        interrupted: None,
    }
}

fn dns<const N: usize>(addresses: [std::net::IpAddr; N]) -> DnsProbe {
    let message = DnsMessage {
        rcode: 0,
        truncated: false,
        case_kept: true,
        addresses: addresses.map(|address| DnsAddress { address, ttl: 0 }).to_vec(),
        text: None,
    };
    let packet = DnsPacket {
        from: SocketAddr::from(([192, 0, 2, 53], 53)),
        delay_ms: 4,
        size: 3,
        raw: b"raw".to_vec(),
        reading: DnsReading::Answer(message),
    };
    let answers = DnsAnswers { transport: DnsTransport::Udp, packets: vec![packet], dropped: 0 };
    DnsProbe {
        aim: DnsAim::Nonce { zone: ZONE.to_owned(), nonce: NONCE },
        server: "192.0.2.53".to_owned(),
        name: nonce_name(&NONCE, ZONE),
        record: DnsType::A,
        attempts: attempt(Outcome::Answered(answers)).into(),
    }
}

fn failed<T>() -> Outcome<T> {
    let kind = FailureKind::TimedOut;
    Outcome::Failed(Failure { phase: Phase::Tls, kind, detail: "no answer in 3 s".to_owned() })
}

fn attempt<T>(outcome: Outcome<T>) -> [Attempt<T>; 1] {
    [Attempt { address: Some([192, 0, 2, 7].into()), elapsed_ms: 42, outcome }]
}
