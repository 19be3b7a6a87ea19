//! Listening: accepts connections, within limits, until told to stop.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::error::CanaryError;
use super::limits::{ACCEPT_PAUSE, PORT_ATTEMPTS, STOP_TIME};
use super::peers::PeerLimit;

/// What all TCP listeners of a canary share.
#[derive(Clone)]
pub struct Gate {
    /// One permit a connection.
    pub connections: Arc<Semaphore>,
    /// How often one peer may connect.
    pub peers: Arc<PeerLimit>,
    /// Longest life of a connection.
    pub connection_time: Duration,
    /// Turns true when the canary stops.
    pub stop: watch::Receiver<bool>,
}

/// A TCP listener and the address that it got.
pub async fn tcp(address: SocketAddr) -> Result<(TcpListener, SocketAddr), CanaryError> {
    let bound = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    bound.await.map_err(|why| CanaryError::Listen { address, why })
}

/// A TCP listener and a UDP socket on one address, and the address that they got.
pub async fn tcp_and_udp(address: SocketAddr) -> Result<(TcpListener, UdpSocket, SocketAddr), CanaryError> {
    let mut attempts = if address.port() == 0 { PORT_ATTEMPTS } else { 1 };
    loop {
        let (listener, bound) = tcp(address).await?;
        attempts -= 1;
        match UdpSocket::bind(bound).await {
            Ok(socket) => return Ok((listener, socket, bound)),
            Err(why) if attempts == 0 => return Err(CanaryError::Listen { address: bound, why }),
            Err(_) => {}
        }
    }
}

/// Serves connections until the canary stops; then lets open ones end, for a short while.
///
/// Whoever comes when the house is full, or comes too often, is shown out without a word.
pub async fn accept<F>(listener: TcpListener, mut gate: Gate, serve: impl Fn(TcpStream, IpAddr) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = gate.stop.changed() => break,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, from)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let peer = from.ip().to_canonical();
        if !gate.peers.allow(peer, Instant::now()) {
            continue;
        }
        let Ok(permit) = Arc::clone(&gate.connections).try_acquire_owned() else { continue };
        // Replies are one write: nothing to gather.
        let _ = stream.set_nodelay(true);
        let served = timeout(gate.connection_time, serve(stream, peer));
        connections.spawn(async move {
            // What went wrong with one peer is that peer's business.
            let _ = served.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = timeout(STOP_TIME, async { while connections.join_next().await.is_some() {} }).await;
}
