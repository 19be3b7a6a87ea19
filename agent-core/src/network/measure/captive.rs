//! Connectivity checks: a GET that should be answered by 204 with no body.
//!
//! No redirect is followed and little is read. Over `https` the certificate must be valid under Mozilla's
//! roots, as for any client: such an answer is the server's own, and a refused certificate is what is recorded.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, LOCATION, USER_AGENT};
use hyper::{Request, Response};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::attempts::{Exchange, Trace, attempts};
use super::connect::connect;
use super::http1;
use super::meter::Meter;
use super::verifier::Verifier;
use crate::model::Sha256;
use crate::network::limits::{BODY_TIMEOUT, MAX_HTTP_BODY, MAX_URL};
use crate::network::observation::{CaptiveProbe, Failure, HttpAnswer, Phase};

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
        let stream = connect(&place.host, place.port, None, &self.meter, trace).await?;
        if !place.tls {
            trace.phase = Phase::Http;
            return get(stream, &place).await;
        }
        trace.phase = Phase::Tls;
        let name = ServerName::try_from(place.host.clone())
            .map_err(|_| Failure::configuration("the URL's host is neither a DNS name nor an IP address"))?;
        let connector = TlsConnector::from(Arc::new(client_config()?));
        let stream =
            connector.connect(name, stream).await.map_err(|error| Failure::from_io(Phase::Tls, &error))?;
        trace.phase = Phase::Http;
        get(stream, &place).await
    }
}

/// A URL, taken apart.
pub(super) struct Place {
    tls: bool,
    host: String,
    port: u16,
    /// The `Host` field: with the port where that is not the scheme's own.
    authority: String,
    path_and_query: String,
}

impl Place {
    pub(super) fn of(url: &str) -> Result<Self, Failure> {
        let wanted = "a captive probe must be an http or https URL of at most 1024 bytes";
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

fn client_config() -> Result<ClientConfig, Failure> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::configuration(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

pub(super) async fn get<S>(stream: S, place: &Place) -> Result<HttpAnswer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let request = Request::get(&place.path_and_query)
        .header(HOST, &place.authority)
        .header(CONNECTION, "close")
        // Some portals refuse a client without a name; a telling one would warn the network.
        .header(USER_AGENT, "Mozilla/5.0")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::configuration(error.to_string()))?;

    http1::ask(stream, request, |response| async { Ok(read(response).await) }).await
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
