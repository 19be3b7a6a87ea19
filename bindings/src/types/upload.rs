//! Delivery by the platform's own transfer, while this process sleeps.

use std::collections::HashMap;
use std::time::SystemTime;

use agent_core::agent as core;

use super::system_time;

/// A report to be sent by `POST`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Upload {
    /// Names it in `upload_result`; never used again, not after a new enrolment either.
    pub id: String,
    /// Its sequence number.
    pub seq: u64,
    /// Where it goes.
    pub url: String,
    /// Header fields that must be sent.
    pub headers: HashMap<String, String>,
    /// Path of a file with the body, byte for byte, for the app alone. The agent removes it once it was told what came of the
    /// transfer.
    pub file: String,
    /// Bytes of the file.
    pub size: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
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
    /// It will never be taken; set aside.
    Quarantined {
        /// Why.
        why: String,
    },
    /// It was too large; smaller parts of it are queued in its place.
    Replaced {
        /// Which ones.
        why: String,
    },
    /// It is queued still.
    Again {
        /// Not before.
        at: SystemTime,
        /// What happened.
        why: String,
    },
    /// The agent does not have it any more: it was dropped for want of room, or has long been settled.
    Forgotten,
}

impl From<core::Upload> for Upload {
    fn from(upload: core::Upload) -> Self {
        Self {
            id: upload.id,
            seq: upload.seq,
            url: upload.url,
            headers: upload.headers.into_iter().collect(),
            file: upload.file.to_string_lossy().into_owned(),
            size: upload.size,
            sha256: upload.sha256.to_string(),
            spki_pins: upload.spki_pins.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<UploadAnswer> for core::UploadAnswer {
    fn from(answer: UploadAnswer) -> Self {
        match answer {
            UploadAnswer::Http { status, headers, body } => {
                Self::Http(core::RawAnswer { status, headers: headers.into_iter().collect(), body })
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
            core::UploadOutcome::Replaced { why } => Self::Replaced { why },
            core::UploadOutcome::Forgotten => Self::Forgotten,
            core::UploadOutcome::Again { at, why } => Self::Again { at: system_time(at), why },
        }
    }
}
