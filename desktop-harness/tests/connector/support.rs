//! A connector, a device and a clock that tests turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use agent_core::connector::{Client, Delivery, Enrolment, EnrolmentPayload, token_digest};
use agent_core::model::{Ownership, Settings, Timestamp};
pub use agent_core::platform::SystemEntropy;
use agent_core::platform::{Clock, Entropy};
use agent_core::report::enrolled_key;
use agent_core::report::jws::{self, typ};
use desktop_harness::connector::{Config, Connector, Running};
use desktop_harness::software_key::SoftwareKeys;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tempfile::TempDir;

/// 2026-09-21.
const NOW: i64 = 1_790_000_000;

pub const HOUR: Duration = Duration::from_secs(3600);

#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    /// A clock that is off from `other` by some seconds.
    pub fn at(other: &Self, off: i64) -> Self {
        Self(Arc::new(AtomicI64::new(other.now().unix() + off)))
    }

    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::SeqCst))
    }
}

/// A running connector with its data directory.
pub struct Bench {
    pub connector: Connector,
    pub running: Running,
    pub clock: TestClock,
    pub data_dir: TempDir,
}

impl Bench {
    pub async fn start() -> Self {
        let data_dir = tempfile::tempdir().unwrap();
        let clock = TestClock(Arc::new(AtomicI64::new(NOW)));
        let connector = Connector::open(config(&data_dir, &clock)).unwrap();
        connector.update_settings(|settings| settings.keys.software = true).unwrap();
        let running = connector.start().await.unwrap();
        Self { connector, running, clock, data_dir }
    }

    pub fn config(&self) -> Config {
        config(&self.data_dir, &self.clock)
    }

    pub fn invite(&self) -> EnrolmentPayload {
        self.connector.create_token(Ownership::Corporate, HOUR).unwrap()
    }

    pub async fn enrolled(&self) -> Device {
        let device = Fresh::new(&self.clock);
        device.enrolled(&self.invite()).await
    }
}

fn config(data_dir: &TempDir, clock: &TestClock) -> Config {
    let mut config = Config::new(data_dir.path(), Arc::new(clock.clone()));
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.tenant = "acme".to_owned();
    config
}

/// A device before it enrols.
pub struct Fresh {
    pub key: Arc<SoftwareKeys>,
    pub client: Client,
    clock: TestClock,
    folder: TempDir,
}

/// A device that is enrolled.
pub struct Device {
    pub key: Arc<SoftwareKeys>,
    pub client: Client,
    pub clock: TestClock,
    pub enrolment: Enrolment,
    pub settings: Settings,
    _folder: TempDir,
}

impl Device {
    /// A report with the next place in a chain: number, and the token before it.
    pub fn report(&self, seq: u64, prev: Option<&str>, level: &str) -> String {
        self.sign(&self.claims(seq, prev, level))
    }

    pub fn claims(&self, seq: u64, prev: Option<&str>, level: &str) -> Value {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random).unwrap();
        let Enrolment { iss, aud, device_id, tenant, epoch, .. } = &self.enrolment;
        let mut claims = json!({
            "iss": iss, "aud": aud, "iat": self.clock.now(), "jti": format!("{random:x?}"), "txn": "scan-1",
            "sub_id": {
                "format": "complex",
                "device": {"format": "opaque", "id": device_id},
                "tenant": {"format": "opaque", "id": tenant},
            },
            "mtd_epoch": epoch, "mtd_seq": seq,
            "events": {
                "https://schemas.mtd-agent.dev/secevent/event-type/device-report":
                    {"schema_version": 1, "part": {"n": 1, "of": 1}, "level": level, "at_least": "low"},
            },
        });
        if let Some(prev) = prev {
            claims["mtd_prev"] = json!(token_digest(prev));
        }
        claims
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(typ::SECURITY_EVENT, claims)
    }

    pub fn sign_as(&self, typ: &str, claims: &Value) -> String {
        let signer = enrolled_key(&*self.key, &self.enrolment.kid).unwrap();
        jws::sign(typ, &serde_json::to_vec(claims).unwrap(), &signer).unwrap()
    }

    pub async fn deliver(&self, token: &str) -> Delivery {
        self.client.deliver(&self.enrolment, token).await
    }

    pub async fn delivered(&self, token: &str) {
        let delivery = self.deliver(token).await;
        assert!(matches!(delivery, Delivery::Accepted(_)), "{delivery:?}");
    }
}

impl Fresh {
    pub fn new(clock: &TestClock) -> Self {
        let folder = TempDir::new().unwrap();
        let key = Arc::new(SoftwareKeys::in_folder(folder.path()));
        Self { client: client(&key, clock), key, clock: clock.clone(), folder }
    }

    pub async fn enrolled(self, payload: &EnrolmentPayload) -> Device {
        let (enrolment, settings) = self.client.enrol(payload).await.unwrap();
        let Self { key, client, clock, folder } = self;
        Device { key, client, clock, enrolment, settings, _folder: folder }
    }
}

pub fn client(key: &Arc<SoftwareKeys>, clock: &TestClock) -> Client {
    Client::new(Arc::clone(key) as _, Arc::new(clock.clone()), Arc::new(SystemEntropy))
        .with_timeout(Duration::from_secs(10))
}

/// Posts to the connector without the client; gives the whole answer as text.
pub async fn post(bench: &Bench, path: &str, content_type: &str, body: &[u8]) -> String {
    let head =
        format!("POST {path} HTTP/1.1\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n", body.len());
    raw(bench, &[head.as_bytes(), b"Host: localhost\r\nConnection: close\r\n\r\n", body].concat()).await
}

/// Gets from the connector without the client.
pub async fn get(bench: &Bench, path: &str, header: &str) -> String {
    raw(
        bench,
        format!("GET {path} HTTP/1.1\r\n{header}Host: localhost\r\nConnection: close\r\n\r\n").as_bytes(),
    )
    .await
}

/// Sends bytes to the connector over TLS and reads until it closes.
pub async fn raw(bench: &Bench, request: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut tls = connect(bench.running.addr, bench.data_dir.path(), &bench.clock).await;
    let mut answer = Vec::new();
    // The connector may answer and close before it has read everything: what is too large, for one.
    let _ = tls.write_all(request).await;
    let _ = tls.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// A TLS connection to the connector of `folder` at `addr`.
pub async fn connect(
    addr: SocketAddr,
    folder: &std::path::Path,
    clock: &TestClock,
) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let tcp = tokio::net::TcpStream::connect(addr).await.unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(folder.join("ca.pem")).unwrap();
    roots.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_details(provider, Arc::new(RustlsClock(clock.clone())))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector.connect("localhost".try_into().unwrap(), tcp).await.unwrap()
}

#[derive(Debug)]
struct RustlsClock(TestClock);

impl rustls::time_provider::TimeProvider for RustlsClock {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(self.0.now().unix()).ok()?;
        Some(rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
