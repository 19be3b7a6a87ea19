use super::*;
use crate::model::Coverage;

fn judged(app: AppRecord, rules: &AppRules) -> Vec<(Detection, Verdict)> {
    let outcome = judge_origin(&inventory([app]), rules);
    outcome.judgements.iter().map(|it| (it.detection, it.verdict)).collect()
}

#[test]
fn an_app_from_outside_the_stores_is_found() {
    let cases = [
        (by_hand("a.b"), Detection::SideloadedApp, Verdict::Confirmed),
        (android("a.b", Some("com.android.shell")), Detection::SideloadedApp, Verdict::Confirmed),
        (android("a.b", Some("com.nobody.knows")), Detection::SideloadedApp, Verdict::Confirmed),
        (android("a.b", Some("")), Detection::SideloadedApp, Verdict::Confirmed),
        (
            AppRecord { system: None, ..android("a.b", Some("")) },
            Detection::SideloadedApp,
            Verdict::Suspicious,
        ),
        (android("a.b", Some("org.fdroid.fdroid")), Detection::ThirdPartyStore, Verdict::Confirmed),
        (
            AppRecord { validated: Some(false), app_store_vendable: Some(false), ..apple("a.b") },
            Detection::UnvalidatedApp,
            Verdict::Confirmed,
        ),
        (
            AppRecord { ad_hoc_code_signed: Some(true), app_store_vendable: Some(false), ..apple("a.b") },
            Detection::SideloadedApp,
            Verdict::Confirmed,
        ),
    ];
    for (app, detection, verdict) in cases {
        assert_eq!(judged(app.clone(), &AppRules::default()), [(detection, verdict)], "{app:?}");
    }
}

#[test]
fn what_only_looks_sideloaded_is_none() {
    let rules = AppRules {
        trusted_installers: ids(&["org.fdroid.fdroid", "com.acme.mdm"]),
        trusted_signers: vec![sha256("acme")],
        ..AppRules::default()
    };
    let not_vendable = || AppRecord { app_store_vendable: Some(false), ..apple("a.b") };
    let cases = [
        ("Google Play", from_play("a.b")),
        ("F-Droid that the organisation trusts", android("a.b", Some("org.fdroid.fdroid"))),
        ("the organisation's own installer", android("a.b", Some("com.acme.mdm"))),
        ("an in-house signer", AppRecord { signers: vec![sha256("acme")], ..by_hand("a.b") }),
        (
            "a part of the system without installer",
            AppRecord { system: Some(true), ..android("a.b", Some("")) },
        ),
        ("managed", AppRecord { managed: Some(true), ..by_hand("a.b") }),
        ("licensed to the device", AppRecord { device_based_vpp: Some(true), ..not_vendable() }),
        ("TestFlight", AppRecord { beta_app: Some(true), ..not_vendable() }),
        ("a custom app of the organisation", not_vendable()),
        (
            "managed, not validated yet",
            AppRecord { managed: Some(true), validated: Some(false), ..not_vendable() },
        ),
        ("an app of the store that cannot run now", AppRecord { validated: Some(false), ..apple("a.b") }),
        ("Debian", AppRecord { id: AppId::new("bash"), ..AppRecord::from_source(AppSource::Dpkg) }),
    ];
    for (what, app) in cases {
        assert_eq!(judged(app, &rules), [], "{what}");
    }
}

#[test]
fn an_installer_that_is_not_told_is_inconclusive() {
    let apps = [from_play("a.told"), android("b.untold", None)];
    let outcome = judge_origin(&inventory(apps), &AppRules::default());
    assert_eq!(told_of(&outcome), [(Detection::SideloadedApp, "b.untold", Verdict::Inconclusive)]);
    assert_eq!(outcome.coverage, Coverage::Complete);
}

#[test]
fn a_source_that_never_tells_installers_gives_no_result() {
    let graph = AppRecord { id: AppId::new("a.b"), ..AppRecord::from_source(AppSource::MicrosoftGraph) };
    let system = AppRecord { system: Some(true), ..android("c.d", None) };
    for (apps, why) in [
        (vec![graph], "the detected apps of Microsoft Graph do not name the installer"),
        (vec![android("a.b", None), system], "the list of apps does not tell where they came from"),
    ] {
        let outcome = judge_origin(&inventory(apps), &AppRules::default());
        assert_eq!(outcome.coverage, Coverage::Unknown { why: why.into() });
        assert_eq!(told_of(&outcome), []);
    }
    assert_eq!(judge_origin(&inventory([]), &AppRules::default()).coverage, Coverage::Complete);
}

#[test]
fn the_reason_names_app_and_installer() {
    let app = AppRecord { name: Some("Notes".into()), ..android("a.notes", Some("com.android.shell")) };
    insta::assert_json_snapshot!(judge_origin(&inventory([app]), &AppRules::default()));
}
