//! Weighs the checks against each other: the last step of the decision (NETWORK.md, decision 8).
use super::Scene;
use crate::model::CheckOutcome;

pub(super) fn fuse(outcomes: Vec<CheckOutcome>, _scene: &Scene<'_>) -> Vec<CheckOutcome> {
    outcomes
}
