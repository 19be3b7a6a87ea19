//! A device, and servers that misbehave in a given way.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::connector::wire::Enrolment;
use crate::connector::{Client, EnrolmentPayload, OneTimeToken};
use crate::model::{SpkiPin, Timestamp};
use crate::platform::{
    Clock, DeviceKey, Entropy, Es256Signature, KeyAttestation, KeyProtection, KeySlot, PlatformError, Signer,
};
use crate::report::jwk::{Jwk, PublicKey};
use crate::report::jws;

/// 2026-09-21.
pub const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

pub struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), PlatformError> {
        buffer.fill(7);
        Ok(())
    }
}

pub struct TestKey {
    pair: EcdsaKeyPair,
    pub public: PublicKey,
}

impl TestKey {
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let jwk = Jwk {
            crv: "P-256".to_owned(),
            kty: "EC".to_owned(),
            x: BASE64_URL_SAFE_NO_PAD.encode(x),
            y: BASE64_URL_SAFE_NO_PAD.encode(y),
        };
        let public = PublicKey::from_jwk(&jwk).unwrap();
        Self { pair, public }
    }

    pub fn sign<T: Serialize>(&self, typ: &str, claims: &T) -> String {
        jws::sign(typ, &serde_json::to_vec(claims).unwrap(), self).unwrap()
    }
}

impl Signer for TestKey {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Ok(self.public.to_spki_der())
    }

    fn sign_es256(&self, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        Ok(Es256Signature::Raw(signature.as_ref().to_vec()))
    }
}

/// The same key in both slots: what a client asks of it is all that matters here.
impl DeviceKey for TestKey {
    fn public_key_spki_der(&self, _: KeySlot) -> Result<Option<Vec<u8>>, PlatformError> {
        Signer::public_key_spki_der(self).map(Some)
    }

    fn sign_es256(&self, _: KeySlot, message: &[u8]) -> Result<Es256Signature, PlatformError> {
        Signer::sign_es256(self, message)
    }

    fn protection(&self, _: KeySlot) -> Result<KeyProtection, PlatformError> {
        Ok(KeyProtection::Software)
    }

    fn make_candidate(&self, _: &[u8]) -> Result<Option<KeyAttestation>, PlatformError> {
        Ok(None)
    }

    fn adopt_candidate(&self) -> Result<(), PlatformError> {
        Ok(())
    }
}

/// The key of every [`client`].
static DEVICE: LazyLock<Arc<TestKey>> = LazyLock::new(|| Arc::new(TestKey::new()));

/// A certification authority.
pub struct Ca {
    pub issuer: Issuer<'static, KeyPair>,
    pub certificate: CertificateDer<'static>,
    pub pin: SpkiPin,
}

impl Ca {
    pub fn new(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let pin = SpkiPin::of_spki(&key.subject_public_key_info());
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "a CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { issuer: Issuer::new(params, key), certificate, pin }
    }

    /// A certificate for `localhost`, with its key.
    pub fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        (params.signed_by(&key, &self.issuer).unwrap().der().clone(), key)
    }
}

/// What a server does with a connection.
#[derive(Clone)]
pub enum Behaviour {
    /// Reads the request, writes this and closes.
    Answer(Vec<u8>),
    /// As [`Self::Answer`], one answer a connection.
    Answers(Vec<Vec<u8>>),
    /// Answers one request after the other on the connection that it comes by, and closes after so many each.
    KeepAlive { answers: Vec<Vec<u8>>, per_connection: usize },
    /// Reads the request and never answers.
    Silent,
    /// Writes this head, then bytes without end.
    Endless(&'static str),
    /// Writes this before any TLS.
    NotTls(&'static [u8]),
    /// Offers only TLS 1.2.
    OldTls(Vec<u8>),
}

/// A server on loopback with a CA of its own.
pub struct Server {
    pub ca: Ca,
    pub addr: SocketAddr,
    /// The requests that came through, decrypted.
    pub requests: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Connections that completed a handshake.
    pub connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(behaviour: Behaviour) -> Self {
        Self::start_at(|_| behaviour).await
    }

    /// Starts a server whose behaviour depends on its URL.
    pub async fn start_at(behaviour: impl FnOnce(&str) -> Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let behaviour = behaviour(&url(addr));
        let ca = Ca::new(|_| ());
        let (leaf, key) = ca.leaf(|_| ());
        let versions = match behaviour {
            Behaviour::OldTls(_) => &[&rustls::version::TLS12],
            _ => &[&rustls::version::TLS13],
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf, ca.certificate.clone()], key)
            .unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::default();
        let task = tokio::spawn(serve(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            behaviour,
            Arc::clone(&requests),
            Arc::clone(&connections),
        ));
        Self { ca, addr, requests, connections, task }
    }

    pub fn url(&self) -> String {
        url(self.addr)
    }

    pub fn payload(&self) -> EnrolmentPayload {
        let token = OneTimeToken::try_from("secret-token".to_owned()).unwrap();
        let pins = vec![self.ca.pin, SpkiPin::of_spki(b"backup")];
        EnrolmentPayload::new(&self.url(), pins, token, "acme").unwrap()
    }

    /// An enrolment at this server, under the connector key `key`.
    pub fn enrolment(&self, key: &TestKey) -> Enrolment {
        enrolment(&self.url(), vec![self.ca.pin, SpkiPin::of_spki(b"backup")], key)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn url(addr: SocketAddr) -> String {
    format!("https://localhost:{}", addr.port())
}

pub fn enrolment(url: &str, spki_pins: Vec<SpkiPin>, key: &TestKey) -> Enrolment {
    Enrolment {
        device_id: "d1".to_owned(),
        tenant: "acme".to_owned(),
        iss: format!("{url}/mtd/acme/d/d1"),
        aud: format!("{url}/mtd/acme/set"),
        connector_url: url.to_owned(),
        spki_pins,
        connector_jwk: key.public.to_jwk(),
        epoch: "e1".to_owned(),
        key_protection: "software".to_owned(),
        kid: DEVICE.public.thumbprint(),
    }
}

pub fn client(timeout: Duration) -> Client {
    Client::new(DEVICE.clone(), Arc::new(Fixed), Arc::new(Fixed)).with_timeout(timeout)
}

/// Long enough for a busy machine.
pub const PATIENT: Duration = Duration::from_secs(10);
/// Short enough for a test that waits for it.
pub const HASTY: Duration = Duration::from_millis(300);

/// An answer with a body.
pub fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    behaviour: Behaviour,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    connections: Arc<AtomicUsize>,
) {
    let mut answered = 0;
    for connection in 0.. {
        let (mut tcp, _) = listener.accept().await.unwrap();
        if let Behaviour::NotTls(bytes) = behaviour {
            let _ = tcp.write_all(bytes).await;
            continue;
        }
        let Ok(mut stream) = tls.accept(tcp).await else { continue };
        connections.fetch_add(1, Ordering::SeqCst);
        if let Behaviour::KeepAlive { answers, per_connection } = &behaviour {
            for _ in 0..*per_connection {
                let request = read_request(&mut stream).await;
                if request.is_empty() {
                    break;
                }
                requests.lock().unwrap().push(request);
                let Some(answer) = answers.get(answered) else { break };
                answered += 1;
                let _ = stream.write_all(answer).await;
            }
            let _ = stream.shutdown().await;
            continue;
        }
        let request = read_request(&mut stream).await;
        if !request.is_empty() {
            requests.lock().unwrap().push(request);
        }
        let bytes = match &behaviour {
            Behaviour::Answer(bytes) | Behaviour::OldTls(bytes) => bytes.clone(),
            Behaviour::Answers(answers) => answers[connection].clone(),
            Behaviour::Silent => std::future::pending().await,
            Behaviour::Endless(head) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&[b'x'; 65536]).await.is_ok() {}
                continue;
            }
            Behaviour::NotTls(_) | Behaviour::KeepAlive { .. } => Vec::new(),
        };
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
    }
}

/// Reads a request with its body, or what there is of it.
async fn read_request<S: AsyncReadExt + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut request = Vec::new();
    while let Ok(1..) = stream.read_buf(&mut request).await {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            break;
        }
    }
    request
}
