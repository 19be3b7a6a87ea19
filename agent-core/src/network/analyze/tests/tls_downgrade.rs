//! The downgrade check: every way in which the offers can end, each with exactly what must be found.

use proptest::prelude::*;

use super::canary_world::{exchange, with_canaries};
use super::scenarios::tell;
use super::world::{World, answered, found, http, outcome, refused};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Verdict};
use crate::network::observation::{
    Attempt, CanaryProbe, Failure, FailureKind, Fallback, Handshake, Outcome, Phase, TlsExchange,
};
use crate::network::testing::{Dates, NOW, handshake, self_signed};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];
const DOWNGRADE: (Detection, &str, Verdict) = (Detection::TlsDowngrade, "", Verdict::Suspicious);
const INSPECTED: (Detection, &str, Verdict) = (Detection::ManagedInspection, "", Verdict::Benign);

/// How the ordinary handshake ends, then that with TLS 1.2 alone, then the ordinary one again.
type Ends = (FailureKind, Option<FailureKind>, Option<FailureKind>);

struct Case {
    name: &'static str,
    make: fn(&mut World),
    expect: &'static [(Detection, &'static str, Verdict)],
    complete: bool,
}

const CASES: &[Case] = &[
    Case { name: "1 clean", make: |_| {}, expect: &[], complete: true },
    Case {
        name: "a server that speaks TLS 1.2 at best",
        make: |world| {
            let chain = world.public.chain("b.example", Dates::CURRENT);
            world.probe("b.example").attempts = answered(older(handshake(chain)));
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "21 TLS 1.3 reset everywhere",
        make: |world| {
            HOSTS.into_iter().for_each(|host| downgrade(world, host, BLOCKED));
            (0..2).for_each(|number| downgrade_canary(world, number, BLOCKED));
        },
        expect: &[DOWNGRADE],
        complete: true,
    },
    Case {
        name: "TLS 1.3 refused by an alert at one endpoint",
        make: |world| {
            downgrade(world, "a.example", (FailureKind::Alert, None, Some(FailureKind::Alert)));
        },
        expect: &[DOWNGRADE],
        complete: true,
    },
    Case {
        name: "packets lost, then not",
        make: |world| downgrade(world, "a.example", (FailureKind::Reset, None, None)),
        expect: &[],
        complete: true,
    },
    Case {
        name: "one dead server",
        make: |world| {
            downgrade(world, "a.example", (FailureKind::Reset, Some(FailureKind::Reset), None));
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "no TLS at all",
        make: |world| {
            for host in HOSTS {
                downgrade(world, host, (FailureKind::Reset, Some(FailureKind::Reset), None));
            }
        },
        expect: &[],
        complete: false,
    },
    Case {
        name: "time-outs at one endpoint",
        make: |world| downgrade(world, "a.example", SILENT),
        expect: &[],
        complete: true,
    },
    Case {
        name: "time-outs in two networks, while TLS 1.3 gets through to a third",
        make: |world| ["a.example", "b.example"].into_iter().for_each(|host| downgrade(world, host, SILENT)),
        expect: &[],
        complete: false,
    },
    Case {
        name: "time-outs everywhere, and TLS 1.2 always in between",
        make: |world| HOSTS.into_iter().for_each(|host| downgrade(world, host, SILENT)),
        expect: &[DOWNGRADE],
        complete: true,
    },
    Case {
        name: "reset, then a time-out",
        make: |world| {
            downgrade(world, "a.example", (FailureKind::Reset, None, Some(FailureKind::TimedOut)));
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "not looked at again before the deadline",
        make: |world| {
            downgrade(world, "a.example", (FailureKind::Reset, None, Some(FailureKind::Deadline)));
        },
        expect: &[],
        complete: true,
    },
    Case {
        name: "the server's mark of a downgrade",
        make: |world| {
            let mark = FailureKind::Downgraded;
            downgrade(world, "a.example", (mark, None, Some(mark)));
        },
        expect: &[DOWNGRADE],
        complete: true,
    },
    Case {
        name: "the mark, and nothing more",
        make: |world| {
            downgrade(world, "a.example", (FailureKind::Downgraded, Some(FailureKind::Reset), None));
        },
        expect: &[DOWNGRADE],
        complete: true,
    },
    Case {
        name: "declared inspection that speaks no TLS 1.3",
        make: |world| {
            world.settings.inspection_roots = vec![world.inspector.pin()];
            for host in HOSTS {
                downgrade(world, host, BLOCKED);
                let chain = world.inspector.chain(host, Dates::CURRENT);
                older_of(world, host).chain = chain;
                world.probe(host).platform = Some(refused());
            }
        },
        expect: &[INSPECTED],
        complete: true,
    },
    Case {
        name: "portal whose own TLS is old",
        make: |world| {
            world.portal(http(302, Some("http://gateway.local/"), b""));
            for host in HOSTS {
                downgrade(world, host, BLOCKED);
                older_of(world, host).chain = self_signed("gateway.local");
                world.probe(host).platform = Some(refused());
            }
        },
        expect: &[],
        complete: false,
    },
];

const BLOCKED: Ends = (FailureKind::Reset, None, Some(FailureKind::Reset));
const SILENT: Ends = (FailureKind::TimedOut, None, Some(FailureKind::TimedOut));

#[test]
fn each_way_to_fail_yields_exactly_its_findings() {
    let mut story = String::new();
    for case in CASES {
        let mut world = if case.name.starts_with("21") { with_canaries() } else { World::clean() };
        (case.make)(&mut world);
        let outcomes = world.judge_at(NOW);
        let downgrade = outcome(&outcomes, CheckId::TlsDowngrade).clone();
        tell(&mut story, case.name, std::slice::from_ref(&downgrade));
        assert_eq!(found(std::slice::from_ref(&downgrade)), case.expect, "{}: {downgrade:#?}", case.name);
        assert_eq!(downgrade.coverage == Coverage::Complete, case.complete, "{}: {downgrade:#?}", case.name);
    }
    insta::assert_snapshot!("downgrade", story);
}

#[test]
fn where_tls_1_3_is_blocked_everything_else_is_judged_by_tls_1_2() {
    let mut world = with_canaries();
    HOSTS.into_iter().for_each(|host| downgrade(&mut world, host, BLOCKED));
    (0..2).for_each(|number| downgrade_canary(&mut world, number, BLOCKED));
    let outcomes = world.judge_at(NOW);
    assert_eq!(found(&outcomes), [DOWNGRADE]);
    for check in [CheckId::TlsChain, CheckId::TlsBinding] {
        assert_eq!(outcome(&outcomes, check).verdict(), Verdict::Clean, "{check}");
    }
}

#[test]
fn interception_is_seen_through_the_fallback() {
    let mut world = World::clean();
    for host in HOSTS {
        downgrade(&mut world, host, BLOCKED);
        older_of(&mut world, host).chain = self_signed(host);
        world.probe(host).platform = Some(refused());
    }
    let expected = [(Detection::TlsInterception, "", Verdict::Confirmed), DOWNGRADE];
    assert_eq!(found(&world.judge_at(NOW)), expected);
}

#[test]
fn both_handshakes_are_evidence() {
    let mut world = World::clean();
    downgrade(&mut world, "a.example", BLOCKED);
    insta::assert_json_snapshot!("downgrade_evidence", judged(&world).judgements[0].evidence);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Loss without intent: each handshake is answered or times out, whatever it offers.
    #[test]
    fn a_lossy_network_of_which_one_endpoint_answers_is_no_downgrade(
        ends in prop::array::uniform3(any::<(bool, bool)>()),
    ) {
        let mut world = World::clean();
        let lost = |lost: bool| lost.then_some(FailureKind::TimedOut);
        for (host, (older, again)) in ["a.example", "b.example"].into_iter().zip(ends) {
            downgrade(&mut world, host, (FailureKind::TimedOut, lost(older), lost(again)));
        }
        let outcomes = world.judge_at(NOW);
        prop_assert_eq!(found(&outcomes), []);
    }

    #[test]
    fn a_recording_with_a_fallback_is_replayed_as_it_was(again in any::<bool>(), canary in any::<bool>()) {
        let mut world = with_canaries();
        let again = again.then_some(FailureKind::Reset);
        downgrade(&mut world, "a.example", (FailureKind::Downgraded, None, again));
        if canary {
            downgrade_canary(&mut world, 0, (FailureKind::Reset, Some(FailureKind::Alert), None));
        }
        let recorded = serde_json::to_string(&world.seen).unwrap();
        prop_assert_eq!(serde_json::from_str::<crate::network::observation::Observations>(&recorded).unwrap(), world.seen);
    }
}

fn judged(world: &World) -> CheckOutcome {
    outcome(&world.judge_at(NOW), CheckId::TlsDowngrade).clone()
}

/// Lets the handshakes with `host` end so. Those that do not fail bring what it presented.
fn downgrade(world: &mut World, host: &str, ends: Ends) {
    let probe = world.probe(host);
    let Outcome::Answered(seen) = probe.attempts.remove(0).outcome else {
        panic!("answered in the clean world")
    };
    let (attempts, fallback) = ended(ends, older(seen.clone()), seen);
    (probe.attempts, probe.fallback) = (attempts, Some(fallback));
}

fn downgrade_canary(world: &mut World, number: usize, ends: Ends) {
    let seen = exchange(world, number).clone();
    let CanaryProbe { tls, fallback, .. } = &mut world.seen.canaries[number];
    let at_older = TlsExchange { handshake: older(seen.handshake.clone()), ..seen.clone() };
    let (attempts, looked) = ended(ends, at_older, seen);
    (*tls, *fallback) = (attempts, Some(looked));
}

fn ended<T>((every, older, again): Ends, at_older: T, at_again: T) -> (Vec<Attempt<T>>, Fallback<T>) {
    let end = |failure: Option<FailureKind>, seen| match failure {
        Some(kind) => failed(kind),
        None => answered(seen).remove(0),
    };
    let again = older.is_none().then(|| end(again, at_again));
    (vec![failed(every)], Fallback { older: end(older, at_older), again })
}

fn failed<T>(kind: FailureKind) -> Attempt<T> {
    let failure = Failure { phase: Phase::Tls, kind, detail: "as the test wants".to_owned() };
    Attempt { address: None, elapsed_ms: 5, outcome: Outcome::Failed(failure) }
}

fn older(handshake: Handshake) -> Handshake {
    Handshake { version: Some("TLSv1.2".to_owned()), ..handshake }
}

fn older_of<'a>(world: &'a mut World, host: &str) -> &'a mut Handshake {
    match &mut world.probe(host).fallback.as_mut().unwrap().older.outcome {
        Outcome::Answered(handshake) => handshake,
        Outcome::Failed(failure) => panic!("{failure}"),
    }
}
