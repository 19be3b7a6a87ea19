//! A canary's life: started, running, stopped.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use agent_core::canary::{CanarySettings, KeySet};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::config::{Config, Listen};
use super::content::Contents;
use super::dns::{self, Zone};
use super::error::CanaryError;
use super::limits::{
    CONNECTION_BURST, CONNECTIONS_PER_SECOND, DATAGRAM_BURST, DATAGRAMS_PER_SECOND, MAX_CONNECTION_TIME,
    MAX_CONNECTIONS,
};
use super::listen::{self, Gate};
use super::peers::PeerLimit;
use super::service::{Service, authority};
use super::{http, tls};

/// Starts canaries. Several may run in one process.
pub struct Canary;

/// The addresses that a canary listens on, in the order in which they were asked for.
pub type Addresses = Listen;

/// A canary at work. Dropped, it ends at once; [`Running::stop`] lets it finish.
pub struct Running {
    /// Where it listens.
    pub addresses: Addresses,
    /// What agents need to know of it: for the organisation's signed settings.
    pub settings: CanarySettings,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Canary {
    /// Binds all addresses and begins to answer. Needs a tokio runtime.
    pub async fn start(config: Config) -> Result<Running, CanaryError> {
        let zone = config.zone.as_deref().map(|zone| Zone::new(zone, &config.name)).transpose()?;
        if zone.is_none() && !config.listen.dns.is_empty() {
            return Err(CanaryError::Config("a name server needs a zone".to_owned()));
        }
        let keys = std::iter::once(config.signer.public()).chain(config.next_key).collect();
        let keys = KeySet::new(keys)?;
        let private_anchors = config.identity.private_anchors.clone();
        let acceptor = tls::acceptor(config.identity)?;
        let sockets = Sockets::bind(&config.listen).await?;
        let addresses = sockets.addresses.clone();
        let Some(tls_port) = first_port(&addresses.tls) else {
            return Err(CanaryError::Config("at least one TLS address is needed".to_owned()));
        };

        let settings = CanarySettings {
            name: config.name.clone(),
            addresses: config.addresses,
            tls_port,
            http_port: first_port(&addresses.http),
            dns_port: first_port(&addresses.dns),
            zone: zone.as_ref().map(|zone| zone.text().to_owned()),
            keys,
            network: config.network,
            private_anchors,
        };
        let service = Service {
            contents: Contents::new(&authority(&config.name, tls_port)),
            name: config.name,
            tls_port,
            zone,
            signer: config.signer,
            clock: config.clock,
        };
        let (stop, stopped) = watch::channel(false);
        let tasks = sockets.serve(Arc::new(service), acceptor, stopped);
        Ok(Running { addresses, settings, stop, tasks })
    }
}

impl Running {
    /// Accepts nothing more, lets open connections end for a short while, and returns when all is closed.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

fn first_port(addresses: &[SocketAddr]) -> Option<u16> {
    addresses.first().map(SocketAddr::port)
}

/// Bound, but not yet answering.
struct Sockets {
    addresses: Addresses,
    tls: Vec<tokio::net::TcpListener>,
    http: Vec<tokio::net::TcpListener>,
    dns_tcp: Vec<tokio::net::TcpListener>,
    dns_udp: Vec<tokio::net::UdpSocket>,
}

impl Sockets {
    async fn bind(wanted: &Listen) -> Result<Self, CanaryError> {
        let mut sockets = Self {
            addresses: Addresses::default(),
            tls: Vec::new(),
            http: Vec::new(),
            dns_tcp: Vec::new(),
            dns_udp: Vec::new(),
        };
        for address in &wanted.tls {
            let (listener, bound) = listen::tcp(*address).await?;
            sockets.tls.push(listener);
            sockets.addresses.tls.push(bound);
        }
        for address in &wanted.http {
            let (listener, bound) = listen::tcp(*address).await?;
            sockets.http.push(listener);
            sockets.addresses.http.push(bound);
        }
        for address in &wanted.dns {
            let (listener, socket, bound) = listen::tcp_and_udp(*address).await?;
            sockets.dns_tcp.push(listener);
            sockets.dns_udp.push(socket);
            sockets.addresses.dns.push(bound);
        }
        Ok(sockets)
    }

    fn serve(
        self,
        service: Arc<Service>,
        acceptor: tokio_rustls::TlsAcceptor,
        stop: watch::Receiver<bool>,
    ) -> JoinSet<()> {
        let now = Instant::now();
        let gate = Gate {
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            peers: Arc::new(PeerLimit::new(CONNECTION_BURST, CONNECTIONS_PER_SECOND, now)),
            connection_time: MAX_CONNECTION_TIME,
            stop: stop.clone(),
        };
        // Apart from the connections' table, so that forged sources of datagrams lock nobody out of TCP.
        let datagrams = Arc::new(PeerLimit::new(DATAGRAM_BURST, DATAGRAMS_PER_SECOND, now));

        let mut tasks = JoinSet::new();
        for listener in self.tls {
            let (service, acceptor) = (Arc::clone(&service), acceptor.clone());
            tasks.spawn(listen::accept(listener, gate.clone(), move |stream, peer| {
                let (service, acceptor) = (Arc::clone(&service), acceptor.clone());
                async move { tls::serve(&service, &acceptor, stream, peer).await }
            }));
        }
        for listener in self.http {
            let service = Arc::clone(&service);
            tasks.spawn(listen::accept(listener, gate.clone(), move |stream, peer| {
                let service = Arc::clone(&service);
                async move { http::serve(&service, stream, peer).await }
            }));
        }
        for listener in self.dns_tcp {
            let service = Arc::clone(&service);
            tasks.spawn(listen::accept(listener, gate.clone(), move |stream, peer| {
                let service = Arc::clone(&service);
                async move { dns::serve_tcp(&service, stream, peer).await }
            }));
        }
        for socket in self.dns_udp {
            tasks.spawn(dns::serve_udp(Arc::clone(&service), socket, Arc::clone(&datagrams), stop.clone()));
        }
        tasks
    }
}
