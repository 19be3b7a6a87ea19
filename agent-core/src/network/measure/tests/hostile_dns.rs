//! Name servers that mean harm: messages that take long to read, and floods.

use std::time::Duration;

use tokio::io::AsyncWriteExt as _;

use super::super::dns_message::Asked;
use super::hostile::{asking, probing, survived};
use super::hostile_peers::flooding;
use super::servers::{self, each, silent};
use crate::model::{CheckId, Verdict};
use crate::network::dns_record::{DnsAim, DnsReading, DnsType};
use crate::network::limits::MAX_SCAN_DATAGRAMS;
use crate::network::observation::{answer, failure};
use crate::network::testing::{Authority, Dates, SystemEntropy};

#[tokio::test(flavor = "multi_thread")]
async fn dns_messages_made_to_cost_time_are_not_read() {
    let costly = flooding(|query| vec![stepping(query)], Vec::new());
    let (udp, tcp) = (costly.await, flooding(cut_short, costly_over_tcp()).await);
    let scan = survived(&asking(silent().await, silent().await), &[udp, tcp]).await;
    for probe in scan.seen.dns.iter().filter(|probe| matches!(probe.aim, DnsAim::Nonce { .. })) {
        if let Some((answers, _)) = answer(&probe.attempts) {
            assert_eq!(answers.whole().count(), 0, "{probe:?}");
        }
    }
    scan.is_not_praised(&[CheckId::DnsAnswer, CheckId::DnsPath]);
}

#[tokio::test(flavor = "multi_thread")]
async fn datagrams_without_end_leave_the_connections_their_share() {
    let chain = Authority::new("Company CA", 2);
    let port = servers::tls(chain.chain("a.example", Dates::CURRENT)).await;
    let mut settings = asking(silent().await, silent().await);
    settings.endpoints = probing(&[port]).endpoints;
    settings.endpoints[0].private_anchors = vec![chain.pin()];
    let servers = [
        flooding(|_| vec![Vec::new()], Vec::new()).await,
        flooding(|_| vec![vec![0; 60_000]], Vec::new()).await,
        flooding(|query| vec![query.to_vec()], Vec::new()).await,
    ];
    let scan = survived(&settings, &servers).await;
    assert!(scan.seen.traffic.received >= MAX_SCAN_DATAGRAMS, "{:?}", scan.seen.traffic);
    assert!(answer(&scan.seen.tls[0].attempts).is_some());
    scan.is_not_praised(&[CheckId::DnsAnswer, CheckId::DnsPath]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_a_flood_is_seen_and_the_flood_is_told() {
    let flood = |query: &[u8]| {
        let mut missing = query.to_vec();
        (missing[2], missing[3]) = (0x81, 0x83);
        vec![missing, vec![0; 40]]
    };
    let scan = survived(&asking(silent().await, silent().await), &[flooding(flood, Vec::new()).await]).await;
    for probe in scan.seen.dns.iter().filter(|probe| probe.aim == DnsAim::Missing) {
        let (answers, _) = answer(&probe.attempts).unwrap();
        assert!(answers.whole().next().is_some() && answers.dropped > 0, "{answers:?}");
    }
    let path = scan.outcome(CheckId::DnsPath);
    assert_eq!(path.verdict(), Verdict::Inconclusive);
    assert!(path.summary.contains("sent more than is kept"), "{}", path.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn dns_over_tcp_byte_by_byte_ends_with_its_attempt() {
    let stream = each(|mut stream| async move {
        let _ = stream.write_all(&[0xff, 0xff]).await;
        while stream.write_all(&[0]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    // UDP at the same port, which says that there is more.
    let port = stream.await;
    let udp = tokio::net::UdpSocket::bind(("127.0.0.1", port)).await.unwrap();
    let server = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut query = [0; 2000];
        while let Ok((length, from)) = udp.recv_from(&mut query).await {
            let _ = udp.send_to(&cut_short(&query[..length])[0], from).await;
        }
    });
    let scan = survived(&asking(silent().await, silent().await), &[server]).await;
    let nonce = scan.seen.dns.iter().find(|probe| probe.record == DnsType::Aaaa).unwrap();
    assert!(failure(&nonce.attempts).is_some(), "{nonce:?}");
    scan.is_not_praised(&[CheckId::DnsAnswer, CheckId::DnsPath]);
}

#[test]
fn a_message_made_to_cost_time_is_a_dns_message() {
    // Or the tests above would prove nothing.
    let asked = Asked::new("a.example", DnsType::A, &SystemEntropy).unwrap();
    let message = stepping(asked.bytes());
    let parsed = hickory_proto::op::Message::from_vec(&message).unwrap();
    assert!(parsed.answers.len() > 3000);
    assert!(matches!(asked.read(&message), DnsReading::Misfit(_)));
}

/// An answer of almost 64 kB: a record that holds a name of 8,000 steps back, and thousands of records so named.
fn stepping(query: &[u8]) -> Vec<u8> {
    let question = query[12..].iter().position(|byte| *byte == 0).unwrap() + 12 + 5;
    let mut message = query[..question].to_vec();
    (message[2], message[3]) = (0x81, 0x80);
    let start = question + 12;
    let steps = (0x3fff - start) / 2;
    message.extend([0xc0, 12, 0, 99, 0, 1, 0, 0, 0, 60]);
    message.extend(u16::try_from(2 * steps).unwrap().to_be_bytes());
    message.extend([0xc0, 12]);
    for step in 1..steps {
        let before = 0xc000 | u16::try_from(start + 2 * (step - 1)).unwrap();
        message.extend(before.to_be_bytes());
    }
    let last = (0xc000 | u16::try_from(start + 2 * (steps - 1)).unwrap()).to_be_bytes();
    let records = (65_000 - message.len()) / 13;
    for _ in 0..records {
        message.extend(last);
        message.extend([0, 99, 0, 1, 0, 0, 0, 60, 0, 1, 0]);
    }
    message[6..12].copy_from_slice(&[0; 6]);
    message[6..8].copy_from_slice(&u16::try_from(records + 1).unwrap().to_be_bytes());
    message
}

/// The same behind its length. The number and the question fit nobody's query, which is found out by reading it.
fn costly_over_tcp() -> Vec<u8> {
    let query = [&[0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x01a\x07example\0\0\x01\0\x01"].concat();
    let message = stepping(&query);
    [&u16::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
}

/// An answer that says there is more.
fn cut_short(query: &[u8]) -> Vec<Vec<u8>> {
    let mut message = query.to_vec();
    (message[2], message[3]) = (0x83, 0x80);
    vec![message]
}
