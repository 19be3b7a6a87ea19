//! What is missing is a gap, and never clean.

use proptest::prelude::*;

use super::*;

/// Every detection of this module, with what withholds the facts that it rests on.
fn withheld(absence: fn() -> Fact<std::convert::Infallible>) -> World {
    World::phone().with(|it| *it = DevicePosture::withheld(Platform::Android, &absence()))
}

/// The checks that rest on facts of the posture.
fn of_the_posture(outcome: &&CheckOutcome) -> bool {
    !matches!(outcome.check, CheckId::NetworkPath | CheckId::KeyAttestation | CheckId::AgentVersion)
}

#[test]
fn a_device_that_tells_nothing_has_a_gap_in_every_check() {
    let refused: fn() -> _ = || Fact::not_permitted("turned off by the user");
    let missing: fn() -> _ = || Fact::not_available("no such API");
    for (absence, expected) in [
        (refused, Coverage::NotPermitted { why: "turned off by the user".into() }),
        (missing, Coverage::Unknown { why: "no such API".into() }),
    ] {
        let world = withheld(absence);
        for outcome in judge(&world.device()).iter().filter(of_the_posture) {
            assert_eq!(outcome.coverage, expected, "{}", outcome.check);
            assert_eq!(outcome.verdict(), Verdict::Inconclusive);
            assert_eq!(outcome.judgements, []);
        }
    }
}

#[test]
fn one_fact_that_is_missing_leaves_its_own_detection_undecided() {
    let world = World::phone().with(|it| {
        it.usb_debugging = Fact::not_available("no such API");
        it.developer_mode = Fact::known(true);
        it.accessibility_services = Fact::not_available("no such API");
        it.emulator_signs = Fact::not_available("no such API");
        it.app_verification = Fact::not_available("no such API");
    });
    for (detection, expected) in [
        (Detection::UsbDebugging, Verdict::Inconclusive),
        (Detection::DeveloperMode, Verdict::Confirmed),
        (Detection::WirelessDebugging, Verdict::Clean),
        (Detection::AccessibilityGranted, Verdict::Inconclusive),
        (Detection::DeviceAdminGranted, Verdict::Clean),
        (Detection::Emulator, Verdict::Inconclusive),
        (Detection::Hooked, Verdict::Clean),
        (Detection::AppVerificationOff, Verdict::Inconclusive),
        (Detection::UnknownSources, Verdict::Clean),
    ] {
        assert_eq!(world.verdict(detection), expected, "{detection}");
        assert_eq!(world.outcome(detection.check()).coverage, Coverage::Complete, "{detection}");
    }
    let summary = world.outcome(CheckId::Debugging).summary;
    assert_eq!(summary, "developer mode is on; not told: USB debugging");
}

#[test]
fn a_missing_permission_weighs_more_than_what_is_known() {
    let world = World::phone().with(|it| {
        it.usb_debugging = Fact::not_permitted("not granted");
        it.developer_mode = Fact::known(true);
    });
    let outcome = world.outcome(CheckId::Debugging);
    assert_eq!(outcome.coverage, Coverage::NotPermitted { why: "not granted".into() });
    assert_eq!(world.judged(Detection::DeveloperMode), [(String::new(), Verdict::Confirmed)]);
    assert_eq!(outcome.summary, "developer mode is on; not granted");
}

fn any_fact<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Fact<T>> {
    (value, 0..3).prop_map(|(value, state)| match state {
        0 => Fact::known(value),
        1 => Fact::not_permitted("no permission"),
        _ => Fact::not_available("no such API"),
    })
}

fn any_date() -> impl Strategy<Value = Date> {
    (-10_000_000_000_i64..250_000_000_000).prop_map(|at| Timestamp::from_unix(at).date().unwrap())
}

fn any_version() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[0-9]{1,3}(\\.[0-9]{1,3}){0,4}"]
}

fn any_posture() -> impl Strategy<Value = DevicePosture> {
    let lists = || any_fact(prop::collection::vec(any::<String>(), 0..4));
    let switches = || any_fact(any::<bool>());
    let boot = any_fact(prop::sample::select(VerifiedBoot::ALL));
    let platform = prop::sample::select(Platform::ALL);
    let system = (platform, any_fact(any::<String>()), any_fact(any_version()), any_fact(any_date()));
    let signs = (lists(), lists(), lists(), lists(), lists());
    let switches = (switches(), switches(), switches(), switches(), switches(), switches());
    let apps = (lists(), lists(), lists(), lists());
    (system, signs, switches, apps, boot).prop_map(|(system, signs, switches, apps, verified_boot)| {
        DevicePosture {
            platform: system.0,
            os_name: system.1,
            os_version: system.2,
            security_patch: system.3,
            root_signs: signs.0,
            debug_flags: signs.1,
            tamper_signs: signs.2,
            hooking_signs: signs.3,
            emulator_signs: signs.4,
            storage_encrypted: switches.0,
            screen_lock: switches.1,
            bootloader_locked: switches.2,
            developer_mode: switches.3,
            usb_debugging: switches.4,
            app_verification: switches.5,
            unknown_sources: apps.0,
            always_on_vpn: apps.1,
            accessibility_services: apps.2,
            device_admins: apps.3,
            verified_boot,
            ..World::phone().posture
        }
    })
}

proptest! {
    #[test]
    fn every_check_has_one_outcome_whatever_the_facts(
        posture in any_posture(),
        now in any::<i64>(),
        has_tables in any::<bool>(),
        (patch_max_age_days, patch_overdue_days) in any::<(u32, u32)>(),
    ) {
        let mut world = World { posture, now: Timestamp::from_unix(now), ..World::phone() };
        world.tables = world.tables.filter(|_| has_tables);
        let thresholds = Thresholds { patch_max_age_days, patch_overdue_days };
        let outcomes = judge(&Device { thresholds, ..world.device() });
        let checks: Vec<_> = outcomes.iter().map(|outcome| outcome.check).collect();
        let of_the_device = |check: &CheckId| check.as_str().starts_with("device.") && *check != CheckId::Composite;
        prop_assert_eq!(checks, CheckId::ALL.iter().copied().filter(of_the_device).collect::<Vec<_>>());
        for outcome in &outcomes {
            prop_assert!(!outcome.summary.is_empty());
            prop_assert!(outcome.judgements.iter().all(|it| it.detection.check() == outcome.check));
            prop_assert!(outcome.judgements.iter().all(|it| !it.reason.is_empty()));
        }
    }
}
