//! Counts what probes send and receive, and ends what a peer sends without end: one connection, or all of them
//! together.
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

use crate::network::limits::{MAX_RECEIVED, MAX_SCAN_DATAGRAMS, MAX_SCAN_RECEIVED};
use crate::network::observation::Traffic;

/// The traffic of one scan.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sent: AtomicU64,
    /// Over connections.
    received: AtomicU64,
    /// In datagrams.
    datagrams: AtomicU64,
}

impl Meter {
    /// Counts a datagram sent.
    pub(super) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts a datagram received.
    pub(super) fn received(&self, bytes: usize) {
        self.datagrams.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether another datagram may be received.
    pub(super) fn takes_datagrams(&self) -> bool {
        self.datagrams.load(Ordering::Relaxed) < MAX_SCAN_DATAGRAMS
    }

    pub(super) fn traffic(&self) -> Traffic {
        let received = self.received.load(Ordering::Relaxed) + self.datagrams.load(Ordering::Relaxed);
        Traffic { sent: self.sent.load(Ordering::Relaxed), received }
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

    /// Bytes that may still be received. Connections that read at the same moment may each use up the scan's last.
    fn room(&self) -> io::Result<u64> {
        let (own, scan) = (self.received, self.meter.received.load(Ordering::Relaxed));
        let room = MAX_RECEIVED.saturating_sub(own).min(MAX_SCAN_RECEIVED.saturating_sub(scan));
        if room > 0 {
            return Ok(room);
        }
        let what = if own < MAX_RECEIVED {
            format!("the scan received {MAX_SCAN_RECEIVED} bytes, as many as it may")
        } else {
            format!("the peer sent {MAX_RECEIVED} bytes and more")
        };
        Err(io::Error::new(io::ErrorKind::QuotaExceeded, what))
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = usize::try_from(self.room()?).unwrap_or(usize::MAX);
        let fitting = buffer.remaining().min(room);
        let mut piece = ReadBuf::new(buffer.initialize_unfilled_to(fitting));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut piece))?;
        let read = piece.filled().len();
        buffer.advance(read);
        self.meter.received.fetch_add(read as u64, Ordering::Relaxed);
        self.received += read as u64;
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
