//! How old the newest security patch is.

use super::system::System;
use crate::model::{Date, Detection, Judgement, Timestamp, Verdict};
use crate::posture::Device;
use crate::posture::parts::{Gap, Parts, told};

/// How far a patch may be dated ahead of today, in days: a local date can be one day ahead of UTC.
const MAX_DAYS_AHEAD: i64 = 1;

/// The date of the newest patch and its age in days.
struct Age {
    patch: Date,
    days: i64,
}

/// The system and its patch in one sentence.
pub(super) fn sentence(device: &Device<'_>, system: &System<'_>) -> String {
    match age(device) {
        Ok(Age { patch, days }) => {
            format!("{}, security patch of {patch}, {} old", system.name, counted(days))
        }
        Err(_) => system.name.clone(),
    }
}

/// Judges the age of the patch. Past `patch_max_age_days` it is suspicious, because some makers patch only once
/// a quarter; past `patch_overdue_days` nothing explains it.
pub(super) fn judge(device: &Device<'_>, system: &System<'_>, parts: &mut Parts) {
    let Age { patch, days } = match age(device) {
        Ok(age) => age,
        Err(gap) => return parts.miss("age of the patch", &gap, &[Detection::PatchOld]),
    };
    let thresholds = device.thresholds;
    let (verdict, limit) = if days > i64::from(thresholds.patch_overdue_days) {
        (Verdict::Confirmed, thresholds.patch_overdue_days)
    } else if days > i64::from(thresholds.patch_max_age_days) {
        (Verdict::Suspicious, thresholds.patch_max_age_days)
    } else {
        return parts.known(Vec::new());
    };
    let reason =
        format!("the newest security patch is {} old; at most {limit} days are allowed", counted(days));
    parts.known(vec![
        Judgement::new(Detection::PatchOld, verdict)
            .because(reason)
            .with("os", &system.name)
            .with("security_patch", patch)
            .with("age_days", days),
    ]);
}

/// Today, by the device's clock.
pub(super) fn today(now: Timestamp) -> Result<Date, Gap> {
    now.date().ok_or_else(|| Gap::NotAvailable(format!("the device clock shows no date: {now}")))
}

fn age(device: &Device<'_>) -> Result<Age, Gap> {
    let patch = *told(&device.posture.security_patch)?;
    let today = today(device.now)?;
    let days = today.days_since(patch);
    if days < -MAX_DAYS_AHEAD {
        return Err(Gap::NotAvailable(format!(
            "the security patch of {patch} is dated in the future (today is {today}); check the device clock"
        )));
    }
    Ok(Age { patch, days: days.max(0) })
}

/// `1 day`, `2 days`.
fn counted(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}
