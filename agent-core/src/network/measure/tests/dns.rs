//! DNS on loopback: honest, forging, racing, broken and silent servers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, Metadata, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use super::super::dns_message::Asked;
use super::{AMPLE, Deadline, GRACE, servers};
use crate::canary::{CanarySettings, CanarySigner, KeySet, address_v4, address_v6, nonce_of_name};
use crate::model::{Fact, NetworkSettings, NetworkSnapshot};
use crate::network::dns_record::{DnsAim, DnsAnswers, DnsProbe, DnsReading, DnsTransport, DnsType};
use crate::network::limits::{MAX_DNS_PACKETS, MAX_DNS_RECORDED};
use crate::network::measure::{measure, measure_in_tiers};
use crate::network::observation::{FailureKind, Observations, answer, failure};
use crate::network::testing::{FakeHost, SystemEntropy, self_signed, snapshot};

const ZONE: &str = "z.canary.example";
const NAME: &str = "canary.example";

#[tokio::test]
async fn an_honest_resolver_gives_the_derived_addresses_and_nothing_for_other_names() {
    let server = udp(|query| vec![honest(query)]).await;
    let seen = asked(&settings(), server, AMPLE).await;
    assert_eq!(seen.dns.len(), 4);
    let a = nonce(&seen, DnsType::A);
    let DnsAim::Nonce { nonce: drawn, .. } = &a.aim else { panic!("{a:?}") };
    assert_eq!(addresses(a), [IpAddr::from(address_v4(drawn, ZONE))]);
    assert_eq!(addresses(nonce(&seen, DnsType::Aaaa)), [IpAddr::from(address_v6(drawn, ZONE))]);
    for missing in seen.dns.iter().filter(|probe| probe.aim == DnsAim::Missing) {
        let (_, message) = answers(missing).whole().next().unwrap();
        assert_eq!((message.rcode, message.case_kept), (3, true));
    }
    assert!(seen.dns_tls.is_empty());
    assert!(seen.traffic.sent > 0 && seen.traffic.received > 0);
}

#[tokio::test]
async fn a_forged_address_is_shaken_hands_with_in_the_canarys_name() {
    let tls = servers::tls(self_signed(NAME)).await;
    let server = udp(|query| vec![with_addresses(query, &[Ipv4Addr::LOCALHOST])]).await;
    let mut settings = settings();
    settings.canaries[0].tls_port = tls;
    let seen = asked(&settings, server, AMPLE).await;
    let [probe] = seen.dns_tls.as_slice() else { panic!("{:?}", seen.dns_tls) };
    assert_eq!((probe.target.host.as_str(), probe.target.address), (NAME, Some([127, 0, 0, 1].into())));
    assert_eq!(answer(&probe.attempts).unwrap().0.chain, self_signed(NAME));
}

#[tokio::test]
async fn both_answers_of_a_race_are_kept_with_their_times() {
    let server = udp(|query| vec![with_addresses(query, &[Ipv4Addr::UNSPECIFIED]), honest(query)]).await;
    let seen = asked(&settings(), server, AMPLE).await;
    let answers = answers(nonce(&seen, DnsType::A));
    let found: Vec<_> = answers.whole().map(|(_, message)| message.addresses[0].address).collect();
    assert_eq!(found.len(), 2);
    assert_ne!(found[0], found[1]);
    assert!(answers.packets[0].delay_ms <= answers.packets[1].delay_ms);
}

#[tokio::test]
async fn what_does_not_fit_the_query_is_kept_apart() {
    let server = udp(|query| {
        let mut other_number = message(query);
        other_number.metadata.id ^= 1;
        let mut other_question = message(query);
        other_question.queries.clear();
        let echo = query.to_vec();
        vec![other_number.to_vec().unwrap(), other_question.to_vec().unwrap(), echo, vec![1], honest(query)]
    })
    .await;
    let seen = asked(&settings(), server, AMPLE).await;
    let answers = answers(nonce(&seen, DnsType::A));
    let misfits = answers.packets.iter().filter(|packet| matches!(packet.reading, DnsReading::Misfit(_)));
    assert_eq!((misfits.count(), answers.whole().count()), (4, 1));
}

#[tokio::test]
async fn a_datagram_from_somebody_else_is_no_answer() {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = vec![0; 2000];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            other.send_to(&honest(&buffer[..length]), from).await.unwrap();
        }
    });
    let seen = asked(&settings(), server, AMPLE).await;
    let answers = answers(nonce(&seen, DnsType::A));
    assert_eq!((answers.packets.len(), answers.whole().count()), (1, 0));
}

#[tokio::test]
async fn the_first_tier_asks_one_question_and_waits_for_no_second_answer() {
    let server =
        udp(|query| vec![vec![1], honest(query), with_addresses(query, &[Ipv4Addr::LOCALHOST])]).await;
    let servers = Fact::known(vec![server.to_string(), "127.0.0.2".to_owned()]);
    let network = NetworkSnapshot { dns_servers: servers, ..snapshot() };
    let (host, entropy) = (Arc::new(FakeHost::refusing()), Arc::new(SystemEntropy));
    let mut settings = settings();
    settings.canaries[0].tls_port = servers::nobody().await;
    settings.canaries[0].addresses = vec![[127, 0, 0, 1].into()];
    let deadline = Deadline::now() + AMPLE;
    let seen = measure_in_tiers(&settings, network, host, entropy, deadline, |_| true).await;
    let [probe] = seen.dns.as_slice() else { panic!("{:?}", seen.dns) };
    assert!(matches!(probe.aim, DnsAim::Nonce { .. }) && probe.record == DnsType::A);
    assert_eq!(answers(probe).packets.len(), 2, "what does not fit, and the answer");
    assert_eq!((answers(probe).whole().count(), seen.dns_tls.len()), (1, 0));
}

#[tokio::test]
async fn a_flood_is_kept_to_its_limit_and_hides_no_answer() {
    let server = udp(|query| {
        let mut flood = vec![vec![0; 64]; 20];
        flood.insert(MAX_DNS_PACKETS + 2, honest(query));
        flood
    })
    .await;
    let seen = asked(&settings(), server, AMPLE).await;
    let answers = answers(nonce(&seen, DnsType::A));
    assert_eq!(answers.whole().count(), 1);
    assert_eq!(answers.packets.len(), MAX_DNS_PACKETS + 1);
    assert!(answers.dropped > 0);
}

#[tokio::test]
async fn compression_loops_and_64_kilobytes_are_recorded_as_no_answer() {
    let server = udp(|query| {
        let mut looping = query.to_vec();
        looping.truncate(12);
        looping[2] |= 0x80;
        looping[10..12].fill(0);
        looping.extend([0xc0, 12, 0, 1, 0, 1]);
        let mut large = query.to_vec();
        large[2] |= 0x80;
        large.resize(65_507, 0);
        vec![looping, large]
    })
    .await;
    let seen = asked(&settings(), server, AMPLE).await;
    let answers = answers(nonce(&seen, DnsType::A));
    assert!(matches!(answers.packets[0].reading, DnsReading::Misfit(_)));
    assert!(answers.packets[0].raw.len() < 20);
    if let Some(large) = answers.packets.get(1) {
        assert_eq!((large.size, large.raw.len()), (65_507, MAX_DNS_RECORDED));
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_short_is_asked_for_over_tcp() {
    let (listener, socket) = both().await;
    let server = listener.local_addr().unwrap();
    serve(socket, |query| {
        let mut cut = message(query);
        cut.metadata.truncation = true;
        vec![cut.to_vec().unwrap()]
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut query = vec![0; usize::from(stream.read_u16().await.unwrap())];
            stream.read_exact(&mut query).await.unwrap();
            let reply = honest(&query);
            stream.write_u16(u16::try_from(reply.len()).unwrap()).await.unwrap();
            stream.write_all(&reply).await.unwrap();
        }
    });
    let seen = asked(&settings(), server, AMPLE).await;
    let a = nonce(&seen, DnsType::A);
    assert_eq!(answers(a).transport, DnsTransport::Tcp);
    assert_eq!(addresses(a).len(), 1);
    assert_eq!(answers(a).packets.len(), 2);
}

#[tokio::test]
async fn silence_is_a_loss_but_for_the_address_that_should_be_silent() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = silent.local_addr().unwrap();
    let settings = NetworkSettings { no_resolver: Some(server), ..settings() };
    let seen = asked(&settings, server, AMPLE).await;
    let lost = nonce(&seen, DnsType::A);
    assert_eq!(failure(&lost.attempts).unwrap().kind, FailureKind::TimedOut);
    assert_eq!(lost.attempts.len(), 3);
    let nobody = seen.dns.iter().find(|probe| probe.aim == DnsAim::NoResolver).unwrap();
    assert!(answers(nobody).packets.is_empty());
}

#[tokio::test]
async fn a_deadline_within_the_window_keeps_what_came() {
    let server = udp(|query| vec![honest(query)]).await;
    let begin = Instant::now();
    let seen = asked(&settings(), server, Duration::from_millis(400)).await;
    assert!(begin.elapsed() < Duration::from_millis(400) + GRACE);
    assert_eq!(addresses(nonce(&seen, DnsType::A)).len(), 1);
}

#[tokio::test]
async fn without_a_canarys_zone_nothing_is_asked() {
    let server = udp(|_| panic!("nobody may ask")).await;
    assert!(asked(&NetworkSettings::default(), server, AMPLE).await.dns.is_empty());
}

/// As every IPv4 address is on a network with IPv6 only. TCP goes to no multicast address: the system has no route.
#[tokio::test]
async fn an_address_without_a_route_takes_no_attempt() {
    let mut settings = settings();
    settings.canaries[0].tls_port = servers::tls(self_signed(NAME)).await;
    settings.canaries[0].addresses = vec![[224, 0, 0, 1].into(), [127, 0, 0, 1].into()];
    let server = udp(|query| vec![honest(query)]).await;
    let seen = asked(&settings, server, AMPLE).await;
    let attempts = &seen.canaries[0].tls;
    assert_eq!((attempts.len(), attempts[0].address), (1, Some([127, 0, 0, 1].into())), "{attempts:?}");
}

#[tokio::test]
async fn a_zone_that_is_declared_split_horizon_is_asked_for() {
    let server = udp(|query| vec![with_addresses(query, &[Ipv4Addr::new(10, 1, 2, 3)])]).await;
    let settings = NetworkSettings { split_horizon: vec!["Intranet.example".to_owned()], ..settings() };
    let seen = asked(&settings, server, AMPLE).await;
    let aim = DnsAim::Declared { zone: "Intranet.example".to_owned() };
    let declared = seen.dns.iter().find(|probe| probe.aim == aim).unwrap();
    assert_eq!(declared.name, "intranet.example");
    assert_eq!(addresses(declared), [IpAddr::from([10, 1, 2, 3])]);
}

/// dnsspoof of dsniff passes over queries with EDNS and those for IPv6 addresses.
#[tokio::test]
async fn a_forger_who_answers_only_what_a_stub_asks_is_heard() {
    let server = udp(|query| {
        let asked = Message::from_vec(query).unwrap();
        let question = &asked.queries[0];
        let lower = question.name().to_ascii() == question.name().to_ascii().to_ascii_lowercase();
        let stub = asked.edns.is_none() && question.query_type() == RecordType::A && lower;
        let forged = stub.then(|| with_addresses(query, &[Ipv4Addr::UNSPECIFIED]));
        forged.into_iter().chain([honest(query)]).collect()
    })
    .await;
    let seen = asked(&settings(), server, AMPLE).await;
    assert_eq!(answers(nonce(&seen, DnsType::A)).whole().count(), 2);
    assert_eq!(answers(nonce(&seen, DnsType::Aaaa)).whole().count(), 1);
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_is_named_as_such() {
    let seen = asked_of(&settings(), "fe80::1%wlan0", AMPLE).await;
    assert_eq!(failure(&nonce(&seen, DnsType::A).attempts).unwrap().kind, FailureKind::Configuration);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let query = Asked::new("a.example", DnsType::Txt, &SystemEntropy).unwrap();
        query.read(&bytes);
    }

    #[test]
    fn a_damaged_answer_is_read_without_panic(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let query = Asked::new("a.example", DnsType::A, &SystemEntropy).unwrap();
        let mut reply = with_addresses(query.bytes(), &[Ipv4Addr::LOCALHOST]);
        prop_assert!(matches!(query.read(&reply), DnsReading::Answer(_)));
        let place = place.index(reply.len());
        reply[place] = byte;
        query.read(&reply);
    }
}

fn settings() -> NetworkSettings {
    let key = CanarySigner::from_seed(&[5; 32]).unwrap().public();
    let canary = CanarySettings {
        name: NAME.to_owned(),
        addresses: Vec::new(),
        tls_port: 443,
        http_port: None,
        dns_port: None,
        zone: Some(ZONE.to_owned()),
        keys: KeySet::new(vec![key]).unwrap(),
        network: "net-1".to_owned(),
        private_anchors: Vec::new(),
    };
    NetworkSettings { canaries: vec![canary], ..NetworkSettings::default() }
}

async fn asked(settings: &NetworkSettings, server: SocketAddr, within: Duration) -> Observations {
    asked_of(settings, &server.to_string(), within).await
}

async fn asked_of(settings: &NetworkSettings, server: &str, within: Duration) -> Observations {
    let network = NetworkSnapshot { dns_servers: Fact::known(vec![server.to_owned()]), ..snapshot() };
    let (host, entropy) = (Arc::new(FakeHost::refusing()), Arc::new(SystemEntropy));
    measure(settings, network, host, entropy, Deadline::now() + within).await
}

fn nonce(seen: &Observations, record: DnsType) -> &DnsProbe {
    let fits = |probe: &&DnsProbe| matches!(probe.aim, DnsAim::Nonce { .. }) && probe.record == record;
    seen.dns.iter().find(fits).unwrap()
}

fn answers(probe: &DnsProbe) -> &DnsAnswers {
    answer(&probe.attempts).unwrap_or_else(|| panic!("{probe:?}")).0
}

fn addresses(probe: &DnsProbe) -> Vec<IpAddr> {
    answers(probe).whole().flat_map(|(_, it)| it.addresses.iter().map(|found| found.address)).collect()
}

/// A server that sends what `reply` makes of each query, one after the other.
async fn udp(reply: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    serve(socket, reply);
    address
}

fn serve(socket: UdpSocket, reply: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) {
    tokio::spawn(async move {
        let mut buffer = vec![0; 2000];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            for datagram in reply(&buffer[..length]) {
                socket.send_to(&datagram, from).await.unwrap();
            }
        }
    });
}

/// TCP and UDP on one port.
async fn both() -> (TcpListener, UdpSocket) {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            return (listener, socket);
        }
    }
}

/// An empty answer to `query`.
fn message(query: &[u8]) -> Message {
    let query = Message::from_vec(query).unwrap();
    let mut reply = Message::response(query.metadata.id, query.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&query.metadata);
    reply.add_queries(query.queries);
    reply
}

/// What the canary says of its zone.
fn honest(query: &[u8]) -> Vec<u8> {
    let mut reply = message(query);
    let question = reply.queries[0].clone();
    match nonce_of_name(&question.name().to_ascii(), ZONE) {
        Some(nonce) => {
            let data = match question.query_type() {
                RecordType::A => RData::A(A(address_v4(&nonce, ZONE))),
                _ => RData::AAAA(AAAA(address_v6(&nonce, ZONE))),
            };
            reply.add_answer(Record::from_rdata(question.name().clone(), 0, data));
        }
        None => reply.metadata.response_code = ResponseCode::NXDomain,
    }
    reply.to_vec().unwrap()
}

fn with_addresses(query: &[u8], addresses: &[Ipv4Addr]) -> Vec<u8> {
    let mut reply = message(query);
    let name = reply.queries[0].name().clone();
    for address in addresses {
        reply.add_answer(Record::from_rdata(name.clone(), 60, RData::A(A(*address))));
    }
    reply.to_vec().unwrap()
}
