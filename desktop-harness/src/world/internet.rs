//! The internet on loopback: two TLS servers of the organisation, and the router in front of them.
//!
//! The router is a real one for TCP: at home it forwards; in the café it terminates TLS with certificates that
//! it forges for whatever name the client asks for, and relays to the real server. The agent is not told.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use agent_core::platform::Clock;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor, TlsConnector};

use crate::CliError;
use crate::authority::{Authority, AuthorityError};
use crate::host::SystemClock;

/// Life of the certificates: a demo takes seconds, a developer's session hours.
const LIFETIME: time::Duration = time::Duration::DAY;

/// One of the organisation's servers, and the port at which the router forwards to it.
pub(super) struct Service {
    pub(super) host: &'static str,
    /// Where the router listens for it.
    pub(super) router: SocketAddr,
    server: SocketAddr,
}

/// Everything beyond the device. Ends when dropped.
pub(super) struct Internet {
    pub(super) services: Vec<Service>,
    authority: Arc<Authority>,
    servers: JoinSet<()>,
    router: JoinSet<()>,
}

impl Internet {
    /// Starts a server for each of `hosts` and, at `router`, a router that forwards.
    pub(super) async fn start(
        hosts: &[&'static str],
        router: IpAddr,
        authority: Authority,
    ) -> Result<Self, CliError> {
        let mut internet = Self {
            services: Vec::new(),
            authority: Arc::new(authority),
            servers: JoinSet::new(),
            router: JoinSet::new(),
        };
        for host in hosts {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let server = listener.local_addr()?;
            let tls = TlsAcceptor::from(server_config(&internet.authority, host)?);
            internet.servers.spawn(serve(listener, tls));
            let listener = TcpListener::bind((router, 0)).await?;
            let router = listener.local_addr()?;
            internet.router.spawn(forward(listener, server));
            internet.services.push(Service { host, router, server });
        }
        Ok(internet)
    }

    /// Moves the device behind a router that forwards.
    pub(super) async fn join_home(&mut self) -> Result<(), CliError> {
        self.router.shutdown().await;
        for service in &self.services {
            self.router.spawn(forward(TcpListener::bind(service.router).await?, service.server));
        }
        Ok(())
    }

    /// Moves the device behind a router that intercepts under `forger`.
    pub(super) async fn join_cafe(&mut self, forger: Authority) -> Result<(), CliError> {
        self.router.shutdown().await;
        let forger = Arc::new(forger);
        for service in &self.services {
            let listener = TcpListener::bind(service.router).await?;
            self.router.spawn(intercept(listener, service.server, forger.clone(), self.authority.clone()));
        }
        Ok(())
    }
}

/// A server with a new certificate for `host`.
fn server_config(authority: &Authority, host: &str) -> Result<Arc<ServerConfig>, AuthorityError> {
    let certificate = authority.issue(&[host.to_owned()], LIFETIME, SystemClock.now())?;
    certificate.into_server_config(rustls::ALL_VERSIONS).map(Arc::new)
}

/// Completes handshakes; the probes send nothing more.
async fn serve(listener: TcpListener, tls: TlsAcceptor) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let tls = tls.clone();
        connections.spawn(async move {
            if let Ok(mut stream) = tls.accept(stream).await {
                let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
            }
        });
    }
}

async fn forward(listener: TcpListener, server: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        connections.spawn(async move {
            if let Ok(mut upstream) = TcpStream::connect(server).await {
                let _ = copy_bidirectional(&mut client, &mut upstream).await;
            }
        });
    }
}

async fn intercept(listener: TcpListener, server: SocketAddr, forger: Arc<Authority>, real: Arc<Authority>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (forger, real) = (forger.clone(), real.clone());
        connections.spawn(async move {
            if let Err(error) = intercept_one(client, server, &forger, &real).await {
                log::debug!("café router: {error}");
            }
        });
    }
}

async fn intercept_one(
    client: TcpStream,
    server: SocketAddr,
    forger: &Authority,
    real: &Authority,
) -> Result<(), CliError> {
    let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), client).await?;
    let host = hello.client_hello().server_name().ok_or("no SNI")?.to_owned();
    let mut client = hello.into_stream(server_config(forger, &host)?).await?;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(real.certificate().clone())?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let upstream = TcpStream::connect(server).await?;
    let mut upstream =
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host)?, upstream).await?;
    copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}
