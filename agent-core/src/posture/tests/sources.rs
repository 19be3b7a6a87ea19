//! Who may install apps.

use super::*;

fn may_install(apps: &[&str]) -> World {
    World::phone().with(|it| it.unknown_sources = texts(apps))
}

#[test]
fn an_app_that_may_install_others_is_told_unless_it_is_a_store() {
    let judged = may_install(&["com.android.chrome"]).judged(Detection::UnknownSources);
    assert_eq!(judged, [("com.android.chrome".to_owned(), Verdict::Confirmed)]);
    for stores in [&["com.android.vending"][..], &["org.fdroid.fdroid"], &[]] {
        assert_eq!(may_install(stores).judged(Detection::UnknownSources), [], "{stores:?}");
    }
}

#[test]
fn an_installer_that_the_organisation_trusts_is_a_store() {
    let mut world = may_install(&["com.example.mdm"]);
    assert_eq!(world.judged(Detection::UnknownSources).len(), 1);
    world.settings.apps.trusted_installers = vec![AppId::new("com.example.mdm").unwrap()];
    assert_eq!(world.judged(Detection::UnknownSources), []);
}

#[test]
fn one_setting_for_all_is_of_the_device() {
    assert_eq!(may_install(&["*"]).verdict(Detection::UnknownSources), Verdict::Confirmed);
}

#[test]
fn more_apps_than_a_report_holds_are_counted() {
    let many: Vec<_> = (0..10_000).map(|n| format!("com.example.app{n}")).collect();
    let world = World::phone().with(|it| it.unknown_sources = Fact::known(many));
    let judged = world.judged(Detection::UnknownSources);
    assert_eq!(judged.len(), 65);
    assert_eq!(judged.last(), Some(&(String::new(), Verdict::Confirmed)));
    let reasons = world.reason(Detection::UnknownSources);
    assert!(reasons.contains("9936 more of the kind"));
    assert!(world.outcome(CheckId::AppSources).summary.len() < 1_000);
}
