//! What a platform could not do, and what that means for trying again.

use serde::{Deserialize, Serialize};

/// Something that the platform could not do. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct PlatformError {
    /// The operation: `sign`, `unwrap`.
    pub what: String,
    /// The platform's words.
    pub why: String,
    /// What it means for the next try.
    pub kind: FailureKind,
}

/// What a failure means for the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// It works once the user has unlocked the device or has authenticated: Android `UserNotAuthenticatedException`, Apple
    /// `errSecInteractionNotAllowed`.
    Locked,
    /// What was asked for is gone for good: Android `KeyPermanentlyInvalidatedException`, Apple `errSecItemNotFound`.
    Gone,
    /// Too much to do right now: a StrongBox that serves another app (Android `BackendBusyException`).
    Busy,
    /// Anything else. Whether it ever works cannot be told.
    Failed,
}

impl PlatformError {
    /// An error of `what`, for `why`.
    pub fn new(what: impl Into<String>, why: impl ToString) -> Self {
        Self::of(FailureKind::Failed, what, why)
    }

    /// An error of which more is known.
    pub fn of(kind: FailureKind, what: impl Into<String>, why: impl ToString) -> Self {
        Self { what: what.into(), why: why.to_string(), kind }
    }
}
