//! TLS on one connection: terminated here, so that the exporter is this process's own.
//!
//! TLS 1.3 and, for a client that offers no more, 1.2 with extended master secret (RFC 7627), under which the exporter
//! binds the session too: a network that blocks 1.3 can then be told from one that blocks everything, and rustls sets
//! the downgrade sentinel of RFC 8446, section 4.1.3. Nothing is resumed, so that every session shows a full handshake.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use agent_core::canary::{ClientHelloReader, DOH_PATH, EXPORTER_LABEL, Exporter};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::dns::doh;
use super::error::CanaryError;
use super::http::{Channel, read_head, reply, respond};
use super::identity::Identity;
use super::service::{Seen, Service, Session};

/// A server that shows `identity`.
pub fn acceptor(identity: Identity) -> Result<TlsAcceptor, CanaryError> {
    let mut config = identity.certificate.into_server_config(&[&TLS13, &TLS12])?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.require_ems = true;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Shakes hands and answers one request.
pub async fn serve(
    service: &Service,
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    peer: IpAddr,
) -> io::Result<()> {
    let mut stream = acceptor.accept(Tap { stream, client_hello: ClientHelloReader::new() }).await?;
    let Some(session) = session(&stream) else { return Ok(()) };
    let Some(head) = read_head(&mut stream).await? else { return Ok(()) };

    let asks_dns = |target: &str| target.split('?').next() == Some(DOH_PATH);
    let response = if head.request_line().is_some_and(|(_, target)| asks_dns(target)) {
        Some(doh::respond(service, &mut stream, head, peer).await?)
    } else {
        respond(service, Seen { peer, head: head.bytes() }, &head, Channel::Tls(&session))
    };
    match response {
        Some(response) => reply(&mut stream, &response).await,
        None => Ok(()),
    }
}

fn session(stream: &TlsStream<Tap>) -> Option<Session> {
    let (tap, connection) = stream.get_ref();
    let exporter = connection.export_keying_material([0; 32], EXPORTER_LABEL, None).ok()?;
    Some(Session { exporter: Exporter::from_bytes(exporter), client_hello: tap.client_hello.sha256()? })
}

/// The connection below TLS, with an ear for the ClientHello.
struct Tap {
    stream: TcpStream,
    client_hello: ClientHelloReader,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Some(new) = buffer.filled().get(before..) {
            self.client_hello.push(new);
        }
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
