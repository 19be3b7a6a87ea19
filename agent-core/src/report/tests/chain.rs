#[path = "../../../../tests/conformance/histories.rs"]
mod histories;

use proptest::prelude::*;

use super::support::*;
use crate::model::*;
use crate::report::jws;
use crate::report::*;
use histories::*;

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
    let why = &verify(&tokens, &host).epochs[0].problems[0].why;
    assert!(why.starts_with("reports 3 to 4 are missing (2): still on the way"), "{why}");
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
    let tokens = [sign_at(&host, 1, None), sign_at(&host, MAX_SEQUENCE, Some("x"))];
    assert_eq!(problems(&tokens, &host), [(ProblemKind::Gap, MAX_SEQUENCE)]);
}

/// Reports of a copy of the device, each a minute after the one before.
fn continued(host: &Host, mut last: String, numbers: std::ops::RangeInclusive<u64>) -> Vec<String> {
    let mut tokens = Vec::new();
    for seq in numbers {
        *host.clock.0.lock().unwrap() += 60;
        last = sign_at(host, seq, Some(&last));
        tokens.push(last.clone());
    }
    tokens
}

#[test]
fn the_other_form_of_a_signature_is_the_same_report() {
    let host = Host::new();
    let mut tokens = host.chain(3);
    let twin = jws::twin(&tokens[1]).unwrap();
    assert_ne!(twin, tokens[1]);
    assert_eq!(jws::twin(&twin).as_ref(), Some(&tokens[1]));
    tokens[1] = twin.clone();
    assert!(problems(&tokens, &host).is_empty(), "report 3 names the form that was not given");
    tokens.push(jws::twin(&twin).unwrap());
    assert_eq!(problems(&tokens, &host), [(ProblemKind::Duplicate, 2)]);
}

#[test]
fn two_that_speak_in_turns_are_told_from_one_that_was_set_back() {
    let host = Host::new();
    let start = host.chain(2);
    let ours = continued(&host, start[1].clone(), 3..=3);
    let copy = continued(&host, start[1].clone(), 3..=4);
    let ours_again = continued(&host, ours[0].clone(), 4..=5);
    let set_back: Vec<_> = [start.clone(), ours.clone(), copy.clone()].concat();
    let in_turns: Vec<_> = [start, ours, copy, ours_again].concat();
    assert_eq!(problems(&set_back, &host), [(ProblemKind::Fork, 3)]);
    assert_eq!(problems(&in_turns, &host), [(ProblemKind::Fork, 3), (ProblemKind::Fork, 4)]);
    let why = |tokens: &[String]| verify(tokens, &host).epochs[0].problems[0].why.clone();
    assert!(why(&set_back).contains("set back to an earlier state"), "{}", why(&set_back));
    assert!(why(&in_turns).contains("two devices speak as one"), "{}", why(&in_turns));
}

#[test]
fn two_numbers_after_one_report_that_was_not_given_are_a_fault() {
    let host = Host::new();
    let tokens = [sign_at(&host, 5, Some("not given")), sign_at(&host, 7, Some("not given"))];
    let expected = [(ProblemKind::StartsLate, 5), (ProblemKind::Gap, 7), (ProblemKind::SharedLink, 7)];
    assert_eq!(problems(&tokens, &host), expected);
}

#[test]
fn a_new_key_in_the_middle_is_sound_and_the_old_one_after_it_is_not() {
    let (host, mut next) = (Host::new(), Host::new());
    next.issuer = host.issuer.clone();
    let mut tokens = host.chain(2);
    *next.clock.0.lock().unwrap() = 180;
    tokens.push(sign_at(&next, 3, Some(&tokens[1])));
    *host.clock.0.lock().unwrap() = 240;
    let keys = [host.key.public(), next.key.public()];
    let found = |tokens: &[String]| {
        let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
        verify_rotated_chain(&tokens, &keys, Expected::default())
    };
    assert!(found(&tokens).is_sound());
    assert_eq!(verify(&tokens, &host).tokens.iter().filter(|it| is_refused(it)).count(), 1, "under one key");
    tokens.push(sign_at(&host, 4, Some(&tokens[2])));
    let problems = &found(&tokens).epochs[0].problems;
    assert_eq!(problems.len(), 1);
    assert_eq!((problems[0].kind, problems[0].seq), (ProblemKind::RetiredKey, 4));
}

fn is_refused(token: &TokenReport) -> bool {
    matches!(token, TokenReport::Refused { .. })
}

/// Every sentence that an administrator may read, in one place to read them.
#[test]
fn each_problem_says_what_it_means_and_what_to_do() {
    let mut host = Host::new();
    let chain = host.chain(5);
    let mut texts = Vec::new();
    let mut tell = |tokens: &[&String], host: &Host| {
        let tokens: Vec<_> = tokens.iter().map(|token| token.as_str()).collect();
        let found = verify_chain(&tokens, &host.key.public(), Expected::default());
        texts.extend(found.epochs.into_iter().flat_map(|epoch| epoch.problems).map(|problem| problem.why));
    };
    tell(&[&chain[0], &chain[0]], &host);
    tell(&[&chain[2], &chain[3]], &host);
    tell(&[&chain[0], &chain[2]], &host);
    tell(&[&chain[0], &chain[4]], &host);
    tell(&[&chain[0], &sign_at(&host, 1, None)], &host);
    let branch = sign_at(&host, 2, Some(&chain[0]));
    tell(&[&chain[0], &chain[1], &branch, &sign_at(&host, 3, Some(&branch)), &chain[2]], &host);
    tell(&[&chain[0], &chain[1], &chain[2], &sign_at(&host, 4, Some(&chain[0]))], &host);
    tell(&[&chain[0], &sign_at(&host, 2, Some("another"))], &host);
    tell(&[&chain[0], &sign_at(&host, 2, None)], &host);
    tell(&[&sign_at(&host, 1, Some("before"))], &host);
    *host.clock.0.lock().unwrap() = -3600;
    tell(&[&chain[0], &sign_at(&host, 2, Some(&chain[0]))], &host);
    host.entropy = Box::new(SameEntropy);
    let again = host.chain(2);
    tell(&[&again[0], &again[1]], &host);
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn a_branch_is_not_measured_by_the_clock_of_the_other() {
    for _ in 0..8 {
        let host = Host::new();
        let chain = host.chain(3);
        let branch = sign_at(&host, 2, Some(&chain[0]));
        let tokens = [&chain[0][..], &chain[1], &chain[2], &branch];
        let found = verify_chain(&tokens, &host.key.public(), Expected::default());
        let kinds: Vec<_> = found.epochs[0].problems.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::Fork], "whatever the signatures sort by");
    }
}

/// The kinds that a device which is what it is may cause on a bad network.
const HARMLESS: [ProblemKind; 4] =
    [ProblemKind::Duplicate, ProblemKind::StartsLate, ProblemKind::Replaced, ProblemKind::Gap];

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
    #[test]
    fn an_honest_life_is_never_accused(life in honest_life(), arrivals in arrivals()) {
        let keys: Vec<_> = (0..life.len()).map(|_| TestKey::generate()).collect();
        let mut host = Host::new();
        let made = live(&life, |place| report_at(&mut host, &keys, place));
        prop_assume!(!made.is_empty());
        let arrived: Vec<_> = arrivals.iter().map(|index| index.get(&made).token.as_str()).collect();
        let publics: Vec<_> = keys.iter().map(TestKey::public).collect();
        let found = verify_rotated_chain(&arrived, &publics, Expected::default());
        prop_assert!(!found.tokens.iter().any(is_refused));
        for problem in found.epochs.iter().flat_map(|epoch| &epoch.problems) {
            prop_assert!(HARMLESS.contains(&problem.kind), "{problem:?}");
        }
    }

    #[test]
    fn a_copied_life_is_accused_as_soon_as_two_reports_contradict(life in copied_life(), arrivals in arrivals()) {
        let keys = [TestKey::generate()];
        let mut host = Host::new();
        let made = live(&life, |place| report_at(&mut host, &keys, place));
        prop_assume!(!made.is_empty());
        let arrived: Vec<_> = arrivals.iter().map(|index| index.get(&made)).collect();
        let visible = first_contradiction(&arrived).unwrap_or(arrived.len());
        for count in [visible, (visible + 1).min(arrived.len())] {
            let tokens: Vec<_> = arrived[..count].iter().map(|made| made.token.as_str()).collect();
            let found = verify_chain(&tokens, &keys[0].public(), Expected::default());
            let mut problems = found.epochs.iter().flat_map(|epoch| &epoch.problems);
            prop_assert_eq!(problems.any(|it| !HARMLESS.contains(&it.kind)), count > visible);
        }
    }
}

fn report_at(host: &mut Host, keys: &[TestKey], place: Place<'_>) -> String {
    let prev = place.prev.map(|token| Sha256::of(token.as_bytes()));
    let position = ChainPosition { epoch: format!("enrolment-{}", place.epoch), seq: place.seq, prev };
    let reporter = Reporter { key: &keys[place.key], ..host.reporter() };
    let replaced = |(seq, token)| Replaced { seq, sha256: ChainLink::to(token), part: Part::WHOLE };
    let replaces: Vec<_> = place.replaces.map(replaced).into_iter().collect();
    reporter.sign_in_place_of(&replaces, &position, level_change()).unwrap().token
}
