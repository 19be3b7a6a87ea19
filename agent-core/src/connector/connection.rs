//! The one connection of a client, kept between its calls.
//!
//! Who makes a call takes it, and puts it back when the answer has been read to its end: so it is used by one call at a
//! time, and whatever broke off is dropped with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use tokio::task::JoinSet;

use super::route::Trust;

/// A server, and by what it was known when the connection was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub host: String,
    pub port: u16,
    pub trust: Trust,
}

/// An open connection.
pub(super) struct Connection {
    pub peer: Peer,
    pub sender: SendRequest<Full<Bytes>>,
    /// Drives the connection; aborted when dropped, so that no connection outlives its client.
    pub _driver: JoinSet<()>,
    /// Whether the chain is one of the organisation's inspection, not a pinned one.
    pub inspected: bool,
}

/// Keeps one connection.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Option<Connection>>,
    opened: AtomicU64,
}

impl Pool {
    /// The connection to `peer`, if there is one that is still open. One to another is dropped.
    pub(super) fn take(&self, peer: &Peer) -> Option<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        idle.filter(|connection| connection.peer == *peer && !connection.sender.is_closed())
    }

    pub(super) fn put(&self, connection: Connection) {
        if !connection.sender.is_closed() {
            *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
    }

    pub(super) fn count(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    /// Connections that were made so far.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }
}
