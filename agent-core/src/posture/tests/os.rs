//! Version and patch of the operating system.

use super::*;

const OF_THE_VERSION: [Detection; 5] = [
    Detection::OsEndOfLife,
    Detection::OsExploited,
    Detection::OsBelowMinimum,
    Detection::OsOutdated,
    Detection::PatchOld,
];

fn android(version: &str, patch: &str) -> World {
    World::phone().with(|it| {
        it.os_version = Fact::known(version.into());
        it.security_patch = Fact::known(day(patch));
    })
}

fn debian(version: &str, build: Option<&str>) -> World {
    World::phone().with(|it| {
        it.platform = Platform::Linux;
        it.os_name = Fact::known("Debian GNU/Linux".into());
        it.os_version = Fact::known(version.into());
        it.os_build = match build {
            Some(build) => Fact::known(build.into()),
            None => Fact::not_available("no debian_version"),
        };
    })
}

#[test]
fn the_age_of_the_patch_decides() {
    let table = [
        ("2026-10-17", Verdict::Clean),
        ("2026-07-19", Verdict::Clean),      // 90 days
        ("2026-07-18", Verdict::Suspicious), // 91 days
        ("2026-04-20", Verdict::Suspicious), // 180 days
        ("2026-04-19", Verdict::Confirmed),  // 181 days
        ("2008-09-23", Verdict::Confirmed),
        ("2026-10-18", Verdict::Clean), // today, east of Greenwich
        ("2026-10-19", Verdict::Inconclusive),
    ];
    for (date, expected) in table {
        assert_eq!(android("16", date).verdict(Detection::PatchOld), expected, "{date}");
    }
}

#[test]
fn a_patch_from_the_future_points_to_the_clock() {
    let world = android("16", "2027-01-01");
    let reason = world.reason(Detection::PatchOld);
    assert!(reason.contains("dated in the future") && reason.contains("check the device clock"), "{reason}");
    let without = World { tables: None, ..world };
    let outcome = without.outcome(CheckId::OsVersion);
    assert!(matches!(&outcome.coverage, Coverage::Unknown { why } if why.contains("check the device clock")));
}

#[test]
fn a_clock_without_a_date_gives_no_age_and_no_end() {
    let world = World { now: Timestamp::from_unix(i64::MAX), ..android("13", "2026-10-05") };
    assert_eq!(world.verdict(Detection::PatchOld), Verdict::Inconclusive);
    assert_eq!(world.verdict(Detection::OsEndOfLife), Verdict::Inconclusive);
}

#[test]
fn a_cycle_ends_after_its_last_day() {
    let at = |now: i64| World { now: Timestamp::from_unix(now), ..World::iphone("17.7.7") };
    // 2025-05-13T12:00:00Z.
    assert_eq!(at(1_747_137_600).verdict(Detection::OsEndOfLife), Verdict::Clean);
    assert_eq!(at(1_747_137_600 + 86_400).verdict(Detection::OsEndOfLife), Verdict::Confirmed);
    assert_eq!(android("4.3", "2014-01-01").verdict(Detection::OsEndOfLife), Verdict::Confirmed, "eol: true");
    assert_eq!(World::phone().verdict(Detection::OsEndOfLife), Verdict::Clean);
}

#[test]
fn a_maker_that_patches_an_ended_android_makes_it_suspicious_only() {
    assert_eq!(android("13", "2026-02-05").verdict(Detection::OsEndOfLife), Verdict::Confirmed);
    let patched = android("13", "2026-09-05");
    assert_eq!(patched.verdict(Detection::OsEndOfLife), Verdict::Suspicious);
    assert!(patched.reason(Detection::OsEndOfLife).contains("still patches it"));
}

#[test]
fn packages_that_are_brought_up_to_date_do_not_keep_an_ended_debian_alive() {
    let mut ended = debian("11", Some("11.11"));
    ended.posture.security_patch = Fact::known(day("2026-10-16"));
    assert_eq!(ended.verdict(Detection::OsEndOfLife), Verdict::Confirmed);
    assert_eq!(debian("12", Some("12.12")).verdict(Detection::OsEndOfLife), Verdict::Clean);
}

#[test]
fn a_version_older_than_every_cycle_is_at_its_end() {
    assert_eq!(World::iphone("9.3.6").verdict(Detection::OsEndOfLife), Verdict::Confirmed);
    assert_eq!(
        World::iphone("9.3.6").verdict(Detection::OsOutdated),
        Verdict::Clean,
        "one cause is one finding"
    );
}

#[test]
fn a_version_that_the_tables_do_not_know_is_undecided() {
    for world in
        [World::iphone("20.1"), World::iphone("next"), World { tables: None, ..World::iphone("26.6.1") }]
    {
        for detection in [Detection::OsEndOfLife, Detection::OsOutdated] {
            let outcome = world.outcome(CheckId::OsVersion);
            assert_eq!(outcome.judgements, [], "{detection}");
            assert!(matches!(outcome.coverage, Coverage::Unknown { .. }), "{outcome:?}");
        }
        let patched = world.with(|it| it.security_patch = Fact::known(day("2026-10-05")));
        assert_eq!(patched.outcome(CheckId::OsVersion).coverage, Coverage::Complete);
        assert_eq!(patched.verdict(Detection::OsEndOfLife), Verdict::Inconclusive);
        assert_eq!(patched.verdict(Detection::OsOutdated), Verdict::Inconclusive);
    }
    assert!(
        World { tables: None, ..World::phone() }.reason(Detection::OsEndOfLife).contains("no version tables")
    );
}

#[test]
fn a_beta_newer_than_the_tables_is_in_order() {
    for version in ["27.0", "26.7"] {
        let world = World::iphone(version);
        for detection in [Detection::OsEndOfLife, Detection::OsOutdated, Detection::OsExploited] {
            assert_eq!(world.verdict(detection), Verdict::Clean, "{version}: {detection}");
        }
        assert_eq!(world.outcome(CheckId::OsVersion).coverage, Coverage::Complete);
    }
}

#[test]
fn behind_the_latest_of_its_own_cycle_is_outdated() {
    for (version, expected) in [
        ("26.6", Verdict::Confirmed),
        ("26.0", Verdict::Confirmed),
        ("26", Verdict::Confirmed),
        ("26.6.1", Verdict::Clean),
        ("18.7.9", Verdict::Confirmed),
        ("18.7.10", Verdict::Clean), // not every device can take 26
        ("18.7.10 (a)", Verdict::Clean),
    ] {
        assert_eq!(World::iphone(version).verdict(Detection::OsOutdated), expected, "{version}");
    }
    assert_eq!(World::phone().verdict(Detection::OsOutdated), Verdict::Clean, "Android has patches instead");
}

#[test]
fn a_narrower_cycle_is_the_one_that_counts() {
    let world = android("12.1", "2024-01-05");
    assert!(world.reason(Detection::OsEndOfLife).starts_with("12.1 "));
}

#[test]
fn an_ipad_has_cycles_of_its_own() {
    let ipad = World::iphone("17.7.11").with(|it| it.os_name = Fact::known("iPadOS".into()));
    assert_eq!(ipad.verdict(Detection::OsEndOfLife), Verdict::Clean);
    let by_model = World::iphone("17.7.11").with(|it| it.model = Fact::known("iPad8,1".into()));
    assert_eq!(by_model.verdict(Detection::OsEndOfLife), Verdict::Clean);
    assert_eq!(World::iphone("17.7.11").verdict(Detection::OsEndOfLife), Verdict::Confirmed);
}

#[test]
fn debian_is_compared_by_its_point_release() {
    assert_eq!(debian("12", Some("12.11")).verdict(Detection::OsOutdated), Verdict::Confirmed);
    assert_eq!(debian("12", Some("12.12")).verdict(Detection::OsOutdated), Verdict::Clean);
    assert_eq!(debian("12", None).verdict(Detection::OsOutdated), Verdict::Inconclusive);
    assert_eq!(debian("12", Some("trixie/sid")).verdict(Detection::OsOutdated), Verdict::Inconclusive);
    assert_eq!(
        debian("12", None).verdict(Detection::OsExploited),
        Verdict::Inconclusive,
        "KEV has no Debian"
    );
}

#[test]
fn a_system_without_tables_says_so() {
    let world = debian("42", None).with(|it| it.os_name = Fact::known("Fedora Linux".into()));
    assert!(world.reason(Detection::OsEndOfLife).contains("nothing on Fedora Linux 42"));
    assert_eq!(world.outcome(CheckId::OsVersion).coverage, Coverage::Complete, "the patch is known");
}

#[test]
fn the_organisations_minimum_holds_for_its_system() {
    let mut world = World::iphone("18.7.10");
    let rule = |os, text: &str| MinimumOs { os, version: version(text) };
    world.settings.device.minimum_os = vec![rule(OsFamily::Ios, "18.7.2"), rule(OsFamily::Android, "99")];
    assert_eq!(world.verdict(Detection::OsBelowMinimum), Verdict::Clean);
    world.settings.device.minimum_os.push(rule(OsFamily::Ios, "26"));
    assert_eq!(world.verdict(Detection::OsBelowMinimum), Verdict::Confirmed);
    let untold = World::phone().with(|it| it.os_version = Fact::not_available("no such API"));
    let untold = World { settings: world.settings, ..untold };
    assert_eq!(untold.verdict(Detection::OsBelowMinimum), Verdict::Inconclusive);
}

#[test]
fn a_version_that_is_not_told_is_said_to_be_unknown() {
    let world = World::phone().with(|it| it.os_version = Fact::not_available("no os-release"));
    let summary = world.outcome(CheckId::OsVersion).summary;
    assert!(
        summary
            .starts_with("Android of unknown version, security patch of 2026-10-05, 12 days old; not told:"),
        "{summary}"
    );
}

#[test]
fn a_version_that_is_not_permitted_leaves_everything_open() {
    let world = World::phone().with(|it| it.os_version = Fact::not_permitted("hidden by the user"));
    let outcome = world.outcome(CheckId::OsVersion);
    assert_eq!(outcome.coverage, Coverage::NotPermitted { why: "hidden by the user".into() });
    assert!(outcome.judgements.iter().all(|it| OF_THE_VERSION.contains(&it.detection)));
}
