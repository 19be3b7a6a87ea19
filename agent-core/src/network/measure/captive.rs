//! Connectivity checks: a GET that should be answered by 204 with no body.
//!
//! No redirect is followed and little is read. Over `https` any certificate is taken and recorded beside the answer:
//! whose answer it is, is for the analysis to say. Nothing that is sent is a secret.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, LOCATION, USER_AGENT};
use hyper::http::request::Builder;
use hyper::{Request, Response};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::attempts::{Exchange, Trace, attempts};
use super::connect::connect;
use super::fallback::Offer;
use super::meter::{Meter, Metered};
use super::witness::Witness;
use super::{http1, tls};
use crate::model::Sha256;
use crate::network::limits::{BODY_TIMEOUT, MAX_HTTP_BODY, MAX_URL};
use crate::network::observation::{CaptiveProbe, Failure, Handshake, HttpAnswer, Phase};

/// Asks `url` once, or again on loss.
pub(super) async fn probe(url: String, meter: Arc<Meter>, deadline: Instant) -> CaptiveProbe {
    let exchange = HttpExchange { url, meter };
    let attempts = attempts(&exchange, deadline).await;
    CaptiveProbe { url: exchange.url, attempts }
}

struct HttpExchange {
    url: String,
    meter: Arc<Meter>,
}

impl Exchange for HttpExchange {
    type Answer = HttpAnswer;

    async fn attempt(&self, trace: &mut Trace) -> Result<HttpAnswer, Failure> {
        let place = Place::of(&self.url)?;
        let stream = connect(&place.host, place.port, &[], &self.meter, trace).await?;
        if !place.tls {
            trace.phase = Phase::Http;
            return get(stream, &place).await;
        }
        let (stream, handshake) = secure(stream, &place, trace).await?;
        let answer = get(stream, &place).await?;
        Ok(HttpAnswer { handshake: Some(handshake), ..answer })
    }
}

/// TLS with the host of `place`, whatever certificate it presents.
pub(super) async fn secure(
    stream: Metered,
    place: &Place,
    trace: &mut Trace,
) -> Result<(TlsStream<Metered>, Handshake), Failure> {
    trace.phase = Phase::Tls;
    let name = ServerName::try_from(place.host.clone())
        .map_err(|_| Failure::configuration("the URL's host is neither a DNS name nor an IP address"))?;
    let provider = ring::default_provider();
    let witness = Witness::new(provider.signature_verification_algorithms);
    let config = tls::client_config(provider, Arc::clone(&witness), &[b"http/1.1"], Offer::Every)?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let stream = stream.map_err(|error| Failure::from_io(Phase::Tls, &error))?;
    let handshake = tls::handshake(&witness, Some(stream.get_ref().1), None)?;
    trace.phase = Phase::Http;
    Ok((stream, handshake))
}

/// A URL, taken apart.
pub(super) struct Place {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// The `Host` field: with the port where that is not the scheme's own.
    authority: String,
    path_and_query: String,
}

impl Place {
    pub(super) fn of(url: &str) -> Result<Self, Failure> {
        let wanted = "what is probed must be an http or https URL of at most 1024 bytes";
        if url.len() > MAX_URL {
            return Err(Failure::configuration(wanted));
        }
        let url = Url::parse(url).map_err(|error| Failure::configuration(format!("{wanted}: {error}")))?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(Failure::configuration(wanted)),
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Failure::configuration(wanted));
        };
        Ok(Self {
            tls,
            authority: url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}")),
            host: match host {
                Host::Domain(name) => name.to_owned(),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            },
            port,
            path_and_query: url
                .query()
                .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
        })
    }
}

pub(super) async fn get<S>(stream: S, place: &Place) -> Result<HttpAnswer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let request = request(place)
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::configuration(error.to_string()))?;
    http1::ask(stream, request, |response| async { Ok(read(response).await) }).await
}

/// A GET of `place`, to which fields may be added.
pub(super) fn request(place: &Place) -> Builder {
    Request::get(&place.path_and_query)
        .header(HOST, &place.authority)
        .header(CONNECTION, "close")
        // Some portals refuse a client without a name; a telling one would warn the network.
        .header(USER_AGENT, "Mozilla/5.0")
}

async fn read(response: Response<Incoming>) -> HttpAnswer {
    let status = response.status().as_u16();
    let location = response.headers().get(LOCATION).map(|value| {
        let value = value.as_bytes();
        String::from_utf8_lossy(value.get(..MAX_URL).unwrap_or(value)).into_owned()
    });
    let mut body = Vec::new();
    let complete = timeout(BODY_TIMEOUT, read_body(response.into_body(), &mut body)).await.unwrap_or(false);
    HttpAnswer {
        status,
        location,
        body_sha256: Sha256::of(&body),
        body_len: body.len() as u64,
        body_complete: complete,
        handshake: None,
    }
}

/// Reads into `kept` what fits; true if that is all there is.
async fn read_body(mut body: Incoming, kept: &mut Vec<u8>) -> bool {
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        let Some(data) = frame.data_ref() else { continue };
        let room = MAX_HTTP_BODY.saturating_sub(kept.len());
        kept.extend(data.iter().take(room));
        if data.len() > room {
            return false;
        }
    }
    body.is_end_stream()
}
