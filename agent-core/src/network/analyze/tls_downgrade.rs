//! The downgrade check.

use super::Scene;
use crate::model::{CheckId, CheckOutcome};

pub(super) fn judge(_scene: &Scene<'_>) -> CheckOutcome {
    CheckOutcome::unknown(CheckId::TlsDowngrade, "not measured")
}
