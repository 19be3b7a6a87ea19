//! The listeners: TLS 1.3, bounded in connections and time.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::version::TLS13;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::Connector;
use super::error::Error;
use super::http::{clear_router, router};
use super::limits::{
    ACCEPT_PAUSE, CONNECTION_LIFETIME, HANDSHAKE_TIMEOUT, HEAD_TIMEOUT, MAX_CONNECTIONS, MAX_HEAD,
    MAX_HEADERS, STOP_TIMEOUT,
};
use crate::authority::SERVER_LIFETIME;

/// A connector that serves. Dropping it stops the server without waiting.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Where it answers the captive portal probe in the clear.
    pub clear_addr: Option<SocketAddr>,
    /// The URL that devices are told.
    pub url: String,
    listener: Listener,
    clear: Option<ProbeServer>,
}

impl Running {
    /// Stops: no new connection is taken, open requests get a moment to end.
    pub async fn stop(self) {
        self.listener.stop().await;
        if let Some(clear) = self.clear {
            clear.0.stop().await;
        }
    }
}

/// A server that answers captive portal probes in the clear, and nothing else. Dropping it stops it.
pub struct ProbeServer(Listener);

impl ProbeServer {
    /// Starts answering at `address`, within the current tokio runtime.
    pub async fn start(address: SocketAddr) -> Result<Self, Error> {
        let (listener, addr) = bind(address).await?;
        Ok(Self(Listener::start(listener, addr, None, clear_router())))
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.0.addr
    }
}

impl Connector {
    /// Starts serving where the configuration says, within the current tokio runtime.
    pub async fn start(&self) -> Result<Running, Error> {
        self.start_at(self.0.config.listen).await
    }

    /// Starts serving at `address`: a connector that comes back is where its devices expect it.
    pub async fn start_at(&self, address: SocketAddr) -> Result<Running, Error> {
        let config = &self.0.config;
        let certificate = self.0.authority.issue(&config.names, SERVER_LIFETIME, self.now())?;
        let mut tls = certificate.into_server_config(&[&TLS13])?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = TlsAcceptor::from(Arc::new(tls));
        let (listener, addr) = bind(address).await?;
        let clear = match config.clear_http {
            Some(address) => Some(ProbeServer::start(address).await?),
            None => None,
        };
        let url = config.url(addr.port())?;
        self.set_url(&url)?;

        let clear_addr = clear.as_ref().map(ProbeServer::addr);
        let listener = Listener::start(listener, addr, Some(tls), router(self.clone()));
        tracing::info!(%addr, url, "connector listens");
        Ok(Running { addr, clear_addr, url, listener, clear })
    }
}

/// One port that is served. Dropping it stops it without waiting.
struct Listener {
    addr: SocketAddr,
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Listener {
    fn start(listener: TcpListener, addr: SocketAddr, tls: Option<TlsAcceptor>, router: Router) -> Self {
        let (stop, stopping) = watch::channel(());
        Self { addr, stop, task: tokio::spawn(serve(listener, tls, router, stopping)) }
    }

    async fn stop(self) {
        drop(self.stop);
        // A listener that panicked has stopped too.
        let _ = self.task.await;
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |why| Error::Listen { address, why };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Accepts until the other end of `stopping` is dropped.
async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: Router,
    mut stopping: watch::Receiver<()>,
) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let accepted = tokio::select! {
            accepted = accept => accepted,
            _ = stopping.changed() => break,
        };
        match accepted {
            (permit, Ok((tcp, _))) => {
                let (tls, router, stopping) = (tls.clone(), router.clone(), stopping.clone());
                connections.spawn(async move {
                    connection(tcp, tls, router, stopping).await;
                    drop(permit);
                });
            }
            (_, Err(_)) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
    // What is left after the time-out is aborted when the set is dropped.
    let _ = timeout(STOP_TIMEOUT, async { while connections.join_next().await.is_some() {} }).await;
}

async fn connection(tcp: TcpStream, tls: Option<TlsAcceptor>, router: Router, stopping: watch::Receiver<()>) {
    let Some(tls) = tls else { return requests(tcp, router, stopping).await };
    match timeout(HANDSHAKE_TIMEOUT, tls.accept(tcp)).await {
        Ok(Ok(stream)) => requests(stream, router, stopping).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
        Err(_) => tracing::debug!("TLS handshake took too long"),
    }
}

async fn requests<S>(stream: S, router: Router, mut stopping: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopping.changed() => wind_down(connection.as_mut()).await,
        () = tokio::time::sleep(CONNECTION_LIFETIME) => wind_down(connection.as_mut()).await,
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "connection broke off");
    }
}

type HttpConnection<S> = http1::Connection<TokioIo<S>, TowerToHyperService<Router>>;

/// Lets the request that is being served end, and takes no other.
async fn wind_down<S>(mut connection: std::pin::Pin<&mut HttpConnection<S>>) -> hyper::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    connection.as_mut().graceful_shutdown();
    timeout(STOP_TIMEOUT, connection).await.unwrap_or(Ok(()))
}
