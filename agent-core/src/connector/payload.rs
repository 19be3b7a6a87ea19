//! The enrolment payload: all that a device needs to find its connector and prove that it was invited.
//!
//! ```text
//! {"url":"https://mtd.example:8443","spki_pins":["sha256/…","sha256/…"],"token":"<base64url>","tenant":"acme"}
//! mtd-enrol:<base64url of that JSON>
//! ```
//!
//! Invariants: the URL is an `https` origin; two to [`MAX_PINS`] different pins; the tenant is one path label.

use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde::{Deserialize, Serialize};
use url::{Origin, Url};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::limits::{MAX_IDENTIFIER, MAX_PAYLOAD, MAX_PINS, MAX_TENANT};
use crate::model::SpkiPin;
use crate::report::strict_json;

/// Scheme of the one-line form, which a QR code carries.
const SCHEME: &str = "mtd-enrol:";

/// An invitation to enrol: from a QR code or managed app configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct EnrolmentPayload {
    url: String,
    spki_pins: Vec<SpkiPin>,
    token: OneTimeToken,
    tenant: String,
}

impl EnrolmentPayload {
    /// Checks the parts and puts them together.
    pub fn new(
        url: &str,
        spki_pins: Vec<SpkiPin>,
        token: OneTimeToken,
        tenant: &str,
    ) -> Result<Self, PayloadError> {
        let mut distinct = spki_pins.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() != spki_pins.len() || !(2..=MAX_PINS).contains(&spki_pins.len()) {
            return Err(PayloadError::Pins);
        }
        if !is_tenant(tenant) {
            return Err(PayloadError::Tenant);
        }
        Ok(Self { url: origin(url)?, spki_pins, token, tenant: tenant.to_owned() })
    }

    /// Origin of the connector, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Keys of which one must be in the connector's certificate chain.
    pub fn spki_pins(&self) -> &[SpkiPin] {
        &self.spki_pins
    }

    /// Good for one enrolment.
    pub const fn token(&self) -> &OneTimeToken {
        &self.token
    }

    /// The organisation.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The one-line form, for a QR code. Holds the token: a secret until it is used.
    pub fn to_line(&self) -> Result<String, PayloadError> {
        let json = serde_json::to_vec(self).map_err(|_| PayloadError::Form)?;
        Ok(format!("{SCHEME}{}", BASE64_URL_SAFE_NO_PAD.encode(json)))
    }
}

impl FromStr for EnrolmentPayload {
    type Err = PayloadError;

    /// Reads either form; white space around it is ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > MAX_PAYLOAD {
            return Err(PayloadError::TooLong);
        }
        let text = text.trim();
        let json = match text.strip_prefix(SCHEME) {
            Some(encoded) => BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| PayloadError::Form)?,
            None => text.as_bytes().to_vec(),
        };
        // serde's own message could quote the token.
        let raw: Raw = strict_json::from_slice(&json).map_err(|_| PayloadError::Form)?;
        raw.try_into()
    }
}

/// The payload before its parts are checked.
#[derive(Deserialize)]
struct Raw {
    url: String,
    spki_pins: Vec<SpkiPin>,
    token: OneTimeToken,
    tenant: String,
}

impl TryFrom<Raw> for EnrolmentPayload {
    type Error = PayloadError;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        Self::new(&raw.url, raw.spki_pins, raw.token, &raw.tenant)
    }
}

/// A secret that enrols one device, once. Never shown, wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(try_from = "String")]
pub struct OneTimeToken(String);

impl OneTimeToken {
    /// The text, for the one message that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OneTimeToken {
    type Error = PayloadError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let base64url = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if text.is_empty() || text.len() > MAX_IDENTIFIER || !text.bytes().all(base64url) {
            return Err(PayloadError::Token);
        }
        Ok(Self(text))
    }
}

impl fmt::Debug for OneTimeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeToken(…)")
    }
}

fn is_tenant(name: &str) -> bool {
    let label = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=MAX_TENANT).contains(&name.len()) && name.bytes().all(label)
}

/// `url` as an origin: `https`, a host, perhaps a port, and nothing more.
pub(super) fn origin(url: &str) -> Result<String, PayloadError> {
    let parsed = Url::parse(url).map_err(|_| PayloadError::Url)?;
    let bare = parsed.username().is_empty()
        && parsed.password().is_none()
        && parsed.path() == "/"
        && parsed.query().is_none()
        && parsed.fragment().is_none();
    match parsed.origin() {
        origin @ Origin::Tuple(..) if bare && parsed.scheme() == "https" => Ok(origin.ascii_serialization()),
        _ => Err(PayloadError::Url),
    }
}

/// Why a text is no enrolment payload. Never quotes it: it holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Larger than any QR code.
    #[error("enrolment payload is longer than {MAX_PAYLOAD} bytes; scan the code again")]
    TooLong,
    /// Neither JSON nor the one-line form.
    #[error(
        "enrolment payload is not readable: expected \"{SCHEME}…\" or JSON with url, spki_pins, token, tenant"
    )]
    Form,
    /// Not an `https` origin.
    #[error("enrolment payload: url must be https://host or https://host:port and nothing more")]
    Url,
    /// Too few, too many or repeated.
    #[error("enrolment payload: spki_pins must be 2 to {MAX_PINS} different pins")]
    Pins,
    /// Not base64url.
    #[error("enrolment payload: token must be 1 to {MAX_IDENTIFIER} characters of base64url")]
    Token,
    /// Not a label.
    #[error("enrolment payload: tenant must be 1 to {MAX_TENANT} of a-z, 0-9 and hyphen")]
    Tenant,
}
