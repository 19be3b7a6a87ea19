//! What a finding counts.

use super::level::Severity;

/// What a finding counts at one moment, under the policy in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// How bad it is; [`Severity::None`] while it is given time to be mended.
    pub severity: Severity,
    /// Why the organisation sets it aside, if it does.
    pub ignored: Option<String>,
}
