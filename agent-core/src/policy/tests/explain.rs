use proptest::prelude::*;

use super::*;
use crate::model::{Platform, RiskLevel};
use crate::policy::{Assessment, Explanation, Language, Step, System, assess, explain};

/// A phone in a café: intercepted, with stalkerware, an old patch, and two checks without a result.
fn café() -> (Vec<Finding>, Vec<CoverageItem>, Vec<CheckId>) {
    let at = Timestamp::from_unix(1_790_000_900);
    let mut interception = finding(Detection::TlsInterception, "", Severity::High);
    interception.judgement = interception
        .judgement
        .because(
            "2 of 2 endpoints present certificates by an issuer that neither Mozilla nor this device knows",
        )
        .with("endpoint", "www.example.com:443")
        .with("issuer", "CN=Evil Root");
    let mut patch = finding(Detection::PatchOld, "", Severity::Low);
    patch.judgement.verdict = Verdict::Suspicious;
    let mut proxy = finding(Detection::LocalProxy, "", Severity::Low);
    proxy.state = FindingState::Ignored { at, reason: "our developers use one".into() };
    let mut portal = finding(Detection::CaptivePortal, "", Severity::None);
    portal.judgement.verdict = Verdict::Benign;
    let mut lock = finding(Detection::ScreenLockOff, "", Severity::Medium);
    lock.state = FindingState::Resolved { at };

    let tracker = finding(Detection::MaliciousApp, "com.example.tracker", Severity::High);
    let coverage = vec![
        complete(CheckId::AppIndicators),
        complete(CheckId::TlsChain),
        not_permitted(CheckId::Inventory),
        unknown(CheckId::Integrity),
    ];
    let required = coverage.iter().map(|item| item.check).collect();
    (vec![patch, proxy, portal, lock, tracker, interception], coverage, required)
}

/// A development machine, whose version nobody told.
const LINUX: System = System { platform: Platform::Linux, version: None };

fn system(platform: Platform, version: &str) -> System {
    System { platform, version: Some(version.parse().unwrap()) }
}

fn explained(language: Language, system: &System) -> Explanation {
    let (findings, coverage, required) = café();
    let changes = [
        PolicyOverride {
            subject: None,
            grace_hours: None,
            expires: None,
            detection: Detection::LocalProxy,
            severity: None,
            ignore: true,
            reason: "our developers use one".into(),
        },
        PolicyOverride {
            subject: None,
            grace_hours: None,
            expires: None,
            detection: Detection::PatchOld,
            severity: Some(Severity::Low),
            ignore: false,
            reason: "updates are tested for a month first".into(),
        },
    ];
    let policy = policy().with_overrides(&changes, NOW);
    explain(&assess(&findings, &coverage, &required), &findings, &policy, language, system)
}

#[test]
fn an_explanation_in_english_on_android() {
    insta::assert_json_snapshot!("english", explained(Language::En, &system(Platform::Android, "14")));
}

#[test]
fn an_explanation_in_korean_on_ios() {
    insta::assert_json_snapshot!("korean", explained(Language::Ko, &system(Platform::Ios, "18.7.1")));
}

#[test]
fn headlines_name_level_and_cause() {
    let interception = finding(Detection::TlsInterception, "", Severity::High);
    let patch = finding(Detection::PatchOld, "", Severity::Low);
    let apps = ["a", "b", "c", "d", "e"].map(|id| finding(Detection::UnwantedApp, id, Severity::Medium));
    let captive = [not_permitted(CheckId::Captive)];
    let cases: [(&[Finding], &[CoverageItem]); 7] = [
        (&[], &[]),
        (std::slice::from_ref(&patch), &[]),
        (&[patch.clone(), interception.clone()], &[]),
        (&apps, &[]),
        (&[], &captive),
        (std::slice::from_ref(&patch), &[unknown(CheckId::Captive), unknown(CheckId::Integrity)]),
        (&[interception], &captive),
    ];
    let policy = policy();
    let mut headlines = Vec::new();
    for language in Language::ALL {
        for (findings, coverage) in cases {
            let required: Vec<_> = coverage.iter().map(|item| item.check).collect();
            let assessment = assess(findings, coverage, &required);
            headlines.push(explain(&assessment, findings, &policy, *language, &LINUX).headline);
        }
    }
    insta::assert_snapshot!("headlines", headlines.join("\n"));
}

#[test]
fn a_subject_cannot_forge_a_text() {
    let findings = [finding(Detection::MaliciousApp, "{level}{subject}", Severity::High)];
    let told = explain(&assess(&findings, &[], &[]), &findings, &policy(), Language::En, &LINUX);
    assert!(told.findings[0].fix.starts_with("Remove {level}{subject} with your package manager"));
    assert_eq!(told.headline, "Risk: high. Found: Harmful app ({level}{subject}).");
}

#[test]
fn a_fix_says_where_to_tap_on_this_version() {
    let told = |detection, language, system: &System| {
        let findings = [finding(detection, "", Severity::Low)];
        let told = explain(&assess(&findings, &[], &[]), &findings, &policy(), language, system);
        told.findings[0].fix.clone()
    };
    let unknown = System { platform: Platform::Android, version: None };
    let cases = [
        (Detection::ScreenLockOff, unknown, "Settings > Security > Screen lock"),
        (Detection::ScreenLockOff, system(Platform::Android, "12"), "Settings > Security > Screen lock"),
        (Detection::ScreenLockOff, system(Platform::Android, "13"), "Security & privacy > Screen lock"),
        (Detection::ScreenLockOff, system(Platform::Android, "15"), "> Device unlock > Screen lock"),
        (Detection::UnknownSources, system(Platform::Android, "11"), "> Apps & notifications > Special"),
        (Detection::UnknownSources, system(Platform::Android, "12"), "Settings > Apps > Special app access"),
        (Detection::DeveloperMode, system(Platform::Ios, "16.4"), "Settings > Privacy & Security"),
    ];
    for (detection, system, path) in cases {
        let fix = told(detection, Language::En, &system);
        assert!(fix.contains(path), "{detection} on {system:?}: {fix}");
    }
    let korean = told(Detection::DeveloperMode, Language::Ko, &system(Platform::Ios, "26.1"));
    assert!(korean.starts_with("설정 > 개인정보 보호 및 보안 > 개발자 모드"), "{korean}");
}

#[test]
fn an_administrator_is_told_what_to_do_in_the_same_language() {
    let findings = [finding(Detection::OsExploited, "", Severity::High)];
    let note = |language| {
        let told = explain(&assess(&findings, &[], &[]), &findings, &policy(), language, &LINUX);
        told.findings[0].admin_note.clone()
    };
    assert!(note(Language::En).starts_with("The evidence names the vulnerabilities"));
    assert!(note(Language::Ko).starts_with("근거에 취약점과"));
}

#[test]
fn a_secured_device_has_nothing_better_to_reach() {
    let told = explain(&assess(&[], &[], &[]), &[], &policy(), Language::En, &LINUX);
    assert_eq!(told.to_reach, []);
}

proptest! {
    #[test]
    fn doing_exactly_the_steps_reaches_the_level(
        findings in any_findings(),
        coverage in any_coverages(),
        required in any_required(),
    ) {
        let assessment = assess(&findings, &coverage, &required);
        let told = explain(&assessment, &findings, &policy(), Language::En, &LINUX);
        prop_assert_eq!(told.to_reach.is_empty(), assessment.level == Level::Secured);
        for target in &told.to_reach {
            prop_assert!(rank(target.level.into()) < rank(assessment.level));
            let reached = after(&target.steps, &findings, &coverage, &required);
            prop_assert!(rank(reached.level) <= rank(target.level.into()), "{target:?} gave {}", reached.level);
            // Nothing less would do: each step is needed.
            for left_out in 0..target.steps.len() {
                let mut steps = target.steps.clone();
                steps.remove(left_out);
                let reached = after(&steps, &findings, &coverage, &required);
                prop_assert!(rank(reached.level) > rank(target.level.into()) || twin(&target.steps, left_out));
            }
        }
    }

    #[test]
    fn every_finding_is_told_where_it_belongs(
        findings in any_findings(),
        coverage in any_coverages(),
        required in any_required(),
        language in prop::sample::select(Language::ALL),
        platform in prop::sample::select(Platform::ALL),
    ) {
        let assessment = assess(&findings, &coverage, &required);
        let told = explain(&assessment, &findings, &policy(), language, &System { platform, version: None });
        let resolved = |it: &&Finding| matches!(it.state, FindingState::Resolved { .. });
        let unresolved = findings.len() - findings.iter().filter(resolved).count();
        prop_assert_eq!(told.findings.len() + told.recorded.len(), unresolved);
        prop_assert!(told.findings.is_sorted_by(|a, b| a.severity >= b.severity));
        prop_assert_eq!(told.gaps.len(), assessment.gaps.len());
        prop_assert_eq!(RiskLevel::from(told.findings.first().map_or(Severity::None, |it| it.severity)), told.at_least);
    }
}

/// The assessment once the steps are done.
fn after(
    steps: &[Step],
    findings: &[Finding],
    coverage: &[CoverageItem],
    required: &[CheckId],
) -> Assessment {
    let resolved = |finding: &Finding| {
        steps.iter().any(|step| match step {
            Step::Resolve { detection, subject, .. } => {
                *detection == finding.judgement.detection && *subject == finding.judgement.subject
            }
            Step::Cover { .. } => false,
        })
    };
    let covered = |check: CheckId| {
        steps.iter().any(|step| matches!(step, Step::Cover { check: covered, .. } if *covered == check))
    };
    let findings: Vec<_> = findings.iter().filter(|finding| !resolved(finding)).cloned().collect();
    let mut coverage: Vec<_> = coverage.iter().filter(|item| !covered(item.check)).cloned().collect();
    coverage.extend(required.iter().filter(|check| covered(**check)).map(|check| complete(*check)));
    assess(&findings, &coverage, required)
}

/// Whether another step resolves the same finding: random findings can be equal.
fn twin(steps: &[Step], index: usize) -> bool {
    steps.iter().enumerate().any(|(other, step)| other != index && *step == steps[index])
}
