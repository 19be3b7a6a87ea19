//! Version tables in a bundle, and phones whose facts a file tells.

use serde_json::{Value, json};

use crate::device::Device;

const ANDROID: &str = "---\npermalink: /android\nreleases:\n  - {releaseCycle: \"16\", releaseDate: 2025-06-10, eol: false}\n  \
                       - {releaseCycle: \"12\", releaseDate: 2021-10-04, eol: 2025-03-03}\n---\n";

/// A machine with version tables in `v.mtdi`, signed by its own key, which is in the usual data folder.
fn with_tables() -> Device {
    let device = Device::new();
    std::fs::create_dir(device.path("versions")).unwrap();
    device.file("versions/android.md", ANDROID);
    let catalogue = json!({
        "dateReleased": "2025-08-25T17:04:19Z",
        "vulnerabilities": [{
            "cveID": "CVE-2024-43093", "vendorProject": "Android", "product": "Framework", "dateAdded": "2024-11-07",
            "notes": "https://source.android.com/docs/security/bulletin/2024-11-01",
        }],
    });
    device.file("versions/kev.json", catalogue.to_string());
    crate::device::run(device.command("intel build --versions versions -o v.mtdi"), "build", "").ends_with(0);
    device
}

fn phone(version: &str, patch: &str) -> String {
    let known = |value: Value| json!({"state": "known", "value": value});
    let posture = json!({
        "platform": "android",
        "os_name": known("Android".into()),
        "os_version": known(version.into()),
        "security_patch": known(patch.into()),
        "root_signs": known(json!([])),
        "developer_mode": known(true.into()),
    });
    posture.to_string()
}

fn open(scan: &Value) -> Vec<&str> {
    let findings = scan["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["detection"].as_str().unwrap()).collect()
}

#[test]
fn version_tables_are_compiled_and_shown() {
    let device = with_tables();
    let built = crate::device::run(device.command("intel build --versions versions -o w.mtdi"), "build", "");
    built
        .ends_with(0)
        .says("android.md: 2 cycles of android")
        .says("catalogue of 2025-08-25, 1 vulnerability of android");
    let shown =
        crate::device::run(device.command("intel inspect v.mtdi --json"), "inspect", "").ends_with(0).json();
    assert_eq!(
        shown["versions"],
        json!({
            "catalogue": "2025-08-25",
            "systems": {
                "android": {"cycles": 2, "supported": 1, "exploited": 1, "exploited_without_fix": 0},
            },
        })
    );
}

#[test]
fn a_phone_of_a_file_is_judged_by_the_tables_and_explained_as_what_it_is() {
    let device = with_tables();
    device.file("old.json", phone("12", "2024-10-05"));
    device.file("new.json", phone("16", "2024-11-01"));
    let scan = |line: &str| crate::device::run(device.command(line), line, "").ends_with(0);

    let old = scan("scan --posture old.json --intel v.mtdi --json").json();
    assert_eq!(
        (&old["posture"]["platform"], &old["posture"]["screen_lock"]["state"]),
        (&json!("android"), &json!("not_available"))
    );
    for found in ["device.os_end_of_life", "device.os_exploited", "device.developer_mode"] {
        assert!(open(&old).contains(&found), "{found}: {old:#}");
    }
    let new = scan("scan --posture new.json --intel v.mtdi --json").json();
    assert!(!open(&new).iter().any(|found| found.starts_with("device.os_")), "{new:#}");

    // What it says to do is said of Android, later too.
    scan("scan --posture old.json --intel v.mtdi").says("System no longer supported");
    scan("scan --posture old.json --data kept");
    let told = scan("explain --data kept --json").json();
    let fix = told["findings"][0]["fix"].as_str().unwrap();
    assert!(fix.starts_with("Settings > "), "{fix}");
}

#[test]
fn a_phone_of_a_file_stays_out_of_this_machines_history() {
    let device = Device::new();
    device.file("phone.json", phone("16", "2026-01-05"));
    crate::device::run(device.command("scan --posture phone.json"), "scan", "").ends_with(0);
    for folder in ["home", "tmp"] {
        assert_eq!(std::fs::read_dir(device.path(folder)).unwrap().count(), 0, "{folder}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let device = with_tables();
    device.file("bad.json", r#"{"platform": "android", "rooted": {"state": "known", "value": true}}"#);
    device.file("versions/android2.md", ANDROID);
    device.file("list.txt", "bad.example\n");
    for (line, words) in [
        ("scan --posture bad.json", "bad.json: `rooted` is no fact of a device; those are"),
        ("scan --posture none.json", "none.json: "),
        ("scan --intel none.mtdi", "none.mtdi: "),
        ("scan --intel list.txt", "list.txt: "),
        ("intel build --versions versions -o x.mtdi", "android2.md: another file tells of android"),
        ("intel build --versions nowhere -o x.mtdi", "nowhere: "),
    ] {
        let ran = crate::device::run(device.command(line), line, "");
        assert!(ran.error().contains(words), "{ran:?}");
    }
    assert_eq!(device.mtd("scan --intel-key ed25519/x").status, Some(2), "a key of what?");
}
