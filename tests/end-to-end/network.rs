//! The network checks from the command line: a canary beside the connector, and scans that are kept and judged again.

use serde_json::Value;

use crate::device::Device;
use crate::organisation::Organisation;

#[test]
fn a_canary_beside_the_connector_binds_the_sessions_of_enrolled_devices() {
    let organisation = Organisation::with_canary();
    let device = Device::new();
    device.fixture("dpkg-status");
    organisation.enrol(&device);
    let scan = device.json("scan --inventory dpkg-status");
    for id in ["network.tls_binding", "network.http_strip", "network.http_tamper"] {
        let check = check(&scan["checks"], id);
        assert_eq!(check["coverage"]["state"], "complete", "{check}");
        assert_eq!(check["judgements"], Value::Null, "{check}");
    }
}

#[test]
fn a_scan_that_was_kept_is_judged_alike_without_a_network() {
    let organisation = Organisation::with_canary();
    let device = Device::new();
    device.fixture("dpkg-status");
    organisation.enrol(&device);
    let scan = device.json("scan --inventory dpkg-status --record case");
    let judged = device.json("analyze case");
    let of_network: Vec<_> = scan["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["check"].as_str().unwrap().starts_with("network."))
        // What was met on the agent's own way to its connector is in its store, not in a recording.
        .filter(|check| check["check"] != "network.connector_path")
        .cloned()
        .collect();
    assert_eq!(judged["outcomes"].as_array().unwrap(), &of_network);
    device.mtd("analyze case").ends_with(0).says("TLS to the canary");
}

#[test]
fn a_recording_is_never_overwritten() {
    let device = Device::new();
    device.fixture("dpkg-status");
    device.mtd("scan --inventory dpkg-status --record case").ends_with(0);
    let again = device.mtd("scan --inventory dpkg-status --record case");
    assert!(again.error().contains("case: holds a recording already: name another folder"), "{again:?}");
}

#[test]
fn what_is_no_recording_is_refused_with_its_place() {
    let device = Device::new();
    device.file("broken.json", "{\"observations\": 3}");
    let ran = device.mtd("analyze broken.json");
    assert!(ran.error().contains("broken.json: ") && ran.error().contains("line 1"), "{ran:?}");
    let ran = device.mtd("analyze nowhere");
    assert!(ran.error().contains("nowhere: "), "{ran:?}");
}

fn check<'a>(checks: &'a Value, id: &str) -> &'a Value {
    checks.as_array().unwrap().iter().find(|check| check["check"] == id).unwrap()
}
