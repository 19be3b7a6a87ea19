//! How a keystore came by its own key.
//!
//! With remote key provisioning (Android 12 and later) Google issues certificates of some weeks over the network. The one
//! of the keystore then has the extension 1.3.6.1.4.1.11129.2.1.30: a CBOR map in which 1 is the number of certificates
//! that were issued in 30 days.

use serde::{Deserialize, Serialize};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{Oid, asn1_rs::oid};

use crate::attestation::cbor;
use crate::attestation::refusal::{Refusal, Rule};

const PROVISIONING_INFO: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.1.30);

/// How a keystore came by its own key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Provisioning {
    /// Put in where the device was made, for its life and for many devices alike.
    Factory,
    /// Issued over the network.
    Remote {
        /// Certificates issued to this device in 30 days, as Google tells it: many are a sign of misuse.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificates_issued: Option<u64>,
    },
}

/// Of the certificate above the leaf.
pub(super) fn read(certificates: &[X509Certificate<'_>]) -> Result<Provisioning, Refusal> {
    let extension = certificates
        .get(1)
        .and_then(|keystore| keystore.iter_extensions().find(|extension| extension.oid == PROVISIONING_INFO));
    let Some(extension) = extension else {
        return Ok(Provisioning::Factory);
    };
    let broken = |why: String| Refusal::new(Rule::Encoding, format!("provisioning info: {why}"));
    let map = cbor::read(extension.value).map_err(broken)?;
    let map = map.into_map().map_err(|_| broken("no map".to_owned()))?;
    let issued = map.into_iter().find(|(key, _)| key.as_integer() == Some(1.into())).map(|(_, value)| value);
    let issued = issued.map(|value| value.as_integer().and_then(|number| u64::try_from(number).ok()));
    match issued {
        None => Ok(Provisioning::Remote { certificates_issued: None }),
        Some(Some(number)) => Ok(Provisioning::Remote { certificates_issued: Some(number) }),
        Some(None) => Err(broken("the number of certificates is none".to_owned())),
    }
}
