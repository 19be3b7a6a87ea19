//! What stands between this device and its connector until somebody does something: told in the status, and kept.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::platform::FailureKind;

/// What keeps the device key from signing. Nothing is lost meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTrouble {
    /// What it means.
    pub kind: FailureKind,
    /// The platform's words.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

impl KeyTrouble {
    /// What to do about it, for a person.
    pub const fn advice(&self) -> &'static str {
        match self.kind {
            FailureKind::Locked => "unlock this device; reports are signed at the next scan or delivery",
            FailureKind::Gone => "the key is gone for good: enrol this device again",
            FailureKind::Busy => "nothing to do: it is tried again at the next scan or delivery",
            FailureKind::Failed => {
                "it is tried again at the next scan or delivery; if it stays, enrol this device again"
            }
        }
    }
}

/// Why nothing goes to the connector until this device is enrolled again: the connector does not know it, or its key is
/// gone. Reports stay queued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolAgain {
    /// The connector's error and description, or the platform's words.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}
