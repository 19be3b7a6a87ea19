//! Each reader's whole answer to its fixture.

use super::*;
use crate::inventory::{Format, detect, read, read_managed};

macro_rules! golden {
    ($($name:ident: $format:ident, $file:literal;)+) => {
        $(#[test]
        fn $name() {
            insta::assert_json_snapshot!(read_fixture(Format::$format, $file));
        })+
    };
}

golden! {
    apple_mdm_installed_applications: AppleMdm, "installed-applications.plist";
    dumpsys_of_android_14_with_two_users: AndroidDumpsys, "dumpsys-package-android14.txt";
    dumpsys_of_android_4_saved_on_windows: AndroidDumpsys, "dumpsys-package-android4-windows.txt";
    pm_list_packages: AndroidPmList, "pm-list-packages.txt";
    android_management_application_reports: AndroidManagement, "application-reports.json";
    microsoft_graph_detected_apps: MicrosoftGraph, "detected-apps.json";
    dpkg_status: Dpkg, "dpkg-status";
}

#[test]
fn apple_mdm_joined_with_managed_applications() {
    let mut inventory = read_fixture(Format::AppleMdm, "installed-applications.plist");
    read_managed(&fixture("managed-applications.plist")).unwrap().join(&mut inventory);
    insta::assert_json_snapshot!(inventory);
}

#[test]
fn binary_plists_read_as_their_xml_forms_do() {
    for name in ["installed-applications.plist", "managed-applications.plist"] {
        let xml = fixture(name);
        let binary = to_binary_plist(&xml);
        assert!(binary.starts_with(b"bplist00"));
        if name.starts_with("managed") {
            assert_eq!(read_managed(&binary), read_managed(&xml));
        } else {
            assert_eq!(read(Format::AppleMdm, &binary), read(Format::AppleMdm, &xml));
        }
    }
}

#[test]
fn the_format_of_every_fixture_is_detected() {
    for (format, name) in FIXTURES {
        assert_eq!(detect(&fixture(name)), Some(*format), "{name}");
    }
    assert_eq!(detect(&to_binary_plist(&fixture("installed-applications.plist"))), Some(Format::AppleMdm));
    for unlike in ["", " \n", "<html></html>", "{\"a\": 1}", "[]", "Hello", "\u{FEFF}"] {
        assert_eq!(detect(unlike.as_bytes()), None, "{unlike:?}");
    }
}

#[test]
fn a_format_is_named_by_the_word_of_its_source() {
    for (format, name) in FIXTURES {
        let source = read_fixture(*format, name).apps[0].source;
        assert_eq!(serde_json::to_value(source).unwrap(), format.as_str());
        assert_eq!(format.as_str().parse::<Format>(), Ok(*format));
    }
}

#[test]
fn json_lists_and_single_objects_are_read_without_their_wrapper() {
    let list = br#"[{"packageName": "org.example.a"}, {"packageName": "org.example.b"}]"#;
    assert_eq!(read(Format::AndroidManagement, list).unwrap().apps.len(), 2);
    let one = br#"{"packageName": "org.example.a", "versionCode": 4}"#;
    assert_eq!(read(Format::AndroidManagement, one).unwrap().apps[0].version.as_deref(), Some("4"));
    let expanded = br#"{"id": "5f0c", "deviceName": "x", "detectedApps": [{"displayName": "Mail"}]}"#;
    assert_eq!(read(Format::MicrosoftGraph, expanded).unwrap().apps[0].name.as_deref(), Some("Mail"));
    let one = br#"{"displayName": "Mail", "version": "1"}"#;
    assert_eq!(read(Format::MicrosoftGraph, one).unwrap().apps.len(), 1);
}

#[test]
fn an_empty_list_is_an_empty_inventory() {
    assert_eq!(read(Format::MicrosoftGraph, br#"{"value": []}"#), Ok(Inventory::default()));
    assert_eq!(read(Format::AndroidManagement, b"[]"), Ok(Inventory::default()));
    assert_eq!(read(Format::AndroidDumpsys, b"Packages:\n"), Ok(Inventory::default()));
    let plist = b"<plist><dict><key>InstalledApplicationList</key><array/></dict></plist>";
    assert_eq!(read(Format::AppleMdm, plist), Ok(Inventory::default()));
}

#[test]
fn a_report_tells_the_digest_of_the_package_file() {
    let digest = "Ab".repeat(32);
    let json = format!(
        r#"[{{"packageName": "a", "packageSha256Hash": "{digest}"}}, {{"packageName": "b", "packageSha256Hash": "Ab"}}]"#
    );
    let inventory = read(Format::AndroidManagement, json.as_bytes()).unwrap();
    assert_eq!(inventory.apps[0].package_sha256, digest.parse().ok());
    assert_eq!(inventory.apps[1].package_sha256, None);
    assert!(inventory.notes[0].place.contains("packageSha256Hash"), "{:?}", inventory.notes);
}
