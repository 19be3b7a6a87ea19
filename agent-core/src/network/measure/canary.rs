//! The canary client: one question over TLS that binds the session, and the questions over clear HTTP.
//!
//! Any certificate is taken and recorded, as for the chain check. What was sent is recorded beside what came back;
//! whether the two fit is for the analysis to say.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConnection;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::attempts::{Exchange, Trace, attempts};
use super::connect::connect;
use super::exchange::exchange;
use super::fallback::{Offer, fallback, is_worth_another};
use super::meter::{Meter, Metered};
use super::tiers::Part;
use super::witness::Witness;
use super::{all, clear, nonces, tls};
use crate::canary::{CanarySettings, ClientHelloReader, EXPORTER_LABEL, Exporter, Nonce, Resource};
use crate::network::observation::{CanaryProbe, Failure, Outcome, Phase, Question, Raw, Target, TlsExchange};
use crate::platform::{DeviceHost, Entropy};

/// The only application protocol of a canary.
const ALPN: [&[u8]; 1] = [b"http/1.1"];

/// Puts the questions of `part` to one canary, all at once.
pub(super) async fn probe(asker: Asker, host: Arc<dyn DeviceHost>, part: Part) -> CanaryProbe {
    let asker = Arc::new(asker);
    let questions = asker.settings.http_port.into_iter().flat_map(|port| {
        let asker = Arc::clone(&asker);
        part.questions().map(move |asked| {
            let asker = Arc::clone(&asker);
            async move { clear::probe(&asker, asked, port, asker.deadline).await }
        })
    });
    let target = Target::from(&asker.settings);
    let binding = async {
        let unasked =
            CanaryProbe { target, tls: Vec::new(), fallback: None, platform: None, clear: Vec::new() };
        if part.begins() { bind(&asker, host).await } else { unasked }
    };
    let (probe, clear) = tokio::join!(binding, all(questions));
    CanaryProbe { clear, ..probe }
}

async fn bind(asker: &Asker, host: Arc<dyn DeviceHost>) -> CanaryProbe {
    let (every, older) = (Binding { asker, offer: Offer::Every }, Binding { asker, offer: Offer::Older });
    let tls = attempts(&every, asker.deadline).await;
    let fallback = fallback(&every, &older, &tls, asker.deadline).await;
    let target = Target::from(&asker.settings);
    let mut probe = CanaryProbe { target, tls, fallback, platform: None, clear: Vec::new() };
    if let Some((seen, _)) = probe.answer() {
        let chain = &seen.handshake.chain;
        probe.platform = Some(tls::ask_platform(host, chain, &asker.settings.name, asker.deadline).await);
    }
    probe
}

/// What every question to one canary needs.
pub(super) struct Asker {
    settings: CanarySettings,
    entropy: Arc<dyn Entropy>,
    meter: Arc<Meter>,
    deadline: Instant,
}

impl Asker {
    pub(super) fn new(
        settings: &CanarySettings,
        entropy: Arc<dyn Entropy>,
        meter: Arc<Meter>,
        deadline: Instant,
    ) -> Self {
        Self { settings: settings.clone(), entropy, meter, deadline }
    }

    pub(super) fn nonce(&self) -> Result<Nonce, Failure> {
        nonces::fresh(self.entropy.as_ref())
    }

    /// Connects to `port` of the canary: at one of its addresses, or by its name.
    pub(super) async fn connect(&self, port: u16, trace: &mut Trace) -> Result<Metered, Failure> {
        let CanarySettings { name, addresses, .. } = &self.settings;
        connect(name, port, addresses, &self.meter, trace).await
    }

    /// The `Host` field: with the port where that is not the scheme's own.
    pub(super) fn authority(&self, port: u16, usual: u16) -> String {
        let name = &self.settings.name;
        if port == usual { name.clone() } else { format!("{name}:{port}") }
    }
}

struct Binding<'a> {
    asker: &'a Asker,
    offer: Offer,
}

impl Exchange for Binding<'_> {
    type Answer = TlsExchange;

    fn is_worth_another(&self, number: u32, failure: &Failure) -> bool {
        is_worth_another(number, failure)
    }

    async fn attempt(&self, trace: &mut Trace) -> Result<TlsExchange, Failure> {
        let CanarySettings { name, tls_port, .. } = &self.asker.settings;
        let server = ServerName::try_from(name.clone()).map_err(|_| {
            Failure::configuration("the canary's name is neither a DNS name nor an IP address")
        })?;
        let question = self.question()?;
        let provider = ring::default_provider();
        let witness = Witness::new(provider.signature_verification_algorithms);
        let mut config = tls::client_config(provider, Arc::clone(&witness), &ALPN, self.offer)?;
        // Without it two sessions of TLS 1.2 can share an exporter (RFC 7627).
        config.require_ems = true;

        let stream = Overheard::new(self.asker.connect(*tls_port, trace).await?);
        trace.phase = Phase::Tls;
        let ended = TlsConnector::from(Arc::new(config)).connect(server, stream).await;
        let mut stream = match ended {
            Ok(stream) => stream,
            Err(error) => {
                let failure = Failure::from_io(Phase::Tls, &error);
                let handshake = tls::handshake(&witness, None, Some(failure.clone()))?;
                let response = Outcome::Failed(failure);
                return Ok(TlsExchange {
                    handshake,
                    exporter: None,
                    client_hello_sha256: None,
                    question,
                    response,
                });
            }
        };
        let (overheard, session) = stream.get_ref();
        let handshake = tls::handshake(&witness, Some(session), None)?;
        let (exporter, client_hello_sha256) = (exporter(session), overheard.client_hello.sha256());

        trace.phase = Phase::Http;
        let response = match trace.last_part(exchange(&mut stream, &question.request)).await {
            Ok(response) => Outcome::Answered(response),
            Err(failure) => Outcome::Failed(failure),
        };
        Ok(TlsExchange { handshake, exporter, client_hello_sha256, question, response })
    }

    /// Who presents a chain and then breaks off may be somebody else than who answers the next time.
    fn is_cut_off(answer: &TlsExchange) -> bool {
        matches!(&answer.response, Outcome::Failed(failure) if failure.kind.is_loss())
    }
}

impl Binding<'_> {
    fn question(&self) -> Result<Question, Failure> {
        let nonce = self.asker.nonce()?;
        let authority = self.asker.authority(self.asker.settings.tls_port, 443);
        let path = Resource::Root.path(&nonce);
        let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        Ok(Question { nonce, request: Raw::new(request.into_bytes()) })
    }
}

fn exporter(session: &ClientConnection) -> Option<Exporter> {
    session.export_keying_material([0; 32], EXPORTER_LABEL, None).ok().map(Exporter::from_bytes)
}

/// The connection below TLS, with an ear for the ClientHello that is sent.
struct Overheard {
    stream: Metered,
    client_hello: ClientHelloReader,
}

impl Overheard {
    fn new(stream: Metered) -> Self {
        Self { stream, client_hello: ClientHelloReader::new() }
    }
}

impl AsyncRead for Overheard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Overheard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buffer);
        if let Poll::Ready(Ok(written)) = polled {
            self.client_hello.push(buffer.get(..written).unwrap_or_default());
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
