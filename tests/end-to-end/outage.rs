//! A connector that is down, or somebody else in its place: reports wait, and none is lost.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::device::Device;
use crate::organisation::Organisation;

/// The first wait after a failure is random, at most 5 s; this allows for a second one.
const BACK_AGAIN: Duration = Duration::from_secs(60);

#[test]
fn reports_wait_for_a_connector_that_is_down() {
    let mut organisation = Organisation::acme();
    let device = scanned(&organisation);
    let queue = tokens(&device);
    organisation.kill();

    let ran = device.mtd("deliver").ends_with(4);
    ran.says("cannot be reached").says(&format!("{} queued", queue.len()));
    assert_eq!(tokens(&device), queue, "the queue is as it was");
    let enrolment = Device::new().mtd_reading("enroll -", &organisation.code());
    assert!(enrolment.error().contains("cannot be reached"), "{enrolment:?}");

    organisation.restart();
    deliver_all(&device);
    assert_eq!(organisation.reports(), queue);
    assert_eq!(organisation.devices()[0]["chain"]["status"], "intact");
}

#[test]
fn scans_go_on_without_a_connector_and_arrive_in_order() {
    let mut organisation = Organisation::acme();
    let device = scanned(&organisation);
    organisation.kill();
    for _ in 0..3 {
        device.mtd("scan --inventory dpkg-status").ends_with(0);
    }
    let queue = tokens(&device);
    organisation.restart();
    deliver_all(&device);
    assert_eq!(organisation.reports(), queue);
    let verified = device.mtd_reading("verify -", &queue.join("\n")).ends_with(0);
    verified.says("chain unbroken");
}

#[test]
fn nothing_is_delivered_to_a_server_with_another_certificate() {
    let mut organisation = Organisation::acme();
    let device = scanned(&organisation);
    let queue = tokens(&device);
    organisation.kill();

    let impostor = Organisation::start_at(organisation.address());
    let ran = device.mtd("deliver").ends_with(4);
    ran.says("does not match either pin").says("the network may be intercepted");
    assert_eq!(tokens(&device), queue);
    assert_eq!(impostor.devices(), [Value::Null; 0]);
    let enrolment = Device::new().mtd_reading("enroll -", &organisation.code());
    assert!(enrolment.error().contains("does not match either pin"), "{enrolment:?}");

    drop(impostor);
    organisation.restart();
    deliver_all(&device);
    assert_eq!(organisation.reports(), queue);
}

#[test]
fn connector_keeps_what_it_took_when_it_is_killed() {
    let mut organisation = Organisation::acme();
    let device = scanned(&organisation);
    let queue = tokens(&device);
    device.mtd("deliver").ends_with(0);
    organisation.kill();
    organisation.restart();
    assert_eq!(organisation.reports(), queue);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    device.mtd("deliver").ends_with(0).says("ALLOWED");
}

#[test]
fn device_that_is_not_enrolled_delivers_nothing_and_says_so() {
    let device = Device::new();
    let ran = device.mtd("deliver");
    assert_eq!(ran.error(), "this device is not enrolled: enrol it with the code from your organisation");
}

/// An enrolled device with reports in its queue.
pub fn scanned(organisation: &Organisation) -> Device {
    let device = Device::new();
    device.fixture("dpkg-status");
    organisation.enrol(&device);
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    device
}

/// The queued reports.
pub fn tokens(device: &Device) -> Vec<String> {
    let preview = device.json("preview");
    let reports = preview.as_array().unwrap();
    reports.iter().map(|report| report["token"].as_str().unwrap().to_owned()).collect()
}

/// Delivers until nothing is queued: the wait after a failure is random.
pub fn deliver_all(device: &Device) {
    let started = Instant::now();
    while device.mtd("deliver --json").json()["still_queued"] != 0 {
        assert!(started.elapsed() < BACK_AGAIN, "{:?}", device.mtd("deliver"));
        std::thread::sleep(Duration::from_millis(200));
    }
}
