//! DNS over UDP.

use std::sync::Arc;
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::sync::watch;

use super::answer::{Transport, answer};
use crate::canary::limits::{ACCEPT_PAUSE, MAX_DNS_QUERY};
use crate::canary::peers::PeerLimit;
use crate::canary::service::Service;

/// Answers datagrams until `stop` says so. One that comes too often from one peer is dropped: its source may be forged.
pub async fn serve(
    service: Arc<Service>,
    socket: UdpSocket,
    peers: Arc<PeerLimit>,
    mut stop: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; MAX_DNS_QUERY];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            _ = stop.changed() => return,
        };
        let Ok((length, from)) = received else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let peer = from.ip().to_canonical();
        if !peers.allow(peer, Instant::now()) {
            continue;
        }
        let query = buffer.get(..length).unwrap_or_default();
        if let Some(reply) = answer(&service, query, peer, Transport::Datagram) {
            // A full send buffer loses the answer, as the network may: the client asks again.
            let _ = socket.try_send_to(&reply, from);
        }
    }
}
