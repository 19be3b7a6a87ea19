//! What can go wrong between the agent and its connector.

use std::time::Duration;

use super::limits::MAX_ANSWER;
use super::route::RouteError;
use super::wire::Refusal;
use crate::model::SpkiPin;
use crate::platform::PlatformError;
use crate::report::jws::SignError;

/// Why a call to the connector came to nothing. Holds no token, no key and no personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectorError {
    /// No connection.
    #[error("connector {host} cannot be reached: {why}; check the network and try again")]
    Unreachable {
        /// Host name or address.
        host: String,
        /// The operating system's or TLS's words.
        why: String,
    },
    /// Out of time.
    #[error("connector {host} took longer than {} ms ({doing}); try again on a better network", after.as_millis())]
    Timeout {
        /// Host name or address.
        host: String,
        /// The limit.
        after: Duration,
        /// What was being waited for.
        doing: &'static str,
    },
    /// No key in the certificate chain is pinned: somebody else answers, or the connector's keys were changed
    /// without telling its devices.
    #[error(
        "certificate of {host} does not match {} (saw {}); {}",
        either(*pins), list(seen), presented.advice()
    )]
    PinMismatch {
        /// Host name or address.
        host: String,
        /// How many pins there are.
        pins: usize,
        /// Pins of the keys that were presented, leaf first.
        seen: Vec<SpkiPin>,
        /// Who vouches for them.
        presented: Presented,
    },
    /// The chain holds a pinned key and is nevertheless not valid.
    #[error("certificate of {host} is not valid: {why}; tell the connector's administrator")]
    Certificate {
        /// Host name or address.
        host: String,
        /// What is wrong with it.
        why: String,
        /// Whether the pinned key does not vouch for it at all: somebody put it beside a chain of their own.
        foreign: bool,
    },
    /// Something answered that does not speak TLS.
    #[error(
        "{host} does not answer with TLS; a sign-in page or proxy is in the way: sign in to the network and try again"
    )]
    NotTls {
        /// Host name or address.
        host: String,
    },
    /// Something answered, but not as a connector does.
    #[error("{host} does not answer as a connector: {what}; a sign-in page or proxy may be in the way")]
    Protocol {
        /// Host name or address.
        host: String,
        /// What came instead.
        what: String,
    },
    /// The connector asks to come back later.
    #[error("connector {host} is busy (HTTP {status})")]
    Busy {
        /// Host name or address.
        host: String,
        /// 429 or 5xx.
        status: u16,
    },
    /// The connector says no.
    #[error("connector refused: {} ({})", .0.description, .0.err)]
    Refused(Refusal),
    /// A 202 without the connector's receipt.
    #[error("202 without a valid receipt: something on the path answered for the connector ({0})")]
    NoReceipt(String),
    /// A 400 or 413 that the connector did not sign for this report.
    #[error(
        "HTTP {status} that is not the connector's word on this report: something on the path answered for it, or \
         changed the report ({why})"
    )]
    UnprovenRefusal {
        /// The status.
        status: u16,
        /// What is wrong with the signed refusal.
        why: String,
    },
    /// Signed content does not hold under the pinned key.
    #[error("{what} not accepted: {why}; something on the path may have changed it")]
    Forged {
        /// Settings, decision.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Settings older than those in force.
    #[error(
        "connector offers settings version {offered}, older than version {known} in force; kept version {known}"
    )]
    Rollback {
        /// In force.
        known: u64,
        /// Offered.
        offered: u64,
    },
    /// A policy older than the one in force.
    #[error(
        "connector offers policy version {offered}, older than version {known} in force; kept version {known}"
    )]
    PolicyRollback {
        /// In force.
        known: u32,
        /// Offered.
        offered: u32,
    },
    /// Threat intelligence older than that in force.
    #[error(
        "connector offers intelligence version {offered}, older than version {known} in force; kept version {known}"
    )]
    IntelRollback {
        /// In force.
        known: u64,
        /// Offered.
        offered: u64,
    },
    /// Other content under a version that is in force: a version never changes its content.
    #[error(
        "connector offers another {what} under version {version}, which is in force; kept what is in force"
    )]
    Changed {
        /// Settings, policy.
        what: &'static str,
        /// The version.
        version: u64,
    },
    /// Settings that are signed as they should be and cannot be obeyed.
    #[error(
        "settings version {version} are refused: {why}; kept those in force, tell the connector's administrator"
    )]
    Unusable {
        /// Their version.
        version: u64,
        /// What is wrong with them.
        why: RouteError,
    },
    /// A file of a download that could not be written.
    #[error("{what} cannot be stored: {why}; what was in force stays so")]
    Storage {
        /// What was to be stored.
        what: &'static str,
        /// The system's words, and what to do.
        why: String,
    },
    /// The device could not sign or find randomness.
    #[error("{0}")]
    Device(String),
    /// The platform failed, the device key above all.
    #[error("{0}")]
    Platform(PlatformError),
    /// What the agent holds of its enrolment cannot be used.
    #[error("{0}; enrol this device again")]
    Enrolment(String),
}

/// Who vouches for a chain without a pinned key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A public authority, for the connector's own name.
    PublicAuthority,
    /// A root by which the organisation declared that it inspects TLS.
    Inspection,
    /// Nobody who counts.
    NobodyKnown,
}

impl Presented {
    const fn advice(self) -> &'static str {
        match self {
            Self::PublicAuthority | Self::NobodyKnown => "the network may be intercepted: run `mtd scan`",
            Self::Inspection => {
                "your organisation inspects TLS here, and has not relaxed the pins for it: the administrator exempts \
                 the connector from inspection or sets pins_relaxed_under_inspection"
            }
        }
    }
}

impl ConnectorError {
    pub(super) fn protocol(host: &str, what: impl Into<String>) -> Self {
        Self::Protocol { host: host.to_owned(), what: what.into() }
    }

    pub(super) fn too_large(host: &str) -> Self {
        Self::protocol(host, format!("an answer larger than {MAX_ANSWER} bytes"))
    }

    pub(super) fn forged(what: &'static str, why: impl ToString) -> Self {
        Self::Forged { what, why: why.to_string() }
    }
}

impl From<SignError> for ConnectorError {
    fn from(error: SignError) -> Self {
        match error {
            SignError::Key(error) => Self::Platform(error),
            error => Self::Device(error.to_string()),
        }
    }
}

impl From<PlatformError> for ConnectorError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}

fn either(pins: usize) -> String {
    match pins {
        2 => "either pin".to_owned(),
        _ => format!("any of {pins} pins"),
    }
}

fn list(seen: &[SpkiPin]) -> String {
    seen.iter().map(SpkiPin::to_string).collect::<Vec<_>>().join(", ")
}
