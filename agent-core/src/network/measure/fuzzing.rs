//! The parsers of what peers send, over bytes in place of a peer: what the fuzz targets of `tests/fuzz` call.
//!
//! Built under `--cfg fuzzing` only, which cargo-fuzz sets; no part of the library.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::dns_message::Asked;
use super::portal_api::Told;
use super::{captive, dns_https, dns_plain, exchange, portal_api};
use crate::canary::MAX_TOKEN;
use crate::network::dns_record::{DnsReading, DnsType};
use crate::network::limits::{
    MAX_CANARY_RESPONSE, MAX_DNS_ADDRESSES, MAX_DNS_RECORDED, MAX_HTTP_BODY, MAX_URL, MAX_WORDS,
};
use crate::network::observation::Raw;
use crate::network::response::Response;
use crate::platform::{Entropy, PlatformError};

/// The name that every DNS question asks for; its number is 0.
pub const DNS_NAME: &str = "a.example";

/// Reads `bytes` as the answer to each kind of question.
pub fn dns_message(bytes: &[u8]) {
    for asked in questions() {
        read_dns(&asked, bytes);
    }
}

/// Reads `bytes` as the HTTP response that carries the answer to a question over HTTPS.
pub fn dns_over_https(bytes: &[u8]) {
    for asked in questions() {
        let response = dns_https::post(Peer::of(bytes), "canary.example", 443, asked.bytes());
        if let Ok(body) = run(response) {
            let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 443));
            let packet = dns_plain::packet(&asked, &body, server, true, Instant::now());
            assert!(packet.raw.len() <= MAX_DNS_RECORDED);
            read_dns(&asked, &body);
        }
    }
}

/// Reads `bytes` as the answer to a connectivity check and as that of a canary.
pub fn http_response(bytes: &[u8]) {
    let place = captive::Place::of("http://probe.example/generate_204");
    let answer = place.and_then(|place| run(captive::get(Peer::of(bytes), &place)));
    if let Ok(answer) = answer {
        assert!((100..1000).contains(&answer.status));
        // What is not UTF-8 takes up to three bytes for one.
        assert!(answer.location.is_none_or(|location| location.len() <= 3 * MAX_URL));
        assert!(answer.body_len <= MAX_HTTP_BODY as u64);
    }
    let request = Raw::new(b"GET / HTTP/1.1\r\n\r\n".to_vec());
    if let Ok(raw) = run(exchange::exchange(&mut Peer::of(bytes), &request)) {
        assert!(raw.as_bytes().len() <= MAX_CANARY_RESPONSE);
        if let Some(response) = Response::parse(raw.as_bytes()) {
            assert!(response.body.len() <= raw.as_bytes().len());
        }
    }
}

/// Reads `bytes` as what a network's portal API says, and as the HTTP response that carries it.
pub fn portal_api(bytes: &[u8]) {
    read_told(bytes);
    let place = captive::Place::of("https://portal.example/api");
    if let Ok(body) = place.and_then(|place| run(portal_api::ask(Peer::of(bytes), &place))) {
        assert!(body.len() <= MAX_HTTP_BODY);
        read_told(&body);
    }
}

fn read_told(json: &[u8]) {
    if let Ok(Told { user_portal_url: Some(url), .. }) = Told::read(json) {
        assert!(url.len() <= MAX_URL);
    }
}

fn questions() -> impl Iterator<Item = Asked> {
    let records = [DnsType::A, DnsType::Aaaa, DnsType::Txt].into_iter();
    records.filter_map(|record| Asked::new(DNS_NAME, record, &Zero).ok())
}

fn read_dns(asked: &Asked, bytes: &[u8]) {
    match asked.read(bytes) {
        DnsReading::Answer(message) => {
            assert!(message.addresses.len() <= MAX_DNS_ADDRESSES);
            assert!(message.text.is_none_or(|text| text.len() <= MAX_TOKEN));
        }
        DnsReading::Misfit(why) => assert!(why.chars().count() <= MAX_WORDS + 1),
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = || Builder::new_current_thread().enable_time().build();
    RUNTIME.get_or_init(|| runtime().unwrap_or_else(|error| panic!("no runtime: {error}"))).block_on(future)
}

/// No randomness, so that an answer can fit its question.
struct Zero;

impl Entropy for Zero {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        buffer.fill(0);
        Ok(())
    }
}

/// A peer that takes a request, sends its bytes in pieces and closes.
struct Peer<'a> {
    bytes: &'a [u8],
    piece: usize,
    was_asked: bool,
    reader: Option<Waker>,
}

impl<'a> Peer<'a> {
    /// The first byte says how large the pieces are.
    fn of(bytes: &'a [u8]) -> Self {
        let (first, bytes) = bytes.split_first().unwrap_or((&0, bytes));
        Self { bytes, piece: (usize::from(*first) + 1) * 16, was_asked: false, reader: None }
    }
}

impl AsyncRead for Peer<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.was_asked {
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let (now, later) = self.bytes.split_at(self.bytes.len().min(self.piece).min(buffer.remaining()));
        buffer.put_slice(now);
        self.bytes = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer<'_> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.was_asked = true;
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
