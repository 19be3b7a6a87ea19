//! One HTTP/1.1 call to a server: over the connection that is there, or a new one; all within one deadline.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::connection::{Connection, Peer, Pool};
use super::error::ConnectorError;
use super::limits::{MAX_ANSWER, MAX_ANSWER_HEAD, MAX_ANSWER_HEADERS};
use super::pins::{ChainRefused, client_config, is_not_tls, lacks_its_key};
use super::route::Trust;
use crate::platform::Clock;

/// A request to a connector. Sending it twice must be harmless.
#[derive(Clone)]
pub(super) struct Call<'a> {
    /// Full `https` URL.
    pub url: &'a str,
    pub method: Method,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The connector's answer, read to its end.
pub(super) struct Answer {
    /// Who answered, for messages.
    pub host: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the organisation's declared inspection stood in between.
    pub inspected: bool,
}

/// Takes the pieces of a body that is too large to be held.
pub(super) trait Sink: Send {
    /// Told first: whether the body of this answer is wanted. One that is not is read as any other.
    fn wants(&mut self, status: StatusCode, headers: &HeaderMap) -> Result<bool, ConnectorError>;

    /// The next piece.
    fn take(&mut self, piece: &[u8]) -> Result<(), ConnectorError>;
}

/// How long a call may take.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// From the name look-up to the last byte.
    pub whole: Duration,
    /// Until there is a connection.
    pub connect: Duration,
}

/// Makes one call. A connection that was kept and turns out to be broken is replaced, once. Dropping the future closes
/// the connection.
pub(super) async fn call(
    pool: &Pool,
    call: &Call<'_>,
    trust: &Trust,
    clock: &Arc<dyn Clock>,
    patience: Patience,
    sink: Option<&mut dyn Sink>,
) -> Result<Answer, ConnectorError> {
    let url =
        Url::parse(call.url).map_err(|_| ConnectorError::Enrolment("connector URL is not one".to_owned()))?;
    let port = url.port_or_known_default().unwrap_or(443);
    let peer = Peer { host: host(&url)?, port, trust: trust.clone() };
    let now = Instant::now();
    let deadline = now + patience.whole;
    let connect_by = now + patience.connect.min(patience.whole);
    let exchange = Exchange { host: &peer.host, deadline, connect_by, patience };

    let kept = match pool.take(&peer) {
        Some(mut kept) => exchange.send(&mut kept, &url, call).await.ok().map(|response| (kept, response)),
        None => None,
    };
    let (connection, response) = match kept {
        Some(kept) => kept,
        None => {
            let mut fresh = exchange.open(peer.clone(), clock).await?;
            pool.count();
            let response = exchange.send(&mut fresh, &url, call).await?;
            (fresh, response)
        }
    };
    let answer = exchange.read(response, connection.inspected, sink).await?;
    pool.put(connection);
    Ok(answer)
}

struct Exchange<'a> {
    host: &'a str,
    deadline: Instant,
    connect_by: Instant,
    patience: Patience,
}

impl Exchange<'_> {
    async fn open(&self, peer: Peer, clock: &Arc<dyn Clock>) -> Result<Connection, ConnectorError> {
        let connecting = TcpStream::connect((self.host, peer.port));
        let tcp =
            self.connecting("connecting", connecting).await?.map_err(|error| self.unreachable(&error))?;
        let (tls, inspected) = self.handshake(tcp, &peer.trust, clock).await?;
        let mut http = http1::Builder::new();
        http.max_headers(MAX_ANSWER_HEADERS).max_buf_size(MAX_ANSWER_HEAD);
        let handshake = self.within("HTTP", http.handshake(TokioIo::new(tls))).await?;
        let (sender, connection) = handshake.map_err(|error| self.broken(&error))?;
        let mut driver = JoinSet::new();
        // Whatever ends it shows in the call that is under way.
        driver.spawn(async move { drop(connection.await) });
        Ok(Connection { peer, sender, _driver: driver, inspected })
    }

    async fn handshake(
        &self,
        tcp: TcpStream,
        trust: &Trust,
        clock: &Arc<dyn Clock>,
    ) -> Result<(TlsStream<TcpStream>, bool), ConnectorError> {
        let (config, verifier) =
            client_config(trust, Arc::clone(clock)).map_err(|error| self.unreachable(&error))?;
        let name = ServerName::try_from(self.host.to_owned()).map_err(|error| self.unreachable(&error))?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        let host = || self.host.to_owned();
        let tls = self.connecting("TLS handshake", handshake).await?;
        let tls = tls.map_err(|error| match ChainRefused::find(&error) {
            Some(ChainRefused::NoPinnedKey { seen, presented }) => ConnectorError::PinMismatch {
                host: host(),
                pins: trust.pins.len(),
                seen: seen.clone(),
                presented: *presented,
            },
            Some(ChainRefused::Invalid { why, foreign }) => {
                ConnectorError::Certificate { host: host(), why: why.clone(), foreign: *foreign }
            }
            None if lacks_its_key(&error) => {
                let why = "who showed it does not have its key".to_owned();
                ConnectorError::Certificate { host: host(), why, foreign: true }
            }
            None if is_not_tls(&error) => ConnectorError::NotTls { host: host() },
            None => self.unreachable(&error),
        })?;
        Ok((tls, verifier.was_inspected()))
    }

    /// Asks, and gives the head of the answer.
    async fn send(
        &self,
        connection: &mut Connection,
        url: &Url,
        call: &Call<'_>,
    ) -> Result<Response<Incoming>, ConnectorError> {
        let request = self.request(url, call)?;
        let asked = async {
            connection.sender.ready().await?;
            connection.sender.send_request(request).await
        };
        self.within("waiting for the answer", asked).await?.map_err(|error| self.broken(&error))
    }

    fn request(&self, url: &Url, call: &Call<'_>) -> Result<Request<Full<Bytes>>, ConnectorError> {
        let authority = HeaderValue::from_str(url.authority())
            .map_err(|_| ConnectorError::protocol(self.host, "a host name that HTTP cannot carry"))?;
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() =
            url.path().parse().map_err(|_| ConnectorError::protocol(self.host, "a path that is not one"))?;
        *request.headers_mut() = call.headers.clone();
        request.headers_mut().insert(HOST, authority);
        request
            .headers_mut()
            .insert(USER_AGENT, HeaderValue::from_static(concat!("mtd-agent/", env!("CARGO_PKG_VERSION"))));
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        Ok(request)
    }

    async fn read(
        &self,
        response: Response<Incoming>,
        inspected: bool,
        sink: Option<&mut dyn Sink>,
    ) -> Result<Answer, ConnectorError> {
        let (head, body) = response.into_parts();
        let mut wanted = None;
        if let Some(sink) = sink
            && sink.wants(head.status, &head.headers)?
        {
            wanted = Some(sink);
        }
        let body = match wanted {
            Some(sink) => self.pour(body, sink).await.map(|()| Bytes::new())?,
            None => self.collect(body).await?,
        };
        let host = self.host.to_owned();
        Ok(Answer { host, status: head.status, headers: head.headers, body, inspected })
    }

    async fn collect(&self, body: Incoming) -> Result<Bytes, ConnectorError> {
        let body = self.within("reading the answer", Limited::new(body, MAX_ANSWER).collect()).await?;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => ConnectorError::too_large(self.host),
            false => self.cut_off(&*error),
        })?;
        Ok(body.to_bytes())
    }

    async fn pour(&self, mut body: Incoming, sink: &mut dyn Sink) -> Result<(), ConnectorError> {
        while !body.is_end_stream() {
            let Some(frame) = self.within("reading the answer", body.frame()).await? else { break };
            let frame = frame.map_err(|error| self.cut_off(&error))?;
            if let Some(piece) = frame.data_ref() {
                sink.take(piece)?;
            }
        }
        Ok(())
    }

    async fn connecting<F: Future>(&self, doing: &'static str, step: F) -> Result<F::Output, ConnectorError> {
        timeout_at(self.connect_by, step).await.map_err(|_| self.too_late(self.patience.connect, doing))
    }

    async fn within<F: Future>(&self, doing: &'static str, step: F) -> Result<F::Output, ConnectorError> {
        timeout_at(self.deadline, step).await.map_err(|_| self.too_late(self.patience.whole, doing))
    }

    fn too_late(&self, after: Duration, doing: &'static str) -> ConnectorError {
        let after = after.min(self.patience.whole);
        ConnectorError::Timeout { host: self.host.to_owned(), after, doing }
    }

    fn unreachable(&self, why: &dyn std::error::Error) -> ConnectorError {
        ConnectorError::Unreachable { host: self.host.to_owned(), why: why.to_string() }
    }

    fn broken(&self, error: &hyper::Error) -> ConnectorError {
        if error.is_parse() {
            return ConnectorError::protocol(self.host, format!("something that is not HTTP ({error})"));
        }
        self.unreachable(error)
    }

    fn cut_off(&self, error: &dyn std::error::Error) -> ConnectorError {
        ConnectorError::protocol(self.host, format!("an answer that breaks off ({error})"))
    }
}

/// The host in the form that both the resolver and TLS take: an IPv6 address without brackets.
fn host(url: &Url) -> Result<String, ConnectorError> {
    match url.host() {
        Some(Host::Domain(name)) => Ok(name.to_owned()),
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        None => Err(ConnectorError::Enrolment("connector URL has no host".to_owned())),
    }
}
