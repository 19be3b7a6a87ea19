//! The certificate that a canary shows: one from files, or one by an authority of its own, whose key agents pin.

use std::net::IpAddr;
use std::path::Path;

use agent_core::model::{SpkiPin, Timestamp};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::CanaryError;
use crate::authority::{Authority, SERVER_LIFETIME, ServerCertificate};
use crate::private_file::{self, PrivateFileError};

/// A certificate chain, leaf first, with the key of its leaf.
#[derive(Debug)]
pub struct Identity {
    pub(super) certificate: ServerCertificate,
    /// The pins that agents need when the chain does not end at a public root.
    pub(super) private_anchors: Vec<SpkiPin>,
}

impl Identity {
    /// Reads a PEM chain and a PEM key.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, CanaryError> {
        let pem = private_file::read_public(certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.map_err(|error| PrivateFileError::new(certificate, error))?;
        if chain.is_empty() {
            return Err(PrivateFileError::new(certificate, "holds no certificate in PEM").into());
        }
        let private = PrivateKeyDer::from_pem_slice(&private_file::read(key)?)
            .map_err(|error| PrivateFileError::new(key, error))?;
        Ok(Self { certificate: ServerCertificate { chain, key: private }, private_anchors: Vec::new() })
    }

    /// A certificate for `name` and `addresses` by the authority in `data`, which is made if there is none.
    pub fn self_made(
        data: &Path,
        name: &str,
        addresses: &[IpAddr],
        now: Timestamp,
    ) -> Result<Self, CanaryError> {
        let authority = Authority::open(data, "mtd canary CA", now)?;
        let names: Vec<_> =
            std::iter::once(name.to_owned()).chain(addresses.iter().map(ToString::to_string)).collect();
        let certificate = authority.issue(&names, SERVER_LIFETIME, now)?;
        Ok(Self { certificate, private_anchors: vec![authority.pin()] })
    }
}
