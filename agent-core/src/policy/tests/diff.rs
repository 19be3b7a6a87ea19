use super::*;
use crate::policy::{EMBEDDED, diff};

#[test]
fn a_policy_does_not_differ_from_itself() {
    assert_eq!(diff(&policy(), &policy()), []);
}

#[test]
fn every_kind_of_difference_is_told_with_both_values() {
    let other = EMBEDDED
        .replacen("version = 2", "version = 3", 1)
        .replacen("stale_after_hours = 72", "stale_after_hours = 24", 1)
        .replacen(
            "\"app.sideloaded\", \"device.accessibility_granted\"",
            "\"device.accessibility_granted\", \"app.sideloaded\"",
            1,
        )
        .replacen(", \"app.risky_permissions\"]", "]", 1)
        .replacen("attack = \"T1617\"", "", 1)
        .replacen("source = \"Lookout: OS Out-Of-Date, Medium\"", "source = \"Ours\"", 1)
        .replacen(
            "severity = { confirmed = \"high\", suspicious = \"medium\" }\nsource = \"Jamf",
            "severity = { confirmed = \"high\", suspicious = \"high\" }\nsource = \"Jamf",
            1,
        );
    insta::assert_json_snapshot!("diff", diff(&policy(), &Policy::parse(&other).unwrap()));
}
