//! The file of a signing key: Ed25519 in PKCS #8 version 1 and PEM (RFC 8410, section 7), as OpenSSL writes it.

use std::path::Path;

use agent_core::canary::CanarySigner;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;

use super::error::CanaryError;
use crate::private_file::{self, PrivateFileError};

const FILE: &str = "signing-key.pem";

/// DER up to the seed: version 0, id-Ed25519, an OCTET STRING within an OCTET STRING.
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Reads the key in `path`.
pub fn read_signing_key(path: &Path) -> Result<CanarySigner, CanaryError> {
    parse(path, &private_file::read(path)?)
}

/// Reads the key in the directory `data`, making it at first use.
pub fn open_signing_key(data: &Path) -> Result<CanarySigner, CanaryError> {
    let pem = private_file::read_or_create(data, FILE, generate)?;
    parse(&data.join(FILE), &pem)
}

fn parse(path: &Path, pem: &[u8]) -> Result<CanarySigner, CanaryError> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|error| PrivateFileError::new(path, error))?;
    CanarySigner::from_pkcs8(der.secret_pkcs8_der())
        .map_err(|error| PrivateFileError::new(path, error).into())
}

fn generate() -> Result<Vec<u8>, CanaryError> {
    let mut seed = [0; 32];
    SystemRandom::new().fill(&mut seed).map_err(|_| CanaryError::Random)?;
    // 48 bytes: one line of base64.
    let line = BASE64_STANDARD.encode([PKCS8_PREFIX.as_slice(), &seed].concat());
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{line}\n-----END PRIVATE KEY-----\n").into_bytes())
}
