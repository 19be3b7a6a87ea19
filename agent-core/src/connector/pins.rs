//! TLS to the connector: 1.3 only, path validation as always, and a pinned key in the path.
//!
//! Trust anchors are Mozilla's roots and, so that an organisation's own CA needs no file, every CA certificate
//! that the server presents and whose key is pinned (the DANE-TA(2) semantics of RFC 7671, section 5.2). The
//! name, the validity and the signatures are checked for both; then one key of the validated path (leaf,
//! intermediates, anchor) must be pinned.
//!
//! Where the organisation declared that it inspects TLS, and its settings relax the pins for that, a path to a CA
//! certificate that the server presents and whose key is a declared inspection root is taken too.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, OtherError, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

use super::error::Presented;
use super::limits::MAX_CHAIN;
use super::route::Trust;
use crate::model::SpkiPin;
use crate::network::issuers::issuers;
use crate::platform::Clock;

/// The TLS configuration for a server that is known by `trust`, and its verifier, which tells afterwards how it was known.
pub(super) fn client_config(
    trust: &Trust,
    clock: Arc<dyn Clock>,
) -> Result<(ClientConfig, Arc<PinnedVerifier>), rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(PinnedVerifier::new(trust, &provider));
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(WallClock(clock)))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((config, verifier))
}

/// Why a certificate chain is refused, carried through rustls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChainRefused {
    /// No key of the path is pinned.
    #[error("no pinned key")]
    NoPinnedKey {
        /// Pins of the keys that were presented, leaf first.
        seen: Vec<SpkiPin>,
        /// Who vouches for the chain.
        presented: Presented,
    },
    /// Not valid, though a pinned key is among those that were presented.
    #[error("{why}")]
    Invalid {
        /// What is wrong with it.
        why: String,
        /// Whether the pinned key does not vouch for it at all, whatever the date: it was put beside a foreign chain.
        foreign: bool,
    },
}

/// By what a chain is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// A pinned key.
    Pinned,
    /// A root by which the organisation inspects TLS, where the pins are relaxed for that.
    Inspected,
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

/// Whether a handshake failed because the other side showed a certificate without having its key.
pub(super) fn lacks_its_key(error: &std::io::Error) -> bool {
    tls_error(error).is_some_and(|error| {
        matches!(error, rustls::Error::InvalidCertificate(CertificateError::BadSignature))
    })
}

/// Whether a handshake failed because the other side does not speak TLS.
pub(super) fn is_not_tls(error: &std::io::Error) -> bool {
    tls_error(error).is_some_and(|error| matches!(error, rustls::Error::InvalidMessage(_)))
}

fn tls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Verifies chains as the module says.
pub(super) struct PinnedVerifier {
    trust: Trust,
    algorithms: WebPkiSupportedAlgorithms,
    inspected: AtomicBool,
}

impl PinnedVerifier {
    pub(super) fn new(trust: &Trust, provider: &CryptoProvider) -> Self {
        let algorithms = provider.signature_verification_algorithms;
        Self { trust: trust.clone(), algorithms, inspected: AtomicBool::new(false) }
    }

    /// Whether the chain was accepted as one of the organisation's inspection.
    pub(super) fn was_inspected(&self) -> bool {
        self.inspected.load(Ordering::Relaxed)
    }

    /// Judges a chain as presented.
    pub(super) fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<Accepted, ChainRefused> {
        if rest.len() >= MAX_CHAIN {
            return Err(invalid("it comes with too many certificates", true));
        }
        let end_entity = EndEntityCert::try_from(leaf).map_err(|error| invalid(explain(&error), true))?;
        let rest = &issuers(rest);
        let has_the_name = end_entity.verify_is_valid_for_subject_name(name);
        let (path, valid_without_pin) = self.pinned_path(&end_entity, rest, now);
        let Err(error) = path else {
            // Under a pinned key: whoever signed it is the connector's own authority.
            return has_the_name.map(|()| Accepted::Pinned).map_err(|error| invalid(explain(&error), false));
        };
        if has_the_name.is_ok() && self.is_inspected(&end_entity, rest, now) {
            if self.trust.relaxed {
                return Ok(Accepted::Inspected);
            }
            let seen = presented_pins(&end_entity, rest);
            return Err(ChainRefused::NoPinnedKey { seen, presented: Presented::Inspection });
        }
        let seen = presented_pins(&end_entity, rest);
        let is_pinned = |pin: &SpkiPin| self.trust.pins.contains(pin);
        let mut known = webpki_roots::TLS_SERVER_ROOTS.iter().map(anchor_pin).chain(seen.iter().copied());
        if valid_without_pin || !known.any(|pin| is_pinned(&pin)) {
            let is_public = valid_without_pin && has_the_name.is_ok();
            let presented = if is_public { Presented::PublicAuthority } else { Presented::NobodyKnown };
            return Err(ChainRefused::NoPinnedKey { seen, presented });
        }
        let is_own = seen.first().is_some_and(is_pinned)
            || issued_at(leaf, rest).is_some_and(|then| self.pinned_path(&end_entity, rest, then).0.is_ok());
        Err(invalid(explain(&error), !is_own))
    }

    /// Whether there is a path with a pinned key that is valid `now`, and whether there is one without.
    fn pinned_path(
        &self,
        leaf: &EndEntityCert<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> (Result<(), webpki::Error>, bool) {
        let anchors = self.anchors(rest, now);
        let valid_without_pin = Cell::new(false);
        let holds_a_pin = |path: &VerifiedPath<'_>| {
            if path_pins(path).any(|pin| self.trust.pins.contains(&pin)) {
                return Ok(());
            }
            valid_without_pin.set(true);
            Err(webpki::Error::UnknownIssuer)
        };
        let usage = KeyUsage::server_auth();
        let path =
            leaf.verify_for_usage(self.algorithms.all, &anchors, rest, now, usage, None, Some(&holds_a_pin));
        (path.map(|_| ()), valid_without_pin.get())
    }

    /// Whether a root by which the organisation inspects TLS vouches for the chain.
    fn is_inspected(&self, leaf: &EndEntityCert<'_>, rest: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let roots = ca_anchors(rest, &self.trust.inspection_roots, now);
        let usage = KeyUsage::server_auth();
        !roots.is_empty()
            && leaf.verify_for_usage(self.algorithms.all, &roots, rest, now, usage, None, None).is_ok()
    }

    /// Mozilla's roots and the presented CA certificates with a pinned key.
    fn anchors<'a>(&self, presented: &'a [CertificateDer<'a>], now: UnixTime) -> Vec<TrustAnchor<'a>> {
        let mut anchors = ca_anchors(presented, &self.trust.pins, now);
        anchors.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        anchors
    }
}

/// The CA certificates among `presented` whose key is one of `pins`.
///
/// Path validation takes an anchor as it is, so that what it would ask of an issuer is asked here.
fn ca_anchors<'a>(
    presented: &'a [CertificateDer<'a>],
    pins: &[SpkiPin],
    now: UnixTime,
) -> Vec<TrustAnchor<'a>> {
    let is_known_ca = |certificate: &&CertificateDer<'_>| {
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
            && pins.contains(&SpkiPin::of_spki(parsed.public_key().raw))
    };
    let known = presented.iter().filter(is_known_ca);
    known.filter_map(|certificate| webpki::anchor_from_trusted_cert(certificate).ok()).collect()
}

/// The moment from which on all certificates of a chain were meant to be valid.
fn issued_at(leaf: &CertificateDer<'_>, rest: &[CertificateDer<'_>]) -> Option<UnixTime> {
    let issued = std::iter::once(leaf).chain(rest).filter_map(|certificate| {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        u64::try_from(parsed.validity().not_before.timestamp()).ok()
    });
    issued.max().map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
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
            Ok(accepted) => {
                self.inspected.store(accepted == Accepted::Inspected, Ordering::Relaxed);
                Ok(ServerCertVerified::assertion())
            }
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
        f.debug_struct("PinnedVerifier").field("trust", &self.trust).finish_non_exhaustive()
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

fn invalid(why: impl Into<String>, foreign: bool) -> ChainRefused {
    ChainRefused::Invalid { why: why.into(), foreign }
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
