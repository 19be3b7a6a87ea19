//! A certification authority of our own, for servers without a certificate of a public one.
//!
//! Devices pin its key instead of knowing a root; the chain that a server sends therefore ends with the authority's
//! certificate. In a folder it is made at first use and kept, for its owner alone:
//!
//! ```text
//! ca-key.pem    P-256, PKCS #8
//! ca.pem        its certificate, self-signed
//! ```
//!
//! Server certificates are made anew at every start and never stored.

use std::path::Path;
use std::sync::Arc;

use agent_core::model::{SpkiPin, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, SupportedProtocolVersion};
use time::{Duration, OffsetDateTime};

use crate::private_file::{self, PrivateFileError};

const KEY: &str = "ca-key.pem";
const CERTIFICATE: &str = "ca.pem";

/// Life of the authority: devices pin its key, which never changes.
const AUTHORITY_LIFETIME: Duration = Duration::days(3650);

/// Longest life of a server certificate that all platforms accept: 398 days with the one that it is dated back.
pub const SERVER_LIFETIME: Duration = Duration::days(397);

/// Certificates are dated back a day, for devices whose clock is behind.
const BACKDATE: Duration = Duration::DAY;

/// Why a certificate could not be had.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A key or certificate file.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A certificate could not be made or used.
    #[error("certificate: {0}")]
    Certificate(String),
}

/// An authority that issues certificates for servers.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pin: SpkiPin,
}

impl Authority {
    /// Opens the authority in `directory`, making it under `name` at first use.
    pub fn open(directory: &Path, name: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let key = open_key(directory, KEY)?;
        let pem = private_file::read_or_create(directory, CERTIFICATE, || {
            self_signed(&key, name, now).map(|certificate| certificate.pem().into_bytes())
        })?;
        let unusable =
            |why: &dyn ToString| PrivateFileError::new(&directory.join(CERTIFICATE), why.to_string());
        let certificate = CertificateDer::from_pem_slice(&pem).map_err(|error| unusable(&error))?;
        Self::new(key, certificate).map_err(|error| unusable(&error).into())
    }

    /// An authority that lives as long as the process.
    pub fn in_memory(name: &str, now: Timestamp) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = self_signed(&key, name, now)?.der().clone();
        Self::new(key, certificate).map_err(failed)
    }

    fn new(key: KeyPair, certificate: CertificateDer<'static>) -> Result<Self, rcgen::Error> {
        let pin = pin(&key);
        Ok(Self { issuer: Issuer::from_ca_cert_der(&certificate, key)?, certificate, pin })
    }

    /// The pin of its key.
    pub const fn pin(&self) -> SpkiPin {
        self.pin
    }

    /// Its certificate.
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A new key and certificate for a server of these host names or addresses.
    pub fn issue(
        &self,
        names: &[String],
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<ServerCertificate, AuthorityError> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(names).map_err(failed)?;
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("server", String::as_str));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid_for(&mut params, lifetime, now)?;
        let leaf = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(ServerCertificate {
            chain: vec![leaf.der().clone(), self.certificate.clone()],
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }
}

/// The pin of the key in `directory/name`, made at first use: a key to pin before it is needed.
pub fn key_pin(directory: &Path, name: &str) -> Result<SpkiPin, AuthorityError> {
    open_key(directory, name).map(|key| pin(&key))
}

/// What a server shows, and the key to it.
#[derive(Debug)]
pub struct ServerCertificate {
    /// The server's certificate first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of the first certificate.
    pub key: PrivateKeyDer<'static>,
}

impl ServerCertificate {
    /// A TLS server that shows it and asks for no certificate itself.
    pub fn into_server_config(
        self,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<ServerConfig, AuthorityError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(self.chain, self.key))
            .map_err(failed)
    }
}

fn open_key(directory: &Path, name: &str) -> Result<KeyPair, AuthorityError> {
    let pem = private_file::read_or_create(directory, name, || {
        KeyPair::generate().map(|key| key.serialize_pem().into_bytes()).map_err(failed)
    })?;
    KeyPair::from_pem(&String::from_utf8_lossy(&pem))
        .map_err(|error| PrivateFileError::new(&directory.join(name), error).into())
}

fn pin(key: &KeyPair) -> SpkiPin {
    SpkiPin::of_spki(&key.subject_public_key_info())
}

fn self_signed(key: &KeyPair, name: &str, now: Timestamp) -> Result<rcgen::Certificate, AuthorityError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut params, AUTHORITY_LIFETIME, now)?;
    params.self_signed(key).map_err(failed)
}

fn valid_for(
    params: &mut CertificateParams,
    lifetime: Duration,
    now: Timestamp,
) -> Result<(), AuthorityError> {
    let now = OffsetDateTime::from_unix_timestamp(now.unix()).map_err(failed)?;
    let out_of_range = || failed("the clock is outside the years of a certificate");
    params.not_before = now.checked_sub(BACKDATE).ok_or_else(out_of_range)?;
    params.not_after = now.checked_add(lifetime).ok_or_else(out_of_range)?;
    Ok(())
}

fn failed(why: impl ToString) -> AuthorityError {
    AuthorityError::Certificate(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

    #[test]
    fn authority_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let made = Authority::open(folder.path(), "first", NOW).unwrap();
        let found = Authority::open(folder.path(), "second", NOW.plus_seconds(3600)).unwrap();
        assert_eq!((made.pin(), made.certificate()), (found.pin(), found.certificate()));
    }

    #[test]
    fn chain_ends_with_the_authority_that_is_pinned() {
        let authority = Authority::in_memory("test", NOW).unwrap();
        let server = authority.issue(&["mtd.example".to_owned()], SERVER_LIFETIME, NOW).unwrap();
        assert_eq!((server.chain.len(), server.chain.last()), (2, Some(authority.certificate())));
        let parsed = rustls::server::ParsedCertificate::try_from(authority.certificate()).unwrap();
        assert_eq!(SpkiPin::of_spki(&parsed.subject_public_key_info()), authority.pin());
    }

    #[test]
    fn key_that_is_pinned_in_advance_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let pins = [(); 2].map(|()| key_pin(folder.path(), "backup.pem").unwrap());
        assert_eq!(pins[0], pins[1]);
        assert_ne!(pins[0], key_pin(folder.path(), "another.pem").unwrap());
    }

    #[test]
    fn damaged_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        Authority::open(folder.path(), "test", NOW).unwrap();
        for name in [CERTIFICATE, KEY] {
            let path = folder.path().join(name);
            std::fs::write(&path, "damaged").unwrap();
            let error = Authority::open(folder.path(), "test", NOW).err().unwrap().to_string();
            assert!(error.starts_with(&format!("{}: ", path.display())), "{error}");
        }
    }

    #[test]
    fn clock_outside_the_years_of_a_certificate_is_an_error() {
        for now in [i64::MIN, i64::MAX, 253_402_300_799] {
            assert!(Authority::in_memory("test", Timestamp::from_unix(now)).is_err());
        }
    }
}
