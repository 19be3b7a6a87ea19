use proptest::prelude::*;

use super::*;
use crate::policy::document::MAX_FILE;
use crate::policy::{PolicyError, ResolvingEvent};

const DEFAULT: &str = include_str!("../default.toml");

#[test]
fn every_detection_has_a_row_with_a_source() {
    let policy = policy();
    assert_eq!(policy.rows().map(|row| row.id).collect::<Vec<_>>(), Detection::ALL);
    for row in policy.rows() {
        assert!(row.suspicious <= row.confirmed, "{}", row.id);
        assert!(row.source.len() > 5, "{}: source {:?}", row.id, row.source);
        assert!(row.resolved_by.contains(&ResolvingEvent::Rescan), "{}", row.id);
    }
    assert_eq!(policy.version(), 2);
    assert_eq!(policy.parameters().patch_max_age_days, 90);
}

#[test]
fn the_default_severities_are_these() {
    let policy = policy();
    let table: std::collections::BTreeMap<_, _> =
        policy.rows().map(|row| (row.id, (row.confirmed, row.suspicious, row.attack.clone()))).collect();
    insta::assert_compact_json_snapshot!("default_severities", table);
}

#[test]
fn a_row_that_is_missing_is_named() {
    let start = DEFAULT.find("[[detection]]\nid = \"app.resigned\"").unwrap();
    let end = start + DEFAULT[start..].find("\n\n").unwrap();
    let without = format!("{}{}", &DEFAULT[..start], &DEFAULT[end..]);
    let error = Policy::parse(&without).unwrap_err();
    assert_eq!(error, PolicyError::MissingRow(Detection::ResignedApp));
    assert!(error.to_string().contains("\"app.resigned\""), "{error}");
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_place() {
    let rooted = "severity = { confirmed = \"high\", suspicious = \"medium\" }\nsource = \"Jamf";
    let cases = [
        ("format = 1", "format = 2"),
        ("format = 1", ""),
        ("version = 2", "version = \"one\""),
        ("version = 2", "version = 2\nauthor = \"me\""),
        ("version = 2", "version = 2 1"),
        ("patch_overdue_days = 180", "patch_overdue_days = 30"),
        ("patch_overdue_days = 180", "patch_overdue_days = -1"),
        ("id = \"device.vpn_active\"", "id = \"device.vpn\""),
        ("id = \"device.vpn_active\"", "name = \"device.vpn_active\""),
        ("id = \"device.vpn_active\"", "id = \"device.rooted\""),
        (rooted, "severity = { confirmed = \"high\" }\nsource = \"Jamf"),
        (rooted, "severity = { suspicious = \"high\" }\nsource = \"Jamf"),
        (rooted, "source = \"Jamf"),
        (rooted, "severity = { confirmed = \"grave\", suspicious = \"medium\" }\nsource = \"Jamf"),
        (rooted, "severity = { confirmed = \"low\", suspicious = \"medium\" }\nsource = \"Jamf"),
        (
            rooted,
            "severity = { confirmed = \"high\", suspicious = \"low\", benign = \"low\" }\nsource = \"Jamf",
        ),
        ("source = \"Lookout: OS Out-Of-Date, Medium\"", "source = \" \""),
        ("source = \"Lookout: OS Out-Of-Date, Medium\"", ""),
        ("attack = \"T1404\"", "attack = \"1404\""),
        ("attack = \"T1404\"", "attack = \"T1404.1\""),
        ("resolved_by = [\"app-removed\", \"rescan\"]", "resolved_by = []"),
        ("resolved_by = [\"app-removed\", \"rescan\"]", "resolved_by = [\"prayer\"]"),
    ];
    let errors: Vec<_> = cases
        .iter()
        .map(|(from, to)| {
            assert!(DEFAULT.contains(from), "the default policy has no {from:?}");
            let error = Policy::parse(&DEFAULT.replacen(from, to, 1)).unwrap_err();
            format!("{} => {error}", to.replace('\n', " / "))
        })
        .collect();
    insta::assert_snapshot!("errors", errors.join("\n"));
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let large = " ".repeat(MAX_FILE + 1);
    let error = Policy::parse(&large).unwrap_err();
    assert_eq!(error, PolicyError::TooLarge { bytes: MAX_FILE + 1, limit: MAX_FILE });
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = format!("format = 1\nx = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Policy::parse(&deep).is_err());
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = Policy::parse(&text);
    }

    #[test]
    fn a_damaged_policy_never_panics(place in 0..DEFAULT.len(), length in 0..60_usize, with in "[\\PC\n]{0,8}") {
        let mut bytes = DEFAULT.as_bytes().to_vec();
        bytes.splice(place..(place + length).min(DEFAULT.len()), with.bytes());
        let _ = Policy::parse(&String::from_utf8_lossy(&bytes));
    }
}
