//! `mtd demo`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::device::Device;

#[test]
fn demo_tells_its_story_in_seconds_and_leaves_nothing() {
    let device = Device::new();
    let started = Instant::now();
    let steps = device.json("demo");
    assert!(started.elapsed() < Duration::from_secs(15), "took {:?}", started.elapsed());

    let of_each = |pointer: &str| -> Vec<Value> {
        steps.as_array().unwrap().iter().map(|step| step.pointer(pointer).unwrap().clone()).collect()
    };
    assert_eq!(of_each("/level"), ["secured", "high", "secured"]);
    assert_eq!(of_each("/decision/resources/0/access"), ["allow", "block", "allow"]);
    assert_eq!(of_each("/decision/resources/1/access"), ["allow", "block", "allow"]);
    assert_eq!(
        of_each("/open_findings"),
        [json!([]), json!(["network.tls_interception", "app.malicious"]), json!([])]
    );
    assert_eq!(names_in(&device, "tmp"), [""; 0]);
    assert_eq!(names_in(&device, "home"), [""; 0]);
}

#[test]
fn demo_for_people_ends_with_what_anyone_can_verify() {
    let demo = Device::new().mtd("demo").ends_with(0);
    assert_eq!(demo.stderr, "");
    demo.says("BLOCKED").says("ALLOWED").says("one hash chain, unbroken");
}

#[test]
fn kept_reports_verify_until_a_bit_is_flipped() {
    let device = Device::new();
    device.mtd("demo --keep kept").ends_with(0);
    assert_eq!(
        names_in(&device, "kept"),
        ["connector.jwk.json", "device.jwk.json", "receipts.jws", "reports.jws"]
    );
    let verify = |file: &str| device.mtd(&format!("verify {file} --key kept/device.jwk.json"));
    verify("kept/reports.jws").ends_with(0).says("chain unbroken");

    let reports = std::fs::read(device.path("kept/reports.jws")).unwrap();
    let last = reports.len() - 2; // the last character of the last signature, before the line's end
    for (number, index) in (0..last).step_by(last / 40).chain([last]).enumerate() {
        if reports[index] == b'\n' {
            continue;
        }
        let mut flipped = reports.clone();
        flipped[index] ^= 1 << (number % 7);
        device.file("flipped.jws", &flipped);
        verify("flipped.jws").ends_with(3).says("not verified");
    }
}

#[test]
fn reports_do_not_verify_under_another_key_or_with_one_left_out() {
    let device = Device::new();
    device.mtd("demo --keep kept").ends_with(0);
    device.mtd("verify kept/reports.jws --key kept/connector.jwk.json").ends_with(3).says("not verified");

    let reports = std::fs::read_to_string(device.path("kept/reports.jws")).unwrap();
    let mut lines: Vec<_> = reports.lines().collect();
    lines.remove(1);
    device.file("hole.jws", lines.join("\n"));
    device.mtd("verify hole.jws --key kept/device.jwk.json").ends_with(3).says("chain:");
}

fn names_in(device: &Device, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(device.path(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
