//! The one error that an app sees. Its texts hold no personal data, so that they can be logged.

use agent_core::agent as core;
use agent_core::connector::{ConnectorError, PayloadError};
use agent_core::platform::FailureKind;
use agent_core::report::ReportError;
use agent_core::report::jws::SignError;

/// Why a call to the agent failed: what, on what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum AgentError {
    /// What the agent was opened with cannot be used: the settings are not what they should be.
    #[error("{reason}")]
    InvalidConfiguration {
        /// What is wrong, and where.
        reason: String,
    },
    /// The enrolment code is not one.
    #[error("{reason}")]
    InvalidPayload {
        /// What is wrong with it, without quoting it: it holds a secret.
        reason: String,
    },
    /// The database could not be opened, read or written.
    #[error("{reason}")]
    Store {
        /// What happened, and what to do.
        reason: String,
    },
    /// The platform's key that seals the database is gone for good: nobody can read it again. Start over, and enrol this
    /// device again.
    #[error("{reason}")]
    KeyGone {
        /// The keystore's words.
        reason: String,
    },
    /// The platform does not give a key now, that of the database or of the device: the device is locked, the keystore is
    /// busy. Nothing was touched; try again later.
    #[error("{reason}")]
    KeyUnavailable {
        /// The keystore's words.
        reason: String,
    },
    /// The connector could not be reached, or did not answer as one. Worth another try on another network.
    #[error("{reason}")]
    Connector {
        /// What happened, and what to do.
        reason: String,
    },
    /// The connector understood, and said no.
    #[error("{reason}")]
    Refused {
        /// The connector's words.
        reason: String,
    },
    /// The host's keystore or another of its parts failed.
    #[error("{reason}")]
    Host {
        /// The host's words.
        reason: String,
    },
    /// An intelligence bundle cannot be used, or nobody has said whose are taken. What was in force stays so.
    #[error("{reason}")]
    Intel {
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// What was to be looked up is no URL and no host.
    #[error("{reason}")]
    InvalidUrl {
        /// What is wrong with it.
        reason: String,
    },
    /// The call needs an enrolled device.
    #[error("this device is not enrolled: enrol it with the code from your organisation")]
    NotEnrolled,
    /// The limit was over before there was anything to keep. Nothing was lost.
    #[error("{reason}")]
    Deadline {
        /// After how long.
        reason: String,
    },
    /// The agent was told to cancel.
    #[error("cancelled")]
    Cancelled,
    /// The agent was shut down.
    #[error("the agent is closed: open it again")]
    Closed,
    /// A fault of the agent itself; please report it.
    #[error("{reason}")]
    Internal {
        /// What happened.
        reason: String,
    },
}

impl AgentError {
    pub(crate) fn configuration(what: &str, why: &dyn std::fmt::Display) -> Self {
        Self::InvalidConfiguration { reason: format!("{what}: {why}") }
    }

    fn of_the_platform(kind: FailureKind, reason: String) -> Self {
        match kind {
            FailureKind::Locked | FailureKind::Busy => Self::KeyUnavailable { reason },
            FailureKind::Gone | FailureKind::Failed => Self::Host { reason },
        }
    }
}

impl From<PayloadError> for AgentError {
    fn from(error: PayloadError) -> Self {
        Self::InvalidPayload { reason: error.to_string() }
    }
}

impl From<core::AgentError> for AgentError {
    fn from(error: core::AgentError) -> Self {
        let reason = error.to_string();
        match error {
            core::AgentError::Store(core::StoreError::KeyGone(_)) => Self::KeyGone { reason },
            core::AgentError::Store(core::StoreError::KeyUnavailable(_)) => Self::KeyUnavailable { reason },
            core::AgentError::Store(_) | core::AgentError::StoredReport(_) => Self::Store { reason },
            core::AgentError::Connector(ConnectorError::Refused(_)) => Self::Refused { reason },
            core::AgentError::Platform(ref failure)
            | core::AgentError::Connector(ConnectorError::Platform(ref failure))
            | core::AgentError::Report(ReportError::Sign(SignError::Key(ref failure))) => {
                Self::of_the_platform(failure.kind, reason)
            }
            core::AgentError::Connector(ConnectorError::Device(_)) | core::AgentError::Report(_) => {
                Self::Host { reason }
            }
            core::AgentError::Connector(_) => Self::Connector { reason },
            core::AgentError::Intel(_) | core::AgentError::NoIntelKey => Self::Intel { reason },
            core::AgentError::NotAUrl(_) => Self::InvalidUrl { reason },
            core::AgentError::NotEnrolled => Self::NotEnrolled,
            core::AgentError::Deadline(_) => Self::Deadline { reason },
            core::AgentError::Cancelled => Self::Cancelled,
            core::AgentError::Closed => Self::Closed,
            core::AgentError::Policy(_) | core::AgentError::Runtime(_) => Self::Internal { reason },
        }
    }
}
