//! A canary on loopback and a client that asks it over real sockets.

mod bad_input;
mod binding;
mod dns;
mod http;
mod life;
mod limits;

use std::net::SocketAddr;
use std::sync::Arc;

use agent_core::canary::{CanarySigner, KeySet, Nonce, REPLY_HEADER, Reply, VerifyError, verify};
use agent_core::model::Timestamp;
use agent_core::platform::Clock;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const NAME: &str = "canary.example";
const ZONE: &str = "z.canary.test";
const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A canary at work, and what it keeps its keys in.
struct Lab {
    running: Running,
    _data: tempfile::TempDir,
}

impl Lab {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let running = Canary::start(config(data.path())).await.unwrap();
        Self { running, _data: data }
    }

    fn tls(&self) -> SocketAddr {
        self.running.addresses.tls[0]
    }

    fn http(&self) -> SocketAddr {
        self.running.addresses.http[0]
    }

    fn dns(&self) -> SocketAddr {
        self.running.addresses.dns[0]
    }

    fn keys(&self) -> &KeySet {
        &self.running.settings.keys
    }

    /// Sends `request` over clear HTTP and reads to the end.
    async fn ask(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.http()).await.unwrap();
        exchange(&mut stream, request).await
    }
}

fn config(data: &std::path::Path) -> Config {
    let loopback: SocketAddr = "127.0.0.1:0".parse().unwrap();
    Config {
        name: NAME.to_owned(),
        zone: Some(ZONE.to_owned()),
        network: "test".to_owned(),
        addresses: vec![loopback.ip()],
        listen: Listen { tls: vec![loopback], http: vec![loopback], dns: vec![loopback] },
        identity: Identity::self_made(data, NAME, &[], now()).unwrap(),
        signer: open_signing_key(data).unwrap(),
        next_key: None,
        clock: Arc::new(FixedClock),
    }
}

/// The real time: certificates are judged by it.
fn now() -> Timestamp {
    Timestamp::from_unix(time::OffsetDateTime::now_utc().unix_timestamp())
}

fn nonce(byte: u8) -> Nonce {
    Nonce::from_bytes([byte; 16])
}

fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n").into_bytes()
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, request: &[u8]) -> Answer {
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    Answer::read(&bytes)
}

/// An HTTP response, taken apart.
#[derive(Debug)]
struct Answer {
    /// Head as text; empty when nothing came.
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
        Self { head: String::from_utf8(bytes[..end].to_vec()).unwrap(), body: bytes[end..].to_vec() }
    }

    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("none")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn verify<R: Reply>(&self, kind: R::Kind, nonce: Nonce, keys: &KeySet) -> Result<R, VerifyError> {
        verify(self.header(REPLY_HEADER).expect("a signed reply"), kind, &nonce, keys)
    }
}
