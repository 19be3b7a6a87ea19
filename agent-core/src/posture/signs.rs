//! Facts that speak for themselves: encryption, screen lock, signs of root, tampering, hooks and emulators.

use super::parts::Parts;
use super::words::{listed, with_signs};
use crate::model::{CheckId, CheckOutcome, Detection, DevicePosture, Judgement, Verdict};

/// Encryption of the storage.
pub(super) fn storage_encryption(posture: &DevicePosture) -> CheckOutcome {
    let reason = "the system says that user data is stored without encryption";
    Parts::of(CheckId::StorageEncryption)
        .fact("encryption", &posture.storage_encrypted, &[Detection::StorageUnencrypted], |encrypted| {
            confirmed_if(!encrypted, Detection::StorageUnencrypted, reason)
        })
        .finish("storage is encrypted")
}

/// The screen lock.
pub(super) fn screen_lock(posture: &DevicePosture) -> CheckOutcome {
    let reason = "the system says that unlocking takes neither a secret nor a biometric";
    Parts::of(CheckId::ScreenLock)
        .fact("screen lock", &posture.screen_lock, &[Detection::ScreenLockOff], |on| {
            confirmed_if(!on, Detection::ScreenLockOff, reason)
        })
        .finish("the screen lock is on")
}

/// Root and jailbreak.
pub(super) fn integrity(posture: &DevicePosture) -> CheckOutcome {
    Parts::of(CheckId::Integrity)
        .fact("root", &posture.root_signs, &[Detection::Rooted], |signs| {
            of_signs(Detection::Rooted, "signs of root or jailbreak", signs)
        })
        .finish("no sign of root or jailbreak")
}

/// The system's own files and identity.
pub(super) fn system_integrity(posture: &DevicePosture) -> CheckOutcome {
    Parts::of(CheckId::SystemIntegrity)
        .fact("system files", &posture.tamper_signs, &[Detection::SystemTampered], |signs| {
            of_signs(Detection::SystemTampered, "the system is not as its maker shipped it", signs)
        })
        .finish("no sign of a changed system")
}

/// What runs in and below this app.
pub(super) fn runtime(posture: &DevicePosture) -> CheckOutcome {
    Parts::of(CheckId::Runtime)
        .fact("hooks", &posture.hooking_signs, &[Detection::Hooked], |signs| {
            of_signs(Detection::Hooked, "foreign code is at work in this app", signs)
        })
        .fact("emulator", &posture.emulator_signs, &[Detection::Emulator], |signs| {
            of_signs(Detection::Emulator, "signs of an emulator", signs)
        })
        .finish("no hook and no emulator")
}

/// A confirmed `detection` for `reason`, where `is_so`.
pub(super) fn confirmed_if(is_so: bool, detection: Detection, reason: &str) -> Vec<Judgement> {
    let judgement = || Judgement::new(detection, Verdict::Confirmed).because(reason);
    is_so.then(judgement).into_iter().collect()
}

/// A confirmed `detection` that rests on `signs`, where there are any.
fn of_signs(detection: Detection, what: &str, signs: &[String]) -> Vec<Judgement> {
    if signs.is_empty() {
        return Vec::new();
    }
    let judgement =
        Judgement::new(detection, Verdict::Confirmed).because(format!("{what}: {}", listed(signs)));
    vec![with_signs(judgement, "sign", signs)]
}
