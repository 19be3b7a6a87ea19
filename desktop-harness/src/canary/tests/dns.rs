//! The zone over UDP, TCP and HTTPS, asked with hickory's own messages and with bytes that are none.

use agent_core::canary::{
    DOH_PATH, Stamp, StampReply, address_v4, address_v6, nonce_name, token_of_txt, verify,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use proptest::prelude::*;
use std::time::Duration;
use tokio::net::UdpSocket;

use super::super::dns::Zone;
use super::super::dns::answer::{Transport, answer};
use super::binding::{client, connect};
use super::*;

#[tokio::test]
async fn addresses_of_a_nonce_are_the_derived_ones_over_udp_tcp_and_https() {
    let lab = Lab::start().await;
    let name = nonce_name(&nonce(1), ZONE);
    for (kind, expected) in [
        (RecordType::A, RData::A(A(address_v4(&nonce(1), ZONE)))),
        (RecordType::AAAA, RData::AAAA(AAAA(address_v6(&nonce(1), ZONE)))),
    ] {
        let query = query(&name, kind);
        for reply in
            [lab.udp(&query).await, lab.tcp(&query).await, lab.get(&query).await, lab.post(&query).await]
        {
            assert_eq!(reply.metadata.id, query.metadata.id);
            assert_eq!(reply.metadata.response_code, ResponseCode::NoError);
            assert!(reply.metadata.authoritative && !reply.metadata.recursion_available);
            assert_eq!(reply.queries, query.queries);
            let [record] = reply.answers.as_slice() else { panic!("{reply}") };
            assert_eq!((&record.data, record.ttl), (&expected, 0));
            assert!(reply.authorities.is_empty() && reply.additionals.is_empty());
        }
    }
}

#[tokio::test]
async fn txt_of_a_nonce_is_a_signed_reply() {
    let lab = Lab::start().await;
    let mut query = query(&nonce_name(&nonce(2), ZONE), RecordType::TXT);
    query.set_edns(Edns::new());
    let reply = lab.udp(&query).await;
    let [record] = reply.answers.as_slice() else { panic!("{reply}") };
    let RData::TXT(txt) = &record.data else { panic!("{record}") };
    let token = token_of_txt(txt.txt_data.iter().map(AsRef::as_ref)).unwrap();
    let stamp: StampReply = verify(&token, Stamp::Dns, &nonce(2), lab.keys()).unwrap();
    assert_eq!((stamp.server_time, stamp.peer.to_string().as_str()), (NOW, "127.0.0.1"));
}

#[test]
fn case_of_the_question_is_kept() {
    let mut name = Name::from_ascii(nonce_name(&nonce(0xab), ZONE).to_uppercase()).unwrap();
    name.set_fqdn(true);
    let mut query = Message::query();
    query.add_query(Query::query(name.clone(), RecordType::A));
    let reply = ask(&query);
    assert!(reply.queries[0].name().eq_case(&name));
    assert_eq!(reply.answers[0].data, RData::A(A(address_v4(&nonce(0xab), ZONE))));
}

#[test]
fn what_cannot_be_derived_does_not_exist() {
    for name in ["www", "0123", "*", "x.00112233445566778899aabbccddeeff"] {
        let reply = ask(&query(&format!("{name}.{ZONE}"), RecordType::A));
        assert_eq!(reply.metadata.response_code, ResponseCode::NXDomain, "{name}");
        assert!(reply.answers.is_empty());
        let [soa] = reply.authorities.as_slice() else { panic!("{reply}") };
        assert_eq!((soa.record_type(), soa.ttl), (RecordType::SOA, 0));
    }
}

#[test]
fn other_types_of_a_nonce_are_empty() {
    for kind in [RecordType::MX, RecordType::NS, RecordType::HTTPS, RecordType::DS] {
        let reply = ask(&query(&nonce_name(&nonce(1), ZONE), kind));
        assert_eq!((reply.metadata.response_code, reply.answers.len()), (ResponseCode::NoError, 0));
        assert_eq!(reply.authorities.len(), 1);
    }
}

#[test]
fn apex_has_soa_and_ns() {
    let soa = ask(&query(ZONE, RecordType::SOA));
    assert_eq!(soa.answers[0].record_type(), RecordType::SOA);
    let ns = ask(&query(ZONE, RecordType::NS));
    assert_eq!(ns.answers[0].data.to_string(), format!("{NAME}."));
    assert_eq!(ask(&query(ZONE, RecordType::A)).answers.len(), 0);
}

#[test]
fn what_is_not_ours_is_refused_and_names_nothing() {
    let nonce = nonce_name(&nonce(1), ZONE);
    let mut chaos = query("version.bind", RecordType::TXT);
    chaos.queries[0].set_query_class(DNSClass::CH);
    let mut our_chaos = query(&nonce, RecordType::TXT);
    our_chaos.queries[0].set_query_class(DNSClass::CH);
    let outside = query("www.example.com", RecordType::A);
    for query in [chaos, our_chaos, outside, query(".", RecordType::NS), query(ZONE, RecordType::AXFR)] {
        let reply = ask(&query);
        assert_eq!(reply.metadata.response_code, ResponseCode::Refused, "{query}");
        assert!(!reply.metadata.authoritative && reply.answers.is_empty() && reply.authorities.is_empty());
    }
}

#[test]
fn other_opcodes_and_edns_versions_are_told_so() {
    let mut notify = query(ZONE, RecordType::SOA);
    notify.metadata.op_code = OpCode::Notify;
    assert_eq!(ask(&notify).metadata.response_code, ResponseCode::NotImp);
    let mut edns = Edns::new();
    edns.set_version(1);
    let mut later = query(&nonce_name(&nonce(1), ZONE), RecordType::A);
    later.set_edns(edns);
    // hickory reads 16, which is BADVERS here, by its other name BADSIG.
    assert_eq!(u16::from(ask(&later).metadata.response_code), u16::from(ResponseCode::BADVERS));
}

#[test]
fn answer_that_is_too_long_for_udp_is_truncated_and_whole_over_tcp() {
    let zone = ["a".repeat(63).as_str(); 3].join(".");
    let service = service(&zone);
    let query = query(&nonce_name(&nonce(1), &zone), RecordType::TXT).to_vec().unwrap();
    let peer = "2001:db8::1".parse().unwrap();
    let over = |transport| Message::from_vec(&answer(&service, &query, peer, transport).unwrap()).unwrap();
    let datagram = over(Transport::Datagram);
    assert!(datagram.metadata.truncation && datagram.answers.is_empty());
    let stream = over(Transport::Stream);
    assert!(!stream.metadata.truncation && stream.answers.len() == 1);
}

#[test]
fn answers_to_answers_and_to_several_questions_are_not_given() {
    let mut reply = query(ZONE, RecordType::SOA);
    reply.metadata.message_type = MessageType::Response;
    let mut two = query(ZONE, RecordType::SOA);
    two.add_query(Query::query(Name::root(), RecordType::A));
    let none = Message::query();
    for message in [reply, two, none] {
        assert_eq!(raw(&message.to_vec().unwrap()), None);
    }
}

#[test]
fn compression_loops_and_false_counts_are_dropped() {
    let header = |counts: [u8; 8]| [&[0, 7, 1, 0], counts.as_slice()].concat();
    let one = [0, 1, 0, 0, 0, 0, 0, 0];
    let question = [0, 1, 0, 1];
    for message in [
        [header(one), vec![0xc0, 12], question.to_vec()].concat(),
        [header(one), vec![1, b'a', 0xc0, 12], question.to_vec()].concat(),
        [header(one), vec![0xc0, 14, 0xc0, 12], question.to_vec()].concat(),
        [header(one), vec![0xff, 0xff], question.to_vec()].concat(),
        [header(one), vec![63, b'a']].concat(),
        [header([0xff; 8]), vec![0], question.to_vec()].concat(),
        header(one),
        vec![0; 11],
        Vec::new(),
    ] {
        assert_eq!(raw(&message), None, "{message:?}");
    }
}

#[tokio::test]
async fn garbage_over_udp_and_tcp_gets_no_answer_and_harms_nobody() {
    let lab = Lab::start().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for garbage in [vec![0xff; 12], vec![0; 9000], vec![7]] {
        socket.send_to(&garbage, lab.dns()).await.unwrap();
    }
    let mut buffer = [0; 512];
    let answered = tokio::time::timeout(Duration::from_millis(100), socket.recv(&mut buffer)).await;
    assert!(answered.is_err(), "silence");

    for garbage in [vec![0xff, 0xff], vec![0, 12, 1, 2, 3], [vec![0, 12], vec![0xff; 12]].concat()] {
        let mut stream = TcpStream::connect(lab.dns()).await.unwrap();
        stream.write_all(&garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(answer.is_empty());
    }
    assert_eq!(lab.udp(&query(ZONE, RecordType::SOA)).await.answers.len(), 1);
}

#[tokio::test]
async fn several_queries_come_over_one_tcp_connection() {
    let lab = Lab::start().await;
    let mut stream = TcpStream::connect(lab.dns()).await.unwrap();
    for _ in 0..3 {
        let query = query(ZONE, RecordType::SOA);
        assert_eq!(over_tcp(&mut stream, &query).await.metadata.id, query.metadata.id);
    }
}

#[tokio::test]
async fn malformed_dns_over_https_is_refused() {
    let lab = Lab::start().await;
    for (request, status) in [
        (get(DOH_PATH), "400"),
        (get(&format!("{DOH_PATH}?dns=***")), "400"),
        (get(&format!("{DOH_PATH}?dns=AAAA")), "400"),
        (format!("PUT {DOH_PATH} HTTP/1.1\r\n\r\n").into_bytes(), "405"),
        (format!("POST {DOH_PATH} HTTP/1.1\r\nContent-Length: 1\r\n\r\nx").into_bytes(), "415"),
        (post_head(""), "411"),
        (post_head("Content-Length: -1\r\n"), "411"),
        (post_head("Content-Length: 65536\r\n"), "413"),
    ] {
        let mut stream = connect(lab.tls(), &client(&lab.root(), &[&rustls::version::TLS13])).await;
        assert_eq!(exchange(&mut stream, &request).await.status(), status);
    }
}

proptest! {
    #[test]
    fn arbitrary_datagrams_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = raw(&bytes);
        let _ = raw(&[&[0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1], bytes.as_slice()].concat());
    }

    #[test]
    fn answers_over_udp_fit_what_the_client_takes(size in 0..4096u16, byte in any::<u8>()) {
        let mut edns = Edns::new();
        edns.set_max_payload(size);
        let mut query = query(&nonce_name(&nonce(byte), ZONE), RecordType::TXT);
        query.set_edns(edns);
        let answer = raw(&query.to_vec().unwrap()).unwrap();
        prop_assert!(answer.len() <= usize::from(size.clamp(512, 1232)));
    }
}

impl Lab {
    async fn udp(&self, query: &Message) -> Message {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.send_to(&query.to_vec().unwrap(), self.dns()).await.unwrap();
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).await.unwrap();
        Message::from_vec(&buffer[..length]).unwrap()
    }

    async fn tcp(&self, query: &Message) -> Message {
        over_tcp(&mut TcpStream::connect(self.dns()).await.unwrap(), query).await
    }

    async fn get(&self, query: &Message) -> Message {
        let encoded = BASE64_URL_SAFE_NO_PAD.encode(query.to_vec().unwrap());
        self.https(&get(&format!("{DOH_PATH}?dns={encoded}"))).await
    }

    async fn post(&self, query: &Message) -> Message {
        let body = query.to_vec().unwrap();
        let head = post_head(&format!("Content-Length: {}\r\n", body.len()));
        self.https(&[head, body].concat()).await
    }

    async fn https(&self, request: &[u8]) -> Message {
        let mut stream = connect(self.tls(), &client(&self.root(), &[&rustls::version::TLS13])).await;
        let answer = exchange(&mut stream, request).await;
        assert_eq!(answer.status(), "200");
        assert_eq!(answer.header("Content-Type"), Some("application/dns-message"));
        Message::from_vec(&answer.body).unwrap()
    }
}

async fn over_tcp(stream: &mut TcpStream, query: &Message) -> Message {
    let query = query.to_vec().unwrap();
    stream.write_u16(u16::try_from(query.len()).unwrap()).await.unwrap();
    stream.write_all(&query).await.unwrap();
    let mut reply = vec![0; usize::from(stream.read_u16().await.unwrap())];
    stream.read_exact(&mut reply).await.unwrap();
    Message::from_vec(&reply).unwrap()
}

fn query(name: &str, kind: RecordType) -> Message {
    let mut name = Name::from_ascii(name).unwrap();
    name.set_fqdn(true);
    let mut message = Message::query();
    message.add_query(Query::query(name, kind));
    message
}

fn post_head(headers: &str) -> Vec<u8> {
    format!("POST {DOH_PATH} HTTP/1.1\r\nContent-Type: application/dns-message\r\n{headers}\r\n").into_bytes()
}

/// The answer without a socket.
fn ask(query: &Message) -> Message {
    Message::from_vec(&raw(&query.to_vec().unwrap()).expect("an answer")).unwrap()
}

fn raw(query: &[u8]) -> Option<Vec<u8>> {
    answer(&service(ZONE), query, "192.0.2.1".parse().unwrap(), Transport::Datagram)
}

fn service(zone: &str) -> super::super::service::Service {
    super::super::service::Service {
        name: NAME.to_owned(),
        tls_port: 443,
        zone: Some(Zone::new(zone, NAME).unwrap()),
        contents: super::super::content::Contents::new(NAME),
        signer: CanarySigner::from_seed(&[1; 32]).unwrap(),
        clock: Arc::new(FixedClock),
    }
}
