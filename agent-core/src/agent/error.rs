//! The one error that the agent's callers see.

use crate::connector::ConnectorError;
use crate::intel::bundle::BundleError;
use crate::platform::PlatformError;
use crate::policy::PolicyError;
use crate::report::ReportError;
use crate::report::jws::VerifyError;
use crate::store::StoreError;

/// Why a call to the agent failed. Holds no personal data.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The store could not be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The connector could not be reached, or said no.
    #[error(transparent)]
    Connector(#[from] ConnectorError),
    /// The policy file does not hold together.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A report could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A stored report is not a token any more.
    #[error("stored report: {0}")]
    StoredReport(#[from] VerifyError),
    /// The platform failed the agent.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// The intelligence bundle cannot be used; what was in force stays so.
    #[error("intelligence bundle: {0}")]
    Intel(#[from] BundleError),
    /// Nobody has said whose intelligence bundles are taken.
    #[error(
        "no key for intelligence bundles is known: the organisation's settings name it (`intel_key`), or the app does"
    )]
    NoIntelKey,
    /// What was to be looked up is no URL and no host.
    #[error("not a URL or a host: {0}")]
    NotAUrl(&'static str),
    /// The call needs an enrolled device.
    #[error("this device is not enrolled: enrol it with the code from your organisation")]
    NotEnrolled,
    /// The deadline came before there was anything to keep.
    #[error("the deadline of {0} s passed before the call was done; nothing was lost, call again")]
    Deadline(u64),
    /// [`super::Agent::cancel`] was called.
    #[error("cancelled")]
    Cancelled,
    /// The agent was closed.
    #[error("the agent is closed: open it again")]
    Closed,
    /// The agent could not start or keep its own thread.
    #[error("agent: {0}")]
    Runtime(String),
}
