//! The installed apps: read from what a platform can export, compared, filtered by consent, and digested.
//!
//! ```text
//!  bytes ──read──► Inventory ──join──► Inventory ──┬─diff──► InventoryDiff ──judge_changes──► CheckOutcome
//!                            (managed list)        └─consent_filter──► SharedInventory ──digest, delta──► report
//! ```
//!
//! Invariants: a field that the input does not give stays absent; every app of the input is kept, one without
//! an identifier too; what could not be taken as it stood is told in a [`Note`](crate::model::Note); the same
//! bytes give the same inventory; cost and memory are linear in the input, which is bounded by `limits.rs`.

mod readers;

mod identity;

mod diff;
mod judge;

mod consent;
mod delta;

mod limits;

#[cfg(test)]
mod tests;

pub use consent::{SharedInventory, consent_filter, may_share};
pub use delta::{ApplyError, InventoryDelta, apply, delta, digest};
pub use diff::{AppChange, InventoryDiff, diff};
pub use identity::AppIdentity;
pub use judge::{
    EXPECTED_SIGNER, Publishers, judge_build, judge_changes, judge_origin, judge_rules, judge_twins,
};
pub use readers::{Format, ListedApp, ManagedApps, ReadError, detect, listed, read, read_managed};
