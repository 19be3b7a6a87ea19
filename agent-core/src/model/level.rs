//! How bad it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad one finding is. `None` is recorded and leaves the device secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Recorded only.
    None,
    /// Raises the device to low.
    Low,
    /// Raises the device to medium.
    Medium,
    /// Raises the device to high.
    High,
}

/// The risk of a device, ordered: the worst open finding decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// No finding that counts. Graph `secured`.
    Secured,
    /// Graph `lowSeverity`.
    Low,
    /// Graph `mediumSeverity`.
    Medium,
    /// Graph `highSeverity`.
    High,
}

impl From<Severity> for RiskLevel {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::None => Self::Secured,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
        }
    }
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secured => "secured",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// What the device reports: a risk level, or that one cannot be told.
///
/// A required check that did not run hides an unknown amount of risk, so anything below high becomes `unknown`
/// (or `misconfigured`, when a permission or setting is what is missing). That keeps the level monotone: a
/// gap never makes a device look better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Every required check ran and nothing that counts was found.
    Secured,
    /// The worst open finding is low.
    Low,
    /// The worst open finding is medium.
    Medium,
    /// The worst open finding is high.
    High,
    /// A required check did not run, or its result is stale.
    Unknown,
    /// A required check lacks a permission or a setting.
    Misconfigured,
}

impl Level {
    /// The risk level, where this is one.
    pub const fn risk(self) -> Option<RiskLevel> {
        match self {
            Self::Secured => Some(RiskLevel::Secured),
            Self::Low => Some(RiskLevel::Low),
            Self::Medium => Some(RiskLevel::Medium),
            Self::High => Some(RiskLevel::High),
            Self::Unknown | Self::Misconfigured => None,
        }
    }
}

impl From<RiskLevel> for Level {
    fn from(level: RiskLevel) -> Self {
        match level {
            RiskLevel::Secured => Self::Secured,
            RiskLevel::Low => Self::Low,
            RiskLevel::Medium => Self::Medium,
            RiskLevel::High => Self::High,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Misconfigured => f.write_str("misconfigured"),
            other => match other.risk() {
                Some(risk) => fmt::Display::fmt(&risk, f),
                None => Ok(()),
            },
        }
    }
}
