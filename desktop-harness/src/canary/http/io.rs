//! One request in, one reply out, closed.

use std::io;

use agent_core::canary::MAX_REQUEST_HEAD;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::head::Head;
use super::response::Response;
use crate::canary::limits::{LINGER_BYTES, LINGER_TIME};

/// Room for the requests of agents and browsers, in bytes; a longer head makes its own.
const USUAL_HEAD: usize = 2048;

/// Reads to the end of a request's head; `None` when the peer closes before, or exceeds the limit.
pub async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Option<Head>> {
    let mut bytes = Vec::with_capacity(USUAL_HEAD);
    while bytes.len() < MAX_REQUEST_HEAD {
        let room = MAX_REQUEST_HEAD - bytes.len();
        let new = (&mut *stream).take(room as u64).read_buf(&mut bytes).await?;
        if new == 0 {
            return Ok(None);
        }
        if let Some(head) = Head::complete(&bytes, new) {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

/// Sends `response` and closes. Waits a little for the peer to close too: a connection that is closed with unread
/// bytes is reset, and the reset may overtake the reply.
pub async fn reply<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, response: &Response) -> io::Result<()> {
    stream.write_all(&response.to_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(LINGER_BYTES);
    let mut sink = tokio::io::sink();
    let _ = timeout(LINGER_TIME, tokio::io::copy(&mut rest, &mut sink)).await;
    Ok(())
}
