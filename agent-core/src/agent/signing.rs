//! As whom, and with which key, this device signs what it reports.

use super::Inner;
use super::error::AgentError;
use crate::connector::Enrolment;
use crate::model::Timestamp;
use crate::platform::{Es256Signature, KeyProtection, PlatformError, Signer, SlotSigner};
use crate::report::{Issuer, ReportError, Reporter, enrolled_key};

/// How the enrolled key is kept. What cannot be read is not believed to be hardware.
pub(super) fn key_protection(enrolment: &Enrolment) -> KeyProtection {
    enrolment.key_protection.parse().unwrap_or(KeyProtection::Software)
}

/// Signs nothing: for whoever only needs to know how long a report will be.
pub(super) struct Nobody;

impl Signer for Nobody {
    fn public_key_spki_der(&self) -> Result<Vec<u8>, PlatformError> {
        Err(PlatformError::new("sign", "this measures only"))
    }

    fn sign_es256(&self, _: &[u8]) -> Result<Es256Signature, PlatformError> {
        Err(PlatformError::new("sign", "this measures only"))
    }
}

/// Who this device reports as.
pub(super) fn issuer(enrolment: &Enrolment) -> Issuer {
    Issuer {
        iss: enrolment.iss.clone(),
        aud: enrolment.aud.clone(),
        device_id: enrolment.device_id.clone(),
        tenant: enrolment.tenant.clone(),
    }
}

/// The key that the connector knows this device by.
pub(super) fn signer<'a>(inner: &'a Inner, enrolment: &Enrolment) -> Result<SlotSigner<'a>, AgentError> {
    Ok(enrolled_key(inner.host.key.as_ref(), &enrolment.kid).map_err(ReportError::from)?)
}

/// Makes the reports of scan `txn`, which was at `toe` if that is not now.
pub(super) fn reporter<'a>(
    inner: &'a Inner,
    issuer: &'a Issuer,
    key: &'a dyn Signer,
    txn: &'a str,
    toe: Option<Timestamp>,
) -> Reporter<'a> {
    let host = &inner.host;
    Reporter { issuer, txn, toe, key, clock: host.clock.as_ref(), entropy: host.entropy.as_ref() }
}
