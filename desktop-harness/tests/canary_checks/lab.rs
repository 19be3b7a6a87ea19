//! A canary, and a router in front of it that does what a test wants.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agent_core::canary::{CanarySettings, NO_CONTENT_PATH};
use agent_core::model::{
    CheckId, CheckOutcome, Detection, DevicePosture, Fact, Inventory, NetworkSettings, NetworkSnapshot,
    Platform, Timestamp, TrustVerdict, Verdict,
};
use agent_core::network::observation::Observations;
use agent_core::network::{Recording, judge, measure};
use agent_core::platform::{Clock, DeviceHost, Entropy, PlatformError};
use desktop_harness::canary::{Canary, Config, Identity, Listen, Running, open_signing_key};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{LazyConfigAcceptor, TlsConnector};

const NAME: &str = "canary.example";

/// What the router does with TLS.
#[derive(Clone, Copy)]
pub enum Tls {
    /// Passes it on.
    Pass,
    /// Terminates it under a certificate of its own and passes the content on.
    Intercept,
    /// Terminates it and answers what the canary once answered another.
    Replay,
    /// Answers nonsense, byte by byte.
    Drip,
    /// Resets a connection that offers TLS 1.3, and passes on the others.
    RefuseNewest,
}

/// supported_versions (RFC 8446, section 4.2.1) with TLS 1.3 and 1.2, as the agent writes it.
const OFFERS_TLS13: &[u8] = &[0, 43, 0, 5, 4, 3, 4, 3, 3];

/// What the router does with clear HTTP.
#[derive(Clone, Copy)]
pub enum Http {
    /// Passes it on.
    Pass,
    /// Changes what passes.
    Change { request: fn(Vec<u8>) -> Vec<u8>, response: fn(Vec<u8>) -> Vec<u8> },
    /// Answers byte by byte.
    Drip,
    /// Answers 100 MB.
    Flood,
}

/// Canary, router and settings. Ends when dropped.
pub struct Lab {
    settings: NetworkSettings,
    _canary: Running,
    _router: JoinSet<()>,
    _data: tempfile::TempDir,
}

impl Lab {
    pub async fn start(tls: Tls, http: Http) -> Self {
        let data = tempfile::tempdir().unwrap();
        let loopback: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let running = Canary::start(Config {
            name: NAME.to_owned(),
            zone: None,
            network: "lab".to_owned(),
            addresses: vec![loopback.ip()],
            listen: Listen { tls: vec![loopback], http: vec![loopback], dns: Vec::new() },
            identity: Identity::self_made(data.path(), NAME, &[], Now.now()).unwrap(),
            signer: open_signing_key(data.path()).unwrap(),
            next_key: None,
            clock: Arc::new(Now),
        });
        let running = running.await.unwrap();
        let root = CertificateDer::from_pem_file(data.path().join("ca.pem")).unwrap();

        let mut router = JoinSet::new();
        let (canary_tls, canary_http) = (running.addresses.tls[0], running.addresses.http[0]);
        let tls_port = route(&mut router, move |stream| tls_one(tls, stream, canary_tls, root.clone())).await;
        let http_port = route(&mut router, move |stream| http_one(http, stream, canary_http)).await;
        let canary = CanarySettings { tls_port, http_port: Some(http_port), ..running.settings.clone() };
        let settings = NetworkSettings {
            captive_probes: vec![format!("http://127.0.0.1:{}{NO_CONTENT_PATH}", canary_http.port())],
            canaries: vec![canary],
            ..NetworkSettings::default()
        };
        Self { settings, _canary: running, _router: router, _data: data }
    }

    pub async fn scan(&self) -> Seen {
        self.scan_within(Duration::from_secs(20)).await
    }

    pub async fn scan_within(&self, time: Duration) -> Seen {
        let snapshot = NetworkSnapshot::not_available("not told in tests");
        let deadline = tokio::time::Instant::now() + time;
        let entropy = Arc::new(Counter::default());
        let observations = measure(&self.settings, snapshot, Arc::new(Stranger), entropy, deadline).await;
        let recording = Recording::new(observations, self.settings.clone(), Now.now());
        let outcomes = judge(&recording).outcomes;
        Seen { observations: recording.observations, outcomes }
    }
}

/// What one scan saw and said.
pub struct Seen {
    pub observations: Observations,
    outcomes: Vec<CheckOutcome>,
}

impl Seen {
    pub fn outcome(&self, check: CheckId) -> &CheckOutcome {
        self.outcomes.iter().find(|outcome| outcome.check == check).unwrap()
    }

    /// Everything that was judged and is not inconclusive.
    pub fn found(&self) -> Vec<(CheckId, Detection, Verdict)> {
        let each = self.outcomes.iter().flat_map(|outcome| {
            outcome.judgements.iter().map(|judgement| (outcome.check, judgement.detection, judgement.verdict))
        });
        each.filter(|(_, _, verdict)| *verdict != Verdict::Inconclusive).collect()
    }

    /// Names of the evidence of a check.
    pub fn evidence(&self, check: CheckId) -> Vec<String> {
        let judgements = self.outcome(check).judgements.iter();
        judgements.flat_map(|judgement| &judgement.evidence).map(|evidence| evidence.name.clone()).collect()
    }
}

async fn route<F>(router: &mut JoinSet<()>, serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    router.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream));
        }
    });
    port
}

async fn tls_one(
    tls: Tls,
    mut client: TcpStream,
    canary: SocketAddr,
    root: CertificateDer<'static>,
) -> std::io::Result<()> {
    match tls {
        Tls::Drip => return drip(&mut client).await,
        Tls::RefuseNewest if offers_tls13(&client).await? => return Ok(()),
        Tls::Pass | Tls::RefuseNewest => {
            let mut upstream = TcpStream::connect(canary).await?;
            copy_bidirectional(&mut client, &mut upstream).await?;
            return Ok(());
        }
        Tls::Intercept | Tls::Replay => {}
    }
    let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), client).await?;
    let host = hello.client_hello().server_name().unwrap().to_owned();
    let mut client = hello.into_stream(forged(&host)).await?;
    let mut upstream = TlsConnector::from(client_of(root))
        .connect(ServerName::try_from(host).unwrap(), TcpStream::connect(canary).await?)
        .await?;
    if matches!(tls, Tls::Replay) {
        let old = format!("GET /{} HTTP/1.1\r\nHost: {NAME}\r\n\r\n", "ab".repeat(16));
        upstream.write_all(old.as_bytes()).await?;
        let mut reply = Vec::new();
        upstream.read_to_end(&mut reply).await?;
        let _ = client.read(&mut [0; 1024]).await?;
        client.write_all(&reply).await?;
        return client.shutdown().await;
    }
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}

/// Looks without reading: closed with the client's bytes unread, TCP makes a reset of it.
async fn offers_tls13(client: &TcpStream) -> std::io::Result<bool> {
    let mut hello = [0; 2048];
    let length = client.peek(&mut hello).await?;
    Ok(hello[..length].windows(OFFERS_TLS13.len()).any(|window| window == OFFERS_TLS13))
}

async fn http_one(http: Http, mut client: TcpStream, canary: SocketAddr) -> std::io::Result<()> {
    let (request, response) = match http {
        Http::Drip => return drip(&mut client).await,
        Http::Flood => return flood(&mut client).await,
        Http::Pass => ((|bytes| bytes) as fn(Vec<u8>) -> Vec<u8>, (|bytes| bytes) as fn(Vec<u8>) -> Vec<u8>),
        Http::Change { request, response } => (request, response),
    };
    // The agent's requests come in one piece.
    let mut asked = vec![0; 4096];
    let length = client.read(&mut asked).await?;
    asked.truncate(length);
    let mut upstream = TcpStream::connect(canary).await?;
    upstream.write_all(&request(asked)).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    client.write_all(&response(answer)).await?;
    client.shutdown().await
}

async fn drip(client: &mut TcpStream) -> std::io::Result<()> {
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".iter().cycle() {
        client.write_all(&[*byte]).await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

async fn flood<S: AsyncWrite + Unpin>(client: &mut S) -> std::io::Result<()> {
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n").await?;
    for _ in 0..1600 {
        client.write_all(&[b'x'; 65_536]).await?;
    }
    Ok(())
}

fn forged(host: &str) -> Arc<ServerConfig> {
    let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key);
    Arc::new(config.unwrap())
}

fn client_of(root: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let config =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_root_certificates(roots).with_no_client_auth())
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The real time: certificates are judged by it.
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(time::OffsetDateTime::now_utc().unix_timestamp())
    }
}

/// Bytes that never repeat.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for (byte, next) in buffer.iter_mut().zip(number.to_be_bytes().into_iter().cycle()) {
            *byte = next;
        }
        Ok(())
    }
}

/// A host that knows nothing.
struct Stranger;

impl DeviceHost for Stranger {
    fn installed_apps(&self) -> Fact<Inventory> {
        Fact::not_available("not told in tests")
    }

    fn device_posture(&self) -> DevicePosture {
        DevicePosture::not_available(Platform::Linux, "not told in tests")
    }

    fn network_snapshot(&self) -> NetworkSnapshot {
        NetworkSnapshot::not_available("not told in tests")
    }

    fn evaluate_trust(&self, _chain: &[Vec<u8>], _host: &str) -> Fact<TrustVerdict> {
        Fact::not_available("not told in tests")
    }
}
