//! What an MDM tells of a device beside its apps: configuration profiles and certificates.

use agent_core::platform;

use crate::host::HostError;
use crate::types::ConfigurationProfile;

/// Reads the configuration profiles of Apple's response to `ProfileList`: a property list, XML or binary, of at most 8 MiB.
#[uniffi::export]
pub fn read_profile_list(response: &[u8]) -> Result<Vec<ConfigurationProfile>, HostError> {
    let profiles = platform::profiles_from_mdm(response).map_err(failed)?;
    Ok(profiles.into_iter().map(Into::into).collect())
}

/// Reads the root certificates, DER, of Apple's response to `CertificateList`: a property list, XML or binary, of at most
/// 8 MiB. Identities of the device and intermediate authorities are left out.
#[uniffi::export]
pub fn read_certificate_list(response: &[u8]) -> Result<Vec<Vec<u8>>, HostError> {
    platform::roots_from_mdm(response).map_err(failed)
}

fn failed(error: platform::MdmError) -> HostError {
    HostError::Failed { why: error.to_string() }
}
