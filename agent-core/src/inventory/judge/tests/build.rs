use super::*;
use crate::model::Coverage;

const MINIMUM: u32 = 24;

fn judged(apps: impl IntoIterator<Item = AppRecord>, rules: &AppRules) -> CheckOutcome {
    judge_build(&inventory(apps), rules, MINIMUM)
}

fn may(app: AppRecord, permissions: &[&str]) -> AppRecord {
    let permissions = permissions.iter().map(|it| format!("android.permission.{it}")).collect();
    AppRecord { permissions, ..app }
}

#[test]
fn debug_builds_and_old_targets_are_found_wherever_they_came_from() {
    let apps = [
        AppRecord { debuggable: Some(true), target_sdk: Some(35), ..from_play("a.debug") },
        AppRecord { debuggable: Some(false), target_sdk: Some(23), ..from_play("b.old") },
        AppRecord { debuggable: Some(false), target_sdk: Some(24), ..from_play("c.just") },
        AppRecord {
            debuggable: Some(true),
            target_sdk: Some(1),
            system: Some(true),
            ..from_play("d.system")
        },
        from_play("e.untold"),
    ];
    assert_eq!(
        told_of(&judged(apps, &AppRules::default())),
        [
            (Detection::DebuggableApp, "a.debug", Verdict::Confirmed),
            (Detection::OldTargetSdk, "b.old", Verdict::Confirmed),
        ]
    );
}

#[test]
fn each_combination_of_permissions_is_found_and_none_of_its_parts() {
    let combinations: &[&[&str]] = &[
        &["BIND_ACCESSIBILITY_SERVICE", "SYSTEM_ALERT_WINDOW", "READ_SMS"],
        &["BIND_ACCESSIBILITY_SERVICE", "SYSTEM_ALERT_WINDOW", "SEND_SMS"],
        &["BIND_ACCESSIBILITY_SERVICE", "REQUEST_INSTALL_PACKAGES"],
        &["BIND_ACCESSIBILITY_SERVICE", "BIND_DEVICE_ADMIN"],
        &["BIND_NOTIFICATION_LISTENER_SERVICE", "RECEIVE_SMS"],
        &["BIND_DEVICE_ADMIN", "SYSTEM_ALERT_WINDOW"],
        &["RECORD_AUDIO", "ACCESS_BACKGROUND_LOCATION", "READ_SMS", "READ_CALL_LOG"],
        &["BIND_ACCESSIBILITY_SERVICE", "RECORD_AUDIO", "ACCESS_BACKGROUND_LOCATION"],
    ];
    for permissions in combinations {
        let outcome = judged([may(by_hand("a.b"), permissions)], &AppRules::default());
        assert_eq!(
            told_of(&outcome),
            [(Detection::RiskyPermissions, "a.b", Verdict::Confirmed)],
            "{permissions:?}"
        );
        let listed =
            &outcome.judgements[0].evidence.iter().find(|it| it.name == "permissions").unwrap().value;
        assert!(permissions.iter().all(|it| listed.contains(it)), "{listed}");
        for left_out in 0..permissions.len() {
            let mut fewer = permissions.to_vec();
            fewer.remove(left_out);
            let outcome = judged([may(by_hand("a.b"), &fewer)], &AppRules::default());
            assert_eq!(told_of(&outcome), [], "{fewer:?}");
        }
    }
}

#[test]
fn only_an_app_from_no_store_has_risky_permissions() {
    const RISKY: &[&str] = &["BIND_ACCESSIBILITY_SERVICE", "SYSTEM_ALERT_WINDOW", "READ_SMS"];
    let rules = AppRules { trusted_signers: vec![sha256("acme")], ..AppRules::default() };
    let apps = [
        may(from_play("a.play"), RISKY),
        may(android("b.fdroid", Some("org.fdroid.fdroid")), RISKY),
        may(AppRecord { system: Some(true), ..android("c.system", Some("")) }, RISKY),
        may(AppRecord { signers: vec![sha256("acme")], ..by_hand("d.house") }, RISKY),
        may(android("e.untold", None), RISKY),
    ];
    let outcome = judged(apps, &rules);
    assert_eq!(told_of(&outcome), [(Detection::RiskyPermissions, "e.untold", Verdict::Inconclusive)]);
}

#[test]
fn the_reason_says_what_the_permissions_are_good_for() {
    let permissions =
        ["BIND_ACCESSIBILITY_SERVICE", "SYSTEM_ALERT_WINDOW", "RECEIVE_SMS", "REQUEST_INSTALL_PACKAGES"];
    insta::assert_json_snapshot!(judged([may(by_hand("a.b"), &permissions)], &AppRules::default()));
}

#[test]
fn a_list_that_tells_no_builds_gives_no_result() {
    let outcome = judged([apple("a.b"), apple("c.d")], &AppRules::default());
    assert!(matches!(outcome.coverage, Coverage::Unknown { .. }));
    let debian = AppRecord { id: AppId::new("bash"), ..AppRecord::from_source(AppSource::Dpkg) };
    for apps in [vec![], vec![debian]] {
        assert_eq!(judged(apps, &AppRules::default()).coverage, Coverage::Complete);
    }
}
