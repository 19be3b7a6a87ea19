//! Apps with special access.

use super::*;

fn app(id: &str, installer: Option<&str>) -> AppRecord {
    AppRecord {
        id: AppId::new(id),
        installer: installer.map(str::to_owned),
        ..AppRecord::from_source(AppSource::AndroidPackageManager)
    }
}

fn with_apps(apps: Vec<AppRecord>) -> World {
    let inventory = Inventory { apps, notes: vec![], incomplete: None };
    World { inventory: Some(inventory), ..World::phone() }
}

fn granting(world: World, app: &str) -> World {
    world.with(|it| {
        it.always_on_vpn = texts(&[app]);
        it.accessibility_services = texts(&[app]);
        it.device_admins = texts(&[app]);
    })
}

const THREE: [Detection; 3] =
    [Detection::AlwaysOnVpn, Detection::AccessibilityGranted, Detection::DeviceAdminGranted];

fn assert_all(world: &World, expected: &[(String, Verdict)]) {
    for detection in THREE {
        assert_eq!(world.judged(detection), expected, "{detection}");
    }
}

#[test]
fn an_app_from_no_store_is_told_by_its_name() {
    let world = with_apps(vec![app("com.example.helper", Some("com.example.browser"))]);
    let world = granting(world, "com.example.helper");
    assert_all(&world, &[("com.example.helper".to_owned(), Verdict::Confirmed)]);
    assert!(world.outcome(CheckId::SpecialAccess).summary.contains("com.example.helper: "));
    assert_all(&with_apps(vec![app("com.example.helper", Some("com.example.browser"))]), &[]);
}

#[test]
fn an_app_of_a_store_of_the_system_or_of_the_organisation_may() {
    let system = AppRecord { system: Some(true), ..app("com.android.talkback", None) };
    for record in [
        app("com.agilebits", Some("com.android.vending")),
        system,
        app("org.keepass", Some("org.fdroid.fdroid")),
    ] {
        let id = record.id.clone().unwrap();
        assert_all(&granting(with_apps(vec![record]), id.as_str()), &[]);
    }
    let mut world = granting(with_apps(vec![app("com.acme.vpn", Some("com.acme.mdm"))]), "com.acme.vpn");
    world.settings.apps.trusted_installers = vec![AppId::new("com.acme.mdm").unwrap()];
    assert_all(&world, &[]);
}

#[test]
fn an_app_that_the_organisation_names_may_wherever_it_came_from() {
    let mut world = granting(with_apps(vec![app("com.acme.helper", Some("x.y"))]), "com.acme.helper");
    world.settings.device.special_access = vec![AppId::new("com.acme.helper").unwrap()];
    assert_all(&world, &[]);
}

#[test]
fn an_app_licensed_by_the_organisation_on_ios_may() {
    let vpp = AppRecord {
        app_store_vendable: Some(false),
        device_based_vpp: Some(true),
        validated: Some(true),
        managed: Some(true),
        ..AppRecord { source: AppSource::AppleMdm, ..app("com.acme.vpn", None) }
    };
    let inventory = Inventory { apps: vec![vpp], notes: vec![], incomplete: None };
    let world = World { inventory: Some(inventory), ..World::iphone("26.6.1") };
    assert_eq!(
        world.with(|it| it.always_on_vpn = texts(&["com.acme.vpn"])).judged(Detection::AlwaysOnVpn),
        []
    );
}

#[test]
fn an_app_that_hides_is_suspicious() {
    let expected = [("com.example.hidden".to_owned(), Verdict::Suspicious)];
    assert_all(&granting(with_apps(vec![]), "com.example.hidden"), &expected);
}

#[test]
fn an_app_that_may_be_hidden_by_a_missing_permission_is_undecided() {
    let expected = [("com.example.hidden".to_owned(), Verdict::Inconclusive)];
    let mut world = granting(with_apps(vec![]), "com.example.hidden");
    world.inventory.as_mut().unwrap().incomplete = Some("QUERY_ALL_PACKAGES".into());
    assert_all(&world, &expected);
    world.inventory = None;
    assert_all(&world, &expected);
}

#[test]
fn of_two_installations_the_worse_counts() {
    let world = with_apps(vec![
        app("com.example.helper", Some("com.android.vending")),
        app("com.example.helper", Some("com.example.browser")),
    ]);
    assert_all(
        &granting(world, "com.example.helper"),
        &[("com.example.helper".to_owned(), Verdict::Confirmed)],
    );
}
