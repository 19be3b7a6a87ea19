//! DNS over HTTPS (RFC 8484) by the canary's own address, past every resolver of the network.
//!
//! Any certificate is taken, for it is not what is believed: the text record that is asked for is signed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST};
use hyper::{Request, Response, StatusCode};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::attempts::{Exchange, Trace};
use super::connect::connect;
use super::dns_message::Asked;
use super::dns_plain::packet;
use super::fallback::Offer;
use super::http1;
use super::meter::Meter;
use super::tls::client_config;
use super::witness::Witness;
use crate::canary::DOH_PATH;
use crate::network::dns_record::{DnsAnswers, DnsTransport, DnsType};
use crate::network::limits::MAX_DNS_MESSAGE;
use crate::network::observation::{Failure, FailureKind, Phase};
use crate::platform::Entropy;

const MEDIA_TYPE: &str = "application/dns-message";

/// A question to one canary.
pub(super) struct HttpsExchange {
    pub(super) name: String,
    pub(super) record: DnsType,
    pub(super) host: String,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) port: u16,
    pub(super) meter: Arc<Meter>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl Exchange for HttpsExchange {
    type Answer = DnsAnswers;

    async fn attempt(&self, trace: &mut Trace) -> Result<DnsAnswers, Failure> {
        let asked = Asked::new(&self.name, self.record, self.entropy.as_ref())?;
        let name = ServerName::try_from(self.host.clone())
            .map_err(|_| Failure::configuration("the canary's name is no DNS name"))?;
        let provider = ring::default_provider();
        let witness = Witness::new(provider.signature_verification_algorithms);
        let config = client_config(provider, witness, &[b"http/1.1"], Offer::Every)?;

        let begin = Instant::now();
        let stream = connect(&self.host, self.port, &self.addresses, &self.meter, trace).await?;
        let server = SocketAddr::new(trace.address.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), self.port);
        trace.phase = Phase::Tls;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let stream = stream.map_err(|error| Failure::from_io(Phase::Tls, &error))?;
        trace.phase = Phase::Http;
        let body = post(stream, &self.host, self.port, asked.bytes()).await?;
        let packets = vec![packet(&asked, &body, server, true, begin)];
        Ok(DnsAnswers { transport: DnsTransport::Https, packets, dropped: 0 })
    }
}

pub(super) async fn post<S>(stream: S, host: &str, port: u16, query: &[u8]) -> Result<Bytes, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let authority = if port == 443 { host.to_owned() } else { format!("{host}:{port}") };
    let request = Request::post(DOH_PATH)
        .header(HOST, authority)
        .header(CONNECTION, "close")
        .header(ACCEPT, MEDIA_TYPE)
        .header(CONTENT_TYPE, MEDIA_TYPE)
        .body(Full::new(Bytes::copy_from_slice(query)))
        .map_err(|error| Failure::configuration(error.to_string()))?;
    http1::ask(stream, request, read).await
}

async fn read(response: Response<Incoming>) -> Result<Bytes, Failure> {
    if response.status() != StatusCode::OK {
        let what = format!("HTTP {}", response.status().as_u16());
        return Err(Failure::new(Phase::Http, FailureKind::Protocol, what));
    }
    let body = Limited::new(response.into_body(), MAX_DNS_MESSAGE).collect().await;
    body.map(http_body_util::Collected::to_bytes)
        .map_err(|error| Failure::new(Phase::Http, FailureKind::Closed, error.to_string()))
}
