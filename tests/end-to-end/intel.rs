//! Feeds become one signed bundle, in which a value is found, and which nobody can exchange or set back.

use crate::device::Device;

const STIX: &str = r#"{"type": "bundle", "objects": [
    {"type": "malware", "id": "malware--1", "name": "Pegasus", "is_family": true},
    {"type": "indicator", "id": "indicator--1", "pattern": "[domain-name:value = 'evil.example']"},
    {"type": "indicator", "id": "indicator--2", "pattern": "[a:b = 'x'] FOLLOWEDBY [c:d = 'y']"},
    {"type": "relationship", "id": "relationship--1", "relationship_type": "indicates",
     "source_ref": "indicator--1", "target_ref": "malware--1"}
]}"#;

fn built() -> Device {
    let device = Device::new();
    device.file("feed.stix2", STIX);
    device.file("list.txt", "# a list\r\nbad.example\r\nbad.example\r\nnot a name!\r\n");
    device.json("intel build feed.stix2 list.txt -o i.mtdi --bundle-version 7");
    device
}

#[test]
fn feeds_are_compiled_and_looked_up() {
    let device = built();
    let hit = device.mtd("intel check i.mtdi https://a.b.evil.example:8443/p").ends_with(3);
    hit.says("Pegasus").says("feed");
    device.mtd("intel check i.mtdi evil.example.org").ends_with(0).says("not known");
    let told = device.json("intel inspect i.mtdi");
    assert_eq!(told["version"], 7, "{told:#}");
}

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    let device = built();
    let report = device.mtd("intel build feed.stix2 list.txt -o other.mtdi").ends_with(0);
    let report = report.says("indicator--2").says("FOLLOWEDBY");
    report.says("line 4");
}

#[test]
fn an_older_bundle_and_another_key_are_refused() {
    let device = built();
    let older = device.mtd("intel build list.txt -o i.mtdi --bundle-version 6");
    assert!(older.error().contains("older"), "{older:?}");
    device.mtd("intel check i.mtdi evil.example").ends_with(3);

    let other = device.mtd("intel build list.txt -o j.mtdi --key other.p8");
    other.ends_with(0);
    let foreign = device.mtd("intel check j.mtdi bad.example");
    assert!(foreign.error().contains("j.mtdi"), "{foreign:?}");
}

#[test]
fn a_damaged_bundle_is_told_as_such() {
    let device = built();
    let path = device.path("i.mtdi");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let damaged = device.mtd("intel inspect i.mtdi");
    assert!(damaged.error().contains("i.mtdi"), "{damaged:?}");
    std::fs::write(&path, &bytes[..100]).unwrap();
    let cut = device.mtd("intel inspect i.mtdi");
    assert!(cut.error().contains("i.mtdi"), "{cut:?}");
}
