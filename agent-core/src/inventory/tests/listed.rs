//! What a host lists is held to the limits of a file.

use crate::inventory::{ListedApp, ReadError, listed};
use crate::model::{AppId, AppSource, Note, SignerDigest};

fn app(id: &str) -> ListedApp {
    ListedApp {
        id: Some(id.to_owned()),
        version: None,
        short_version: None,
        name: None,
        bundle_size: None,
        dynamic_size: None,
        validated: None,
        managed: None,
        installer: None,
        signers: Vec::new(),
        ad_hoc_code_signed: None,
        app_store_vendable: None,
        beta_app: None,
        device_based_vpp: None,
        debuggable: None,
        system: None,
        target_sdk: None,
        permissions: Vec::new(),
        package_sha256: None,
        source: AppSource::AndroidPackageManager,
    }
}

#[test]
fn apps_are_sorted_and_their_fields_kept() {
    let digest = format!("sha256:{}", "ab".repeat(32));
    let second = ListedApp {
        bundle_size: Some(23_048_830_844),
        dynamic_size: Some(0),
        installer: Some(String::new()),
        signers: vec![digest.clone(), digest.clone()],
        permissions: vec!["b".into(), "a".into(), "b".into()],
        package_sha256: Some("CD".repeat(32)),
        ..app("com.b")
    };
    let inventory = listed(vec![second, app("com.a")], Vec::new()).unwrap();
    let ids: Vec<_> = inventory.apps.iter().map(|app| app.id.as_ref().unwrap().as_str()).collect();
    assert_eq!(ids, ["com.a", "com.b"]);
    let second = &inventory.apps[1];
    assert_eq!((second.bundle_size, second.dynamic_size), (Some(23_048_830_844), Some(0)));
    assert_eq!(second.installer.as_deref(), Some(""), "a told absence is told");
    assert_eq!(second.signers, [digest.parse::<SignerDigest>().unwrap()]);
    assert_eq!(second.permissions, ["a", "b"]);
    assert_eq!(second.package_sha256, "cd".repeat(32).parse().ok());
    assert!(inventory.notes.is_empty());
}

#[test]
fn what_cannot_be_is_left_out_and_noted_and_the_app_is_kept() {
    let odd = ListedApp {
        version: Some("  ".into()),
        name: Some("x".repeat(2000)),
        bundle_size: Some(-1),
        dynamic_size: Some(i64::MAX),
        signers: vec!["sha256:abc".into()],
        permissions: (0..2000).map(|n| format!("p{n}")).collect(),
        package_sha256: Some("cd".into()),
        ..app("com.odd")
    };
    let nameless = ListedApp { id: Some(" ".into()), ..app("") };
    let inventory =
        listed(vec![nameless, odd], vec![Note { place: "host".into(), message: "m".into() }]).unwrap();
    assert_eq!(inventory.apps.len(), 2);
    let odd = inventory.apps.iter().find(|app| app.id == AppId::new("com.odd")).unwrap();
    assert_eq!((&odd.version, &odd.name, odd.bundle_size, odd.dynamic_size), (&None, &None, None, None));
    assert_eq!((odd.signers.len(), odd.permissions.len()), (0, 1000));
    let places: Vec<_> = inventory.notes.iter().map(|note| note.place.as_str()).collect();
    assert_eq!(
        places,
        [
            "host",
            "installed_apps[0]",
            "installed_apps[1].name",
            "installed_apps[1].bundle_size",
            "installed_apps[1].dynamic_size",
            "installed_apps[1].signers",
            "installed_apps[1].permissions",
            "installed_apps[1].package_sha256",
        ]
    );
}

#[test]
fn more_apps_than_any_device_has_are_refused_as_a_whole() {
    let apps = vec![app("com.a"); 100_001];
    assert_eq!(listed(apps, Vec::new()), Err(ReadError::TooManyApps));
}

#[test]
fn permissions_and_package_digests_reach_no_wire_and_no_disk() {
    let digest = "cd".repeat(32);
    let permissions = vec!["android.permission.READ_SMS".into()];
    let listed_app = ListedApp { permissions, package_sha256: Some(digest.clone()), ..app("com.a") };
    let inventory = listed(vec![listed_app], Vec::new()).unwrap();
    let written = serde_json::to_string(&inventory).unwrap();
    assert!(!written.contains("READ_SMS") && !written.contains(&digest));
}
