//! The policy as an administrator handles it: shown, checked, compared, replayed, signed, and in force on a device.

use serde_json::{Value, json};

use crate::device::Device;
use crate::organisation::Organisation;

/// The policy of the agent with `changes` made to it, each of which must apply.
fn changed(device: &Device, changes: &[(&str, &str)]) -> String {
    let mut text = device.mtd("policy show --toml").ends_with(0).stdout;
    for (from, to) in changes {
        assert!(text.contains(from), "the policy has no {from:?}");
        text = text.replacen(from, to, 1);
    }
    text
}

/// A policy of which the detections of debugging are high.
fn stricter(device: &Device, version: u32) -> String {
    let row = "id = \"device.debugging_on\"\nseverity = { confirmed = \"low\", suspicious = \"low\" }";
    let version = format!("\nversion = {version}\n");
    changed(
        device,
        &[
            (row, &row.replace("\"low\"", "\"high\"")),
            (&format!("\nversion = {}\n", own_version(device)), &version),
        ],
    )
}

fn own_version(device: &Device) -> u64 {
    device.json("policy show")["version"].as_u64().unwrap()
}

/// What `mtd scan --json` prints of a device with one finding, as far as a simulation needs it.
fn scan(id: &str, level: &str, detection: &str, severity: &str) -> Value {
    json!({
        "scan_id": id, "started_at": 1_790_000_000,
        "assessment": {"level": level, "at_least": level},
        "findings": [{
            "detection": detection, "subject": "com.example.helper", "verdict": "confirmed", "reason": "seen",
            "severity": severity, "detected_at": 1_790_000_000, "last_seen_at": 1_790_000_000, "state": "open",
        }],
    })
}

#[test]
fn show_lists_every_detection_with_severity_source_and_title_in_both_languages() {
    let device = Device::new();
    let shown = device.json("policy show");
    let rows = shown["rows"].as_array().unwrap();
    assert_eq!(rows.len(), agent_core::model::Detection::ALL.len());
    for row in rows {
        for field in ["id", "confirmed", "suspicious", "source", "title", "meaning"] {
            assert!(row[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {row}");
        }
    }
    let human = device.mtd("policy show").ends_with(0);
    let human = human.says("network.tls_interception").says("Jamf: HIGHEST; Check Point: High").says("T1638");
    human.says("app.device_takeover = app.sideloaded and device.accessibility_granted");
    device.mtd("policy show --lang ko").ends_with(0).says("TLS 가로채기");
    device.mtd("policy show missing.toml").error();
}

#[test]
fn show_marks_what_the_organisation_changed() {
    let device = Device::new();
    let change = json!([
        {"detection": "app.sideloaded", "subject": "com.example", "ignore": true, "reason": "our own app"},
        {"detection": "device.patch_old", "grace_hours": 48, "reason": "tested first"},
        {"detection": "device.rooted", "ignore": true, "expires": 1, "reason": "long ago"},
    ]);
    device.file("changes.json", change.to_string());
    let shown = device.mtd("policy show --overrides changes.json").ends_with(0);
    let shown = shown.says("changed for com.example: ignored: our own app");
    let shown = shown.says("changed: counts after 48 hours: tested first");
    assert!(!shown.stdout.contains("long ago"), "{shown:?}");
}

#[test]
fn lint_names_every_problem_of_a_file_and_of_overrides() {
    let device = Device::new();
    device.mtd("policy lint").ends_with(0).says("Nothing is wrong.");
    let wrong = changed(
        &device,
        &[
            ("id = \"device.vpn_active\"", "id = \"device.haunted\""),
            ("id = \"device.hooked\"", "id = \"device.rooted\""),
            ("stale_after_hours = ", "stale_hours = "),
        ],
    );
    device.file("wrong.toml", wrong);
    let changes = json!({"policy_overrides": [
        {"detection": "device.rooted", "severity": "low", "reason": "r"},
        {"detection": "device.rooted", "ignore": true, "reason": "r"},
        {"detection": "device.haunted", "ignore": true, "reason": "r"},
        {"detection": "app.denied", "reason": ""},
    ]});
    device.file("changes.json", changes.to_string());
    let told = device.mtd("policy lint wrong.toml --overrides changes.json").ends_with(3);
    let told = told.says("this agent knows no detection \"device.haunted\"");
    let told = told.says("detection \"device.rooted\": a second row of this id: keep one");
    let told = told.says("this agent knows no parameter \"stale_hours\"").says("lacks \"stale_after_hours\"");
    let told =
        told.says("override 2 of device.rooted: contradicts override 1").says("override 3 of device.haunted");
    told.says("override 4 of app.denied: changes nothing").says("reason is empty");

    let listed = device.mtd("policy lint wrong.toml --overrides changes.json --json").ends_with(3).json();
    let listed = listed.as_array().unwrap();
    assert!(
        listed.iter().any(|it| it["line"].is_u64()) && listed.iter().any(|it| it["number"] == 4),
        "{listed:?}"
    );
}

#[test]
fn what_cannot_be_read_at_all_is_an_error_with_its_place() {
    let device = Device::new();
    device.file("broken.toml", "format = 1\nversion = = 2\n");
    let refused = device.mtd("policy show broken.toml");
    assert!(refused.error().contains("broken.toml: policy: line 2: "), "{refused:?}");
    device.file("later.toml", "format = 99\n");
    let refused = device.mtd("policy diff default later.toml");
    assert!(refused.error().contains("format 99"), "{refused:?}");
    device.file("none.json", "{}");
    let refused = device.mtd("policy lint --overrides none.json");
    assert!(refused.error().contains("none.json: no list of overrides"), "{refused:?}");
    device.file("unknown.json", r#"[{"detection": "device.haunted", "ignore": true, "reason": "r"}]"#);
    let refused = device.mtd("policy simulate --overrides unknown.json unknown.json");
    assert!(refused.error().contains("not a result of `mtd scan --json`"), "{refused:?}");
    device.file("scan.json", scan("a", "low", "device.debugging_on", "low").to_string());
    let refused = device.mtd("policy simulate --overrides unknown.json scan.json");
    assert!(refused.error().contains("override 1 of device.haunted: no detection is called"), "{refused:?}");
    let nothing = device.mtd("policy simulate");
    assert!(nothing.error().contains("mtd scan"), "{nothing:?}");
}

#[test]
fn diff_tells_what_changed_in_words_and_for_scripts() {
    let device = Device::new();
    device.file("ours.toml", stricter(&device, 40));
    device.mtd("policy diff default default").ends_with(0).says("0 changes");
    let told = device.mtd("policy diff default ours.toml").ends_with(0);
    told.says("→ 40: 2 changes").says("device.debugging_on").says("confirmed: low → high");
    let listed = device.json("policy diff default ours.toml");
    assert_eq!(
        listed["changes"][0],
        json!({
            "place": "device.debugging_on", "field": "confirmed", "from": "low", "to": "high"
        })
    );
}

#[test]
fn simulate_tells_who_would_change_level_and_why() {
    let device = Device::new();
    device.file("ours.toml", stricter(&device, 40));
    std::fs::create_dir(device.path("scans")).unwrap();
    device.file("scans/a.json", scan("a", "low", "device.debugging_on", "low").to_string());
    device.file("scans/b.json", scan("b", "medium", "app.sideloaded", "medium").to_string());
    let fleet =
        json!([scan("c", "low", "device.debugging_on", "low"), scan("d", "high", "device.rooted", "high")]);
    device.file("fleet.json", fleet.to_string());

    let told = device.mtd("policy simulate --policy ours.toml scans fleet.json").ends_with(0);
    let told = told.says("2 of 4 scans would change level.").says("low → high: 2");
    told.says("device.debugging_on (com.example.helper): low → high; ").says("fleet.json[1]");

    let listed = device.json("policy simulate --policy ours.toml scans fleet.json");
    assert_eq!(listed["totals"], json!({"scans": 4, "changed": 2, "moves": {"low → high": 2}}));
    let levels: Vec<_> =
        listed["scans"].as_array().unwrap().iter().map(|it| (&it["before"], &it["after"])).collect();
    let expected = [("low", "high"), ("medium", "medium"), ("low", "high"), ("high", "high")];
    assert_eq!(levels, expected.map(|(from, to)| (json!(from), json!(to))).each_ref().map(|(a, b)| (a, b)));

    let ignore = json!([{
        "detection": "app.sideloaded", "subject": "com.example.helper", "ignore": true, "reason": "our own helper"
    }]);
    device.file("changes.json", ignore.to_string());
    let told = device.mtd("policy simulate --overrides changes.json scans/b.json").ends_with(0);
    told.says("medium → none; our own helper").says("medium → secured: 1");
}

#[test]
fn a_scan_of_this_machine_is_replayed_from_its_output_and_from_the_data_folder() {
    let device = Device::new();
    let result = device.mtd("scan --json").ends_with(0);
    device.file("scan.json", &result.stdout);
    let level = &result.json()["assessment"]["level"];
    for source in ["scan.json", ""] {
        let listed = device.json(&format!("policy simulate {source}"));
        assert_eq!(listed["totals"]["changed"], 0, "{listed:#}");
        assert_eq!(&listed["scans"][0]["before"], level);
    }
}

#[test]
fn a_signed_policy_reaches_a_device_and_nothing_older_or_forged_does() {
    let acme = Organisation::acme();
    let device = Device::new();
    acme.enrol(&device);
    acme.admin("connector policy").ends_with(0).says("No policy of its own");

    let ours = stricter(&device, 40);
    acme.write("ours.toml", &ours);
    acme.write("older.toml", &ours.replacen("version = 40", "version = 39", 1));
    acme.write("wrong.toml", &ours.replacen("attack = \"T1404\"", "attack = \"1404\"", 1));
    let refused = acme.admin("policy sign wrong.toml");
    assert!(refused.error().contains("wrong.toml: connector: not signed: policy: line "), "{refused:?}");
    acme.admin("policy sign ours.toml -o ours.jws").ends_with(0).says("Version 40 signed");
    acme.admin("policy sign older.toml -o older.jws").ends_with(0);
    acme.admin("connector policy ours.jws").ends_with(0).says("version 40");
    let refused = acme.admin("connector policy older.jws");
    assert!(refused.error().contains("version 40 is in force, this is 39"), "{refused:?}");
    acme.admin("policy show ours.jws").ends_with(0).says("version 40, signed");
    acme.admin("policy diff default ours.jws").ends_with(0).says("device.debugging_on");

    let other = Organisation::acme();
    other.write("ours.toml", &ours);
    let foreign = other.admin("policy sign ours.toml").ends_with(0).stdout;
    acme.write("foreign.jws", &foreign);
    let refused = acme.admin("connector policy foreign.jws");
    assert!(refused.error().contains("the signed policy is refused"), "{refused:?}");

    device.mtd("deliver").says("New policy from your organisation: version 40.");
    device.mtd("scan").ends_with(0);
    assert_eq!(device.json("explain")["policy_version"], 40);
    let again = device.mtd("deliver");
    assert!(!again.stdout.contains("New policy"), "{again:?}");
    let listed = acme.admin("policy simulate --connector --json").ends_with(0).json();
    assert_eq!(listed["totals"]["scans"], 1, "{listed:#}");
}
