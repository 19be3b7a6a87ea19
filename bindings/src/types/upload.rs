//! Delivery by the platform's own transfer, while this process sleeps.

use std::collections::HashMap;
use std::time::SystemTime;

use agent_core::agent as core;

use super::system_time;

/// A report to be sent by `POST`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Upload {
    /// Its sequence number: names it in `upload_result`.
    pub seq: u64,
    /// Where it goes.
    pub url: String,
    /// Header fields that must be sent.
    pub headers: HashMap<String, String>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// SHA-256 of SubjectPublicKeyInfos, base64, of which one must be in the server's certificate chain, where the
    /// platform lets the app look. Where it does not, the receipt still proves who took the report.
    pub spki_pins: Vec<String>,
}

/// What a transfer brought.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum UploadAnswer {
    /// An answer, read to its end.
    Http {
        /// Status code.
        status: u16,
        /// Header fields; names in any case.
        headers: HashMap<String, String>,
        /// The body.
        body: Vec<u8>,
    },
    /// No answer.
    Failed {
        /// The platform's words.
        why: String,
    },
}

/// What became of the report.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum UploadOutcome {
    /// The connector signed for it, now or before.
    Delivered,
    /// The connector will never take it; set aside.
    Quarantined {
        /// The connector's words.
        why: String,
    },
    /// It is queued still.
    Again {
        /// Not before.
        at: SystemTime,
        /// What happened.
        why: String,
    },
}

impl From<core::Upload> for Upload {
    fn from(upload: core::Upload) -> Self {
        Self {
            seq: upload.seq,
            url: upload.url,
            headers: upload.headers.into_iter().collect(),
            body: upload.body.into_bytes(),
            spki_pins: upload.spki_pins.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<UploadAnswer> for core::UploadAnswer {
    fn from(answer: UploadAnswer) -> Self {
        match answer {
            UploadAnswer::Http { status, headers, body } => {
                Self::Http { status, headers: headers.into_iter().collect(), body }
            }
            UploadAnswer::Failed { why } => Self::Failed { why },
        }
    }
}

impl From<core::UploadOutcome> for UploadOutcome {
    fn from(outcome: core::UploadOutcome) -> Self {
        match outcome {
            core::UploadOutcome::Delivered => Self::Delivered,
            core::UploadOutcome::Quarantined { why } => Self::Quarantined { why },
            core::UploadOutcome::Again { at, why } => Self::Again { at: system_time(at), why },
        }
    }
}
