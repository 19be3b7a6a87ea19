//! The connector's own certification authority.
//!
//! At first start two P-256 keys are made: `ca-key.p8`, which signs the server certificate, and
//! `ca-backup-key.p8`, which is only pinned. Should the first be lost or stolen, the second takes its place
//! without a visit to any device. The server certificate is made anew at every start and never stored; the chain
//! that is sent includes the CA certificate, so that devices need only the pins.

use std::path::Path;
use std::sync::Arc;

use agent_core::model::{SpkiPin, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use time::{Duration, OffsetDateTime};

use super::error::Error;
use super::limits::{CA_LIFETIME, LEAF_LIFETIME};
use crate::private_file::{self, PrivateFileError};
use crate::software_key::SoftwareKey;

const KEY: &str = "ca-key.p8";
const CERTIFICATE: &str = "ca.der";
const BACKUP_KEY: &str = "ca-backup-key.p8";

/// Certificates are dated back a day, for devices whose clock is behind.
const BACKDATE: Duration = Duration::DAY;

/// The authority of one data directory.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pins: [SpkiPin; 2],
}

impl Authority {
    /// Opens the authority, making it at first use.
    pub fn open(data_dir: &Path, now: Timestamp) -> Result<Self, Error> {
        let key = key(data_dir, KEY)?;
        let backup = self::key(data_dir, BACKUP_KEY)?;
        let pins = [pin(&key), pin(&backup)];
        let certificate = private_file::read_or_create(data_dir, CERTIFICATE, || ca_certificate(&key, now))?;
        let certificate = CertificateDer::from(certificate);
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|error| Error::File(PrivateFileError::new(&data_dir.join(CERTIFICATE), error)))?;
        Ok(Self { issuer, certificate, pins })
    }

    /// The pins that devices are given: of the key in use and of the backup key.
    pub const fn pins(&self) -> [SpkiPin; 2] {
        self.pins
    }

    /// A TLS 1.3 server with a new certificate for `names` (host names or addresses).
    pub fn server_config(&self, names: &[String], now: Timestamp) -> Result<ServerConfig, Error> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, "mtd connector");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, LEAF_LIFETIME, now)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(failed)?;

        let chain = vec![leaf.der().clone(), self.certificate.clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn key(data_dir: &Path, name: &str) -> Result<KeyPair, Error> {
    let pkcs8 =
        private_file::read_or_create(data_dir, name, || SoftwareKey::generate().map_err(Error::from))?;
    KeyPair::try_from(pkcs8).map_err(|error| Error::File(PrivateFileError::new(&data_dir.join(name), error)))
}

fn pin(key: &KeyPair) -> SpkiPin {
    SpkiPin::of_spki(&key.subject_public_key_info())
}

fn ca_certificate(key: &KeyPair, now: Timestamp) -> Result<Vec<u8>, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "mtd development connector CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut params, CA_LIFETIME, now)?;
    Ok(params.self_signed(key).map_err(failed)?.der().to_vec())
}

fn valid_for(params: &mut CertificateParams, days: i64, now: Timestamp) -> Result<(), Error> {
    let now = OffsetDateTime::from_unix_timestamp(now.unix()).map_err(failed)?;
    let out_of_range = || failed("the clock is outside the years of a certificate");
    params.not_before = now.checked_sub(BACKDATE).ok_or_else(out_of_range)?;
    params.not_after = now.checked_add(Duration::days(days)).ok_or_else(out_of_range)?;
    Ok(())
}

fn failed(why: impl ToString) -> Error {
    Error::Certificate(why.to_string())
}
