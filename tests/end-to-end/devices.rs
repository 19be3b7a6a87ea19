//! Phones as fixtures: what `mtd scan` says of each, in both languages, as golden files in `tests/devices`.
//!
//! Dates in a fixture are `TODAY-N`, N days before today, and dates in a golden file are `DATE`, so that they say the same on
//! every day.

use agent_core::model::{Date, Timestamp};
use serde_json::{Value, json};

use crate::device::{Device, run};
use crate::golden;

const DEVICES: [(&str, &str); 8] = [
    ("android-clean", "apps.json"),
    ("android-infected", "apps.json"),
    ("android-sideloaded", "apps.json"),
    ("android-outdated", "apps.json"),
    ("ios-clean", "apps.plist"),
    ("ios-infected", "apps.plist"),
    ("ios-sideloaded", "apps.plist"),
    ("ios-outdated", "apps.plist"),
];

#[test]
fn each_phone_has_its_level_and_its_explanation_in_both_languages() {
    let desk = Device::new();
    desk.file("settings.json", text("devices/settings.json"));
    for device in DEVICES {
        golden::compare(&format!("devices/{}/expected.json", device.0), &scanned(&desk, device));
    }
}

/// Levels at a glance: what the golden files say at length.
#[test]
fn a_clean_phone_is_secured_and_the_others_are_not() {
    for (name, level) in [
        ("android-clean", "secured"),
        ("android-infected", "high"),
        ("android-sideloaded", "high"),
        ("android-outdated", "high"),
        ("ios-clean", "secured"),
        ("ios-infected", "high"),
        ("ios-sideloaded", "medium"),
        ("ios-outdated", "high"),
    ] {
        let expected = golden::read(&format!("devices/{name}/expected.json"));
        assert_eq!(expected["level"], level, "{name}");
    }
}

fn scanned(desk: &Device, (name, apps): (&str, &str)) -> Value {
    let tests = golden::path("devices");
    let tests = tests.display();
    let data = format!("data-{name}");
    let posture = desk.file("posture.json", with_dates(&text(&format!("devices/{name}/posture.json"))));
    let build =
        format!("intel build {tests}/feed.stix2 --versions {tests}/versions -o i.mtdi --bundle-version 1");
    let mtd = |line: &str| run(desk.command(&format!("{line} --data {data}")), line, "").ends_with(0);
    mtd(&build);
    mtd("intel install i.mtdi");
    let line = format!(
        "scan --settings settings.json --inventory {tests}/{name}/{apps} --posture {}",
        posture.display()
    );
    let scan: Value = mtd(&format!("{line} --json")).json();
    let explained = |lang: &str| undated(mtd(&format!("explain --json --lang {lang}")).json());
    json!({
        "level": scan["assessment"]["level"],
        "checks": checks(&scan),
        "en": explained("en"),
        "ko": explained("ko"),
    })
}

/// Each check of the apps and the device: what it said, or why it could not.
fn checks(scan: &Value) -> Value {
    let told = scan["checks"].as_array().unwrap().iter().filter_map(|check| {
        let id = check["check"].as_str()?;
        let is_measured_here = id.starts_with("network.") || id == "device.network_path";
        (!is_measured_here)
            .then(|| (id.to_owned(), undated(json!([check["coverage"]["state"], check["summary"]]))))
    });
    told.collect::<serde_json::Map<_, _>>().into()
}

fn text(name: &str) -> String {
    std::fs::read_to_string(golden::path(name)).unwrap()
}

fn days_ago(days: i64) -> Date {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(now.as_secs()).unwrap() - days * 24 * 60 * 60).date().unwrap()
}

/// `TODAY-20` as the day 20 days ago.
fn with_dates(text: &str) -> String {
    let mut parts = text.split("TODAY-");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.chars().take_while(char::is_ascii_digit).count();
        out += &days_ago(part[..digits].parse().unwrap()).to_string();
        out += &part[digits..];
    }
    out
}

/// Every day and moment as `DATE`, and without the time of the scan.
fn undated(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_dates(&text)),
        Value::Array(items) => items.into_iter().map(undated).collect(),
        Value::Object(members) => {
            let kept = members.into_iter().filter(|(name, _)| name != "detected_at");
            Value::Object(kept.map(|(name, value)| (name, undated(value))).collect())
        }
        other => other,
    }
}

fn without_dates(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("20") {
        let day = rest.get(at..at + 10).filter(|day| day.parse::<Date>().is_ok());
        let after = at + day.map_or(2, |_| 10);
        out += &rest[..at];
        out += day.map_or("20", |_| "DATE");
        rest = &rest[after..];
    }
    let out = out + rest;
    // A moment: `2026-11-28T16:53:54Z`.
    match out.strip_prefix("DATET") {
        Some(_) => "DATE".to_owned(),
        None => out,
    }
}
