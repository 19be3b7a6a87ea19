use proptest::prelude::*;

use super::*;
use crate::model::{RiskLevel, UnknownLevelAccess};
use crate::policy::{assess, graph_device_state, is_compliant};

const RISKS: [RiskLevel; 4] = [RiskLevel::Secured, RiskLevel::Low, RiskLevel::Medium, RiskLevel::High];

#[test]
fn the_level_is_the_worst_open_finding_unless_a_gap_hides_it() {
    let check = CheckId::TlsChain;
    let full = vec![complete(check)];
    let unknown = vec![unknown(check)];
    let refused = vec![not_permitted(check)];
    let table = [
        (Severity::None, &full, Level::Secured),
        (Severity::None, &unknown, Level::Unknown),
        (Severity::None, &refused, Level::Misconfigured),
        (Severity::Low, &full, Level::Low),
        (Severity::Low, &unknown, Level::Unknown),
        (Severity::Low, &refused, Level::Misconfigured),
        (Severity::Medium, &full, Level::Medium),
        (Severity::Medium, &unknown, Level::Unknown),
        (Severity::Medium, &refused, Level::Misconfigured),
        (Severity::High, &full, Level::High),
        (Severity::High, &unknown, Level::High),
        (Severity::High, &refused, Level::High),
    ];
    for (severity, coverage, expected) in table {
        let findings =
            [finding(Detection::PatchOld, "", Severity::None), finding(Detection::Rooted, "", severity)];
        let assessment = assess(&findings, coverage, &[check]);
        assert_eq!(assessment.level, expected, "{severity:?} {coverage:?}");
        assert_eq!(assessment.at_least, severity.into());
        assert_eq!(assessment.gaps.is_empty(), coverage == &full);
    }
}

#[test]
fn nothing_found_and_nothing_required_is_secured() {
    assert_eq!(assess(&[], &[], &[]).level, Level::Secured);
}

#[test]
fn resolved_and_ignored_findings_do_not_count() {
    let at = Timestamp::from_unix(1_790_000_900);
    let mut findings = [
        finding(Detection::Rooted, "", Severity::High),
        finding(Detection::MaliciousApp, "com.example.tracker", Severity::High),
    ];
    findings[0].state = FindingState::Resolved { at };
    findings[1].state = FindingState::Ignored { at, reason: "a test device".into() };
    assert_eq!(assess(&findings, &[], &[]).level, Level::Secured);
}

#[test]
fn a_required_check_that_nobody_mentions_has_not_run() {
    let assessment = assess(&[], &[complete(CheckId::Captive)], &[CheckId::Captive, CheckId::Inventory]);
    assert_eq!(assessment.level, Level::Unknown);
    let why = "the check has not run".into();
    assert_eq!(
        assessment.gaps,
        [CoverageItem { check: CheckId::Inventory, coverage: Coverage::Unknown { why } }]
    );
}

#[test]
fn a_check_that_nobody_requires_makes_no_gap() {
    let assessment = assess(&[], &[not_permitted(CheckId::ScreenLock)], &[CheckId::Captive]);
    assert_eq!(assessment.gaps.iter().map(|gap| gap.check).collect::<Vec<_>>(), [CheckId::Captive]);
}

#[test]
fn of_several_lines_for_one_check_the_worst_holds_and_the_gap_is_told_once() {
    let check = CheckId::TlsChain;
    let lines = [complete(check), not_permitted(check), unknown(check)];
    let assessment = assess(&[], &lines, &[check, check]);
    assert_eq!(assessment.gaps, [not_permitted(check)]);
    assert_eq!(assessment.level, Level::Misconfigured);
}

#[test]
fn levels_have_the_names_and_numbers_of_microsoft_graph() {
    let table = [
        (Level::Unknown, ("unknown", 0)),
        (Level::Secured, ("secured", 3)),
        (Level::Low, ("lowSeverity", 4)),
        (Level::Medium, ("mediumSeverity", 5)),
        (Level::High, ("highSeverity", 6)),
        (Level::Misconfigured, ("misconfigured", 9)),
    ];
    for (level, expected) in table {
        assert_eq!(graph_device_state(level), expected);
    }
}

#[test]
fn a_device_is_let_in_iff_its_level_is_at_most_the_allowed_one() {
    for risk in RISKS {
        for allowed in RISKS {
            for unknown in [UnknownLevelAccess::Block, UnknownLevelAccess::Allow] {
                let compliant = is_compliant(risk.into(), risk, allowed, unknown);
                assert_eq!(compliant, risk <= allowed, "{risk} under {allowed}");
            }
        }
    }
}

#[test]
fn a_device_without_a_level_is_let_in_by_setting_and_never_past_what_is_known() {
    use UnknownLevelAccess::{Allow, Block};
    for level in [Level::Unknown, Level::Misconfigured] {
        let is_let_in = |at_least, allowed, access| is_compliant(level, at_least, allowed, access);
        assert!(!is_let_in(RiskLevel::Secured, RiskLevel::Medium, Block));
        assert!(is_let_in(RiskLevel::Secured, RiskLevel::Secured, Allow));
        assert!(is_let_in(RiskLevel::Medium, RiskLevel::Medium, Allow));
        assert!(!is_let_in(RiskLevel::Medium, RiskLevel::Low, Allow), "a gap must not hide a finding");
        assert!(is_let_in(RiskLevel::Medium, RiskLevel::High, Block), "everything is allowed");
    }
}

proptest! {
    #[test]
    fn another_finding_never_improves_level_or_access(
        mut findings in any_findings(),
        another in any_finding(),
        coverage in any_coverages(),
        required in any_required(),
    ) {
        let before = assess(&findings, &coverage, &required);
        findings.push(another);
        let after = assess(&findings, &coverage, &required);
        prop_assert!(rank(after.level) >= rank(before.level));
        prop_assert!(access(&before).zip(access(&after)).all(|(before, after)| before || !after));
    }

    #[test]
    fn another_gap_never_improves_level_or_access(
        findings in any_findings(),
        mut coverage in any_coverages(),
        another in any_coverage(),
        required in any_required(),
        newly_required in prop::sample::select(CheckId::ALL),
    ) {
        let before = assess(&findings, &coverage, &required);
        let mut more_required = required.clone();
        more_required.push(newly_required);
        let after = assess(&findings, &coverage, &more_required);
        prop_assert!(rank(after.level) >= rank(before.level));
        prop_assert!(access(&before).zip(access(&after)).all(|(before, after)| before || !after));

        // A check that is told already can only be told worse.
        if coverage.iter().any(|item| item.check == another.check) {
            coverage.push(another);
            let after = assess(&findings, &coverage, &required);
            prop_assert!(rank(after.level) >= rank(before.level));
            prop_assert!(access(&before).zip(access(&after)).all(|(before, after)| before || !after));
        }
    }

    #[test]
    fn order_and_repetition_do_not_matter(
        findings in any_findings(),
        coverage in any_coverages(),
        required in any_required(),
    ) {
        let expected = assess(&findings, &coverage, &required).level;
        let twice = |items: &[CheckId]| items.iter().rev().chain(items).copied().collect::<Vec<_>>();
        let reversed: Vec<_> = findings.iter().rev().cloned().collect();
        let lines: Vec<_> = coverage.iter().rev().cloned().collect();
        prop_assert_eq!(assess(&reversed, &lines, &twice(&required)).level, expected);
    }
}

/// Who is let in, for every allowed level and both settings.
fn access(assessment: &crate::policy::Assessment) -> impl Iterator<Item = bool> {
    let (level, at_least) = (assessment.level, assessment.at_least);
    RISKS.into_iter().flat_map(move |allowed| {
        let settings = [UnknownLevelAccess::Block, UnknownLevelAccess::Allow];
        settings.map(|unknown| is_compliant(level, at_least, allowed, unknown))
    })
}
