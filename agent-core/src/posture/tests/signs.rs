//! Facts that speak for themselves, boot, debugging.

use super::*;
use crate::posture::words::{MAX_SIGN_CHARS, MAX_SIGNS};

#[test]
fn each_fact_makes_its_detection_and_resolves_it() {
    type Change = fn(&mut DevicePosture);
    let table: [(Detection, Change); 12] = [
        (Detection::StorageUnencrypted, |it| it.storage_encrypted = Fact::known(false)),
        (Detection::ScreenLockOff, |it| it.screen_lock = Fact::known(false)),
        (Detection::Rooted, |it| it.root_signs = texts(&["su"])),
        (Detection::SystemTampered, |it| it.tamper_signs = texts(&["test-keys"])),
        (Detection::Hooked, |it| it.hooking_signs = texts(&["frida"])),
        (Detection::Emulator, |it| it.emulator_signs = texts(&["goldfish"])),
        (Detection::BootloaderUnlocked, |it| it.bootloader_locked = Fact::known(false)),
        (Detection::DeveloperMode, |it| it.developer_mode = Fact::known(true)),
        (Detection::UsbDebugging, |it| it.usb_debugging = Fact::known(true)),
        (Detection::WirelessDebugging, |it| it.wireless_debugging = Fact::known(true)),
        (Detection::DebuggingOn, |it| it.debug_flags = texts(&["mock locations"])),
        (Detection::AppVerificationOff, |it| it.app_verification = Fact::known(false)),
    ];
    for (detection, change) in table {
        assert_eq!(World::phone().with(change).verdict(detection), Verdict::Confirmed, "{detection}");
        let well = World::phone();
        assert_eq!(well.verdict(detection), Verdict::Clean, "{detection}");
        assert_eq!(well.outcome(detection.check()).coverage, Coverage::Complete, "{detection}");
    }
}

#[test]
fn what_the_boot_loader_says_decides() {
    let judged = |locked: bool, state: VerifiedBoot| {
        let world = World::phone().with(|it| {
            it.bootloader_locked = Fact::known(locked);
            it.verified_boot = Fact::known(state);
        });
        world.verdict(Detection::BootloaderUnlocked)
    };
    assert_eq!(judged(true, VerifiedBoot::Green), Verdict::Clean);
    assert_eq!(judged(true, VerifiedBoot::Yellow), Verdict::Suspicious);
    assert_eq!(judged(true, VerifiedBoot::Orange), Verdict::Confirmed);
    assert_eq!(judged(true, VerifiedBoot::Red), Verdict::Confirmed);
    assert_eq!(judged(false, VerifiedBoot::Green), Verdict::Confirmed, "a patched loader can say green");
}

#[test]
fn one_half_of_the_boot_does_not_speak_for_the_other() {
    let half = World::phone().with(|it| it.verified_boot = Fact::not_available("no such property"));
    assert_eq!(half.verdict(Detection::BootloaderUnlocked), Verdict::Inconclusive);
    assert_eq!(half.outcome(CheckId::VerifiedBoot).coverage, Coverage::Complete);
    let unlocked = half.with(|it| it.bootloader_locked = Fact::known(false));
    let judged = unlocked.judged(Detection::BootloaderUnlocked);
    assert!(judged.contains(&(String::new(), Verdict::Confirmed)), "{judged:?}");
}

#[test]
fn a_long_list_of_signs_is_counted_not_copied() {
    let signs: Vec<_> = (0..1_000).map(|n| format!("/data/local/{n}")).collect();
    let world = World::phone().with(|it| it.root_signs = Fact::known(signs));
    let judged = world.outcome(CheckId::Integrity).judgements;
    assert_eq!(judged[0].evidence.len(), MAX_SIGNS + 1);
    assert_eq!(judged[0].evidence.last().unwrap().value, "968");
    assert!(judged[0].reason.ends_with("and 997 more"), "{}", judged[0].reason);
}

#[test]
fn a_long_sign_is_cut_off() {
    let world = World::phone().with(|it| it.root_signs = Fact::known(vec!["é".repeat(100_000)]));
    let judged = world.outcome(CheckId::Integrity).judgements;
    assert_eq!(judged[0].evidence[0].value.chars().count(), MAX_SIGN_CHARS + 1);
    assert!(judged[0].reason.chars().count() < 300);
}
