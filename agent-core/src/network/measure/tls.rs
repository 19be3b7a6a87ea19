//! The handshake of the chain check: takes any certificate, sends nothing after it, closes.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::attempts::{Exchange, Trace, attempts};
use super::connect::connect;
use super::fallback::{Offer, fallback, is_worth_another};
use super::meter::Meter;
use super::witness::Witness;
use crate::model::{Fact, TrustVerdict};
use crate::network::issuers::issuers;
use crate::network::observation::{Certificate, Failure, FailureKind, Handshake, Phase, Target, TlsProbe};
use crate::platform::DeviceHost;

/// Application protocols that are offered, as a browser does: a peer that speaks fewer stands out.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Shakes hands with `target` and asks `host` what the platform thinks of the chain.
pub(super) async fn probe(
    target: Target,
    host: Arc<dyn DeviceHost>,
    meter: Arc<Meter>,
    deadline: Instant,
) -> TlsProbe {
    let every = TlsExchange { target: &target, meter: &meter, offer: Offer::Every };
    let older = TlsExchange { offer: Offer::Older, ..every };
    let attempts = attempts(&every, deadline).await;
    let fallback = fallback(&every, &older, &attempts, deadline).await;
    let mut probe = TlsProbe { target, attempts, fallback, platform: None };
    if let Some((handshake, _)) = probe.answer() {
        probe.platform = Some(ask_platform(host, &handshake.chain, &probe.target.host, deadline).await);
    }
    probe
}

struct TlsExchange<'a> {
    target: &'a Target,
    meter: &'a Arc<Meter>,
    offer: Offer,
}

impl Exchange for TlsExchange<'_> {
    type Answer = Handshake;

    fn is_worth_another(&self, number: u32, failure: &Failure) -> bool {
        is_worth_another(number, failure)
    }

    async fn attempt(&self, trace: &mut Trace) -> Result<Handshake, Failure> {
        let Target { host, port, address, .. } = self.target;
        let name = ServerName::try_from(host.clone())
            .map_err(|_| Failure::configuration("the host is neither a DNS name nor an IP address"))?;
        let provider = ring::default_provider();
        let witness = Witness::new(provider.signature_verification_algorithms);
        let config = client_config(provider, Arc::clone(&witness), &ALPN, self.offer)?;

        let stream = connect(host, *port, address.as_slice(), self.meter, trace).await?;
        trace.phase = Phase::Tls;
        let ended = TlsConnector::from(Arc::new(config)).connect(name, stream).await;

        let failure = ended.as_ref().err().map(|error| Failure::from_io(Phase::Tls, error));
        handshake(&witness, ended.as_ref().ok().map(|stream| stream.get_ref().1), failure)
    }
}

/// What `witness` saw of a handshake that ended in `session` or in a failure.
///
/// A chain that its holder has signed for counts, even if the handshake then breaks off: a server that wants a
/// client certificate does that.
pub(super) fn handshake(
    witness: &Witness,
    session: Option<&ClientConnection>,
    failure: Option<Failure>,
) -> Result<Handshake, Failure> {
    let seen = witness.seen();
    match (seen.possession, failure) {
        (Some(possession), interrupted) => Ok(Handshake {
            chain: seen.chain,
            certificates_dropped: seen.dropped,
            possession,
            version: session
                .and_then(|session| session.protocol_version()?.as_str())
                .map(|version| version.replace('_', ".")),
            alpn: session
                .and_then(|session| session.alpn_protocol())
                .map(|protocol| String::from_utf8_lossy(protocol).into_owned()),
            interrupted,
        }),
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(Failure::new(Phase::Tls, FailureKind::Protocol, "the peer signed nothing")),
    }
}

/// TLS as it comes, watched by `witness`.
pub(super) fn client_config(
    provider: rustls::crypto::CryptoProvider,
    witness: Arc<Witness>,
    alpn: &[&[u8]],
    offer: Offer,
) -> Result<ClientConfig, Failure> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(offer.versions())
        .map_err(|error| Failure::configuration(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(witness)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    // A resumed session shows no certificate.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Asks `host` about `chain`, until `deadline`. What a verifier need not try is left out.
pub(super) async fn ask_platform(
    host: Arc<dyn DeviceHost>,
    chain: &[Certificate],
    name: &str,
    deadline: Instant,
) -> Fact<TrustVerdict> {
    let chain = given(chain);
    let name = name.to_owned();
    let asked = spawn_blocking(move || host.evaluate_trust(&chain, &name));
    match timeout_at(deadline, asked).await {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) => Fact::not_available("the platform's certificate verifier failed"),
        Err(_) => Fact::not_available("the platform's certificate verifier did not answer in time"),
    }
}

fn given(chain: &[Certificate]) -> Vec<Vec<u8>> {
    let chain: Vec<_> = chain.iter().map(|certificate| CertificateDer::from(certificate.as_der())).collect();
    let Some((leaf, others)) = chain.split_first() else { return Vec::new() };
    std::iter::once(leaf).chain(&issuers(others)).map(|certificate| certificate.to_vec()).collect()
}
