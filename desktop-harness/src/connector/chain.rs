//! Continuity of a device's reports: each names the digest of the one before it.
//!
//! A report that was too large never comes; its parts name its number and digest, which then stand for it.
//!
//! Reports may arrive late and out of order, so that a number that is missing is a gap until it comes. What can
//! never be put right is a fault: it takes two copies of a device's state to make one.

use serde::{Deserialize, Serialize};

/// A device that was cloned or set back to an earlier state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Two different reports claim one place in the chain.
    Fork,
    /// A report continues from further back than the one before it.
    Regression,
}

/// The place that a report claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number; the first of an epoch is 1.
    pub seq: u64,
    /// Whether it names a report before it.
    pub has_prev: bool,
}

/// What is stored around that place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Another report has this number.
    pub taken: bool,
    /// Whether the stored report before it is the one it names; `None` when none is stored.
    pub follows_its_predecessor: Option<bool>,
    /// Whether the stored report after it names it; `None` when none is stored.
    pub is_named_by_its_successor: Option<bool>,
    /// The number of the stored report that it names.
    pub names: Option<u64>,
    /// A stored report with another number names the same report as this one.
    pub shares_its_predecessor: bool,
    /// It claims to tell again what was another report.
    pub replaces_another: bool,
}

/// Judges a new report of an epoch.
pub fn judge(place: Place, around: Surroundings) -> Option<Fault> {
    let first = place.seq == 1;
    let from_further_back = around.names.is_some_and(|named| named.checked_add(1) != Some(place.seq));
    if from_further_back || around.shares_its_predecessor || first == place.has_prev {
        return Some(Fault::Regression);
    }
    let contradicted = around.follows_its_predecessor == Some(false)
        || around.is_named_by_its_successor == Some(false)
        || around.replaces_another;
    (around.taken || contradicted).then_some(Fault::Fork)
}
