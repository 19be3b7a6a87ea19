//! What this machine thinks of a certificate chain, and who put the root there.
//!
//! The verdict is rustls-platform-verifier's, under the roots that OpenSSL and most programs use here. Linux
//! keeps no origin with a root, so the anchor is found afterwards: the chain is verified again under the
//! roots of the distribution's own package, then under those in the directories for roots added by the
//! administrator. A chain that holds under both rests on the distribution's. A root that is in neither, as
//! one appended to the bundle by hand, stays untold.
//!
//! A chain that fails only by its dates is verified again at the moments they lead to: whoever's clock is wrong
//! must be told from an unknown authority.

use std::sync::Arc;

use agent_core::model::{Fact, Sha256, Timestamp, TrustAnchor, TrustVerdict};
use rustls::client::danger::ServerCertVerifier;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::files::Files;

/// Where distributions ship roots, one PEM file each: Debian's ca-certificates package, and Mozilla's roots in
/// a folder of it.
pub(super) const SHIPPED: &[&str] = &["/usr/share/ca-certificates", "/usr/share/ca-certificates/mozilla"];

/// Where an administrator adds roots: update-ca-certificates(8) of Debian, update-ca-trust(8) of Fedora, and
/// of Arch.
pub(super) const ADDED: &[&str] = &[
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
];

/// Most other moments that are tried. A chain has few certificates, and each can send us on once.
const MAX_MOMENTS: usize = 4;

/// Most shipped or added roots that are tried. Mozilla ships about 140.
const MAX_ROOTS: usize = 1000;

/// The verifier of this machine.
pub fn platform_verifier() -> Result<Arc<dyn ServerCertVerifier>, Error> {
    Ok(Arc::new(Verifier::new(provider())?))
}

/// What `verifier` says of `chain` (DER, leaf first) for `host` at `now`.
pub fn evaluate(
    verifier: Result<Arc<dyn ServerCertVerifier>, Error>,
    files: &Files,
    chain: &[Vec<u8>],
    host: &str,
    now: Timestamp,
) -> Fact<TrustVerdict> {
    let verifier = match verifier {
        Ok(verifier) => verifier,
        Err(error) => {
            return Fact::not_available(format!("this machine has no usable root certificates: {error}"));
        }
    };
    Fact::known(match valid_at(verifier.as_ref(), chain, host, now) {
        Ok(moment) => {
            let (anchor, root_spki) = root_of(files, chain, moment);
            match moment == now {
                true => TrustVerdict::Trusted { anchor, root_spki },
                false => TrustVerdict::OutOfDate { anchor, root_spki, valid_at: moment },
            }
        }
        Err(error) => TrustVerdict::Rejected { why: error.to_string() },
    })
}

/// A moment at which `chain` is valid: now, or else the nearest to which its dates lead. The error is that of now.
fn valid_at(
    verifier: &dyn ServerCertVerifier,
    chain: &[Vec<u8>],
    host: &str,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let first = match verified(verifier, chain, host, now) {
        Ok(()) => return Ok(now),
        Err(error) => error,
    };
    let mut moment = nearest_boundary(&first);
    for _ in 0..MAX_MOMENTS {
        let Some(tried) = moment else { break };
        match verified(verifier, chain, host, tried) {
            Ok(()) => return Ok(tried),
            Err(error) => moment = nearest_boundary(&error),
        }
    }
    Err(first)
}

/// The last or first moment of validity of the certificate that an error is about.
fn nearest_boundary(error: &Error) -> Option<Timestamp> {
    let boundary = match error {
        Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. }) => not_after,
        Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. }) => not_before,
        _ => return None,
    };
    i64::try_from(boundary.as_secs()).ok().map(Timestamp::from_unix)
}

fn verified(
    verifier: &dyn ServerCertVerifier,
    chain: &[Vec<u8>],
    host: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let host = ServerName::try_from(host)
        .map_err(|_| Error::General("the server's name is neither a host name nor an address".to_owned()))?;
    let chain = borrowed(chain);
    let (leaf, intermediates) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
    verifier.verify_server_cert(leaf, intermediates, &host, &[], unix_time(now)).map(|_| ())
}

/// Who put the root of a chain there that the platform accepts at `moment`, and its key where it is found.
fn root_of(files: &Files, chain: &[Vec<u8>], moment: Timestamp) -> (TrustAnchor, Option<Sha256>) {
    for (directories, anchor) in [(SHIPPED, TrustAnchor::System), (ADDED, TrustAnchor::UserAdded)] {
        let mut roots = directories.iter().flat_map(|directory| roots(files, directory)).take(MAX_ROOTS);
        if let Some(root_spki) = roots.find_map(|root| holds_under(root, chain, moment)) {
            return (anchor, Some(root_spki));
        }
    }
    (TrustAnchor::Untold, None)
}

/// The certificates in `directory`; files that hold none are passed over, as the system's own tools do.
fn roots<'a>(files: &'a Files, directory: &'a str) -> impl Iterator<Item = CertificateDer<'static>> + 'a {
    let names = files.names(directory).unwrap_or_default().into_iter();
    names.filter_map(move |name| files.text(format!("{directory}/{name}")).ok()).flat_map(|text| {
        CertificateDer::pem_slice_iter(text.as_bytes()).filter_map(Result::ok).collect::<Vec<_>>()
    })
}

/// The digest of `root`'s public key, if `chain` leads to it. Names were checked already. Cheap when it does
/// not: a signature is only computed where issuer and subject are the same.
fn holds_under(root: CertificateDer<'static>, chain: &[Vec<u8>], now: Timestamp) -> Option<Sha256> {
    let mut store = RootCertStore::empty();
    store.add(root).ok()?;
    let chain = borrowed(chain);
    let (leaf, intermediates) = chain.split_first()?;
    verify_server_cert_signed_by_trust_anchor(
        &ParsedCertificate::try_from(leaf).ok()?,
        &store,
        intermediates,
        unix_time(now),
        provider().signature_verification_algorithms.all,
    )
    .ok()?;
    let anchor = store.roots.first()?;
    Some(Sha256::of(&sequence(anchor.subject_public_key_info.as_ref())?))
}

/// `content` as a DER SEQUENCE: a trust anchor keeps its key without the outer tag and length.
fn sequence(content: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(content.len()).ok()?.to_be_bytes();
    let header = match length {
        [0, short @ ..=0x7f] => vec![0x30, short],
        [0, long] => vec![0x30, 0x81, long],
        [high, low] => vec![0x30, 0x82, high, low],
    };
    Some([header.as_slice(), content].concat())
}

fn borrowed(chain: &[Vec<u8>]) -> Vec<CertificateDer<'_>> {
    chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect()
}

/// `now` as webpki takes it, held at 1970.
fn unix_time(now: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(now.unix()).unwrap_or_default()))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
