//! One request by hand and the raw response to it, over TLS or not.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::network::limits::MAX_CANARY_RESPONSE;
use crate::network::observation::{Failure, FailureKind, Phase, Raw};
use crate::network::response::{Ending, Response};

/// Bytes that are read at once.
const PIECE: u64 = 4096;

/// Sends `request` and reads the response: to its own end, the connection's, or the limit.
pub(super) async fn exchange<S>(stream: &mut S, request: &Raw) -> Result<Raw, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |error: std::io::Error| Failure::from_io(Phase::Http, &error);
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    let mut bytes = Vec::new();
    while bytes.len() < MAX_CANARY_RESPONSE && !is_whole(&bytes) {
        let room = PIECE.min((MAX_CANARY_RESPONSE - bytes.len()) as u64);
        if (&mut *stream).take(room).read_buf(&mut bytes).await.map_err(failed)? == 0 {
            break;
        }
    }
    if bytes.is_empty() {
        return Err(Failure::new(Phase::Http, FailureKind::Closed, "closed without an answer"));
    }
    Ok(Raw::new(bytes))
}

fn is_whole(bytes: &[u8]) -> bool {
    Response::parse(bytes).is_some_and(|response| response.ending == Ending::Whole)
}
