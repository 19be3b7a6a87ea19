//! Whether the system that runs is the one that the boot loader verified (Android Verified Boot, *Boot Flow*).

use super::parts::{Parts, told};
use crate::model::{CheckId, CheckOutcome, Detection, DevicePosture, Judgement, Verdict, VerifiedBoot};

/// Judges both facts, which together are one finding. An unlocked bootloader starts anything, whatever state it reports;
/// yellow is a system that the owner signed and locked, as some hardened ones are.
pub(super) fn judge(posture: &DevicePosture) -> CheckOutcome {
    const ONE: &[Detection] = &[Detection::BootloaderUnlocked];
    let (locked, state) = (told(&posture.bootloader_locked), told(&posture.verified_boot));
    let mut parts = Parts::of(CheckId::VerifiedBoot);
    let mut reasons = Vec::new();
    let mut verdict = Verdict::Clean;
    match &locked {
        Ok(locked) => {
            parts.known(Vec::new());
            if !**locked {
                (verdict, reasons) = (Verdict::Confirmed, vec!["the bootloader is unlocked"]);
            }
        }
        Err(gap) => parts.miss("bootloader", gap, ONE),
    }
    match &state {
        Ok(state) => {
            parts.known(Vec::new());
            if let Some((seen, reason)) = of_state(**state) {
                verdict = verdict.max(seen);
                reasons.push(reason);
            }
        }
        Err(gap) => parts.miss("verified boot", gap, ONE),
    }
    if verdict > Verdict::Clean {
        let mut judgement =
            Judgement::new(Detection::BootloaderUnlocked, verdict).because(reasons.join(", and "));
        if let Ok(locked) = locked {
            judgement = judgement.with("bootloader_locked", locked);
        }
        if let Ok(state) = state {
            judgement = judgement.with("verified_boot", state);
        }
        parts.judge(vec![judgement]);
    }
    parts.finish("the bootloader is locked, and the system is the verified one")
}

const fn of_state(state: VerifiedBoot) -> Option<(Verdict, &'static str)> {
    match state {
        VerifiedBoot::Green => None,
        VerifiedBoot::Yellow => Some((
            Verdict::Suspicious,
            "the system is verified by a key that the owner of the device set (verified boot is yellow)",
        )),
        VerifiedBoot::Orange => {
            Some((Verdict::Confirmed, "the system was started unverified (verified boot is orange)"))
        }
        VerifiedBoot::Red => {
            Some((Verdict::Confirmed, "the verification of the system failed (verified boot is red)"))
        }
    }
}
