//! The indicators of the organisation's settings, ready for judging.

use super::apps::AppJudge;
use super::index::{Index, Reject};
use crate::model::{CheckOutcome, Indicator, Inventory, Timestamp};

/// Indicators that apps are looked up in.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    pub(super) index: Index,
    rejects: Vec<Reject>,
}

impl Matcher {
    /// Takes the indicators that can be matched, and sets the others aside.
    pub fn new(indicators: &[Indicator]) -> Self {
        let mut matcher = Self::default();
        for indicator in indicators {
            if let Err(why) = matcher.index.insert(indicator) {
                matcher.rejects.push(Reject { indicator: indicator.clone(), why });
            }
        }
        matcher
    }

    /// The indicators that cannot be matched.
    pub fn rejects(&self) -> &[Reject] {
        &self.rejects
    }

    /// Judges every app by these indicators alone: see [`AppJudge::judge`].
    pub fn judge(&self, inventory: &Inventory) -> CheckOutcome {
        // Indicators of settings hold at any time.
        let now = Timestamp::from_unix(0);
        AppJudge { matcher: self, bundle: None, fault: None, now }.judge(inventory)
    }
}
