use proptest::prelude::*;

use super::support::*;
use crate::model::*;
use crate::report::*;

fn verify(tokens: &[String], host: &Host) -> ChainReport {
    let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
    verify_chain(&tokens, &host.key.public(), Expected::default())
}

/// The kinds of problems of the only epoch, with their numbers.
fn problems(tokens: &[String], host: &Host) -> Vec<(ProblemKind, u64)> {
    let report = verify(tokens, host);
    assert_eq!(report.epochs.len(), 1);
    report.epochs[0].problems.iter().map(|problem| (problem.kind, problem.seq)).collect()
}

fn sign_at(host: &Host, seq: u64, prev: Option<&str>) -> String {
    let prev = prev.map(|token| Sha256::of(token.as_bytes()));
    let position = ChainPosition { epoch: "enrolment-1".into(), seq, prev };
    host.reporter().sign(&position, level_change()).unwrap().token
}

#[test]
fn a_whole_chain_is_sound_in_any_order() {
    let host = Host::new();
    let mut tokens = host.chain(5);
    tokens.reverse();
    tokens.swap(0, 3);
    let report = verify(&tokens, &host);
    assert!(report.is_sound());
    let epoch = &report.epochs[0];
    assert_eq!((epoch.first, epoch.last, epoch.reports, epoch.begins_at), (1, 5, 5, NOW));
    assert!(epoch.problems.is_empty());
}

#[test]
fn nothing_is_sound() {
    let report = verify(&[], &Host::new());
    assert!(report.is_sound() && report.epochs.is_empty());
}

#[test]
fn a_chain_without_its_beginning_is_sound_and_says_so() {
    let host = Host::new();
    let tokens = host.chain(5)[2..].to_vec();
    assert_eq!(problems(&tokens, &host), [(ProblemKind::StartsLate, 3)]);
    assert!(verify(&tokens, &host).is_sound());
}

#[test]
fn a_report_sent_again_is_a_duplicate_and_no_fault() {
    let host = Host::new();
    let mut tokens = host.chain(3);
    tokens.push(tokens[1].clone());
    assert_eq!(problems(&tokens, &host), [(ProblemKind::Duplicate, 2)]);
    assert!(verify(&tokens, &host).is_sound());
}

#[test]
fn missing_reports_are_a_gap() {
    let host = Host::new();
    let mut tokens = host.chain(6);
    tokens.drain(2..4);
    assert_eq!(problems(&tokens, &host), [(ProblemKind::Gap, 5)]);
    assert_eq!(verify(&tokens, &host).epochs[0].problems[0].why, "2 missing between reports 2 and 5");
    assert!(!verify(&tokens, &host).is_sound());
}

#[test]
fn two_reports_with_one_number_are_a_fork() {
    let host = Host::new();
    let mut tokens = host.chain(3);
    tokens.push(sign_at(&host, 3, Some(&tokens[1])));
    assert_eq!(problems(&tokens, &host), [(ProblemKind::Fork, 3)]);
    assert!(!verify(&tokens, &host).is_sound());
}

#[test]
fn a_device_set_back_links_to_an_earlier_report() {
    let host = Host::new();
    let mut tokens = host.chain(3);
    tokens.push(sign_at(&host, 4, Some(&tokens[0])));
    assert_eq!(problems(&tokens, &host), [(ProblemKind::Regression, 4)]);
    insta::assert_snapshot!(
        verify(&tokens, &host).epochs[0].problems[0].why,
        @"report 4 links to report 1, not 3: the device was cloned, or set back to an earlier state"
    );
}

#[test]
fn a_link_to_something_else_is_broken() {
    let host = Host::new();
    let mut tokens = host.chain(2);
    tokens.push(sign_at(&host, 3, Some("another token")));
    assert_eq!(problems(&tokens, &host), [(ProblemKind::BrokenLink, 3)]);
}

#[test]
fn links_are_absent_on_the_first_report_and_only_there() {
    let host = Host::new();
    assert_eq!(problems(&[sign_at(&host, 1, Some("before"))], &host), [(ProblemKind::BrokenLink, 1)]);
    let tokens = [sign_at(&host, 1, None), sign_at(&host, 2, None)];
    assert_eq!(problems(&tokens, &host), [(ProblemKind::BrokenLink, 2)]);
    assert_eq!(problems(&[sign_at(&host, 0, None)], &host), [(ProblemKind::BrokenLink, 0)]);
}

#[test]
fn a_clock_that_was_set_back_is_noted_and_no_fault() {
    let host = Host::new();
    let first = sign_at(&host, 1, None);
    *host.clock.0.lock().unwrap() = -3600;
    let tokens = [sign_at(&host, 2, Some(&first)), first];
    assert_eq!(problems(&tokens, &host), [(ProblemKind::ClockBackwards, 2)]);
    assert!(verify(&tokens, &host).is_sound());
}

#[test]
fn a_reused_identifier_is_a_fault() {
    let mut host = Host::new();
    host.entropy = Box::new(SameEntropy);
    let tokens = host.chain(2);
    assert_eq!(problems(&tokens, &host), [(ProblemKind::ReusedJti, 2)]);
    assert!(!verify(&tokens, &host).is_sound());
}

#[test]
fn each_enrolment_is_a_chain_of_its_own() {
    let host = Host::new();
    let mut tokens = host.chain(2);
    let position = ChainPosition { epoch: "enrolment-0".into(), seq: 1, prev: None };
    tokens.push(host.reporter().sign(&position, level_change()).unwrap().token);
    let report = verify(&tokens, &host);
    assert!(report.is_sound());
    let epochs: Vec<_> = report.epochs.iter().map(|epoch| epoch.epoch.as_str()).collect();
    assert_eq!(epochs, ["enrolment-1", "enrolment-0"], "by time");
}

#[test]
fn a_refused_token_is_told_by_its_rule_and_leaves_a_gap() {
    let host = Host::new();
    let mut tokens = host.chain(3);
    tokens[1] = tokens[1].replace('.', "..");
    let report = verify(&tokens, &host);
    assert!(!report.is_sound());
    let json = serde_json::to_value(&report.tokens).unwrap();
    assert_eq!(json[0]["result"], "verified");
    assert_eq!(json[0]["kind"], "risk_level_change");
    assert_eq!((&json[1]["result"], &json[1]["rule"]), (&"refused".into(), &"form".into()));
    assert_eq!(report.epochs[0].problems[0].kind, ProblemKind::Gap);
}

#[test]
fn numbers_at_the_end_of_the_range_do_not_overflow() {
    let host = Host::new();
    let tokens = [sign_at(&host, 1, None), sign_at(&host, u64::MAX, Some("x"))];
    assert_eq!(problems(&tokens, &host), [(ProblemKind::Gap, u64::MAX)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn taking_reports_out_of_the_middle_is_always_seen(keep in proptest::collection::vec(any::<bool>(), 8)) {
        let host = Host::new();
        let tokens = host.chain(8);
        let kept: Vec<_> = tokens.iter().zip(&keep).filter(|(_, keep)| **keep).map(|it| it.0.clone()).collect();
        let first = keep.iter().position(|keep| *keep);
        let last = keep.iter().rposition(|keep| *keep);
        let whole = match (first, last) {
            (Some(first), Some(last)) => keep[first..=last].iter().all(|keep| *keep),
            _ => true,
        };
        prop_assert_eq!(verify(&kept, &host).is_sound(), whole);
    }
}
