//! `mtd scan --fail-at`: a scan as a gate in a script.

use serde_json::{Value, json};

use crate::device::Device;
use crate::organisation::{TRACKER, posture_not_counted, tracker};

#[test]
fn scan_ends_with_3_at_or_above_the_limit() {
    for (limit, status) in [("low", 3), ("medium", 3), ("high", 3)] {
        let device = device(json!(["apps.inventory", "apps.indicators"]));
        let line = format!("scan --settings settings.json --inventory dpkg-status-tracker --fail-at {limit}");
        device.mtd(&line).ends_with(status).says("Risk: high").says(TRACKER);
    }
}

#[test]
fn scan_ends_with_0_below_the_limit() {
    let device = device(json!(["apps.inventory", "apps.indicators"]));
    let line = "scan --settings settings.json --inventory dpkg-status --fail-at medium";
    device.mtd(line).ends_with(0).says("Risk: secured");
    device.mtd(&format!("{line} --json")).ends_with(0);
}

#[test]
fn scan_ends_with_4_when_the_level_cannot_be_told() {
    let device = device(json!(["apps.inventory", "network.tls_chain"]));
    let line = "scan --settings settings.json --inventory dpkg-status --fail-at medium";
    device.mtd(line).ends_with(4).says("Risk: unknown").says("no TLS endpoint is configured");
}

#[test]
fn gap_does_not_hide_a_finding_above_the_limit() {
    let device = device(json!(["apps.inventory", "network.tls_chain"]));
    let line = "scan --settings settings.json --inventory dpkg-status-tracker --fail-at medium";
    device.mtd(line).ends_with(3).says("Risk: high");
}

#[test]
fn scan_without_a_limit_ends_with_0_whatever_it_finds() {
    let device = device(json!(["apps.inventory", "network.tls_chain"]));
    device
        .mtd("scan --settings settings.json --inventory dpkg-status-tracker")
        .ends_with(0)
        .says("Risk: high");
    device.mtd("scan --settings settings.json --inventory dpkg-status").ends_with(0);
}

/// A device with settings in a file that require `checks`.
fn device(checks: Value) -> Device {
    let device = Device::new();
    device.fixture("dpkg-status");
    device.fixture("dpkg-status-tracker");
    let settings = json!({
        "version": 1, "ownership": "corporate", "app_sync": {}, "allowed_level": "low",
        "required_checks": checks, "policy_overrides": posture_not_counted(), "indicators": [tracker()],
    });
    device.file("settings.json", settings.to_string());
    device
}
