//! What would bring the level to a better one.

use serde::Serialize;

use crate::model::{CheckId, Detection, Level, RiskLevel};

/// A better level, and everything that has to happen for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The level that is reached, or a better one.
    pub level: RiskLevel,
    /// Its name in the language of the explanation.
    pub level_name: String,
    /// All of these, and nothing else: the gravest findings first, then the gaps.
    pub steps: Vec<Step>,
}

/// One thing that has to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Step {
    /// A finding that must be resolved.
    Resolve {
        /// What was found.
        detection: Detection,
        /// Of what; empty where the device or the network as a whole is meant.
        subject: String,
        /// What to do, in a few words.
        text: String,
    },
    /// A required check that must come to a result.
    Cover {
        /// The check.
        check: CheckId,
        /// What to do, in a few words.
        text: String,
    },
}

/// The levels that are better than `level`, the nearest first.
///
/// `unknown` and `misconfigured` stand between medium and high: a gap hides anything, and only what is known to
/// be high shows through.
pub(super) fn better_than(level: Level) -> &'static [RiskLevel] {
    match level {
        Level::High | Level::Unknown | Level::Misconfigured => {
            &[RiskLevel::Medium, RiskLevel::Low, RiskLevel::Secured]
        }
        Level::Medium => &[RiskLevel::Low, RiskLevel::Secured],
        Level::Low => &[RiskLevel::Secured],
        Level::Secured => &[],
    }
}
