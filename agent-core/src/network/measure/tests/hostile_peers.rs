//! Peers that mean harm, on loopback. Like [`servers`](super::servers) they end with the test's runtime.

use std::io::Cursor;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256,
    PublicKeyData, SignatureAlgorithm, SigningKey,
};
use rustls::crypto::ring::{default_provider, sign};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer};
use rustls::{ServerConfig, ServerConnection, SignatureScheme, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::servers::each;
use crate::canary::{ClientHelloReader, EXPORTER_LABEL, Exporter};
use crate::model::Sha256;
use crate::network::observation::Certificate;
use crate::network::testing::leaf_key;

/// TLS with `chain`, under whatever key signs for it.
pub(super) fn config(
    chain: &[Certificate],
    key: Arc<dyn rustls::sign::SigningKey>,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let chain = chain.iter().map(|certificate| CertificateDer::from(certificate.as_der().to_vec())).collect();
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(CertifiedKey::new(chain, key)))))
}

/// The key of every leaf, for [`config`].
pub(super) fn leaf_signing_key() -> Arc<dyn rustls::sign::SigningKey> {
    sign::any_supported_type(&PrivatePkcs8KeyDer::from(leaf_key().serialize_der()).into()).unwrap()
}

/// Shakes hands properly up to the `most`th byte, and then is silent.
pub(super) async fn stalling(config: ServerConfig, most: usize) -> u16 {
    let config = Arc::new(config);
    each(move |stream| stall(stream, Arc::clone(&config), most)).await
}

async fn stall(mut stream: TcpStream, config: Arc<ServerConfig>, most: usize) {
    let mut session = ServerConnection::new(config).unwrap();
    let (mut sent, mut buffer) = (0, vec![0; 4096]);
    loop {
        let mut ready = Vec::new();
        while session.wants_write() {
            session.write_tls(&mut ready).unwrap();
        }
        ready.truncate(most - sent);
        sent += ready.len();
        if stream.write_all(&ready).await.is_err() {
            return;
        }
        let Ok(length @ 1..) = stream.read(&mut buffer).await else { return };
        session.read_tls(&mut Cursor::new(&buffer[..length])).unwrap();
        if session.process_new_packets().is_err() {
            return;
        }
    }
}

/// The record with the ServerHello, of TLS 1.2, for the client that `stream` leads to.
pub(super) async fn server_hello(stream: &mut TcpStream, config: Arc<ServerConfig>) -> Vec<u8> {
    let mut session = ServerConnection::new(config).unwrap();
    let mut buffer = vec![0; 4096];
    while !session.wants_write() {
        let length = stream.read(&mut buffer).await.unwrap();
        session.read_tls(&mut Cursor::new(&buffer[..length])).unwrap();
        session.process_new_packets().unwrap();
    }
    let mut flight = Vec::new();
    session.write_tls(&mut flight).unwrap();
    let length = 4 + usize::from(u16::from_be_bytes([flight[7], flight[8]]));
    record(22, &flight[5..5 + length])
}

/// One TLS record.
pub(super) fn record(content_type: u8, fragment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(fragment.len()).unwrap().to_be_bytes();
    [&[content_type, 3, 3], &length[..], fragment].concat()
}

/// Speaks TLS and serves each session by `serve`, which is given what a canary would sign of it.
pub(super) async fn tls_serving<F>(
    config: ServerConfig,
    serve: impl Fn(TlsStream<TcpStream>, Session) -> F + Clone + Send + 'static,
) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(Arc::new(config));
    each(move |stream| {
        let (acceptor, serve) = (acceptor.clone(), serve.clone());
        async move {
            let Some(client_hello) = client_hello(&stream).await else { return };
            if let Ok(stream) = acceptor.accept(stream).await {
                let exporter = stream.get_ref().1.export_keying_material([0; 32], EXPORTER_LABEL, None);
                let exporter = Exporter::from_bytes(exporter.unwrap());
                serve(stream, Session { exporter, client_hello }).await;
            }
        }
    })
    .await
}

/// What the end of a session knows of it.
#[derive(Clone, Copy)]
pub(super) struct Session {
    pub(super) exporter: Exporter,
    pub(super) client_hello: Sha256,
}

async fn client_hello(stream: &TcpStream) -> Option<Sha256> {
    let mut bytes = vec![0; 8192];
    loop {
        let length = stream.peek(&mut bytes).await.ok().filter(|length| *length > 0)?;
        let mut reader = ClientHelloReader::new();
        reader.push(&bytes[..length]);
        if let Some(digest) = reader.sha256() {
            return Some(digest);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Leads odd connections to one port and even ones to another, over all ports that it listens at.
pub(super) async fn alternating<const N: usize>(odd: u16, even: u16) -> [u16; N] {
    let count = Arc::new(AtomicUsize::new(0));
    let mut ports = [0; N];
    for port in &mut ports {
        let count = Arc::clone(&count);
        *port = each(move |mut stream| {
            let upstream = if count.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { odd } else { even };
            async move {
                let mut upstream = TcpStream::connect(("127.0.0.1", upstream)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut upstream).await;
            }
        })
        .await;
    }
    ports
}

/// Says `head` to every connection, then `piece` until the peer has enough; counts the connections.
pub(super) async fn pouring(head: impl Into<Vec<u8>>, piece: impl Into<Vec<u8>>) -> (u16, Arc<AtomicUsize>) {
    let (head, piece, count) = (Arc::new(head.into()), Arc::new(piece.into()), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    let port = each(move |mut stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        let (head, piece) = (Arc::clone(&head), Arc::clone(&piece));
        async move {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&head).await;
            while !piece.is_empty() && stream.write_all(&piece).await.is_ok() {}
        }
    })
    .await;
    (port, count)
}

/// A name server over UDP that answers each query with the datagrams of `reply`, again and again for as long as anybody
/// could listen; and over TCP with `stream`, whatever is asked.
pub(super) async fn flooding(
    reply: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + Sync + 'static,
    stream: Vec<u8>,
) -> SocketAddr {
    let (listener, socket) = loop {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()).await {
            break (listener, Arc::new(socket));
        }
    };
    let server = listener.local_addr().unwrap();
    let reply = Arc::new(reply);
    tokio::spawn(async move {
        let mut query = vec![0; 2000];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            let (socket, datagrams) = (Arc::clone(&socket), reply(&query[..length]));
            tokio::spawn(async move {
                for datagram in datagrams.iter().cycle().take(20_000) {
                    if socket.send_to(datagram, from).await.is_err() {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
            });
        }
    });
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let stream = stream.clone();
            tokio::spawn(async move {
                let _ = peer.read(&mut [0; 4096]).await;
                let _ = peer.write_all(&stream).await;
                while matches!(peer.read(&mut [0; 4096]).await, Ok(1..)) {}
            });
        }
    });
    server
}

/// A chain with an RSA key of 8192 bits, whose every signature is as long as a true one and is none.
pub(super) fn rsa_8192(host: &str) -> Vec<Certificate> {
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    let der = params.self_signed(&FakeRsa::new()).unwrap().der().to_vec();
    vec![Certificate::from_der(der.clone()); 16]
}

/// A chain whose every authority has three certificates and one name for all: a verifier that looks for a path may go
/// thousands of ways.
pub(super) fn crossed(host: &str) -> Vec<Certificate> {
    let keys: Vec<_> = (0..6).map(|_| KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap()).collect();
    let dated = |names: Vec<String>, serial: u64| {
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.serial_number = Some(serial.into());
        params
    };
    let mut authority = dated(Vec::new(), 0);
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuers: Vec<_> = keys.iter().map(|key| Issuer::from_params(&authority, key)).collect();
    let mut chain = vec![dated(vec![host.to_owned()], 1).signed_by(&leaf_key(), &issuers[0]).unwrap()];
    for (key, issuer) in keys.iter().zip(&issuers[1..]) {
        for serial in 0..3 {
            let mut params = dated(Vec::new(), serial);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            chain.push(params.signed_by(key, issuer).unwrap());
        }
    }
    chain.iter().map(|certificate| Certificate::from_der(certificate.der().to_vec())).collect()
}

/// A public key of RSA without its private key.
#[derive(Debug)]
pub(super) struct FakeRsa {
    der: Vec<u8>,
}

impl FakeRsa {
    pub(super) fn new() -> Self {
        // RSAPublicKey (RFC 8017, appendix A.1.1): an odd modulus of 8192 bits, and 65537.
        let mut der = vec![0x30, 0x82, 4, 10, 2, 0x82, 4, 1, 0];
        der.extend([0xd5; 1024]);
        der.extend([2, 3, 1, 0, 1]);
        Self { der }
    }
}

impl PublicKeyData for FakeRsa {
    fn der_bytes(&self) -> &[u8] {
        &self.der
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for FakeRsa {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(vec![0x55; 1024])
    }
}

impl rustls::sign::SigningKey for FakeRsa {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::RSA_PSS_SHA256).then(|| Box::new(Self::new()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> rustls::SignatureAlgorithm {
        rustls::SignatureAlgorithm::RSA
    }
}

impl Signer for FakeRsa {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        Ok(vec![0x55; 1024])
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PSS_SHA256
    }
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
