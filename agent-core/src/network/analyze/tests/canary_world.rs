//! Two canaries in the world of the tests, whose replies can be signed anew, changed or lost.

use std::fmt::Write as _;

use super::world::{World, answered};
use crate::canary::{
    CanarySettings, CanarySigner, Content, ContentReply, Exporter, KeySet, Nonce, REPLY_HEADER,
    RedirectReply, Reply, TlsReply, sign,
};
use crate::model::{Fact, Sha256, TrustAnchor, TrustVerdict};
use crate::network::observation::{
    CanaryProbe, ClearExchange, ClearProbe, ClearQuestion, Failure, FailureKind, Outcome, Phase, Question,
    Raw, Target, TlsExchange,
};
use crate::network::testing::{Dates, NOW, handshake};

/// The clean world with two canaries, all of whose replies are genuine.
pub(super) fn with_canaries() -> World {
    let mut world = World::clean();
    for number in 0..2 {
        let settings = CanarySettings {
            name: format!("canary-{number}.example"),
            addresses: Vec::new(),
            tls_port: 443,
            http_port: Some(80),
            dns_port: None,
            zone: None,
            keys: KeySet::new(vec![signer(number).public()]).unwrap(),
            network: format!("net-{}", number + 4),
            private_anchors: Vec::new(),
        };
        let chain = world.public.chain(&settings.name, Dates::CURRENT);
        let nonce = Nonce::from_bytes([0x10 + number as u8; 16]);
        let asked = question(nonce);
        let trusted = TrustVerdict::Trusted { anchor: TrustAnchor::System, root_spki: None };
        world.seen.canaries.push(CanaryProbe {
            target: Target::from(&settings),
            tls: answered(TlsExchange {
                handshake: handshake(chain),
                exporter: Some(Exporter::from_bytes([1; 32])),
                client_hello_sha256: Some(Sha256::of(b"ours")),
                question: asked,
                response: Outcome::Answered(Raw::default()),
            }),
            fallback: None,
            platform: Some(Fact::known(trusted)),
            clear: ClearQuestion::ALL.map(|asked| genuine(number, asked)).to_vec(),
        });
        world.settings.canaries.push(settings);
        bind(&mut world, number, |_| {});
    }
    world
}

pub(super) fn genuine(number: usize, asked: ClearQuestion) -> ClearProbe {
    let nonce = Nonce::from_bytes([0x20 + (number * 8) as u8 + asked as u8; 16]);
    let question = question(nonce);
    let request = question.request.as_bytes().to_vec();
    let response = match asked.content() {
        None => redirect(number, nonce, &request),
        Some(Content::Page) => content(number, Content::Page, nonce, &request, b"<html>genuine</html>"),
        Some(Content::Script) => content(number, Content::Script, nonce, &request, b"genuine();"),
        Some(Content::Image) => content(number, Content::Image, nonce, &request, b"GIF89a genuine"),
        Some(Content::Echo) => content(number, Content::Echo, nonce, &request, &request),
    };
    ClearProbe { asked, attempts: answered(ClearExchange { question, response }) }
}

pub(super) fn redirect(number: usize, nonce: Nonce, request: &[u8]) -> Raw {
    let location = format!("https://canary-{number}.example/{nonce}");
    let reply = RedirectReply {
        nonce,
        server_time: NOW,
        peer: [192, 0, 2, 9].into(),
        request_as_received_sha256: Sha256::of(request),
        location: location.clone(),
    };
    page(301, &[("Location", &location), (REPLY_HEADER, &signed(number, (), &reply))], b"")
}

pub(super) fn content(number: usize, kind: Content, nonce: Nonce, arrived: &[u8], body: &[u8]) -> Raw {
    let reply = ContentReply {
        nonce,
        server_time: NOW,
        peer: [192, 0, 2, 9].into(),
        request_as_received_sha256: Sha256::of(arrived),
        body_sha256: Sha256::of(body),
    };
    page(200, &[(REPLY_HEADER, &signed(number, kind, &reply))], body)
}

pub(super) fn tls_reply(nonce: Nonce) -> TlsReply {
    TlsReply {
        nonce,
        server_time: NOW,
        peer: [192, 0, 2, 9].into(),
        tls_exporter: Exporter::from_bytes([1; 32]),
        client_hello_sha256: Sha256::of(b"ours"),
        request_as_received_sha256: Sha256::of(b""),
    }
}

pub(super) fn signed<R: Reply>(number: usize, kind: R::Kind, reply: &R) -> String {
    sign(&signer(number), kind, reply).unwrap()
}

pub(super) fn signer(number: usize) -> CanarySigner {
    CanarySigner::from_seed(&[number as u8 + 50; 32]).unwrap()
}

pub(super) fn question(nonce: Nonce) -> Question {
    let request = format!("GET /{nonce} HTTP/1.1\r\nhOsT: canary\r\n\r\n");
    Question { nonce, request: Raw::new(request.into_bytes()) }
}

pub(super) fn page(status: u16, fields: &[(&str, &str)], body: &[u8]) -> Raw {
    let mut head = format!("HTTP/1.1 {status} As the test wants\r\n");
    for (name, value) in fields {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
    Raw::new([head.as_bytes(), body].concat())
}

/// Signs the TLS reply of a canary anew, after `change`.
pub(super) fn bind(world: &mut World, number: usize, change: impl Fn(&mut TlsReply)) {
    let exchange = exchange(world, number);
    let mut reply = tls_reply(exchange.question.nonce);
    change(&mut reply);
    exchange.response = Outcome::Answered(page(200, &[(REPLY_HEADER, &signed(number, (), &reply))], b""));
}

/// The request of `asked` arrived as `request`.
pub(super) fn arrive(world: &mut World, number: usize, asked: ClearQuestion, request: &[u8]) {
    let exchange = clear(world, number, asked);
    exchange.response = content(number, Content::Echo, exchange.question.nonce, request, request);
}

pub(super) fn edit(
    world: &mut World,
    number: usize,
    asked: ClearQuestion,
    change: impl Fn(String) -> String,
) {
    let exchange = clear(world, number, asked);
    let text = String::from_utf8(exchange.response.as_bytes().to_vec()).unwrap();
    let changed = change(text.clone());
    assert_ne!(changed, text);
    exchange.response = Raw::new(changed.into_bytes());
}

pub(super) fn exchange(world: &mut World, number: usize) -> &mut TlsExchange {
    match &mut world.seen.canaries[number].tls[0].outcome {
        Outcome::Answered(exchange) => exchange,
        Outcome::Failed(failure) => panic!("{failure}"),
    }
}

pub(super) fn clear(world: &mut World, number: usize, asked: ClearQuestion) -> &mut ClearExchange {
    let probe = world.seen.canaries[number].clear.iter_mut().find(|probe| probe.asked == asked).unwrap();
    match &mut probe.attempts[0].outcome {
        Outcome::Answered(exchange) => exchange,
        Outcome::Failed(failure) => panic!("{failure}"),
    }
}

pub(super) fn each_question() -> impl Iterator<Item = (usize, ClearQuestion)> {
    (0..2).flat_map(|number| ClearQuestion::ALL.map(|asked| (number, asked)))
}

pub(super) fn fail_tls(world: &mut World, number: usize) {
    world.seen.canaries[number].tls[0].outcome = Outcome::Failed(timed_out());
    world.seen.canaries[number].platform = None;
}

pub(super) fn silence(world: &mut World, number: usize) {
    fail_tls(world, number);
    for probe in &mut world.seen.canaries[number].clear {
        probe.attempts[0].outcome = Outcome::Failed(timed_out());
    }
}

pub(super) fn timed_out() -> Failure {
    Failure { phase: Phase::Connect, kind: FailureKind::TimedOut, detail: "no answer in 3 s".to_owned() }
}
