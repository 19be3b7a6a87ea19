//! Counts what probes send and receive, and ends a connection whose peer sends without end.
//!
//! Counted are the bytes of TCP streams and UDP datagrams, to the byte; not their headers, and not what the system's
//! resolver sends to look up a name.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::network::limits::{MAX_RECEIVED, MAX_SCAN_RECEIVED};
use crate::network::observation::Traffic;

/// The traffic of one scan.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Meter {
    /// Counts a datagram sent.
    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a datagram received.
    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether this scan has received all that it may.
    pub(super) fn is_spent(&self) -> bool {
        self.received.load(Ordering::Relaxed) > MAX_SCAN_RECEIVED
    }

    pub(super) fn traffic(&self) -> Traffic {
        Traffic { sent: self.sent.load(Ordering::Relaxed), received: self.received.load(Ordering::Relaxed) }
    }
}

/// A connection that is counted and limited.
pub(super) struct Metered {
    stream: TcpStream,
    meter: Arc<Meter>,
    received: u64,
}

impl Metered {
    pub(super) const fn new(stream: TcpStream, meter: Arc<Meter>) -> Self {
        Self { stream, meter, received: 0 }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let read = (buffer.filled().len() - before) as u64;
        self.meter.received.fetch_add(read, Ordering::Relaxed);
        self.received += read;
        let too_much = |what| Poll::Ready(Err(io::Error::new(io::ErrorKind::QuotaExceeded, what)));
        if self.received > MAX_RECEIVED {
            return too_much(format!("the peer sent more than {MAX_RECEIVED} bytes"));
        }
        if self.meter.is_spent() {
            return too_much(format!("all peers together sent more than {MAX_SCAN_RECEIVED} bytes"));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buffer))?;
        self.meter.sent.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
