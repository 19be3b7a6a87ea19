//! The demo's story, told by hand with the commands that a user and an administrator have.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::Value;

use crate::device::Device;
use crate::organisation::{Organisation, TRACKER};

#[test]
fn device_is_let_in_blocked_and_let_in_again() {
    let organisation = Organisation::acme();
    let device = Device::new();
    device.fixture("dpkg-status");
    device.fixture("dpkg-status-tracker");
    organisation.enrol(&device);

    let scan = device.json("scan --inventory dpkg-status");
    assert_eq!(scan["assessment"]["level"], "secured", "{scan:#}");
    assert_eq!(access(&device, 0), "allow");

    device.mtd("scan --inventory dpkg-status-tracker").ends_with(0).says("Risk: high").says(TRACKER);
    assert_eq!(access(&device, 3), "block");
    let status = device.json("status");
    assert_eq!((&status["level"], &status["decision"]["compliant"]), (&"high".into(), &false.into()));
    let row = &organisation.devices()[0];
    assert_eq!(
        (&row["level"], &row["chain"]["status"], &row["resources"][0]["access"]),
        (&"high".into(), &"intact".into(), &"block".into())
    );

    device.mtd("scan --inventory dpkg-status").ends_with(0).says("Risk: secured");
    assert_eq!(access(&device, 0), "allow");
    assert_eq!(organisation.stop(), Some(0), "the connector ends well when it is asked to");
}

#[test]
fn preview_is_what_the_connector_gets_byte_for_byte() {
    let organisation = Organisation::acme();
    let device = Device::new();
    device.fixture("dpkg-status-tracker");
    organisation.enrol(&device);
    device.mtd("scan --inventory dpkg-status-tracker").ends_with(0);

    let preview = device.json("preview");
    let previewed = |member: &str| -> Vec<&str> {
        preview.as_array().unwrap().iter().map(|report| report[member].as_str().unwrap()).collect()
    };
    assert!(previewed("payload").iter().any(|payload| payload.contains(TRACKER)));
    device.mtd("deliver").ends_with(3);

    let stored = organisation.reports();
    assert_eq!(previewed("token"), stored);
    let payload = |token: &String| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(previewed("payload"), stored.iter().map(payload).collect::<Vec<_>>());
    assert_eq!(device.json("preview"), Value::Array(Vec::new()), "nothing is left to send");

    let verified = device.mtd_reading("verify -", &stored.join("\n")).ends_with(0);
    verified.says(&format!("{} reports verified, chain unbroken", stored.len()));
}

#[test]
fn no_app_leaves_the_device_while_app_sync_is_off() {
    let organisation = Organisation::acme();
    organisation.admin("connector settings --app-sync off").ends_with(0);
    let device = Device::new();
    device.fixture("dpkg-status-tracker");
    organisation.enrol(&device);
    let scan = device.json("scan --inventory dpkg-status-tracker");
    let apps: Vec<_> =
        scan["inventory"]["apps"].as_array().unwrap().iter().map(|app| app["id"].as_str().unwrap()).collect();
    assert!(apps.contains(&TRACKER));

    for report in device.json("preview").as_array().unwrap() {
        let payload = report["payload"].as_str().unwrap();
        for app in &apps {
            assert!(!payload.contains(&format!("\"{app}\"")), "{app} in {payload}");
        }
        assert!(!payload.contains(TRACKER), "{payload}");
    }
    device.mtd("deliver").ends_with(3).says("BLOCKED");
}

#[test]
fn explanation_is_told_in_korean() {
    let organisation = Organisation::acme();
    let device = Device::new();
    device.fixture("dpkg-status-tracker");
    organisation.enrol(&device);
    device.mtd("scan --inventory dpkg-status-tracker").ends_with(0);

    let korean = |text: &str| text.chars().filter(|c| ('가'..='힣').contains(c)).count();
    let told = device.mtd("explain --lang ko").ends_with(0).says(TRACKER);
    assert!(korean(&told.stdout) > 30, "{told:?}");
    assert_eq!(korean(&device.mtd("explain").ends_with(0).stdout), 0);
    let explanation = device.json("explain --lang ko");
    assert!(korean(explanation["headline"].as_str().unwrap()) > 0, "{explanation}");
}

#[test]
fn code_enrols_one_device_once() {
    let organisation = Organisation::acme();
    let code = organisation.code();
    let (first, second) = (Device::new(), Device::new());
    first.mtd_reading("enroll -", &code).ends_with(0).says("Enrolled as");

    let again = second.mtd_reading("enroll -", &code);
    assert!(again.error().contains("the one-time token was used before"), "{again:?}");
    assert_eq!(second.json("status")["enrolment"], Value::Null);
    assert_eq!(organisation.devices().len(), 1);

    second.mtd(&format!("enroll {}", organisation.code().trim())).ends_with(0);
    assert_eq!(organisation.devices().len(), 2);
}

#[test]
fn settings_change_reaches_the_device_with_the_next_delivery() {
    let organisation = Organisation::acme();
    let device = Device::new();
    organisation.enrol(&device);
    let before = device.json("status")["enrolment"]["settings_version"].as_u64().unwrap();
    organisation.admin("connector settings --allowed-level medium").ends_with(0).says("medium");

    let delivered = device.mtd("deliver --json").json();
    assert_eq!(delivered["new_settings"], before + 1);
    let enrolment = &device.json("status")["enrolment"];
    assert_eq!(
        (&enrolment["allowed_level"], &enrolment["settings_version"]),
        (&"medium".into(), &(before + 1).into())
    );
}

/// Delivers; the access that the connector grants to every resource.
fn access(device: &Device, status: i32) -> String {
    let delivered = device.mtd("deliver --json").ends_with(status).json();
    assert_eq!(delivered["still_queued"], 0, "{delivered}");
    assert!(!delivered["delivered"].as_array().unwrap().is_empty(), "{delivered}");
    let resources = delivered["decision"]["resources"].as_array().unwrap();
    let access = resources[0]["access"].as_str().unwrap();
    assert!(resources.iter().all(|resource| resource["access"] == access), "{delivered}");
    access.to_owned()
}
