//! `mtd scan --inventory`: exports of other devices.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::device::Device;

/// What an app inventory tells of an app, as far as its source gives it.
const FIELDS: [&str; 8] =
    ["id", "version", "short_version", "name", "bundle_size", "dynamic_size", "validated", "managed"];

#[test]
fn every_format_is_recognised_and_absent_fields_stay_absent() {
    let notes = "com.example.notes";
    for (file, source, expected) in [
        (
            "apple-installed.plist --managed apple-managed.plist",
            "apple_mdm",
            json!({
                "id": notes, "version": "412", "short_version": "4.1", "name": "Notes for Work",
                "bundle_size": 5_368_709_120_u64, "dynamic_size": 20480, "validated": true, "managed": true,
            }),
        ),
        (
            "apple-installed.plist",
            "apple_mdm",
            json!({
                "id": notes, "version": "412", "short_version": "4.1", "name": "Notes for Work",
                "bundle_size": 5_368_709_120_u64, "dynamic_size": 20480, "validated": true,
            }),
        ),
        (
            "android-dumpsys.txt",
            "android_dumpsys",
            json!({ "id": notes, "version": "412", "short_version": "4.1.2" }),
        ),
        ("android-pm-list.txt", "android_pm_list", json!({ "id": notes })),
        (
            "android-management.json",
            "android_management",
            json!({ "id": notes, "version": "412", "short_version": "4.1.2", "name": "Notes for Work" }),
        ),
        (
            "microsoft-graph.json",
            "microsoft_graph",
            json!({ "version": "4.1.2", "name": "Notes for Work", "bundle_size": 5_368_709_120_u64 }),
        ),
        (
            "dpkg-status",
            "dpkg",
            json!({ "id": "notes-for-work", "version": "4.1.2-1", "bundle_size": 2_097_152 }),
        ),
    ] {
        let device = Device::new();
        file.split(" --managed ").for_each(|name| device.fixture(name));
        let scan = device.json(&format!("scan --inventory {file}"));
        let apps = scan["inventory"]["apps"].as_array().unwrap();
        let app = apps.iter().find(|app| told(app)["id"] == expected["id"] || told(app) == expected);
        let app = app.unwrap_or_else(|| panic!("{file}: not there: {apps:#?}"));
        assert_eq!((told(app), &app["source"]), (expected, &source.into()), "{file}");
    }
}

#[test]
fn export_of_another_device_stays_out_of_this_ones_history() {
    let device = Device::new();
    device.fixture("dpkg-status");
    let scan = device.command("scan --inventory dpkg-status");
    crate::device::run(scan, "scan", "").ends_with(0).says("2 apps");
    for folder in ["home", "tmp"] {
        assert_eq!(std::fs::read_dir(device.path(folder)).unwrap().count(), 0, "{folder}");
    }
}

#[test]
fn change_between_two_scans_is_told() {
    let device = Device::new();
    device.fixture("dpkg-status");
    device.fixture("dpkg-status-tracker");
    device.json("scan --inventory dpkg-status");
    let scan = device.json("scan --inventory dpkg-status-tracker");
    assert_eq!(scan["app_changes"]["added"][0]["id"], crate::organisation::TRACKER, "{scan:#}");
}

#[test]
fn every_public_export_is_read_or_refused_with_a_reason() {
    let folder = std::env::var_os("MTD_SHARED_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    for platform in ["android", "apple-mdm"] {
        let Ok(entries) = std::fs::read_dir(folder.join("inventory").join(platform)) else {
            eprintln!("skipped: shared data inventory/{platform} absent");
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let device = Device::new();
            std::fs::copy(&path, device.path(name)).unwrap();
            let scan = device.mtd(&format!("scan --json --inventory {name}"));
            let no_app_list = platform == "apple-mdm" && name != "installed_application_list.plist";
            if no_app_list {
                assert_eq!((scan.status, scan.stdout.as_str()), (Some(1), ""), "{scan:?}");
                scan.says(name).says("no apps in this apple_mdm input");
            } else {
                let inventory = &scan.ends_with(0).json()["inventory"];
                let apps = inventory["apps"].as_array().unwrap();
                assert!(!apps.is_empty(), "{name}");
                apps.iter().for_each(|app| drop(told(app)));
            }
        }
    }
}

/// Those of the eight fields that the source tells of `app`. All eight are there, null where it tells nothing.
fn told(app: &Value) -> Value {
    let field = |name: &&str| ((*name).to_owned(), app.get(*name).unwrap_or_else(|| panic!("{app}")).clone());
    Value::Object(FIELDS.iter().map(field).filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
}
