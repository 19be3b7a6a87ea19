//! One request over a stream that hyper reads for us, within the limits of every answer.

use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::network::limits::{MAX_HTTP_FIELDS, MAX_HTTP_HEAD};
use crate::network::observation::Failure;

/// Sends `request` and reads the answer by `read`, to the end of the connection if need be.
pub(super) async fn ask<S, B, T, F>(
    stream: S,
    request: Request<B>,
    read: impl FnOnce(Response<Incoming>) -> F,
) -> Result<T, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    F: Future<Output = Result<T, Failure>>,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_headers(MAX_HTTP_FIELDS)
        .max_buf_size(MAX_HTTP_HEAD)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| Failure::from_http(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| Failure::from_http(&error))?;
        read(response).await
    };
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        // The connection may end before the last of its bytes are read.
        _ = connection => exchange.await,
    }
}
