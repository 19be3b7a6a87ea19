use serde_json::json;

use super::*;
use crate::policy::{EMBEDDED, PolicyError, lint, lint_overrides, overrides_in};

fn problems(list: serde_json::Value) -> Vec<String> {
    lint_overrides(list.as_array().unwrap(), NOW).iter().map(ToString::to_string).collect()
}

#[test]
fn the_embedded_policy_has_no_problem() {
    assert_eq!(lint(EMBEDDED), []);
}

#[test]
fn every_problem_of_a_file_is_named_not_only_the_first() {
    let text = EMBEDDED
        .replacen("id = \"device.vpn_active\"", "id = \"device.vpn\"", 1)
        .replacen("id = \"device.hooked\"", "id = \"device.rooted\"", 1)
        .replacen("contact_days = 7", "contact_day = 7", 1)
        .replacen("all = [\"app.sideloaded\", ", "all = [\"app.sideload\", ", 1)
        .replacen("attack = \"T1458\"", "attack = \"1458\"", 1);
    let told: Vec<_> = lint(&text).iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("lint_file", told.join("\n"));
}

#[test]
fn a_composite_that_can_never_be_made_is_refused() {
    let cases = [
        ("makes = \"app.device_takeover\"", "makes = \"app.malicious\""),
        ("all = [\"app.sideloaded\", \"device.accessibility_granted\"]", "all = []"),
        ("any = [\"device.always_on_vpn\", ", "any = [\"app.sideloaded\", "),
        ("any = [\"device.always_on_vpn\", ", "any = [\"app.device_takeover\", "),
        ("any = [\"device.always_on_vpn\", ", "any = [\"network.evil_twin\", "),
        (
            "\n[[composite]]\n",
            "\n[[composite]]\nmakes = \"app.device_takeover\"\nall = [\"app.sideloaded\", \"app.debuggable\"]\n\n[[composite]]\n",
        ),
        ("\n[[composite]]\n", "\n[[composite]]\nsome = []\n"),
    ];
    let told: Vec<_> = cases
        .iter()
        .map(|(from, to)| {
            assert!(EMBEDDED.contains(from), "{from}");
            Policy::parse(&EMBEDDED.replacen(from, to, 1)).unwrap_err().to_string()
        })
        .collect();
    insta::assert_snapshot!("composite_errors", told.join("\n"));
}

#[test]
fn what_is_wrong_with_a_change_is_named_with_its_number_and_row() {
    let told = problems(json!([
        {"detection": "app.sideloaded", "reason": "r"},
        {"detection": "app.sideload", "ignore": true, "reason": "r"},
        {"detection": "device.rooted", "ignore": true, "reason": " "},
        {"detection": "device.rooted", "ignore": true, "severity": "low", "reason": "r", "subject": "x"},
        {"detection": "device.rooted", "severity": "low", "reason": "r"},
        {"detection": "device.rooted", "severity": "low", "reason": "again"},
        {"detection": "device.hooked", "severity": "grave", "reason": "r"},
        {"detection": "device.hooked", "severty": "low", "reason": "r"},
        {"detection": "device.hooked", "severity": "low"},
        {"detection": "device.emulator", "subject": "", "severity": "low", "reason": "r"},
        {"detection": "device.emulator", "grace_hours": 0, "reason": "r"},
        {"detection": "app.denied", "grace_hours": 9000, "reason": "r"},
        {"detection": "app.debuggable", "ignore": true, "expires": 1_700_000_000, "reason": "r"},
        "app.denied",
    ]));
    insta::assert_snapshot!("lint_overrides", told.join("\n"));
}

#[test]
fn changes_of_one_row_for_several_subjects_are_no_contradiction() {
    let told = problems(json!([
        {"detection": "app.sideloaded", "ignore": true, "reason": "r"},
        {"detection": "app.sideloaded", "subject": "com.a", "severity": "high", "reason": "r"},
        {"detection": "app.sideloaded", "subject": "com.b", "grace_hours": 24, "reason": "r"},
    ]));
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn changes_are_found_in_a_list_in_a_settings_file_and_in_shown_settings() {
    let list = json!([{"detection": "app.sideloaded", "ignore": true, "reason": "r"}]);
    for document in
        [list.clone(), json!({"policy_overrides": list}), json!({"device": {"policy_overrides": list}})]
    {
        assert_eq!(overrides_in(&document), list.as_array());
    }
    assert_eq!(overrides_in(&json!({"overrides": []})), None);
}

#[test]
fn a_file_of_another_version_is_read_over_the_embedded_rows() {
    let start = EMBEDDED.find("[[detection]]\nid = \"app.resigned\"").unwrap();
    let end = start + EMBEDDED[start..].find("\n\n").unwrap();
    let older = format!("{}{}", &EMBEDDED[..start], &EMBEDDED[end..])
        .replacen("stale_after_hours = 72\n", "", 1)
        .replacen("version = 2", "version = 9", 1)
        .replacen("contact_days = 7", "contact_days = 8\nlunar_phase = 1", 1)
        + "\n[[detection]]\nid = \"device.haunted\"\nexorcist = true\n";
    let (read, notes) = policy().replaced_by(&older).unwrap();
    assert_eq!(
        (read.version(), read.parameters().stale_after_hours, read.parameters().contact_days),
        (9, 72, 8)
    );
    assert_eq!(read.row(Detection::ResignedApp), policy().row(Detection::ResignedApp));
    let told: Vec<_> = notes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!("notes_of_another_version", told.join("\n"));
    assert!(Policy::parse(&older).is_err(), "an administrator is told");

    let wrong = older.replacen("attack = \"T1404\"", "attack = \"1404\"", 1);
    assert!(matches!(policy().replaced_by(&wrong), Err(PolicyError::Row { .. })));
    let contradictory = older.replacen("patch_overdue_days = 180", "patch_overdue_days = 1", 1);
    assert!(matches!(policy().replaced_by(&contradictory), Err(PolicyError::Parameter { .. })));
}

#[test]
fn the_names_of_parameters_are_those_of_the_file() {
    let parameters = serde_json::to_value(policy().parameters()).unwrap();
    let mut names = crate::policy::Parameters::NAMES.to_vec();
    names.sort_unstable();
    assert_eq!(parameters.as_object().unwrap().keys().collect::<Vec<_>>(), names);
}
