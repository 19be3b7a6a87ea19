//! The certificate that a canary shows: one from files, or one by an authority of its own.
//!
//! The authority is made at first start (`ca.pem`, `ca-key.pem`); agents pin its key. The server certificate is made
//! anew at every start and never stored; the chain that is sent includes the authority's, so that the pin is enough.

use std::net::IpAddr;
use std::path::Path;

use agent_core::model::{SpkiPin, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use super::error::CanaryError;
use super::files;
use super::limits::{CA_LIFETIME, LEAF_LIFETIME};

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca-key.pem";

/// Certificates are dated back a day, for devices whose clock is behind.
const BACKDATE: Duration = Duration::DAY;

/// A certificate chain, leaf first, with the key of its leaf.
#[derive(Debug)]
pub struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    pub(super) private_anchors: Vec<SpkiPin>,
}

impl Identity {
    /// A chain and key that were made elsewhere. `private_anchors` are the pins that agents need when the chain does
    /// not end at a public root.
    pub const fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        private_anchors: Vec<SpkiPin>,
    ) -> Self {
        Self { chain, key, private_anchors }
    }

    /// Reads a PEM chain and a PEM key.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, CanaryError> {
        let pem = files::read(certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|error| CanaryError::file(certificate, error))?;
        if chain.is_empty() {
            return Err(CanaryError::file(certificate, "holds no certificate in PEM"));
        }
        let private = PrivateKeyDer::from_pem_slice(&files::read_private(key)?)
            .map_err(|error| CanaryError::file(key, error))?;
        Ok(Self::new(chain, private, Vec::new()))
    }

    /// A certificate for `name` and `addresses` by the authority in `data`, which is made if there is none.
    pub fn self_made(
        data: &Path,
        name: &str,
        addresses: &[IpAddr],
        now: Timestamp,
    ) -> Result<Self, CanaryError> {
        let authority_key = authority_key(data)?;
        let anchor = SpkiPin::of_spki(&authority_key.subject_public_key_info());
        let authority = authority_certificate(data, &authority_key, now)?;
        let issuer = Issuer::from_ca_cert_der(&authority, authority_key).map_err(CanaryError::certificate)?;

        let key = KeyPair::generate().map_err(CanaryError::certificate)?;
        let names: Vec<_> =
            std::iter::once(name.to_owned()).chain(addresses.iter().map(ToString::to_string)).collect();
        let mut params = CertificateParams::new(names).map_err(CanaryError::certificate)?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, LEAF_LIFETIME, now)?;
        let leaf = params.signed_by(&key, &issuer).map_err(CanaryError::certificate)?;

        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok(Self::new(vec![leaf.der().clone(), authority], key.into(), vec![anchor]))
    }
}

fn authority_key(data: &Path) -> Result<KeyPair, CanaryError> {
    let pem = files::read_or_make(data, KEY, || {
        KeyPair::generate().map(|key| key.serialize_pem()).map_err(CanaryError::certificate)
    })?;
    KeyPair::from_pem(&String::from_utf8_lossy(&pem))
        .map_err(|error| CanaryError::file(&data.join(KEY), error))
}

fn authority_certificate(
    data: &Path,
    key: &KeyPair,
    now: Timestamp,
) -> Result<CertificateDer<'static>, CanaryError> {
    let pem = files::read_or_make(data, CERTIFICATE, || {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "mtd canary CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        valid_for(&mut params, CA_LIFETIME, now)?;
        params.self_signed(key).map(|certificate| certificate.pem()).map_err(CanaryError::certificate)
    })?;
    CertificateDer::from_pem_slice(&pem).map_err(|error| CanaryError::file(&data.join(CERTIFICATE), error))
}

fn valid_for(params: &mut CertificateParams, days: i64, now: Timestamp) -> Result<(), CanaryError> {
    let now = OffsetDateTime::from_unix_timestamp(now.unix()).map_err(CanaryError::certificate)?;
    let out_of_range = || CanaryError::certificate("the clock is outside the years of a certificate");
    params.not_before = now.checked_sub(BACKDATE).ok_or_else(out_of_range)?;
    params.not_after = now.checked_add(Duration::days(days)).ok_or_else(out_of_range)?;
    Ok(())
}
