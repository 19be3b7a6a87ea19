//! `AttestationApplicationId`: the apps that may use a key.
//!
//! DER within an OCTET STRING, made by the system's `KeyAttestationApplicationIdProviderService`.

use agent_core::model::Sha256;
use serde::Serialize;

use super::authorization::text;
use crate::attestation::der::{DerError, Reader};

/// The apps that may use a key: those that share its user id, with the certificates that signed them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplicationId {
    /// The apps. `AndroidSystem` alone stands for the system itself.
    pub packages: Vec<Package>,
    /// SHA-256 of their signing certificates.
    pub signers: Vec<Sha256>,
}

/// One app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Its package name.
    pub name: String,
    /// Its version code.
    pub version: u64,
}

pub(super) fn read(value: &mut Reader<'_>) -> Result<ApplicationId, DerError> {
    let mut inner = Reader::new(value.octets()?);
    let mut fields = inner.sequence()?;
    inner.end()?;
    let (mut packages, mut signers) = (fields.set()?, fields.set()?);
    fields.end()?;
    let mut id = ApplicationId { packages: Vec::new(), signers: Vec::new() };
    while !packages.is_empty() {
        let mut package = packages.sequence()?;
        id.packages.push(Package { name: text(&mut package)?, version: package.integer()? });
        package.end()?;
    }
    while !signers.is_empty() {
        let digest = signers.octets()?.try_into();
        let digest = digest.map_err(|_| DerError::Value("a signer that is no SHA-256 digest"))?;
        id.signers.push(Sha256::from_bytes(digest));
    }
    Ok(id)
}
