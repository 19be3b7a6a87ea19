//! What a person would look up in a certificate. Hostile input: whatever cannot be read is absent.

use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::X509Name;

use crate::model::{SpkiPin, Timestamp};
use crate::network::observation::Certificate;
use crate::network::words::plain;

/// The contents of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// Who it is for.
    pub(super) subject: Name,
    /// Who signed it, by its own account.
    pub(super) issuer: Name,
    /// First moment of validity.
    pub(super) not_before: Timestamp,
    /// Last moment of validity.
    pub(super) not_after: Timestamp,
    /// Pin of its key.
    pub(super) spki: SpkiPin,
}

/// A distinguished name. It labels; it never proves or excuses anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// `C=US, O=Example, CN=Example Root`.
    pub(super) full: String,
    /// The common name, or the whole where there is none.
    pub(super) short: String,
}

impl Contents {
    /// Reads a certificate; `None` if it is none.
    pub(super) fn of(certificate: &Certificate) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate.as_der()).ok()?;
        Some(Self {
            subject: Name::of(parsed.subject()),
            issuer: Name::of(parsed.issuer()),
            not_before: Timestamp::from_unix(parsed.validity().not_before.timestamp()),
            not_after: Timestamp::from_unix(parsed.validity().not_after.timestamp()),
            spki: SpkiPin::of_spki(parsed.public_key().raw),
        })
    }
}

/// Whether a certificate is signed by its own key.
pub(super) fn is_self_signed(certificate: &Certificate) -> bool {
    X509Certificate::from_der(certificate.as_der()).is_ok_and(|(_, parsed)| {
        parsed.subject().as_raw() == parsed.issuer().as_raw() && parsed.verify_signature(None).is_ok()
    })
}

impl Name {
    fn of(name: &X509Name<'_>) -> Self {
        let full = plain(&name.to_string());
        let common = name.iter_common_name().next().and_then(|attribute| attribute.as_str().ok());
        Self { short: common.map_or_else(|| full.clone(), plain), full }
    }
}
