use proptest::prelude::*;

use super::*;
use crate::model::{Platform, Weight};
use crate::policy::{Language, System, assess, explain};

const DAY: i64 = 24 * 60 * 60;

fn severity(detection: Detection, severity: Severity) -> PolicyOverride {
    PolicyOverride { severity: Some(severity), ..change(detection) }
}

fn ignore(detection: Detection) -> PolicyOverride {
    PolicyOverride { ignore: true, ..change(detection) }
}

fn about(subject: &str, change: PolicyOverride) -> PolicyOverride {
    PolicyOverride { subject: Some(subject.into()), ..change }
}

fn confirmed(detection: Detection) -> Judgement {
    judgement(detection, Verdict::Confirmed)
}

#[test]
fn only_suspicious_and_confirmed_verdicts_count() {
    let policy = policy();
    let severity = |verdict| policy.severity(&judgement(Detection::TlsInterception, verdict));
    assert_eq!(severity(Verdict::Confirmed), Severity::High);
    assert_eq!(severity(Verdict::Suspicious), Severity::Medium);
    for verdict in [Verdict::Clean, Verdict::Benign, Verdict::Inconclusive] {
        assert_eq!(severity(verdict), Severity::None);
    }
}

#[test]
fn an_organisations_severity_holds_for_every_verdict_that_counts() {
    let policy = policy().with_overrides(&[severity(Detection::DebuggingOn, Severity::High)], NOW);
    let severity = |verdict| policy.severity(&judgement(Detection::DebuggingOn, verdict));
    assert_eq!(severity(Verdict::Confirmed), Severity::High);
    assert_eq!(severity(Verdict::Suspicious), Severity::High);
    assert_eq!(severity(Verdict::Benign), Severity::None);
    assert_eq!(policy.row(Detection::DebuggingOn).confirmed, Severity::Low, "the row stays as it was");
}

#[test]
fn ignoring_a_row_gives_the_organisations_reason() {
    let policy = policy().with_overrides(&[ignore(Detection::LocalProxy)], NOW);
    assert_eq!(policy.ignored(&confirmed(Detection::LocalProxy)), Some("our own rule"));
    assert_eq!(policy.ignored(&confirmed(Detection::Rooted)), None);
}

#[test]
fn a_change_of_one_subject_takes_the_place_of_that_of_the_row() {
    let changes = [
        about("com.example.own", severity(Detection::SideloadedApp, Severity::Low)),
        ignore(Detection::SideloadedApp),
    ];
    let policy = policy().with_overrides(&changes, NOW);
    let own = confirmed(Detection::SideloadedApp).about("com.example.own");
    let other = confirmed(Detection::SideloadedApp).about("com.example.other");
    assert_eq!((policy.ignored(&own), policy.severity(&own)), (None, Severity::Low));
    assert_eq!(policy.ignored(&other), Some("our own rule"));
}

#[test]
fn of_two_changes_of_one_row_and_subject_the_later_holds() {
    let changes = [ignore(Detection::Rooted), change(Detection::Rooted)];
    let policy = policy().with_overrides(&changes, NOW);
    assert_eq!(policy.ignored(&confirmed(Detection::Rooted)), None);
    assert_eq!(policy.severity(&confirmed(Detection::Rooted)), Severity::High);
}

#[test]
fn new_changes_replace_the_earlier_ones() {
    let policy = policy().with_overrides(&[ignore(Detection::Rooted)], NOW);
    let policy = policy.with_overrides(&[ignore(Detection::PatchOld)], NOW);
    assert_eq!(policy.ignored(&confirmed(Detection::Rooted)), None);
    assert_eq!(policy.ignored(&confirmed(Detection::PatchOld)), Some("our own rule"));
}

#[test]
fn a_change_that_has_expired_uncovers_what_was_there_before() {
    let until = |expires, change| PolicyOverride { expires: Some(expires), ..change };
    let changes = [
        severity(Detection::Rooted, Severity::Medium),
        about("a", until(NOW, ignore(Detection::Rooted))),
        until(NOW.plus_seconds(-1), ignore(Detection::Rooted)),
    ];
    let of_a = confirmed(Detection::Rooted).about("a");
    let before = policy().with_overrides(&changes, NOW.plus_seconds(-1));
    assert_eq!(before.ignored(&of_a), Some("our own rule"));
    let after = policy().with_overrides(&changes, NOW);
    assert_eq!((after.ignored(&of_a), after.severity(&of_a)), (None, Severity::Medium));
}

#[test]
fn a_finding_counts_nothing_until_its_grace_is_over() {
    let grace = PolicyOverride { grace_hours: Some(24), ..severity(Detection::PatchOld, Severity::Medium) };
    let found = finding(Detection::PatchOld, "", Severity::None);
    let at = |now| policy().with_overrides(std::slice::from_ref(&grace), now).weigh(&found);
    let ends = found.detected_at.plus_seconds(DAY);
    assert_eq!(at(ends.plus_seconds(-1)), Weight { severity: Severity::None, ignored: None });
    assert_eq!(at(ends), Weight { severity: Severity::Medium, ignored: None });

    let seen_since = Finding { last_seen_at: ends, ..found.clone() };
    let set_back = policy().with_overrides(&[grace], found.detected_at);
    assert_eq!(set_back.weigh(&seen_since).severity, Severity::Medium, "a clock set back gives no new grace");
}

#[test]
fn an_explanation_tells_from_when_a_finding_counts_and_until_when_a_change_holds() {
    let grace = PolicyOverride {
        grace_hours: Some(48),
        expires: Some(NOW.plus_seconds(30 * DAY)),
        ..change(Detection::PatchOld)
    };
    let policy = policy().with_overrides(&[grace], NOW);
    let mut found = finding(Detection::PatchOld, "", Severity::None);
    found.severity = policy.weigh(&found).severity;
    let findings = [found.clone(), finding(Detection::Rooted, "", Severity::High)];
    let system = System { platform: Platform::Linux, version: None };
    let told = explain(&assess(&findings, &[], &[]), &findings, &policy, Language::En, &system);
    assert_eq!(told.findings[0].counts_from, None, "it counts already");
    let recorded = &told.recorded[0];
    let from = found.detected_at.plus_seconds(2 * DAY);
    assert_eq!(recorded.finding.counts_from, Some(from));
    assert!(recorded.because.contains(&from.to_string()), "{}", recorded.because);
    assert!(recorded.because.contains("our own rule"), "{}", recorded.because);
    assert_eq!(recorded.finding.rule.changed_because.as_deref(), Some("our own rule"));
    assert_eq!(recorded.finding.rule.changed_until, Some(NOW.plus_seconds(30 * DAY)));
}

#[test]
fn what_never_counts_has_no_time_from_which_it_does() {
    let grace = |change| PolicyOverride { grace_hours: Some(1), ..change };
    let found = finding(Detection::PatchOld, "", Severity::None);
    for change in [ignore(Detection::PatchOld), severity(Detection::PatchOld, Severity::None)] {
        let policy = policy().with_overrides(&[grace(change)], NOW);
        assert_eq!(policy.counts_from(&found), None);
    }
}

proptest! {
    #[test]
    fn a_change_touches_its_own_row_only(
        changed in prop::sample::select(Detection::ALL),
        new in prop::option::of(prop::sample::select(&SEVERITIES[..])),
        ignore in any::<bool>(),
    ) {
        let policy = policy();
        let change = PolicyOverride { severity: new, ignore, ..change(changed) };
        let after = policy.with_overrides(&[change], NOW);
        for detection in Detection::ALL.iter().copied().filter(|it| *it != changed) {
            prop_assert_eq!(after.ignored(&confirmed(detection)), None);
            for verdict in Verdict::ALL.iter().copied() {
                let judgement = judgement(detection, verdict);
                prop_assert_eq!(after.severity(&judgement), policy.severity(&judgement));
            }
        }
        let changed = confirmed(changed);
        prop_assert_eq!(after.ignored(&changed).is_some(), ignore);
        prop_assert_eq!(after.severity(&changed), new.unwrap_or(policy.severity(&changed)));
    }

    #[test]
    fn no_list_of_changes_leaves_a_finding_without_an_answer(
        changes in prop::collection::vec(any_change(), 0..12),
        finding in any_finding(),
        now in any::<i64>(),
    ) {
        let now = Timestamp::from_unix(now);
        let policy = policy().with_overrides(&changes, now);
        let weight = policy.weigh(&finding);
        let expected = changes.iter().rev().filter(|it| it.expires.is_none_or(|end| now < end)).find(|it| {
            it.detection == finding.judgement.detection && it.subject.as_deref() == Some(&finding.judgement.subject)
        });
        if let Some(expected) = expected {
            prop_assert_eq!(weight.ignored.is_some(), expected.ignore);
        }
        prop_assert!(weight.severity <= policy.severity(&finding.judgement));
    }
}

fn any_change() -> impl Strategy<Value = PolicyOverride> {
    let what = (prop::option::of("[a-z{}]{0,2}"), prop::option::of(prop::sample::select(&SEVERITIES[..])));
    let when = (prop::option::of(any::<u32>()), prop::option::of(any::<i64>()));
    (prop::sample::select(Detection::ALL), what, when, any::<bool>()).prop_map(
        |(detection, (subject, severity), (grace_hours, expires), ignore)| PolicyOverride {
            subject,
            severity,
            grace_hours,
            expires: expires.map(Timestamp::from_unix),
            ignore,
            ..change(detection)
        },
    )
}
