//! What the canary's TLS reply proves, with a man in the middle and without.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use agent_core::canary::{ClientHelloReader, EXPORTER_LABEL, Exporter, Resource, TlsReply};
use agent_core::model::Sha256;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tokio::io::ReadBuf;
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;

#[tokio::test]
async fn both_ends_of_one_session_see_the_same() {
    let lab = Lab::start().await;
    let asked = ask(lab.tls(), &client(&lab.root(), &[&rustls::version::TLS13])).await;
    let reply = asked.reply(&lab);
    assert_eq!(asked.version, Some(ProtocolVersion::TLSv1_3));
    assert_eq!(reply.tls_exporter, asked.exporter);
    assert_eq!(Some(reply.client_hello_sha256), asked.client_hello);
    assert_eq!(reply.request_as_received_sha256, Sha256::of(&asked.request));
    assert_eq!(reply.server_time, NOW);
    assert_eq!(reply.peer.to_string(), "127.0.0.1");
}

#[tokio::test]
async fn tls_1_2_is_bound_too() {
    let lab = Lab::start().await;
    let asked = ask(lab.tls(), &client(&lab.root(), &[&rustls::version::TLS12])).await;
    let reply = asked.reply(&lab);
    assert_eq!(asked.version, Some(ProtocolVersion::TLSv1_2));
    assert_eq!((reply.tls_exporter, Some(reply.client_hello_sha256)), (asked.exporter, asked.client_hello));
}

#[tokio::test]
async fn client_hello_in_many_records_has_the_same_digest() {
    let lab = Lab::start().await;
    let mut config = client(&lab.root(), &[&rustls::version::TLS13]);
    config.max_fragment_size = Some(64);
    let asked = ask(lab.tls(), &config).await;
    assert_eq!(Some(asked.reply(&lab).client_hello_sha256), asked.client_hello);
}

#[tokio::test]
async fn sessions_are_never_resumed() {
    let lab = Lab::start().await;
    let mut config = client(&lab.root(), &[&rustls::version::TLS13, &rustls::version::TLS12]);
    config.resumption = Resumption::in_memory_sessions(8);
    for _ in 0..2 {
        assert_eq!(ask(lab.tls(), &config).await.handshake, Some(rustls::HandshakeKind::Full));
    }
}

#[tokio::test]
async fn man_in_the_middle_with_a_trusted_root_is_seen() {
    let lab = Lab::start().await;
    let evil = tempfile::tempdir().unwrap();
    let identity = Identity::self_made(evil.path(), NAME, &[], now()).unwrap();
    let trusted = identity.certificate.chain.last().unwrap().clone();
    let middle = intercept(identity, lab.tls(), client(&lab.root(), &[&rustls::version::TLS13])).await;

    let asked = ask(middle, &client(&trusted, &[&rustls::version::TLS13])).await;
    // The reply is genuine: it tells of the other session.
    let reply = asked.reply(&lab);
    assert_ne!(reply.tls_exporter, asked.exporter);
    assert_ne!(Some(reply.client_hello_sha256), asked.client_hello);
}

#[tokio::test]
async fn proxy_that_passes_tls_through_is_no_man_in_the_middle() {
    let lab = Lab::start().await;
    let (listener, middle) = listen::tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let target = lab.tls();
    tokio::spawn(async move {
        let (mut inner, _) = listener.accept().await.unwrap();
        let mut outer = TcpStream::connect(target).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut inner, &mut outer).await;
    });
    let asked = ask(middle, &client(&lab.root(), &[&rustls::version::TLS13])).await;
    assert_eq!(asked.reply(&lab).tls_exporter, asked.exporter);
}

#[tokio::test]
async fn content_is_the_same_over_tls_and_in_clear() {
    let lab = Lab::start().await;
    for name in ["page.html", "script.js", "image.png"] {
        let request = get(&format!("/{}/{name}", nonce(3)));
        let mut tls = connect(lab.tls(), &client(&lab.root(), &[&rustls::version::TLS13])).await;
        assert_eq!(exchange(&mut tls, &request).await.body, lab.ask(&request).await.body);
    }
}

impl Lab {
    /// The certificate of the canary's own authority.
    pub(super) fn root(&self) -> CertificateDer<'static> {
        use rustls::pki_types::pem::PemObject;
        CertificateDer::from_pem_file(self._data.path().join("ca.pem")).unwrap()
    }
}

pub(super) fn client(
    root: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub(super) async fn connect(to: SocketAddr, config: &ClientConfig) -> TlsStream<Recorded> {
    let stream = TcpStream::connect(to).await.unwrap();
    let recorded = Recorded { stream, client_hello: ClientHelloReader::new() };
    let name = ServerName::try_from(NAME).unwrap();
    TlsConnector::from(Arc::new(config.clone())).connect(name, recorded).await.unwrap()
}

/// A question for the binding, and the client's view of the session.
struct Asked {
    request: Vec<u8>,
    answer: Answer,
    exporter: Exporter,
    client_hello: Option<Sha256>,
    version: Option<ProtocolVersion>,
    handshake: Option<rustls::HandshakeKind>,
}

impl Asked {
    fn reply(&self, lab: &Lab) -> TlsReply {
        self.answer.verify((), nonce(1), lab.keys()).unwrap()
    }
}

async fn ask(to: SocketAddr, config: &ClientConfig) -> Asked {
    let mut stream = connect(to, config).await;
    let request = get(&Resource::Root.path(&nonce(1)));
    let answer = exchange(&mut stream, &request).await;
    let (recorded, connection): (&Recorded, &ClientConnection) = stream.get_ref();
    let exporter = connection.export_keying_material([0; 32], EXPORTER_LABEL, None).unwrap();
    Asked {
        request,
        answer,
        exporter: Exporter::from_bytes(exporter),
        client_hello: recorded.client_hello.sha256(),
        version: connection.protocol_version(),
        handshake: connection.handshake_kind(),
    }
}

/// Ends TLS under `identity`, opens a session of its own to `target`, and passes everything on.
async fn intercept(identity: Identity, target: SocketAddr, config: ClientConfig) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = tls::acceptor(identity).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut inner = acceptor.accept(stream).await.unwrap();
        let mut outer = connect(target, &config).await;
        let _ = tokio::io::copy_bidirectional(&mut inner, &mut outer).await;
    });
    address
}

/// A connection that notes the ClientHello it sends.
pub(super) struct Recorded {
    stream: TcpStream,
    client_hello: ClientHelloReader,
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.client_hello.push(&bytes[..written]);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
