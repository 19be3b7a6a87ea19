//! What a level means to others: the organisation's rule, Microsoft Graph, CAEP.

use crate::model::{Level, RiskLevel, UnknownLevelAccess};

/// Whether a device may in: iff its level is at most `allowed`.
///
/// `unknown` and `misconfigured` are no risk levels. Where everything is allowed they are too; else `unknown`
/// decides, and even its `allow` lets in only what is known to be at most `allowed`: breaking a check must not
/// hide a finding. `at_least` is [`Assessment::at_least`](super::Assessment::at_least).
pub fn is_compliant(
    level: Level,
    at_least: RiskLevel,
    allowed: RiskLevel,
    unknown: UnknownLevelAccess,
) -> bool {
    if allowed == RiskLevel::High {
        return true;
    }
    match level.risk() {
        Some(risk) => risk <= allowed,
        None => unknown == UnknownLevelAccess::Allow && at_least <= allowed,
    }
}

/// The name and number of Microsoft Graph's device threat state.
pub const fn graph_device_state(level: Level) -> (&'static str, u8) {
    match level {
        Level::Unknown => ("unknown", 0),
        Level::Secured => ("secured", 3),
        Level::Low => ("lowSeverity", 4),
        Level::Medium => ("mediumSeverity", 5),
        Level::High => ("highSeverity", 6),
        Level::Misconfigured => ("misconfigured", 9),
    }
}
