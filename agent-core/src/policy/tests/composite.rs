use super::*;
use crate::model::CheckOutcome;

const APP: &str = "com.example.helper";

/// A scan whose checks ran, and what they found of [`APP`].
fn scan(found: &[(Detection, Verdict)]) -> Vec<CheckOutcome> {
    [CheckId::AppOrigin, CheckId::SpecialAccess, CheckId::AppBuild]
        .map(|check| {
            let of_check = found.iter().filter(|(detection, _)| detection.check() == check);
            let judgements = of_check.map(|(detection, verdict)| judgement(*detection, *verdict).about(APP));
            CheckOutcome::judged(check, "looked", judgements.collect())
        })
        .into()
}

fn takeover() -> [(Detection, Verdict); 3] {
    [
        (Detection::SideloadedApp, Verdict::Confirmed),
        (Detection::AccessibilityGranted, Verdict::Confirmed),
        (Detection::AlwaysOnVpn, Verdict::Confirmed),
    ]
}

fn verdict(policy: &Policy, outcomes: &[CheckOutcome], known: &[Finding]) -> Option<Verdict> {
    policy.compose(outcomes, known).judgements.first().map(|judgement| judgement.verdict)
}

#[test]
fn an_app_from_no_store_with_accessibility_and_a_vpn_takes_the_device_over() {
    let outcome = policy().compose(&scan(&takeover()), &[]);
    let [made] = &outcome.judgements[..] else { panic!("{outcome:?}") };
    assert_eq!((made.detection, made.subject.as_str()), (Detection::DeviceTakeover, APP));
    assert_eq!(made.verdict, Verdict::Confirmed);
    let parts: Vec<_> = made.evidence.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect();
    let expected = ["app.sideloaded", "device.accessibility_granted", "device.always_on_vpn"];
    assert_eq!(parts, expected.map(|part| ("part", part)));
    assert_eq!((outcome.check, outcome.coverage), (CheckId::Composite, Coverage::Complete));
    assert_eq!(policy().severity(made), Severity::High);
}

#[test]
fn without_any_one_part_that_is_needed_nothing_is_made_and_that_is_known() {
    for left_out in 0..3 {
        let mut found = takeover().to_vec();
        found.remove(left_out);
        let outcome = policy().compose(&scan(&found), &[]);
        assert_eq!((outcome.judgements.len(), outcome.coverage), (0, Coverage::Complete), "{found:?}");
    }
}

#[test]
fn parts_of_different_apps_make_nothing() {
    let mut outcomes = scan(&takeover());
    outcomes[0].judgements[0].subject = "com.example.other".into();
    assert_eq!(verdict(&policy(), &outcomes, &[]), None);
}

#[test]
fn a_composite_is_as_sure_as_the_least_sure_part_that_it_needs() {
    let [sideloaded, accessibility, vpn] = takeover().map(|(detection, _)| detection);
    let sure = Verdict::Confirmed;
    let unsure = Verdict::Suspicious;
    let made = |found: &[(Detection, Verdict)]| verdict(&policy(), &scan(found), &[]);
    assert_eq!(made(&[(sideloaded, unsure), (accessibility, sure), (vpn, sure)]), Some(unsure));
    assert_eq!(made(&[(sideloaded, sure), (accessibility, sure), (vpn, unsure)]), Some(unsure));
    let admin = (Detection::DeviceAdminGranted, sure);
    assert_eq!(made(&[(sideloaded, sure), (accessibility, sure), (vpn, unsure), admin]), Some(sure));
    assert_eq!(made(&[(sideloaded, Verdict::Benign), (accessibility, sure), (vpn, sure)]), None);
}

#[test]
fn a_part_that_could_not_be_looked_at_again_stands_and_one_that_is_gone_does_not() {
    let known: Vec<_> =
        takeover().iter().map(|(detection, _)| finding(*detection, APP, Severity::Medium)).collect();
    let mut outcomes = scan(&takeover()[1..]);
    assert_eq!(verdict(&policy(), &outcomes, &known), None, "it came from a store after all");
    outcomes[0] = CheckOutcome::unknown(CheckId::AppOrigin, "timed out");
    assert_eq!(verdict(&policy(), &outcomes, &known), Some(Verdict::Confirmed));
    let resolved: Vec<_> =
        known.into_iter().map(|it| Finding { state: FindingState::Resolved { at: NOW }, ..it }).collect();
    assert_eq!(verdict(&policy(), &outcomes, &resolved), None);
}

#[test]
fn the_check_has_no_result_as_long_as_a_part_may_be_there() {
    let coverage = |outcomes: &[CheckOutcome]| policy().compose(outcomes, &[]).coverage;
    let mut outcomes = scan(&takeover()[..1]);
    outcomes[1] = CheckOutcome::unknown(CheckId::SpecialAccess, "timed out");
    let why = "device.special_access: timed out".to_owned();
    assert_eq!(coverage(&outcomes), Coverage::Unknown { why });
    outcomes[1] = CheckOutcome::not_permitted(CheckId::SpecialAccess, "no permission");
    assert!(matches!(coverage(&outcomes), Coverage::NotPermitted { .. }));
    outcomes.remove(1);
    assert!(matches!(coverage(&outcomes), Coverage::Unknown { .. }), "it has not run");
    outcomes[0].judgements.clear();
    assert_eq!(coverage(&outcomes), Coverage::Complete, "no app came from elsewhere, whatever it may do");
}

#[test]
fn what_the_organisation_sets_aside_is_no_part() {
    let ignored =
        PolicyOverride { ignore: true, subject: Some(APP.into()), ..change(Detection::SideloadedApp) };
    let policy = policy().with_overrides(&[ignored], NOW);
    assert_eq!(verdict(&policy, &scan(&takeover()), &[]), None);
}
