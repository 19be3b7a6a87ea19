//! Every reader on public real data, where it is at hand: `MTD_SHARED_DATA`, else `../shared/data` beside the
//! repository.

use super::*;
use crate::inventory::{Format, detect, read, read_managed};

fn shared(name: &str) -> Option<Vec<u8>> {
    let root = std::env::var_os("MTD_SHARED_DATA")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"));
    let data = std::fs::read(root.join("inventory").join(name)).ok();
    if data.is_none() {
        eprintln!("skipped: shared data inventory/{name} absent");
    }
    data
}

fn read_shared(name: &str, format: Format) -> Option<Inventory> {
    let data = shared(name)?;
    assert_eq!(detect(&data), Some(format), "{name}");
    Some(read(format, &data).unwrap_or_else(|error| panic!("{name}: {error}")))
}

#[test]
fn apple_mdm_lists_of_a_mac() {
    let Some(mut inventory) = read_shared("apple-mdm/installed_application_list.plist", Format::AppleMdm)
    else {
        return;
    };
    assert_eq!(inventory.apps.len(), 3);
    let xcode = find(&inventory, "com.apple.dt.Xcode");
    assert_eq!(xcode.bundle_size, Some(23_048_830_844));
    assert_eq!((xcode.version.as_deref(), xcode.short_version.as_deref()), (Some("14.0"), Some("14.0")));
    assert_eq!((xcode.dynamic_size, xcode.validated, xcode.managed), (None, None, None));
    assert_eq!(inventory.apps[0].id, None);
    assert_eq!(
        notes(&inventory),
        [
            r#"inventory: InstalledApplicationList[2] has no Identifier; kept as an unnamed app (name "https+++lucid")"#
        ]
    );

    let Some(managed) = shared("apple-mdm/managed_application_list.plist") else { return };
    read_managed(&managed).unwrap().join(&mut inventory);
    let managed: Vec<_> = inventory.apps.iter().map(|app| app.managed).collect();
    assert_eq!(managed, [None, Some(false), Some(false)]);
    assert!(
        notes(&inventory)[1]
            .contains(r#"ManagedApplicationList["com.acme.myenterpriseapp"] is managed but not"#)
    );
}

#[test]
fn other_mdm_responses_are_refused_with_a_reason() {
    for name in ["certificate_list", "device_information", "profile_list", "security_info_ios"] {
        let Some(data) = shared(&format!("apple-mdm/{name}.plist")) else { return };
        let error = read(Format::AppleMdm, &data).unwrap_err().to_string();
        assert_eq!(error, "inventory: no apps in this apple_mdm input: there is no InstalledApplicationList");
    }
}

#[test]
fn dumpsys_of_play_services_keeps_the_updated_version_not_the_hidden_one() {
    let Some(inventory) = read_shared("android/DumpSys.GApps.txt", Format::AndroidDumpsys) else { return };
    assert_eq!(inventory.apps.len(), 1);
    let gms = find(&inventory, "com.google.android.gms");
    assert_eq!(gms.version.as_deref(), Some("11062448"));
    assert_eq!(gms.short_version.as_deref(), Some("11.0.62 (448-160311229)"));
    assert_eq!((gms.system, gms.debuggable, gms.target_sdk), (Some(true), Some(false), Some(23)));
    assert_eq!(gms.installer, None);
    assert_eq!(gms.signers, []);
}

#[test]
fn dumpsys_tells_what_an_app_may_do() {
    let Some(inventory) = read_shared("android/DumpSys.GApps.txt", Format::AndroidDumpsys) else { return };
    let gms = find(&inventory, "com.google.android.gms");
    let text = String::from_utf8(shared("android/DumpSys.GApps.txt").unwrap()).unwrap();
    let (_, section) = text.split_once("    install permissions:\n").unwrap();
    let (section, _) = section.split_once("    User 0:").unwrap();
    assert_eq!(gms.permissions.len(), section.lines().count(), "every one is granted");
    assert!(gms.permissions.contains(&"android.permission.INTERNET".to_owned()));

    let Some(old) = read_shared("android/DumpSys.Package.txt", Format::AndroidDumpsys) else { return };
    let expected = [
        "android.permission.ACCESS_NETWORK_STATE",
        "android.permission.INTERNET",
        "android.permission.READ_EXTERNAL_STORAGE",
        "android.permission.READ_PHONE_STATE",
        "android.permission.WAKE_LOCK",
        "com.google.android.c2dm.permission.RECEIVE",
        "com.lufthansa.android.lufthansa.permission.C2D_MESSAGE",
    ];
    assert_eq!(find(&old, "com.lufthansa.android.lufthansa").permissions[..7], expected);
}

#[test]
fn dumpsys_of_one_app_on_four_devices() {
    let expected = [
        ("DumpSys.Package.txt", "com.lufthansa.android.lufthansa", "10210", "4.7.1", false, 18),
        ("dumpsys-packages-emu-android23.txt", "com.example.testapp.first", "1", "1.0", true, 24),
        ("dumpsys-packages-moto-g1.txt", "com.example.testapp.first", "1", "1.0", true, 24),
        ("dumpsys-packages-nexus6p.txt", "com.example.testapp.first", "1", "1.0", false, 24),
    ];
    for (name, id, version, short_version, debuggable, target_sdk) in expected {
        let Some(inventory) = read_shared(&format!("android/{name}"), Format::AndroidDumpsys) else { return };
        assert_eq!(inventory.apps.len(), 1, "{name}");
        let app = find(&inventory, id);
        assert_eq!(app.version.as_deref(), Some(version), "{name}");
        assert_eq!(app.short_version.as_deref(), Some(short_version), "{name}");
        assert_eq!((app.debuggable, app.system), (Some(debuggable), Some(false)), "{name}");
        assert_eq!(app.target_sdk, Some(target_sdk), "{name}");
    }
}

#[test]
fn pm_list_of_a_car_radio() {
    let Some(inventory) = read_shared("android/pm_list_packages_f_i_U.txt", Format::AndroidPmList) else {
        return;
    };
    assert_eq!(inventory.apps.len(), 7);
    assert_eq!(notes(&inventory), [""; 0]);
    assert_eq!(find(&inventory, "com.navimods.radio").installer.as_deref(), Some("com.android.vending"));
    assert_eq!(find(&inventory, "com.navimods.radio").system, None);
    assert_eq!(find(&inventory, "com.tw.service").installer.as_deref(), Some(""));
    assert_eq!(find(&inventory, "com.tw.service").system, Some(true));
}
