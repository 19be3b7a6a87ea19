//! Files and codes that are not what they should be: one clear line, exit status 1, no waiting.

use std::fs::File;

use crate::device::Device;

/// Far more than any input may have.
const HUGE: u64 = 1024 * 1024 * 1024;

#[test]
fn inventory_that_cannot_be_used_is_an_error_that_names_the_file() {
    let device = Device::new();
    device.fixture("android-management.json");
    let whole = std::fs::read(device.path("android-management.json")).unwrap();
    device.file("truncated", &whole[..whole.len() / 2]);
    device.fixture("apple-installed.plist");
    let plist = std::fs::read(device.path("apple-installed.plist")).unwrap();
    device.file("truncated-plist", &plist[..plist.len() / 2]);
    device.file("noise", [0xff, 0x00, 0x9b, b'\n'].repeat(100));
    device.file("empty", "");
    device.file("list-of-nothing", r#"{"applicationReports": 7}"#);
    device.fixture("apple-managed.plist");
    std::fs::create_dir(device.path("folder")).unwrap();
    huge(&device);

    for (file, why) in [
        ("truncated", "not readable as android_management"),
        ("truncated-plist", "not readable as apple_mdm"),
        ("noise", "not an app inventory in a known format"),
        ("empty", "not an app inventory in a known format"),
        ("list-of-nothing", "android_management"),
        ("apple-managed.plist", "give it as the managed list"),
        ("missing", "there is no such file"),
        ("folder", "not a regular file"),
        ("huge", "larger than"),
    ] {
        let scan = device.mtd(&format!("scan --inventory {file}"));
        let error = scan.error();
        assert!(error.contains(file) && error.contains(why), "{scan:?}");
    }
}

#[test]
fn managed_list_that_cannot_be_used_is_an_error_that_names_the_file() {
    let device = Device::new();
    device.fixture("apple-installed.plist");
    for file in ["missing", "apple-installed.plist"] {
        let scan = device.mtd(&format!("scan --inventory apple-installed.plist --managed {file}"));
        assert!(scan.error().starts_with(&format!("{file}: ")), "{scan:?}");
    }
}

#[test]
fn snapshot_that_cannot_be_used_is_an_error_that_names_the_file_and_the_fact() {
    let device = Device::new();
    device.file("typo.json", r#"{"sid": {"state": "known", "value": "café"}}"#);
    device.file("wrong.json", r#"{"bssid": {"state": "known", "value": "home"}}"#);
    device.file("list.json", "[]");
    huge(&device);
    for (file, why) in [
        ("typo.json", "`sid` is no fact of a network; those are name, gateways,"),
        ("wrong.json", "`bssid`: expected a hardware address"),
        ("list.json", "expected a JSON object"),
        ("missing", ""),
        ("huge", "larger than"),
    ] {
        let scan = device.mtd(&format!("scan --snapshot {file}"));
        assert!(scan.error().starts_with(&format!("{file}: {why}")), "{scan:?}");
    }
}

#[test]
fn settings_of_a_wrong_type_are_an_error_with_file_line_and_column() {
    let device = Device::new();
    device.file("wrong.json", "{\n  \"version\": \"one\"\n}");
    device.file("not.json", "version = 1");
    device.file("typo.json", r#"{"requried_checks": []}"#);
    huge(&device);
    let before = device.json("connector settings");

    let scan = device.mtd("scan --settings wrong.json");
    assert_eq!(scan.error(), r#"wrong.json: invalid type: string "one", expected u64 at line 2 column 18"#);
    for (line, why) in [
        ("scan --settings not.json", "not.json: expected value at line 1 column 1"),
        ("scan --settings missing", "missing: "),
        ("scan --settings huge", "huge: larger than"),
        ("connector settings --from wrong.json", "wrong.json: unknown field `version`"),
        ("connector settings --from typo.json", "typo.json: unknown field `requried_checks`"),
        ("verify missing", "missing: "),
        ("verify huge", "huge: larger than"),
        ("verify not.json --key not.json", "not.json: expected value at line 1"),
    ] {
        let ran = device.mtd(line);
        assert!(ran.error().starts_with(why), "{ran:?}");
    }
    assert_eq!(device.json("connector settings"), before);
}

#[test]
fn code_that_is_none_is_an_error_that_says_what_is_expected() {
    let device = Device::new();
    let encoded = |json: &str| {
        use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
        format!("mtd-enrol:{}", BASE64_URL_SAFE_NO_PAD.encode(json))
    };
    for (code, why) in [
        ("hello", "enrolment payload is not readable"),
        ("", "enrolment payload is not readable"),
        ("mtd-enrol:????", "enrolment payload is not readable"),
        ("mtd-enrol:eyJ1cmwi", "enrolment payload is not readable"),
        (&encoded("{}"), "enrolment payload is not readable"),
        (
            &encoded(r#"{"url":"http://plain.example","spki_pins":[],"token":"x","tenant":"acme"}"#),
            "enrolment payload: ",
        ),
        (&"x".repeat(1024 * 1024), "enrolment payload is longer than"),
    ] {
        let enrolment = device.mtd_reading("enroll -", code);
        assert!(enrolment.error().starts_with(why), "{enrolment:?}");
    }
    assert_eq!(device.json("status")["enrolment"], serde_json::Value::Null);
}

#[test]
fn error_is_a_json_object_where_json_was_asked_for() {
    let ran = Device::new().mtd("explain --json").ends_with(1);
    let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"], "there is nothing to explain yet: run `mtd scan`");
    assert_eq!(ran.stdout, "");
}

#[test]
fn wrong_usage_ends_with_status_2() {
    for line in ["", "sacn", "scan --fail-at", "scan --managed x", "scan --probe a/b", "deliver --deadline 0"]
    {
        let ran = crate::device::run(Device::new().command(line), line, "").ends_with(2);
        assert!(ran.stderr.contains("Usage:") || ran.stderr.contains("--help"), "{ran:?}");
    }
}

/// A file of [`HUGE`] bytes that takes no space.
fn huge(device: &Device) {
    File::create(device.path("huge")).unwrap().set_len(HUGE).unwrap();
}
