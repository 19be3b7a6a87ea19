//! Servers on loopback, each of one temper. They end with the test's runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::crypto::ring::{default_provider, sign};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::network::observation::Certificate;
use crate::network::testing::leaf_key;

/// Serves each connection by `serve`; the port.
pub(super) async fn each<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

/// Speaks TLS with `chain` and the key that its leaf should have.
pub(super) async fn tls(chain: Vec<Certificate>) -> u16 {
    tls_with(chain, &leaf_key(), rustls::ALL_VERSIONS, &["h2"]).await
}

pub(super) async fn tls_with(
    chain: Vec<Certificate>,
    key: &rcgen::KeyPair,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&str],
) -> u16 {
    let acceptor = TlsAcceptor::from(Arc::new(config(chain, key, versions, alpn)));
    each(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let received = stream.read(&mut [0; 64]).await;
                assert!(!matches!(received, Ok(1..)), "the probe must send nothing");
            }
        }
    })
    .await
}

fn config(
    chain: Vec<Certificate>,
    key: &rcgen::KeyPair,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&str],
) -> ServerConfig {
    let chain = chain.iter().map(|certificate| CertificateDer::from(certificate.as_der().to_vec())).collect();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let certified = CertifiedKey::new(chain, sign::any_supported_type(&key).unwrap());
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(certified))));
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    config
}

/// Answers each request over TLS with `response`.
pub(super) async fn https(chain: Vec<Certificate>, response: impl Into<Vec<u8>>) -> u16 {
    let response = Arc::new(response.into());
    let acceptor =
        TlsAcceptor::from(Arc::new(config(chain, &leaf_key(), rustls::ALL_VERSIONS, &["http/1.1"])));
    each(move |stream| {
        let (acceptor, response) = (acceptor.clone(), Arc::clone(&response));
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(&response).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

/// Takes connections and says nothing.
pub(super) async fn silent() -> u16 {
    each(|mut stream| async move { while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {} }).await
}

/// Like [`silent`], and tells when a connection has ended.
pub(super) async fn watching() -> (u16, mpsc::UnboundedReceiver<()>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let port = each(move |mut stream| {
        let sender = sender.clone();
        async move {
            while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
            sender.send(()).unwrap();
        }
    })
    .await;
    (port, receiver)
}

/// Like [`silent`], and counts connections.
pub(super) async fn counting() -> (u16, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let port = each(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async {}
    })
    .await;
    (port, count)
}

/// Closes with the peer's bytes unread, which TCP makes a reset.
pub(super) async fn resetting() -> u16 {
    each(|stream| async move {
        stream.readable().await.unwrap();
        drop(stream);
    })
    .await
}

/// Reads a little, then sends `bytes` and closes.
pub(super) async fn saying(bytes: impl Into<Vec<u8>>) -> u16 {
    let bytes = Arc::new(bytes.into());
    each(move |mut stream| {
        let bytes = Arc::clone(&bytes);
        async move {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(&bytes).await;
            // Until the peer has read: an early close would lose what is under way.
            while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
        }
    })
    .await
}

/// Sends `head`, then `piece` without end, `pause` apart.
pub(super) async fn endless(head: &'static [u8], piece: impl Into<Vec<u8>>, pause: Duration) -> u16 {
    let piece = Arc::new(piece.into());
    each(move |mut stream| {
        let piece = Arc::clone(&piece);
        async move {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(head).await;
            while stream.write_all(&piece).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        }
    })
    .await
}

/// A port on which nobody listens.
pub(super) async fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
