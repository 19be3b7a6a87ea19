//! The version of the operating system: how old its patches are, and what the version tables say of it.

mod exploited;
mod patch;
mod release;
mod system;

use super::Device;
use super::parts::Parts;
use crate::model::{CheckId, CheckOutcome};
use system::System;

/// Judges the version. The check is complete where the date of the patch is known or the tables know the version; what
/// could not be judged is undecided.
pub(super) fn judge(device: &Device<'_>) -> CheckOutcome {
    let system = System::of(device);
    let mut parts = Parts::of(CheckId::OsVersion).leading(patch::sentence(device, &system));
    patch::judge(device, &system, &mut parts);
    release::judge(device, &system, &mut parts);
    exploited::judge(device, &system, &mut parts);
    parts.finish("")
}
