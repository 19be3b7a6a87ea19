//! The device's key as its user and its administrator meet it: changed, lost, and a device revoked.

use std::process::Stdio;

use crate::device::Device;
use crate::organisation::Organisation;
use crate::outage::tokens;

#[test]
fn a_key_is_changed_and_everything_goes_on() {
    let organisation = Organisation::acme();
    let device = reporting(&organisation);
    let before = organisation.devices()[0].clone();

    device.mtd("rotate-key").ends_with(0).says("signs with a new key from now on");
    report(&device);
    let after = organisation.devices()[0].clone();
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["chain"]["status"], "intact");
    let states: Vec<_> = after["keys"].as_array().unwrap().iter().map(|key| key["state"].clone()).collect();
    assert_eq!(states, ["in_use", "retired"]);
    assert_eq!(after["keys"][1]["kid"], before["keys"][0]["kid"]);

    let told = device.json("rotate-key");
    assert_eq!(told["device_id"], before["id"]);
    report(&device);
    assert_eq!(organisation.devices()[0]["keys"][0]["kid"], told["kid"]);
    device.mtd("status").ends_with(0).says(&format!("{}, kept in software", told["kid"].as_str().unwrap()));
    assert!(!device.path("data/device-key-candidate.p8").exists());
}

#[test]
fn reports_under_former_keys_of_this_machine_verify_without_naming_them() {
    let organisation = Organisation::acme();
    let device = reporting(&organisation);
    for _ in 0..3 {
        device.mtd("scan --inventory dpkg-status").ends_with(0);
        device.mtd("rotate-key").ends_with(0);
    }
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    let queued = tokens(&device).join("\n");
    device.mtd_reading("verify -", &queued).ends_with(0).says("4 reports verified");

    let other = Device::new();
    assert!(other.mtd_reading("verify -", &queued).error().contains("name one with --key"));
    assert!(!other.path("data/agent.db").exists());
}

#[test]
fn a_key_that_several_processes_change_at_once_is_changed_in_turn() {
    let organisation = Organisation::acme();
    let device = reporting(&organisation);
    for round in 0..3 {
        let spawn = |_| device.command("rotate-key --data data").stdout(Stdio::null()).spawn().unwrap();
        let mut all: Vec<_> = (0..4).map(spawn).collect();
        for child in &mut all {
            assert!(child.wait().unwrap().success(), "round {round}");
        }
        report(&device);
    }
    let known = organisation.devices()[0].clone();
    assert_eq!((&known["chain"]["status"], &known["keys"][0]["state"]), (&"intact".into(), &"in_use".into()));
    assert_eq!(known["keys"].as_array().unwrap().len(), 13, "none was lost on the way");
}

#[test]
fn a_key_is_not_changed_without_a_connector_and_is_taken_up_later() {
    let mut organisation = Organisation::acme();
    let device = reporting(&organisation);
    organisation.kill();
    assert!(device.mtd("rotate-key").error().contains("cannot be reached"));
    assert!(device.mtd("scan --inventory dpkg-status").ends_with(0).stderr.is_empty());
    organisation.restart();
    device.mtd("rotate-key").ends_with(0);
    report(&device);
    assert_eq!(organisation.devices()[0]["chain"]["status"], "intact");
    assert!(Device::new().mtd("rotate-key").error().contains("not enrolled"));
}

#[test]
fn a_revoked_device_is_told_to_enrol_again_and_comes_back_as_a_new_one() {
    let organisation = Organisation::acme();
    let device = reporting(&organisation);
    let id = organisation.devices()[0]["id"].as_str().unwrap().to_owned();
    organisation.admin(&format!("connector revoke {id}")).ends_with(0).says("refused from now on");
    assert!(organisation.admin("connector revoke nobody").error().contains("no device \"nobody\""));
    organisation.admin("connector devices").ends_with(0).says("revoked");

    // With an empty queue there is only a question to refuse, which nobody signs: told, and nothing is concluded from it.
    let asked = device.mtd("deliver --json").json();
    assert!(
        asked["stopped"].as_str().unwrap().contains("revoked") && asked["enrol_again"].is_null(),
        "{asked}"
    );

    device.mtd("scan --inventory dpkg-status").ends_with(0);
    let refused = device.mtd("deliver");
    assert_ne!(refused.status, Some(0));
    refused.says("revoked");
    device.mtd("status").ends_with(0).says("enrol again").says("revoked");
    assert!(device.json("status")["queued"].as_u64().unwrap() > 0, "nothing is lost by it");

    organisation.enrol(&device);
    report(&device);
    let devices = organisation.devices();
    assert_eq!(devices.len(), 2);
    let (old, new) = (&devices[0], &devices[1]);
    assert!(old["id"] == id && old["revoked_at"].is_i64() && old["compliant"] == false);
    assert!(new["id"] != id && new["revoked_at"].is_null() && new["chain"]["status"] == "intact");
}

#[test]
fn a_lost_key_is_told_with_what_to_do_and_what_was_seen_meanwhile_waits() {
    let organisation = Organisation::acme();
    let device = reporting(&organisation);
    std::fs::remove_file(device.path("data/device-key.p8")).unwrap();

    let scan = device.mtd("scan --inventory dpkg-status-tracker");
    scan.says("The device key does not sign").says("enrol this device again").says("nothing is lost");
    device.mtd("status").ends_with(0).says("enrol this device again");
    let status = device.json("status");
    assert_eq!(status["key_trouble"]["kind"], "gone");
    assert!(status["unsigned"].as_u64().unwrap() > 0);

    organisation.enrol(&device);
    assert!(device.json("status")["key_trouble"].is_null());
    report(&device);
    assert_eq!(organisation.devices().len(), 2, "who has lost its key is a new device");
}

#[test]
fn a_device_that_enrols_again_keeps_its_name() {
    let organisation = Organisation::acme();
    let device = reporting(&organisation);
    organisation.enrol(&device);
    report(&device);
    let devices = organisation.devices();
    assert_eq!((devices.len(), devices[0]["keys"].as_array().unwrap().len()), (1, 2));
}

fn reporting(organisation: &Organisation) -> Device {
    let device = Device::new();
    for name in ["dpkg-status", "dpkg-status-tracker"] {
        device.fixture(name);
    }
    organisation.enrol(&device);
    report(&device);
    device
}

fn report(device: &Device) {
    device.mtd("scan --inventory dpkg-status").ends_with(0);
    let delivered = device.json("deliver");
    assert_eq!((&delivered["still_queued"], &delivered["stopped"]), (&0.into(), &serde_json::Value::Null));
}
