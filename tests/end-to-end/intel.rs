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

#[test]
fn a_bundle_is_put_in_force_and_urls_are_judged_by_it() {
    let device = built();
    let unknown = device.mtd("check-url https://bad.example/").ends_with(4);
    unknown.says("no threat intelligence");
    device.mtd("intel install i.mtdi").ends_with(0).says("version 7");
    assert_eq!(device.json("status")["intel"]["version"], 7);
    let bad = device.mtd("check-url https://user@www.bad.example.:8443/a?b=c").ends_with(3);
    bad.says("high").says("bad.example").says("list");
    device.mtd("check-url good.example").ends_with(0).says("nothing known");
    let wrong = device.mtd("check-url http://");
    assert!(wrong.error().contains("http://"), "{wrong:?}");
}

#[test]
fn an_older_or_foreign_bundle_is_never_put_in_force() {
    let device = built();
    device.mtd("intel install i.mtdi").ends_with(0);
    device.mtd("intel build list.txt -o older.mtdi --bundle-version 6").ends_with(0);
    let older = device.mtd("intel install older.mtdi");
    assert!(older.error().contains("older.mtdi") && older.error().contains("roll-back"), "{older:?}");
    device.mtd("intel build list.txt -o foreign.mtdi --key other.p8 --bundle-version 9").ends_with(0);
    let foreign = device.mtd("intel install foreign.mtdi");
    assert!(foreign.error().contains("signature"), "{foreign:?}");
    assert_eq!(device.json("status")["intel"]["version"], 7);

    device.mtd("intel install foreign.mtdi --key other.p8").ends_with(0);
    assert_eq!(device.json("status")["intel"]["version"], 9);
}

#[test]
fn look_alikes_of_the_organisations_domains_are_told() {
    let device = built();
    device
        .file("psl.dat", "// ===BEGIN ICANN DOMAINS===\n\n// com\ncom\nco.kr\n// ===END ICANN DOMAINS===\n");
    device.json("intel build list.txt --psl psl.dat -o k.mtdi --bundle-version 8");
    device.mtd("intel install k.mtdi").ends_with(0);
    let bank = "check-url --own-domain paypal.co.kr";
    device.mtd(&format!("{bank} https://www.paypal.co.kr/")).ends_with(0).says("nothing known");
    let proved = device.mtd(&format!("{bank} https://login.p\u{430}ypal.com/x")).ends_with(3);
    proved.says("medium").says("paypal.co.kr");
    device.mtd(&format!("{bank} https://paypal.co.kr.evil.example/")).ends_with(3).says("low");
}
