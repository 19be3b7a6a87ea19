//! Google's list of revoked attestation certificates, as `android.googleapis.com/attestation/status` serves it.
//!
//! ```json
//! { "entries": { "2c8cdddfd5e03bfc": { "status": "REVOKED", "reason": "KEY_COMPROMISE" } } }
//! ```
//!
//! Keys are serial numbers in lower-case hexadecimal. A certificate that is listed is not trusted, whatever its status:
//! `SUSPENDED` says that it may be again.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The list. Which file it came from, and when, is the caller's concern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationList(BTreeMap<String, Entry>);

/// Why a certificate is on the list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// Whether for good.
    pub status: Status,
    /// `KEY_COMPROMISE`, `CA_COMPROMISE`, `SUPERSEDED`, `SOFTWARE_FLAW`.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Whether a certificate may be trusted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Never.
    Revoked,
    /// Perhaps.
    Suspended,
}

/// A revocation list that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RevocationListError {
    /// Not the format.
    #[error("not a revocation list of Google's format ({0}): take the file as the service gives it")]
    Format(#[from] serde_json::Error),
    /// A serial number that is none.
    #[error("entry \"{0}\" is no serial number in hexadecimal: take the file as the service gives it")]
    Serial(String),
}

impl RevocationList {
    /// Reads the JSON.
    pub fn parse(json: &[u8]) -> Result<Self, RevocationListError> {
        #[derive(Deserialize)]
        struct File {
            entries: BTreeMap<String, Entry>,
        }
        let file: File = serde_json::from_slice(json)?;
        let entries = file.entries.into_iter().map(|(serial, entry)| Ok((normal(serial)?, entry)));
        entries.collect::<Result<_, _>>().map(Self)
    }

    /// How many certificates are on it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it names no certificate.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entry of a serial number: lower-case hexadecimal, no leading zeros.
    pub(super) fn entry(&self, serial: &str) -> Option<&Entry> {
        self.0.get(serial)
    }
}

fn normal(serial: String) -> Result<String, RevocationListError> {
    if serial.is_empty() || !serial.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(RevocationListError::Serial(serial));
    }
    Ok(serial.to_ascii_lowercase().trim_start_matches('0').to_owned())
}
