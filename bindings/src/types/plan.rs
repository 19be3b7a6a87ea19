//! When to scan.

use std::time::Duration;

use agent_core::agent as core;

use super::{Depth, Reason, ScanTrigger};

/// What the host is to do: see `docs/scheduling.md`.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Plan {
    /// Scan.
    Now {
        /// Why.
        trigger: ScanTrigger,
        /// How deep at least.
        depth: Depth,
    },
    /// Ask again (`due`) after this time; sooner only when something happens. One alarm, which replaces the one before.
    Later {
        /// The time.
        after: Duration,
        /// Why not now.
        why: Reason,
    },
    /// Nothing, until something happens.
    Skip {
        /// Why.
        why: Reason,
    },
}

impl From<core::Plan> for Plan {
    fn from(plan: core::Plan) -> Self {
        match plan {
            core::Plan::Now { trigger, depth } => Self::Now { trigger, depth },
            core::Plan::Later { after, why } => Self::Later { after, why },
            core::Plan::Skip { why } => Self::Skip { why },
        }
    }
}
