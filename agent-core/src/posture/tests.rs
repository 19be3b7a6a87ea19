use proptest::prelude::*;

use super::*;
use crate::model::{Coverage, Date, Platform, Proxy};

const THRESHOLDS: Thresholds = Thresholds { patch_max_age_days: 90, patch_overdue_days: 180 };

/// 2026-10-17T09:20:00Z.
const NOW: Timestamp = Timestamp::from_unix(1_792_228_800);

/// A phone on which all is well.
fn phone() -> DevicePosture {
    DevicePosture {
        platform: Platform::Android,
        model: Fact::known("Pixel 8".into()),
        os_name: Fact::known("Android".into()),
        os_version: Fact::known("16".into()),
        kernel_version: Fact::known("6.1.99-android14".into()),
        security_patch: Fact::known("2026-10-05".parse().unwrap()),
        storage_encrypted: Fact::known(true),
        screen_lock: Fact::known(true),
        root_signs: Fact::known(vec![]),
        debug_flags: Fact::known(vec![]),
        ..DevicePosture::not_available(Platform::Android, "not needed here")
    }
}

/// Its network: no proxy, no VPN.
fn network() -> NetworkSnapshot {
    NetworkSnapshot {
        proxies: Fact::known(vec![]),
        vpns: Fact::known(vec![]),
        ..NetworkSnapshot::not_available("not needed here")
    }
}

fn proxies(addresses: &[&str]) -> NetworkSnapshot {
    let proxy = |address: &&str| Proxy { scheme: "https".into(), address: (*address).into() };
    NetworkSnapshot { proxies: Fact::known(addresses.iter().map(proxy).collect()), ..network() }
}

fn outcome(check: CheckId, posture: &DevicePosture, network: &NetworkSnapshot) -> CheckOutcome {
    let outcomes = judge(posture, network, &[], &THRESHOLDS, NOW);
    outcomes.into_iter().find(|outcome| outcome.check == check).unwrap()
}

fn patched(date: &str) -> CheckOutcome {
    let date: Date = date.parse().unwrap();
    let posture = DevicePosture { security_patch: Fact::known(date), ..phone() };
    outcome(CheckId::OsVersion, &posture, &network())
}

fn judged_with(declared: &[&str], network: &NetworkSnapshot) -> Judgement {
    let declared: Vec<_> = declared.iter().map(|address| (*address).to_owned()).collect();
    let outcomes = judge(&phone(), network, &declared, &THRESHOLDS, NOW);
    let path = outcomes.into_iter().find(|outcome| outcome.check == CheckId::NetworkPath).unwrap();
    path.judgements.into_iter().next().unwrap()
}

#[test]
fn a_proxy_that_the_organisation_declared_is_benign() {
    for (declared, used) in [
        ("10.77.0.1:3128", "10.77.0.1:3128"),
        ("Proxy.Example:3128", "proxy.example:3128"),
        ("http://proxy.example:3128/", "proxy.example:3128"),
        ("http://wpad.example/proxy.pac?site=7", "http://wpad.example/proxy.pac?site=7"),
    ] {
        let judgement = judged_with(&[declared], &proxies(&[used]));
        assert_eq!(
            (judgement.detection, judgement.verdict),
            (Detection::LocalProxy, Verdict::Benign),
            "{used}"
        );
        assert!(judgement.evidence[0].value.ends_with("(declared)"));
    }
}

#[test]
fn a_declared_proxy_excuses_no_other() {
    for (declared, used) in [
        (["10.77.0.1:3128"], "10.77.0.1:8080"),
        (["http://wpad.example/proxy.pac"], "http://wpad.example/other.pac"),
        (["http://wpad.example/proxy.pac"], "wpad.example:80"),
        (["::::"], "::::"),
    ] {
        assert_eq!(judged_with(&declared, &proxies(&[used])).verdict, Verdict::Suspicious, "{used}");
    }
    let both = judged_with(&["proxy.example:3128"], &proxies(&["proxy.example:3128", "evil.example:3128"]));
    assert_eq!(both.verdict, Verdict::Suspicious);
    assert_eq!(both.reason, "traffic goes through a proxy: evil.example:3128");
}

#[test]
fn a_phone_on_which_all_is_well_is_clean() {
    let outcomes = judge(&phone(), &network(), &[], &THRESHOLDS, NOW);
    insta::assert_json_snapshot!("clean", outcomes);
}

#[test]
fn a_phone_on_which_nothing_is_well_says_why() {
    let posture = DevicePosture {
        security_patch: Fact::known("2026-01-05".parse().unwrap()),
        storage_encrypted: Fact::known(false),
        screen_lock: Fact::known(false),
        root_signs: Fact::known(vec!["/system/xbin/su".into(), "build tags are test-keys".into()]),
        debug_flags: Fact::known(vec!["USB debugging".into()]),
        ..phone()
    };
    let network = NetworkSnapshot {
        vpns: Fact::known(vec!["tun0".into()]),
        ..proxies(&["127.0.0.1:8080", "proxy.example:3128"])
    };
    insta::assert_json_snapshot!("findings", judge(&posture, &network, &[], &THRESHOLDS, NOW));
}

#[test]
fn a_fact_that_is_withheld_is_a_gap_and_never_clean() {
    let posture = |fact: fn() -> Coverage| {
        let (bools, texts) = match fact() {
            Coverage::NotPermitted { why } => (Fact::not_permitted(why.clone()), Fact::not_permitted(why)),
            _ => (Fact::not_available("no such API"), Fact::not_available("no such API")),
        };
        DevicePosture {
            security_patch: match &bools {
                Fact::NotPermitted { why } => Fact::not_permitted(why),
                _ => Fact::not_available("no such API"),
            },
            storage_encrypted: bools.clone(),
            screen_lock: bools,
            root_signs: texts.clone(),
            debug_flags: texts,
            ..phone()
        }
    };
    let refused = || Coverage::NotPermitted { why: "turned off by the user".into() };
    let missing = || Coverage::Unknown { why: "no such API".into() };
    for expected in [refused as fn() -> Coverage, missing] {
        let outcomes = judge(&posture(expected), &network(), &[], &THRESHOLDS, NOW);
        for outcome in outcomes.iter().filter(|outcome| outcome.check != CheckId::NetworkPath) {
            assert_eq!(outcome.coverage, expected(), "{}", outcome.check);
            assert_eq!(outcome.verdict(), Verdict::Inconclusive);
        }
    }
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
        assert_eq!(patched(date).verdict(), expected, "{date}");
    }
}

#[test]
fn a_patch_from_the_future_points_to_the_clock() {
    let summary = patched("2027-01-01").summary;
    assert!(
        summary.contains("dated in the future") && summary.contains("check the device clock"),
        "{summary}"
    );
}

#[test]
fn a_clock_without_a_date_gives_no_age() {
    let outcomes = judge(&phone(), &network(), &[], &THRESHOLDS, Timestamp::from_unix(i64::MAX));
    assert_eq!(outcomes[0].verdict(), Verdict::Inconclusive);
}

#[test]
fn a_version_that_is_not_told_is_said_to_be_unknown() {
    let posture = DevicePosture { os_version: Fact::not_available("no os-release"), ..phone() };
    let summary = outcome(CheckId::OsVersion, &posture, &network()).summary;
    assert_eq!(summary, "Android of unknown version, security patch of 2026-10-05, 12 days old");
}

#[test]
fn a_long_list_of_signs_is_counted_not_copied() {
    let signs: Vec<_> = (0..1_000).map(|n| format!("/data/local/{n}")).collect();
    let posture = DevicePosture { root_signs: Fact::known(signs), ..phone() };
    let judged = outcome(CheckId::Integrity, &posture, &network()).judgements;
    assert_eq!(judged[0].evidence.len(), MAX_SIGNS + 1);
    assert_eq!(judged[0].evidence.last().unwrap().value, "968");
    assert!(judged[0].reason.ends_with("and 997 more"), "{}", judged[0].reason);
}

#[test]
fn a_long_sign_is_cut_off() {
    let posture = DevicePosture { root_signs: Fact::known(vec!["é".repeat(100_000)]), ..phone() };
    let judged = outcome(CheckId::Integrity, &posture, &network()).judgements;
    assert_eq!(judged[0].evidence[0].value.chars().count(), MAX_SIGN_CHARS + 1);
    assert!(judged[0].reason.chars().count() < 300);
}

#[test]
fn a_proxy_on_this_device_is_recognised_however_it_is_written() {
    let local = [
        "127.0.0.1:8080",
        "127.1:8080",
        "0x7f000001:8080",
        "0.0.0.0:8080",
        "localhost:8080",
        "LOCALHOST.:8080",
        "mitm.localhost:8080",
        "[::1]:8080",
        "[::ffff:127.0.0.1]:8080",
        "http://localhost:8080/proxy.pac",
        "socks5://127.0.0.1:1080",
    ];
    for address in local {
        let judged = outcome(CheckId::NetworkPath, &phone(), &proxies(&[address])).judgements;
        assert_eq!(judged[0].verdict, Verdict::Suspicious);
        assert!(judged[0].evidence[0].value.ends_with("(on this device)"), "{address}");
    }
    for address in
        ["proxy.example:3128", "10.0.0.1:80", "localhost.example:80", "[fe80::1]:80", "", "a b", "::"]
    {
        let judged = outcome(CheckId::NetworkPath, &phone(), &proxies(&[address])).judgements;
        assert_eq!(judged[0].verdict, Verdict::Suspicious);
        assert!(!judged[0].evidence[0].value.ends_with("(on this device)"), "{address}");
    }
}

#[test]
fn credentials_and_queries_of_a_proxy_are_not_told() {
    let addresses =
        ["alice:hunter2@proxy.example:3128", "https://alice:hunter2@pac.example/x.pac?token=hunter2"];
    let told = serde_json::to_string(&outcome(CheckId::NetworkPath, &phone(), &proxies(&addresses))).unwrap();
    assert!(told.contains("proxy.example:3128") && told.contains("pac.example:443"), "{told}");
    assert!(!told.contains("alice") && !told.contains("hunter2"), "{told}");
}

#[test]
fn a_vpn_is_a_label() {
    let network = NetworkSnapshot { vpns: Fact::known(vec!["wg0".into()]), ..network() };
    let outcome = outcome(CheckId::NetworkPath, &phone(), &network);
    assert_eq!(outcome.verdict(), Verdict::Benign);
    assert_eq!(outcome.judgements[0].detection, Detection::VpnActive);
}

#[test]
fn what_one_half_of_the_path_shows_counts_though_the_other_is_missing() {
    let network =
        NetworkSnapshot { vpns: Fact::not_available("no such API"), ..proxies(&["127.0.0.1:8080"]) };
    let half = outcome(CheckId::NetworkPath, &phone(), &network);
    assert_eq!(half.coverage, Coverage::Unknown { why: "no such API".into() });
    assert_eq!(half.judgements.len(), 1);

    let network = NetworkSnapshot { proxies: Fact::not_permitted("location is off"), ..network };
    let none = outcome(CheckId::NetworkPath, &phone(), &network);
    assert_eq!(none.coverage, Coverage::NotPermitted { why: "location is off".into() });
    assert_eq!(none.judgements, []);
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

fn any_posture() -> impl Strategy<Value = DevicePosture> {
    let texts = || prop::collection::vec(any::<String>(), 0..4);
    let facts = (any_fact(any_date()), any_fact(any::<bool>()), any_fact(any::<bool>()));
    (facts, any_fact(texts()), any_fact(texts()), any_fact(any::<String>())).prop_map(
        |((security_patch, storage_encrypted, screen_lock), root_signs, debug_flags, os_version)| {
            DevicePosture {
                security_patch,
                storage_encrypted,
                screen_lock,
                root_signs,
                debug_flags,
                os_version,
                ..phone()
            }
        },
    )
}

fn any_network() -> impl Strategy<Value = NetworkSnapshot> {
    let proxy = (any::<String>(), any::<String>()).prop_map(|(scheme, address)| Proxy { scheme, address });
    let vpns = prop::collection::vec(any::<String>(), 0..3);
    (any_fact(prop::collection::vec(proxy, 0..3)), any_fact(vpns))
        .prop_map(|(proxies, vpns)| NetworkSnapshot { proxies, vpns, ..network() })
}

proptest! {
    #[test]
    fn every_check_has_one_outcome_whatever_the_facts(
        posture in any_posture(),
        network in any_network(),
        now in any::<i64>(),
        (patch_max_age_days, patch_overdue_days) in any::<(u32, u32)>(),
    ) {
        let thresholds = Thresholds { patch_max_age_days, patch_overdue_days };
        let outcomes = judge(&posture, &network, &[], &thresholds, Timestamp::from_unix(now));
        let checks: Vec<_> = outcomes.iter().map(|outcome| outcome.check).collect();
        prop_assert_eq!(checks, [
            CheckId::OsVersion,
            CheckId::StorageEncryption,
            CheckId::ScreenLock,
            CheckId::Integrity,
            CheckId::Debugging,
            CheckId::NetworkPath,
        ]);
        for outcome in &outcomes {
            prop_assert!(!outcome.summary.is_empty());
            prop_assert!(outcome.judgements.iter().all(|it| it.detection.check() == outcome.check));
        }
    }
}
