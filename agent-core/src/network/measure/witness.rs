//! Sees a TLS server's certificate chain without believing it.
//!
//! The verifier takes any chain, so that a forged one can be recorded and judged, but checks the signature over
//! the handshake: a peer that merely replays somebody's certificate is recorded as one that did not prove its
//! key. That check takes certificates which a strict verifier does not (X.509 v1, odd extensions), for those
//! are what an interceptor may present.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use webpki::RawPublicKeyEntity;

use crate::network::limits::{MAX_CERTIFICATES, MAX_CHAIN_BYTES};
use crate::network::observation::{Certificate, Possession};
use crate::network::words::plain;

/// Watches one handshake.
#[derive(Debug)]
pub(super) struct Witness {
    algorithms: WebPkiSupportedAlgorithms,
    seen: Mutex<Seen>,
}

/// What a peer has shown of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Leaf first; empty before the peer has sent it.
    pub(super) chain: Vec<Certificate>,
    /// Certificates that were too many to keep.
    pub(super) dropped: u64,
    /// Absent before the peer has signed.
    pub(super) possession: Option<Possession>,
}

impl Witness {
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms) -> Arc<Self> {
        Arc::new(Self { algorithms, seen: Mutex::default() })
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn signature(&self, message: &[u8], leaf: &CertificateDer<'_>, signed: &DigitallySignedStruct) {
        let possession = match self.check(message, leaf, signed) {
            Ok(()) => Possession::Proven,
            Err(why) => Possession::Unproven { why: plain(&why) },
        };
        self.note(|seen| seen.possession = Some(possession));
    }

    fn check(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<(), String> {
        let (_, leaf) = x509_parser::parse_x509_certificate(leaf)
            .map_err(|error| format!("the leaf certificate cannot be read: {error}"))?;
        let spki = SubjectPublicKeyInfoDer::from(leaf.public_key().raw);
        let key = RawPublicKeyEntity::try_from(&spki)
            .map_err(|error| format!("the leaf's public key cannot be read: {error}"))?;
        let fitting = self.algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        let verified = fitting
            .flat_map(|(_, algorithms)| algorithms.iter())
            .any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok());
        if verified {
            return Ok(());
        }
        Err(format!("the signature over the handshake ({:?}) is not by the leaf's key", signed.scheme))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut room = MAX_CHAIN_BYTES;
        let chain: Vec<_> = std::iter::once(leaf)
            .chain(others)
            .take(MAX_CERTIFICATES)
            .map_while(|certificate| {
                room = room.checked_sub(certificate.len())?;
                Some(Certificate::from_der(certificate.to_vec()))
            })
            .collect();
        let dropped = (others.len() + 1).saturating_sub(chain.len()) as u64;
        self.note(|seen| (seen.chain, seen.dropped) = (chain, dropped));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signature(message, leaf, signed);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signature(message, leaf, signed);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
