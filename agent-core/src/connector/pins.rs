//! TLS to the connector: 1.3 only, path validation as always, and a pinned key in the path.
//!
//! Trust anchors are Mozilla's roots and, so that an organisation's own CA needs no file, every CA certificate
//! that the server presents and whose key is pinned (the DANE-TA(2) semantics of RFC 7671, section 5.2). The
//! name, the validity and the signatures are checked for both; then one key of the validated path (leaf,
//! intermediates, anchor) must be pinned.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

use super::limits::MAX_CHAIN;
use crate::model::SpkiPin;
use crate::network::issuers::issuers;
use crate::platform::Clock;

/// The TLS configuration for a server of which one of `pins` must be in the certificate path.
pub(super) fn client_config(pins: &[SpkiPin], clock: Arc<dyn Clock>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = PinnedVerifier::new(pins, &provider);
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(WallClock(clock)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Why a certificate chain is refused, carried through rustls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChainRefused {
    /// No key is pinned. Pins of the keys that were presented, leaf first.
    #[error("no pinned key")]
    NoPinnedKey(Vec<SpkiPin>),
    /// Not valid, though a pinned key is in it.
    #[error("{0}")]
    Invalid(String),
}

impl ChainRefused {
    /// Finds the reason in the error of a failed handshake.
    pub(super) fn find(error: &std::io::Error) -> Option<&Self> {
        match error.get_ref()?.downcast_ref::<rustls::Error>()? {
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(reason))) => {
                reason.downcast_ref()
            }
            _ => None,
        }
    }
}

/// Verifies chains as the module says.
pub(super) struct PinnedVerifier {
    pins: BTreeSet<SpkiPin>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinnedVerifier {
    pub(super) fn new(pins: &[SpkiPin], provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { pins: pins.iter().copied().collect(), algorithms }
    }

    /// Judges a chain as presented.
    pub(super) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), ChainRefused> {
        if rest.len() >= MAX_CHAIN {
            return Err(invalid("it comes with too many certificates"));
        }
        let end_entity = EndEntityCert::try_from(leaf).map_err(|error| invalid(explain(&error)))?;
        let rest = &issuers(rest);
        let anchors = self.anchors(rest, now);
        let valid_without_pin = Cell::new(false);
        let holds_a_pin = |path: &VerifiedPath<'_>| {
            if path_pins(path).any(|pin| self.pins.contains(&pin)) {
                return Ok(());
            }
            valid_without_pin.set(true);
            Err(webpki::Error::UnknownIssuer)
        };
        let path = end_entity.verify_for_usage(
            self.algorithms.all,
            &anchors,
            rest,
            now,
            KeyUsage::server_auth(),
            None,
            Some(&holds_a_pin),
        );
        if let Err(error) = path {
            let presented = presented_pins(&end_entity, rest);
            let mut known = anchors.iter().map(anchor_pin).chain(presented.iter().copied());
            let no_pin = valid_without_pin.get() || !known.any(|pin| self.pins.contains(&pin));
            return Err(if no_pin { ChainRefused::NoPinnedKey(presented) } else { invalid(explain(&error)) });
        }
        end_entity.verify_is_valid_for_subject_name(name).map_err(|error| invalid(explain(&error)))
    }

    /// Mozilla's roots and the presented CA certificates with a pinned key.
    fn anchors<'a>(&self, presented: &'a [CertificateDer<'a>], now: UnixTime) -> Vec<TrustAnchor<'a>> {
        let pinned = presented.iter().filter(|certificate| self.is_pinned_ca(certificate, now));
        let pinned = pinned.filter_map(|certificate| webpki::anchor_from_trusted_cert(certificate).ok());
        pinned.chain(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()).collect()
    }

    /// Path validation takes an anchor as it is, so that what it would ask of an issuer is asked here.
    fn is_pinned_ca(&self, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
        let Ok((rest, parsed)) = X509Certificate::from_der(certificate) else {
            return false;
        };
        let Some(now) = i64::try_from(now.as_secs()).ok().and_then(|s| ASN1Time::from_timestamp(s).ok())
        else {
            return false;
        };
        let may_sign = parsed.key_usage().is_ok_and(|usage| usage.is_none_or(|it| it.value.key_cert_sign()));
        rest.is_empty()
            && parsed.is_ca()
            && may_sign
            && parsed.validity().is_valid_at(now)
            && self.pins.contains(&SpkiPin::of_spki(parsed.public_key().raw))
    }
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.judge(end_entity, intermediates, server_name, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(reason) => Err(CertificateError::Other(OtherError(Arc::new(reason))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not offered".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for PinnedVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedVerifier").field("pins", &self.pins).finish_non_exhaustive()
    }
}

/// The pins of all keys that the server presents, leaf first; a certificate that cannot be read has none.
fn presented_pins(leaf: &EndEntityCert<'_>, rest: &[CertificateDer<'_>]) -> Vec<SpkiPin> {
    let leaf = SpkiPin::of_spki(&leaf.subject_public_key_info());
    let rest = rest.iter().filter_map(|certificate| {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some(SpkiPin::of_spki(parsed.public_key().raw))
    });
    std::iter::once(leaf).chain(rest).collect()
}

fn path_pins<'a>(path: &'a VerifiedPath<'a>) -> impl Iterator<Item = SpkiPin> + 'a {
    let leaf = path.end_entity().subject_public_key_info();
    let between = path.intermediate_certificates().map(|certificate| certificate.subject_public_key_info());
    let certificates = std::iter::once(leaf).chain(between).map(|spki| SpkiPin::of_spki(&spki));
    certificates.chain([anchor_pin(path.anchor())])
}

fn anchor_pin(anchor: &TrustAnchor<'_>) -> SpkiPin {
    SpkiPin::of_spki(&webpki::spki_for_anchor(anchor))
}

fn invalid(why: impl Into<String>) -> ChainRefused {
    ChainRefused::Invalid(why.into())
}

fn explain(error: &webpki::Error) -> String {
    match error {
        webpki::Error::CertExpired { .. } => "it has expired, or this device's clock is ahead".to_owned(),
        webpki::Error::CertNotValidYet { .. } => {
            "it is not valid yet, or this device's clock is behind".to_owned()
        }
        webpki::Error::CertNotValidForName(_) => "it is for another name".to_owned(),
        webpki::Error::UnknownIssuer => {
            "its issuer was not presented, is not a CA, or is not valid now".to_owned()
        }
        other => format!("{other:?}"),
    }
}

/// The injected clock in the form that rustls asks for.
struct WallClock(Arc<dyn Clock>);

impl TimeProvider for WallClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().unix()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl fmt::Debug for WallClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WallClock")
    }
}
