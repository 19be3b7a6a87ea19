//! The state of the device, judged: pure, from the host's facts, without I/O or a clock.
//!
//! [`judge`] gives exactly one outcome for each of the six checks of the device, whatever the host knows. A
//! fact that is not permitted or not available is a gap in the coverage, never a clean check.

mod patch;
mod path;

use std::borrow::Cow;

use crate::model::{
    CheckId, CheckOutcome, Detection, DevicePosture, Fact, Judgement, NetworkSnapshot, Timestamp, Verdict,
};

/// Most signs that one judgement carries as evidence; the rest are counted. A report has to stay small even
/// where a host lists every file of a rooting tool.
const MAX_SIGNS: usize = 32;

/// Longest sign that is told, in characters; the rest is cut off. A path of usual depth fits.
const MAX_SIGN_CHARS: usize = 200;

/// Most signs that a sentence names.
const MAX_NAMED: usize = 3;

/// From when on a security patch is too old, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Older than this is suspicious.
    pub patch_max_age_days: u32,
    /// Older than this is confirmed.
    pub patch_overdue_days: u32,
}

/// Judges the facts of one moment, in the order of [`CheckId::ALL`]. `proxies` are those that the organisation declared,
/// as in [`NetworkSettings::proxies`](crate::model::NetworkSettings::proxies).
pub fn judge(
    posture: &DevicePosture,
    network: &NetworkSnapshot,
    proxies: &[String],
    thresholds: &Thresholds,
    now: Timestamp,
) -> Vec<CheckOutcome> {
    vec![
        patch::judge(posture, thresholds, now),
        storage_encryption(&posture.storage_encrypted),
        screen_lock(&posture.screen_lock),
        integrity(&posture.root_signs),
        debugging(&posture.debug_flags),
        path::judge(network, proxies),
    ]
}

fn storage_encryption(encrypted: &Fact<bool>) -> CheckOutcome {
    known(CheckId::StorageEncryption, encrypted, |encrypted| {
        if *encrypted {
            return CheckOutcome::clean(CheckId::StorageEncryption, "storage is encrypted");
        }
        let judgement = Judgement::new(Detection::StorageUnencrypted, Verdict::Confirmed)
            .because("the system says that user data is stored without encryption");
        CheckOutcome::judged(CheckId::StorageEncryption, "storage is not encrypted", vec![judgement])
    })
}

fn screen_lock(on: &Fact<bool>) -> CheckOutcome {
    known(CheckId::ScreenLock, on, |on| {
        if *on {
            return CheckOutcome::clean(CheckId::ScreenLock, "the screen lock is on");
        }
        let judgement = Judgement::new(Detection::ScreenLockOff, Verdict::Confirmed)
            .because("the system says that unlocking takes neither a secret nor a biometric");
        CheckOutcome::judged(CheckId::ScreenLock, "there is no screen lock", vec![judgement])
    })
}

fn integrity(signs: &Fact<Vec<String>>) -> CheckOutcome {
    known(CheckId::Integrity, signs, |signs| {
        if signs.is_empty() {
            return CheckOutcome::clean(CheckId::Integrity, "no sign of root, jailbreak or tampering");
        }
        let summary = format!("signs of root, jailbreak or tampering: {}", listed(signs));
        let judgement = Judgement::new(Detection::Rooted, Verdict::Confirmed).because(summary.clone());
        CheckOutcome::judged(CheckId::Integrity, summary, vec![with_signs(judgement, "sign", signs)])
    })
}

fn debugging(flags: &Fact<Vec<String>>) -> CheckOutcome {
    known(CheckId::Debugging, flags, |flags| {
        if flags.is_empty() {
            return CheckOutcome::clean(CheckId::Debugging, "no debugging switch is on");
        }
        let summary = format!("debugging is on: {}", listed(flags));
        let judgement = Judgement::new(Detection::DebuggingOn, Verdict::Confirmed).because(summary.clone());
        CheckOutcome::judged(CheckId::Debugging, summary, vec![with_signs(judgement, "switch", flags)])
    })
}

/// Judges a fact that is known; a gap in the coverage otherwise.
fn known<T>(check: CheckId, fact: &Fact<T>, judge: impl FnOnce(&T) -> CheckOutcome) -> CheckOutcome {
    match fact {
        Fact::Known { value } => judge(value),
        Fact::NotPermitted { why } => CheckOutcome::not_permitted(check, why),
        Fact::NotAvailable { why } => CheckOutcome::unknown(check, why),
    }
}

fn with_signs(judgement: Judgement, name: &str, signs: &[String]) -> Judgement {
    let judgement =
        signs.iter().take(MAX_SIGNS).fold(judgement, |judgement, sign| judgement.with(name, clipped(sign)));
    match signs.len().saturating_sub(MAX_SIGNS) {
        0 => judgement,
        more => judgement.with("not_listed", more),
    }
}

/// The first few, and how many more there are.
fn listed(signs: &[String]) -> String {
    let named: Vec<_> = signs.iter().take(MAX_NAMED).map(|sign| clipped(sign)).collect();
    match signs.len().saturating_sub(MAX_NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn clipped(sign: &str) -> Cow<'_, str> {
    match sign.char_indices().nth(MAX_SIGN_CHARS) {
        Some(_) => sign.chars().take(MAX_SIGN_CHARS).chain(['…']).collect(),
        None => sign.into(),
    }
}

#[cfg(test)]
mod tests;
