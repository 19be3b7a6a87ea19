//! How old the newest security patch is.

use super::{Thresholds, known};
use crate::model::{
    CheckId, CheckOutcome, Date, Detection, DevicePosture, Fact, Judgement, Timestamp, Verdict,
};

/// How far a patch may be dated ahead of today, in days: a local date can be one day ahead of UTC.
const MAX_DAYS_AHEAD: i64 = 1;

/// Judges the age of the patch. Past `patch_max_age_days` it is suspicious, because some makers patch only once
/// a quarter; past `patch_overdue_days` nothing explains it.
pub(super) fn judge(posture: &DevicePosture, thresholds: &Thresholds, now: Timestamp) -> CheckOutcome {
    known(CheckId::OsVersion, &posture.security_patch, |patch| {
        let Some(today) = now.date() else {
            return CheckOutcome::unknown(
                CheckId::OsVersion,
                format!("the device clock shows no date: {now}"),
            );
        };
        let days = today.days_since(*patch);
        if days < -MAX_DAYS_AHEAD {
            let why = format!(
                "the security patch of {patch} is dated in the future (today is {today}); check the device clock"
            );
            return CheckOutcome::unknown(CheckId::OsVersion, why);
        }
        of_age(days.max(0), *patch, &system(posture), thresholds)
    })
}

fn of_age(days: i64, patch: Date, system: &str, thresholds: &Thresholds) -> CheckOutcome {
    let age = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    let summary = format!("{system}, security patch of {patch}, {age} old");
    let (verdict, limit) = if days > i64::from(thresholds.patch_overdue_days) {
        (Verdict::Confirmed, thresholds.patch_overdue_days)
    } else if days > i64::from(thresholds.patch_max_age_days) {
        (Verdict::Suspicious, thresholds.patch_max_age_days)
    } else {
        return CheckOutcome::clean(CheckId::OsVersion, summary);
    };

    let judgement = Judgement::new(Detection::PatchOld, verdict)
        .because(format!("the newest security patch is {age} old; at most {limit} days are allowed"))
        .with("os", system)
        .with("security_patch", patch)
        .with("age_days", days);
    CheckOutcome::judged(CheckId::OsVersion, summary, vec![judgement])
}

/// `Android 14`, as far as it is known.
fn system(posture: &DevicePosture) -> String {
    let name = posture.os_name.value().map_or(posture.platform.as_str(), String::as_str);
    match &posture.os_version {
        Fact::Known { value } => format!("{name} {value}"),
        Fact::NotPermitted { .. } | Fact::NotAvailable { .. } => format!("{name} of unknown version"),
    }
}
