//! One HTTP/1.1 exchange with the connector: connect, handshake, ask, read; all within one deadline.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::error::ConnectorError;
use super::limits::{MAX_ANSWER, MAX_ANSWER_HEAD, MAX_ANSWER_HEADERS};
use super::pins::{ChainRefused, client_config};
use crate::model::SpkiPin;
use crate::platform::Clock;

/// A request to a connector.
pub(super) struct Call<'a> {
    /// Full `https` URL.
    pub url: &'a str,
    pub pins: &'a [SpkiPin],
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
}

/// Makes one call. Dropping the future closes the connection.
pub(super) async fn call(
    call: Call<'_>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
) -> Result<Answer, ConnectorError> {
    let url =
        Url::parse(call.url).map_err(|_| ConnectorError::Enrolment("connector URL is not one".to_owned()))?;
    let exchange = Exchange { host: host(&url)?, deadline: Instant::now() + timeout, timeout };
    let tcp = exchange.connect(&url).await?;
    let tls = exchange.handshake(tcp, call.pins, clock).await?;
    exchange.ask(tls, &url, call).await
}

struct Exchange {
    host: String,
    deadline: Instant,
    timeout: Duration,
}

impl Exchange {
    async fn connect(&self, url: &Url) -> Result<TcpStream, ConnectorError> {
        let port = url.port_or_known_default().unwrap_or(443);
        let tcp = self.within("connecting", TcpStream::connect((self.host.as_str(), port))).await?;
        tcp.map_err(|error| self.unreachable(&error))
    }

    async fn handshake(
        &self,
        tcp: TcpStream,
        pins: &[SpkiPin],
        clock: Arc<dyn Clock>,
    ) -> Result<TlsStream<TcpStream>, ConnectorError> {
        let config = client_config(pins, clock).map_err(|error| self.unreachable(&error))?;
        let name = ServerName::try_from(self.host.clone()).map_err(|error| self.unreachable(&error))?;
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        self.within("TLS handshake", handshake).await?.map_err(|error| match ChainRefused::find(&error) {
            Some(ChainRefused::NoPinnedKey(seen)) => {
                ConnectorError::PinMismatch { host: self.host.clone(), pins: pins.len(), seen: seen.clone() }
            }
            Some(ChainRefused::Invalid(why)) => {
                ConnectorError::Certificate { host: self.host.clone(), why: why.clone() }
            }
            None => self.unreachable(&error),
        })
    }

    async fn ask(
        &self,
        tls: TlsStream<TcpStream>,
        url: &Url,
        call: Call<'_>,
    ) -> Result<Answer, ConnectorError> {
        let mut http = http1::Builder::new();
        http.max_headers(MAX_ANSWER_HEADERS).max_buf_size(MAX_ANSWER_HEAD);
        let handshake = self.within("HTTP", http.handshake(TokioIo::new(tls))).await?;
        let (mut sender, connection) = handshake.map_err(|error| self.broken(&error))?;
        // Aborted when dropped, so that no connection outlives the call.
        let mut driver = JoinSet::new();
        driver.spawn(connection);

        let request = self.request(url, call)?;
        let sent = self.within("waiting for the answer", sender.send_request(request)).await?;
        self.read(sent.map_err(|error| self.broken(&error))?).await
    }

    fn request(&self, url: &Url, call: Call<'_>) -> Result<Request<Full<Bytes>>, ConnectorError> {
        let authority = HeaderValue::from_str(url.authority())
            .map_err(|_| ConnectorError::protocol(&self.host, "a host name that HTTP cannot carry"))?;
        let mut request = Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() =
            url.path().parse().map_err(|_| ConnectorError::protocol(&self.host, "a path that is not one"))?;
        *request.headers_mut() = call.headers;
        request.headers_mut().insert(HOST, authority);
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        request
            .headers_mut()
            .insert(USER_AGENT, HeaderValue::from_static(concat!("mtd-agent/", env!("CARGO_PKG_VERSION"))));
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        Ok(request)
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Answer, ConnectorError> {
        let (head, body) = response.into_parts();
        let body = self.within("reading the answer", Limited::new(body, MAX_ANSWER).collect()).await?;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => ConnectorError::too_large(&self.host),
            false => ConnectorError::protocol(&self.host, format!("an answer that breaks off ({error})")),
        })?;
        Ok(Answer {
            host: self.host.clone(),
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        })
    }

    async fn within<F: Future>(&self, doing: &'static str, step: F) -> Result<F::Output, ConnectorError> {
        timeout_at(self.deadline, step).await.map_err(|_| ConnectorError::Timeout {
            host: self.host.clone(),
            after: self.timeout,
            doing,
        })
    }

    fn unreachable(&self, why: &dyn std::error::Error) -> ConnectorError {
        ConnectorError::Unreachable { host: self.host.clone(), why: why.to_string() }
    }

    fn broken(&self, error: &hyper::Error) -> ConnectorError {
        if error.is_parse() {
            return ConnectorError::protocol(&self.host, format!("something that is not HTTP ({error})"));
        }
        self.unreachable(error)
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
