use super::*;
use crate::policy::{EMBEDDED, Recorded, Shift, simulate};

fn recorded(findings: Vec<Finding>) -> Recorded {
    let level = crate::policy::assess(&findings, &[], &[]).level;
    Recorded { at: NOW, level, findings, gaps: Vec::new() }
}

#[test]
fn under_the_same_policy_nothing_shifts() {
    let findings = vec![
        finding(Detection::PatchOld, "", Severity::Medium),
        finding(Detection::SideloadedApp, "com.a", Severity::Medium),
    ];
    let simulated = simulate(&recorded(findings), &policy());
    assert_eq!((simulated.before, simulated.after, simulated.shifts), (Level::Medium, Level::Medium, vec![]));
}

#[test]
fn a_change_shifts_the_level_and_says_by_which_row_and_why() {
    let high = PolicyOverride { severity: Some(Severity::High), ..change(Detection::SideloadedApp) };
    let case = recorded(vec![
        finding(Detection::PatchOld, "", Severity::Medium),
        finding(Detection::SideloadedApp, "com.a", Severity::Medium),
    ]);
    let simulated = simulate(&case, &policy().with_overrides(&[high], NOW));
    assert_eq!((simulated.before, simulated.after), (Level::Medium, Level::High));
    let expected = Shift {
        detection: Detection::SideloadedApp,
        subject: "com.a".into(),
        verdict: Verdict::Confirmed,
        before: Some(Severity::Medium),
        after: Some(Severity::High),
        because: "our own rule".into(),
    };
    assert_eq!(simulated.shifts, [expected]);
}

#[test]
fn composite_findings_are_made_anew() {
    let findings = vec![
        finding(Detection::SideloadedApp, "com.a", Severity::Medium),
        finding(Detection::AccessibilityGranted, "com.a", Severity::Medium),
    ];
    let stricter =
        EMBEDDED.replacen("\nany = [\"device.always_on_vpn\"", "\n# any = [\"device.always_on_vpn\"", 1);
    let stricter = Policy::parse(&stricter).unwrap();
    let case = recorded(findings);
    let simulated = simulate(&case, &stricter);
    assert_eq!((simulated.before, simulated.after), (Level::Medium, Level::High));
    assert_eq!(simulated.shifts[0].detection, Detection::DeviceTakeover);
    assert_eq!((simulated.shifts[0].before, simulated.shifts[0].after), (None, Some(Severity::High)));

    let mut with_it = case.findings.clone();
    with_it.push(finding(Detection::DeviceTakeover, "com.a", Severity::High));
    let back = simulate(&recorded(with_it), &policy());
    assert_eq!((back.before, back.after), (Level::High, Level::Medium));
    assert_eq!(back.shifts[0].after, None);
}

#[test]
fn gaps_stay_and_resolved_findings_stay_gone() {
    let mut gone = finding(Detection::Rooted, "", Severity::High);
    gone.state = FindingState::Resolved { at: NOW };
    let case = Recorded {
        gaps: vec![unknown(CheckId::Captive)],
        level: Level::Unknown,
        ..recorded(vec![gone, finding(Detection::PatchOld, "", Severity::Medium)])
    };
    let ignore = PolicyOverride { ignore: true, ..change(Detection::PatchOld) };
    let simulated = simulate(&case, &policy().with_overrides(&[ignore], NOW));
    assert_eq!(
        (simulated.before, simulated.after, simulated.shifts.len()),
        (Level::Unknown, Level::Unknown, 1)
    );
}
