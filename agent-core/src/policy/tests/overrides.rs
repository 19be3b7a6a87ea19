use proptest::prelude::*;

use super::*;
use crate::model::PolicyOverride;

fn change(detection: Detection, severity: Option<Severity>, ignore: bool) -> PolicyOverride {
    PolicyOverride {
        subject: None,
        grace_hours: None,
        expires: None,
        detection,
        severity,
        ignore,
        reason: "our own rule".into(),
    }
}

#[test]
fn only_suspicious_and_confirmed_verdicts_count() {
    let policy = policy();
    let severity = |verdict| policy.severity(Detection::TlsInterception, verdict);
    assert_eq!(severity(Verdict::Confirmed), Severity::High);
    assert_eq!(severity(Verdict::Suspicious), Severity::Medium);
    for verdict in [Verdict::Clean, Verdict::Benign, Verdict::Inconclusive] {
        assert_eq!(severity(verdict), Severity::None);
    }
}

#[test]
fn an_organisations_severity_holds_for_every_verdict_that_counts() {
    let policy = policy().with_overrides(&[change(Detection::DebuggingOn, Some(Severity::High), false)]);
    assert_eq!(policy.severity(Detection::DebuggingOn, Verdict::Confirmed), Severity::High);
    assert_eq!(policy.severity(Detection::DebuggingOn, Verdict::Suspicious), Severity::High);
    assert_eq!(policy.severity(Detection::DebuggingOn, Verdict::Benign), Severity::None);
    assert_eq!(policy.row(Detection::DebuggingOn).confirmed, Severity::Low, "the row stays as it was");
}

#[test]
fn ignoring_a_row_gives_the_organisations_reason() {
    let policy = policy().with_overrides(&[change(Detection::LocalProxy, None, true)]);
    assert_eq!(policy.ignored(Detection::LocalProxy), Some("our own rule"));
    assert_eq!(policy.ignored(Detection::Rooted), None);
}

#[test]
fn of_two_changes_of_one_row_the_later_holds() {
    let changes =
        [change(Detection::Rooted, Some(Severity::Low), true), change(Detection::Rooted, None, false)];
    let policy = policy().with_overrides(&changes);
    assert_eq!(policy.ignored(Detection::Rooted), None);
    assert_eq!(policy.severity(Detection::Rooted, Verdict::Confirmed), Severity::High);
}

#[test]
fn new_changes_replace_the_earlier_ones() {
    let policy = policy().with_overrides(&[change(Detection::Rooted, None, true)]).with_overrides(&[change(
        Detection::PatchOld,
        None,
        true,
    )]);
    assert_eq!(policy.ignored(Detection::Rooted), None);
    assert_eq!(policy.ignored(Detection::PatchOld), Some("our own rule"));
}

proptest! {
    #[test]
    fn a_change_touches_its_own_row_only(
        changed in prop::sample::select(Detection::ALL),
        severity in prop::option::of(prop::sample::select(&SEVERITIES[..])),
        ignore in any::<bool>(),
    ) {
        let policy = policy();
        let after = policy.with_overrides(&[change(changed, severity, ignore)]);
        for detection in Detection::ALL.iter().copied().filter(|it| *it != changed) {
            prop_assert_eq!(after.ignored(detection), None);
            for verdict in Verdict::ALL.iter().copied() {
                prop_assert_eq!(after.severity(detection, verdict), policy.severity(detection, verdict));
            }
        }
        prop_assert_eq!(after.ignored(changed).is_some(), ignore);
        let expected = severity.unwrap_or(policy.severity(changed, Verdict::Confirmed));
        prop_assert_eq!(after.severity(changed, Verdict::Confirmed), expected);
    }
}
