//! The transparency check: which chains it judges, and what it says of them.

use proptest::prelude::*;

use super::world::{World, answered, found, http, outcome, refused, trusted_by, unproven};
use crate::model::{
    CheckId, CheckOutcome, Coverage, CtLogPhase, CtLogState, Detection, Timestamp, TrustAnchor, Verdict,
};
use crate::network::observation::{Certificate, Outcome};
use crate::network::testing::{Authority, Dates, NOW, handshake, self_signed};
use crate::network::transparency::testing::{ISSUED, TestLog, list, logged};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];
const SUSPICIOUS: &[(Detection, &str, Verdict)] = &[(Detection::TlsInterception, "", Verdict::Suspicious)];

/// A world that knows three logs of two operators, each of which has logged each certificate.
fn logged_world() -> (World, [TestLog; 3]) {
    let mut world = World::clean();
    let logs = [TestLog::new(), TestLog::new(), TestLog::new()];
    let [one, two, three] = &logs;
    world.settings.ct_log_list = Some(list(&[("One", &[one, two]), ("Two", &[three])]));
    for host in HOSTS {
        let scts = logs.each_ref().map(|log| (log, ISSUED));
        let chain = logged(&world.public, host, Dates::CURRENT, &scts);
        world.presents(host, chain, trusted_by(TrustAnchor::System));
    }
    (world, logs)
}

/// `host` presents a certificate by the public authority that no log has seen.
fn mis_issue(world: &mut World, host: &str) {
    let chain = world.public.chain(host, Dates::CURRENT);
    world.presents(host, chain, trusted_by(TrustAnchor::System));
}

fn sct(world: &World) -> CheckOutcome {
    outcome(&world.judge_at(NOW), CheckId::TlsSct).clone()
}

fn is_clean(outcome: &CheckOutcome) -> bool {
    outcome.verdict() == Verdict::Clean
}

#[test]
fn logged_certificates_are_clean() {
    let (world, _) = logged_world();
    let outcome = sct(&world);
    assert!(is_clean(&outcome), "{outcome:?}");
    assert_eq!(outcome.summary, "3 of 3 endpoints present certificates that public logs vouch for");
}

#[test]
fn a_public_certificate_without_scts_is_suspicious_and_nothing_else_is_found() {
    let (mut world, _) = logged_world();
    mis_issue(&mut world, "b.example");
    let outcomes = world.judge_at(NOW);
    assert_eq!(found(&outcomes), SUSPICIOUS);
    let outcome = outcome(&outcomes, CheckId::TlsSct);
    assert_eq!(outcome.coverage, Coverage::Complete);
    insta::assert_json_snapshot!("without_scts", outcome);
}

#[test]
fn two_public_certificates_without_scts_are_one_finding() {
    let (mut world, _) = logged_world();
    mis_issue(&mut world, "a.example");
    mis_issue(&mut world, "b.example");
    assert_eq!(found(&world.judge_at(NOW)), SUSPICIOUS);
    let outcome = sct(&world);
    let endpoints = outcome.judgements[0].evidence.iter().filter(|evidence| evidence.name == "endpoint");
    assert_eq!(endpoints.count(), 2);
}

#[test]
fn each_sct_is_told_with_what_it_is_worth() {
    let (mut world, logs) = logged_world();
    let foreign = TestLog::new();
    let chain = logged(&world.public, "b.example", Dates::CURRENT, &[(&logs[0], ISSUED), (&foreign, ISSUED)]);
    world.presents("b.example", chain, trusted_by(TrustAnchor::System));
    let outcome = sct(&world);
    let [judgement] = outcome.judgements.as_slice() else { panic!("{outcome:?}") };
    assert!(judgement.reason.contains("for which 1 of the 3 public logs that it needs vouch"));
    let told = judgement.evidence.iter().filter(|evidence| evidence.name.starts_with("sct"));
    let told: Vec<_> = told.map(|evidence| (evidence.name.as_str(), evidence.value.clone())).collect();
    assert_eq!(
        told,
        [
            ("sct_logs", "1 of 3".to_owned()),
            ("sct_operator", "One".to_owned()),
            ("sct", format!("{}: counts, operated by One", logs[0].id())),
            ("sct", format!("{}: does not count, the log is not in the list", foreign.id())),
        ]
    );
}

#[test]
fn the_issuer_is_that_of_the_verified_path_and_not_the_next_in_the_chain() {
    let (mut world, logs) = logged_world();
    let issuing = world.public.subordinate("Public Issuing", 9, Dates::CURRENT);
    let scts = logs.each_ref().map(|log| (log, ISSUED));
    let mut chain = logged(&issuing, "b.example", Dates::CURRENT, &scts);
    chain.insert(1, self_signed("stray.example").swap_remove(0));
    world.presents("b.example", chain, trusted_by(TrustAnchor::System));
    let outcome = sct(&world);
    assert!(is_clean(&outcome), "{outcome:?}");
}

#[test]
fn the_organisations_own_authorities_and_inspection_roots_are_exempt() {
    let (mut world, _) = logged_world();
    world.settings.endpoints[0].private_anchors = vec![world.company.pin()];
    world.presents("a.example", world.company.chain("a.example", Dates::CURRENT), refused());
    world.settings.inspection_roots = vec![world.inspector.pin()];
    world.presents("b.example", world.inspector.chain("b.example", Dates::CURRENT), refused());
    let outcome = sct(&world);
    assert!(is_clean(&outcome), "{outcome:?}");
    assert_eq!(
        outcome.summary,
        "3 of 3 endpoints present certificates that public logs vouch for, or need not"
    );
}

#[test]
fn a_private_anchor_does_not_excuse_a_chain_to_a_public_root() {
    let (mut world, _) = logged_world();
    mis_issue(&mut world, "b.example");
    world.settings.endpoints[1].private_anchors = vec![world.public.pin()];
    assert_eq!(found(&world.judge_at(NOW)), SUSPICIOUS);
}

#[test]
fn a_public_root_of_the_settings_is_held_to_the_rule() {
    let (mut world, _) = logged_world();
    let root = Authority::new("New Public Root", 11);
    world.settings.public_roots = vec![root.root_certificate()];
    world.presents("b.example", root.chain("b.example", Dates::CURRENT), trusted_by(TrustAnchor::System));
    assert_eq!(found(&world.judge_at(NOW)), SUSPICIOUS);
}

#[test]
fn what_no_public_root_vouches_for_now_is_left_to_the_chain_check() {
    let (mut world, _) = logged_world();
    let expired = world.public.chain("a.example", Dates::PAST);
    world.presents("a.example", expired, refused());
    world.presents("b.example", world.evil.chain("b.example", Dates::CURRENT), refused());
    let stolen = world.public.chain("c.example", Dates::CURRENT);
    world.probe("c.example").attempts[0].outcome = Outcome::Answered(unproven(stolen));
    let outcome = sct(&world);
    assert!(is_clean(&outcome), "{outcome:?}");
    assert!(outcome.summary.contains("no certificate under a public root"), "{}", outcome.summary);
}

#[test]
fn no_list_a_stale_one_and_one_from_the_future_come_to_no_result() {
    let (mut world, _) = logged_world();
    mis_issue(&mut world, "b.example");
    for days in [71, -1] {
        world.settings.ct_log_list.as_mut().unwrap().timestamp = NOW.plus_seconds(-days * 86_400);
        assert_eq!(sct(&world).verdict(), Verdict::Inconclusive);
        assert!(sct(&world).summary.contains("not fit to judge by"), "{}", sct(&world).summary);
    }
    world.settings.ct_log_list = None;
    assert_eq!(sct(&world).verdict(), Verdict::Inconclusive);
    assert!(sct(&world).summary.contains("no list of transparency logs is configured"));
    assert_eq!(found(&world.judge_at(NOW)), []);
}

#[test]
fn a_portal_and_silence_come_to_no_result() {
    let (mut world, _) = logged_world();
    world.portal(http(302, Some("http://login.cafe.example/"), b""));
    assert_eq!(sct(&world).verdict(), Verdict::Inconclusive);

    let (mut world, _) = logged_world();
    world.silences("a.example");
    assert!(is_clean(&sct(&world)));
    assert!(sct(&world).summary.contains("no result from a.example (failed"), "{}", sct(&world).summary);
    world.silences("b.example");
    assert_eq!(sct(&world).verdict(), Verdict::Inconclusive);
}

#[test]
fn a_clock_behind_the_logs_comes_to_no_result() {
    let (mut world, logs) = logged_world();
    for host in ["a.example", "b.example"] {
        let scts = logs.each_ref().map(|log| (log, NOW.plus_seconds(36_000)));
        let chain = logged(&world.public, host, Dates::CURRENT, &scts);
        world.presents(host, chain, trusted_by(TrustAnchor::System));
    }
    assert_eq!(found(&world.judge_at(NOW)), []);
    assert_eq!(sct(&world).verdict(), Verdict::Inconclusive);
    assert!(sct(&world).summary.contains("check the date and time"), "{}", sct(&world).summary);
}

/// What honest logs go through after they vouched.
fn honest_state() -> impl Strategy<Value = CtLogState> {
    let phases = vec![CtLogPhase::Qualified, CtLogPhase::Usable, CtLogPhase::ReadOnly];
    (prop::sample::select(phases), any::<i32>())
        .prop_map(|(phase, since)| CtLogState { phase, since: Timestamp::from_unix(since.into()) })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn honest_networks_never_raise_a_suspicion(
        states in prop::array::uniform2(honest_state()),
        retired_after in 0..10_000_i64,
        lost in prop::array::uniform3(any::<bool>()),
        renewed in any::<bool>(),
        list_age_days in -100..100_i64,
        clock_hours in -30_000..30_000_i64,
    ) {
        let (mut world, _) = logged_world();
        let list = world.settings.ct_log_list.as_mut().unwrap();
        list.timestamp = NOW.plus_seconds(-list_age_days * 86_400);
        let since = ISSUED.plus_seconds(retired_after);
        let [one, two] = list.operators.as_mut_slice() else { panic!("two operators") };
        one.logs[0].state = Some(states[0]);
        one.logs[1].state = Some(CtLogState { phase: CtLogPhase::Retired, since });
        two.logs[0].state = Some(states[1]);
        for (host, _) in HOSTS.into_iter().zip(lost).filter(|(_, lost)| *lost) {
            world.silences(host);
        }
        if !renewed {
            world.presents("c.example", world.public.chain("c.example", Dates::PAST), refused());
        }
        let outcomes = world.judge_at(NOW.plus_seconds(clock_hours * 3600));
        let outcome = outcome(&outcomes, CheckId::TlsSct);
        prop_assert!(outcome.verdict() < Verdict::Suspicious, "{outcome:?}");
    }

    #[test]
    fn arbitrary_chains_never_panic_and_raise_no_suspicion(
        chain in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20),
        now in any::<i64>(),
    ) {
        let (mut world, _) = logged_world();
        let now = Timestamp::from_unix(now);
        world.settings.ct_log_list.as_mut().unwrap().timestamp = now;
        let chain = chain.into_iter().map(Certificate::from_der).collect();
        world.probe("a.example").attempts = answered(handshake(chain));
        prop_assert_eq!(outcome(&world.judge_at(now), CheckId::TlsSct).judgements.len(), 0);
    }
}
