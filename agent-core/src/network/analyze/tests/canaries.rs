//! What the canaries' replies prove: a table of rules and look-alikes, and arbitrary replies.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::canary_world::{
    arrive, bind, clear, each_question, edit, exchange, fail_tls, page, signer, silence, tls_reply,
    with_canaries,
};
use super::world::{World, answered, found, http, outcome, refused, trusted_by};
use crate::canary::{CanaryKey, Exporter, KeySet, Nonce, REPLY_HEADER, sign};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Sha256, Timestamp, TrustAnchor, Verdict};
use crate::network::observation::{
    Attempt, ClearQuestion, Failure, FailureKind, Fallback, Observations, Outcome, Phase, Raw, TlsExchange,
};
use crate::network::testing::{Dates, NOW, handshake, self_signed};

const CHECKS: [CheckId; 4] =
    [CheckId::TlsBinding, CheckId::HttpStrip, CheckId::HttpTamper, CheckId::HttpProxy];
const YEAR: i64 = 365 * 86_400;
const PORTAL: (Detection, &str, Verdict) = (Detection::CaptivePortal, "", Verdict::Benign);
const INTERCEPTION: (Detection, &str, Verdict) = (Detection::TlsInterception, "", Verdict::Confirmed);
const UNDECIDED: (Detection, &str, Verdict) = (Detection::TlsInterception, "", Verdict::Inconclusive);
const STORE_UNDECIDED: (Detection, &str, Verdict) =
    (Detection::TrustStoreCompromised, "", Verdict::Inconclusive);
const INSPECTION: (Detection, &str, Verdict) = (Detection::ManagedInspection, "", Verdict::Benign);
const SKEW: (Detection, &str, Verdict) = (Detection::ClockSkew, "", Verdict::Benign);
const STRIPPED: (Detection, &str, Verdict) = (Detection::SslStrip, "", Verdict::Confirmed);
const TAMPERED: (Detection, &str, Verdict) = (Detection::ContentTampering, "", Verdict::Confirmed);
const RECOMPRESSED: (Detection, &str, Verdict) = (Detection::ContentRecompressed, "", Verdict::Benign);
const PROXY: (Detection, &str, Verdict) = (Detection::TransparentProxy, "", Verdict::Benign);

struct Scenario {
    name: &'static str,
    make: fn(&mut World),
    /// Seconds by which the clock is wrong.
    clock: i64,
    expect: &'static [(Detection, &'static str, Verdict)],
    /// Which of [`CHECKS`] come to a result.
    complete: &'static [CheckId],
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "clean", make: |_| {}, clock: 0, expect: &[], complete: &CHECKS },
    Scenario {
        name: "3 one canary down",
        make: |world| silence(world, 0),
        clock: 0,
        expect: &[],
        complete: &CHECKS,
    },
    Scenario {
        name: "all canaries down",
        make: |world| (0..2).for_each(|number| silence(world, number)),
        clock: 0,
        expect: &[UNDECIDED, STORE_UNDECIDED],
        complete: &[],
    },
    Scenario {
        name: "12 device clock two years ahead",
        make: |_| {},
        clock: 2 * YEAR,
        expect: &[SKEW],
        complete: &CHECKS,
    },
    Scenario {
        name: "clock ahead, only one canary tells",
        make: |world| silence(world, 1),
        clock: 3600,
        expect: &[SKEW],
        complete: &CHECKS,
    },
    Scenario {
        name: "canaries that disagree on the time",
        make: |world| bind(world, 0, |reply| reply.server_time = NOW.plus_seconds(YEAR)),
        clock: 0,
        expect: &[],
        complete: &CHECKS,
    },
    Scenario { name: "clock four minutes ahead", make: |_| {}, clock: 240, expect: &[], complete: &CHECKS },
    Scenario {
        name: "17 interception of one canary, under a public root",
        make: |world| bind(world, 0, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32])),
        clock: 0,
        expect: &[INTERCEPTION, INTERCEPTION],
        complete: &CHECKS,
    },
    Scenario {
        name: "another ClientHello",
        make: |world| bind(world, 0, |reply| reply.client_hello_sha256 = Sha256::of(b"theirs")),
        clock: 0,
        expect: &[INTERCEPTION, INTERCEPTION],
        complete: &CHECKS,
    },
    Scenario {
        name: "14 root added by the user, seen at one canary only",
        make: |world| {
            let chain = world.evil.chain("canary-0.example", Dates::CURRENT);
            world.seen.canaries[0].platform = Some(trusted_by(TrustAnchor::UserAdded));
            exchange(world, 0).handshake = handshake(chain);
            bind(world, 0, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32]));
        },
        clock: 0,
        expect: &[INTERCEPTION, INTERCEPTION],
        complete: &CHECKS,
    },
    Scenario {
        name: "13 declared inspection breaks the binding",
        make: |world| {
            world.settings.inspection_roots = vec![world.inspector.pin()];
            for number in 0..2 {
                let host = format!("canary-{number}.example");
                let chain = world.inspector.chain(&host, Dates::CURRENT);
                world.seen.canaries[number].platform = Some(refused());
                exchange(world, number).handshake = handshake(chain);
                bind(world, number, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32]));
            }
        },
        clock: 0,
        expect: &[INSPECTION, INSPECTION],
        complete: &CHECKS,
    },
    Scenario {
        name: "18 broken binding behind a portal",
        make: |world| {
            world.portal(http(302, Some("http://login.cafe.example/"), b""));
            bind(world, 0, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32]));
        },
        clock: 0,
        expect: &[PORTAL, INTERCEPTION, INTERCEPTION],
        complete: &[CheckId::TlsBinding],
    },
    Scenario {
        name: "9 portal that answers for the canaries",
        make: |world| {
            world.portal(http(302, Some("http://login.cafe.example/"), b""));
            for number in 0..2 {
                world.seen.canaries[number].platform = Some(refused());
                exchange(world, number).handshake = handshake(self_signed("gateway.local"));
                exchange(world, number).response = Outcome::Answered(page(200, &[], b"Welcome"));
                for asked in ClearQuestion::ALL {
                    clear(world, number, asked).response =
                        page(302, &[("Location", "http://login.cafe.example/")], b"");
                }
            }
        },
        clock: 0,
        expect: &[PORTAL, UNDECIDED, STORE_UNDECIDED],
        complete: &[],
    },
    Scenario {
        name: "portal that no connectivity check told of",
        make: |world| {
            world.captive_fails();
            for (number, asked) in each_question() {
                clear(world, number, asked).response = page(200, &[], b"Welcome");
            }
        },
        clock: 0,
        expect: &[],
        complete: &[CheckId::TlsBinding],
    },
    Scenario {
        name: "bound canary whose chain nobody knows",
        make: |world| exchange(world, 0).handshake = handshake(self_signed("canary-0.example")),
        clock: 0,
        expect: &[],
        complete: &CHECKS,
    },
    Scenario {
        name: "bound canary of an unknown chain excuses no other",
        make: |world| {
            exchange(world, 0).handshake = handshake(self_signed("canary-0.example"));
            for host in ["a.example", "b.example"] {
                world.presents(host, self_signed(host), refused());
            }
        },
        clock: 0,
        expect: &[INTERCEPTION],
        complete: &CHECKS,
    },
    Scenario {
        name: "replayed replies",
        make: |world| {
            for number in 0..2 {
                bind(world, number, |reply| reply.nonce = Nonce::from_bytes([0xee; 16]));
            }
        },
        clock: 0,
        expect: &[UNDECIDED, STORE_UNDECIDED],
        complete: &[CheckId::HttpStrip, CheckId::HttpTamper, CheckId::HttpProxy],
    },
    Scenario {
        name: "22 redirect turned into a page",
        make: |world| clear(world, 0, ClearQuestion::Redirect).response = page(200, &[], b"Sign in"),
        clock: 0,
        expect: &[STRIPPED],
        complete: &CHECKS,
    },
    Scenario {
        name: "22 the same, TLS to no canary",
        make: |world| {
            for number in 0..2 {
                fail_tls(world, number);
            }
            clear(world, 0, ClearQuestion::Redirect).response = page(200, &[], b"Sign in");
        },
        clock: 0,
        expect: &[UNDECIDED, STORE_UNDECIDED, (Detection::SslStrip, "", Verdict::Suspicious)],
        complete: &[CheckId::HttpStrip, CheckId::HttpTamper, CheckId::HttpProxy],
    },
    Scenario {
        name: "filter that answers everything over clear HTTP",
        make: |world| {
            for (number, asked) in each_question() {
                clear(world, number, asked).response = page(200, &[], b"<html>blocked</html>");
            }
        },
        clock: 0,
        expect: &[
            (Detection::SslStrip, "", Verdict::Suspicious),
            (Detection::ContentTampering, "", Verdict::Suspicious),
        ],
        complete: &[CheckId::TlsBinding, CheckId::HttpStrip, CheckId::HttpTamper],
    },
    Scenario {
        name: "22 redirect followed in this device's place",
        make: |world| {
            world.captive_fails();
            let nonce = clear(world, 0, ClearQuestion::Redirect).question.nonce;
            let token = sign(&signer(0), (), &tls_reply(nonce)).unwrap();
            clear(world, 0, ClearQuestion::Redirect).response = page(200, &[(REPLY_HEADER, &token)], b"");
        },
        clock: 0,
        expect: &[STRIPPED],
        complete: &CHECKS,
    },
    Scenario {
        name: "signed redirect led to clear HTTP",
        make: |world| {
            edit(world, 0, ClearQuestion::Redirect, |text| text.replace("Location: https", "Location: http"));
        },
        clock: 0,
        expect: &[STRIPPED],
        complete: &CHECKS,
    },
    Scenario {
        name: "redirect made a 302 on the way",
        make: |world| edit(world, 0, ClearQuestion::Redirect, |text| text.replace(" 301 ", " 302 ")),
        clock: 0,
        expect: &[],
        complete: &CHECKS,
    },
    Scenario {
        name: "server error in place of the redirect",
        make: |world| clear(world, 0, ClearQuestion::Redirect).response = page(503, &[], b"busy"),
        clock: 0,
        expect: &[],
        complete: &CHECKS,
    },
    Scenario {
        name: "23 script changed",
        make: |world| edit(world, 1, ClearQuestion::Script, |text| text.replace("genuine", "evil!!!")),
        clock: 0,
        expect: &[TAMPERED],
        complete: &CHECKS,
    },
    Scenario {
        name: "page without signature, while the way is free",
        make: |world| clear(world, 0, ClearQuestion::Page).response = page(200, &[], b"<html>evil</html>"),
        clock: 0,
        expect: &[(Detection::ContentTampering, "", Verdict::Suspicious)],
        complete: &CHECKS,
    },
    Scenario {
        name: "page cut short",
        make: |world| edit(world, 0, ClearQuestion::Page, |text| text.trim_end_matches("</html>").to_owned()),
        clock: 0,
        expect: &[],
        complete: &CHECKS,
    },
    Scenario {
        name: "24 image recompressed",
        make: |world| {
            edit(world, 0, ClearQuestion::Image, |text| text.replace("GIF89a genuine", "GIF89a smaller"))
        },
        clock: 0,
        expect: &[RECOMPRESSED],
        complete: &CHECKS,
    },
    Scenario {
        name: "script in place of an image",
        make: |world| {
            edit(world, 0, ClearQuestion::Image, |text| text.replace("GIF89a genuine", "alert(1)      "))
        },
        clock: 0,
        expect: &[TAMPERED],
        complete: &CHECKS,
    },
    Scenario {
        name: "25 carrier proxy adds a header",
        make: |world| {
            arrive(world, 0, ClearQuestion::Echo, b"GET / HTTP/1.1\r\nhost: canary\r\nVia: 1.1 c\r\n\r\n")
        },
        clock: 0,
        expect: &[PROXY],
        complete: &CHECKS,
    },
    Scenario {
        name: "odd request refused by a proxy",
        make: |world| clear(world, 0, ClearQuestion::OddEcho).response = page(400, &[], b"Bad Request"),
        clock: 0,
        expect: &[PROXY],
        complete: &CHECKS,
    },
];

#[test]
fn each_scenario_yields_exactly_its_findings() {
    let mut story = String::new();
    for scenario in SCENARIOS {
        let mut world = with_canaries();
        (scenario.make)(&mut world);
        let outcomes = world.judge_at(NOW.plus_seconds(scenario.clock));

        assert_eq!(found(&outcomes), scenario.expect, "{}: {outcomes:#?}", scenario.name);
        let complete =
            CHECKS.into_iter().filter(|check| outcome(&outcomes, *check).coverage == Coverage::Complete);
        assert_eq!(complete.collect::<Vec<_>>(), scenario.complete, "{}", scenario.name);
        tell(&mut story, scenario.name, &outcomes);
    }
    insta::assert_snapshot!("canaries", story);
}

#[test]
fn broken_binding_carries_both_values_and_the_signed_reply() {
    let mut world = with_canaries();
    bind(&mut world, 0, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32]));
    let outcomes = world.judge_at(NOW);
    for check in [CheckId::TlsChain, CheckId::TlsBinding] {
        let evidence = &outcome(&outcomes, check).judgements[0].evidence;
        let value = |name: &str| evidence.iter().find(|it| it.name == name).map(|it| it.value.as_str());
        assert_eq!(value("exporter_here"), Some("01".repeat(32).as_str()));
        assert_eq!(value("exporter_at_canary"), Some("09".repeat(32).as_str()));
        assert!(value("canary_reply").is_some());
    }
}

#[test]
fn an_opened_session_of_the_closer_look_is_not_forgotten_over_a_whole_one() {
    let mut world = with_canaries();
    let opened = TlsExchange {
        handshake: handshake(world.evil.chain("canary-0.example", Dates::CURRENT)),
        ..exchange(&mut world, 0).clone()
    };
    let probe = &mut world.seen.canaries[0];
    let reset = Failure { phase: Phase::Tls, kind: FailureKind::Reset, detail: String::new() };
    let failed = Attempt { address: None, elapsed_ms: 1, outcome: Outcome::Failed(reset) };
    let whole = std::mem::replace(&mut probe.tls, vec![failed]).pop();
    probe.fallback = Some(Fallback { older: answered(opened).remove(0), again: whole });
    let outcomes = world.judge_at(NOW);
    assert_eq!(outcome(&outcomes, CheckId::TlsBinding).verdict(), Verdict::Clean);
    assert_eq!(outcome(&outcomes, CheckId::TlsChain).verdict(), Verdict::Suspicious);
}

#[test]
fn without_endpoints_the_canaries_are_the_chain_check() {
    let mut world = with_canaries();
    world.settings.endpoints.clear();
    let outcomes = world.judge_at(NOW);
    assert_eq!(outcome(&outcomes, CheckId::TlsChain).verdict(), Verdict::Clean);
}

#[test]
fn a_reply_under_another_key_proves_nothing() {
    let mut world = with_canaries();
    for canary in &mut world.settings.canaries {
        canary.keys = KeySet::new(vec![CanaryKey::from_bytes([3; 32])]).unwrap();
    }
    let outcomes = world.judge_at(NOW);
    assert_eq!(outcome(&outcomes, CheckId::TlsBinding).verdict(), Verdict::Inconclusive);
    for (detection, _, verdict) in found(&outcomes) {
        assert!(verdict < Verdict::Confirmed, "{detection}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_replies_never_panic_and_never_prove(
        tls in prop::collection::vec(any::<u8>(), 0..300),
        clear_responses in prop::collection::vec("(HTTP/1.1 (200|301|400)\r\n(Mtd-Canary|Location): [a-z.:/]{0,20}\r\n\r\n)?\\PC{0,80}", 6),
        now in any::<i64>(),
    ) {
        let mut world = with_canaries();
        world.settings.canaries.truncate(1);
        world.captive_fails();
        exchange(&mut world, 0).response = Outcome::Answered(Raw::new(tls));
        for (asked, response) in ClearQuestion::ALL.into_iter().zip(clear_responses) {
            clear(&mut world, 0, asked).response = Raw::new(response.into_bytes());
        }
        let outcomes = world.judge_at(Timestamp::from_unix(now));
        for check in CHECKS {
            let outcome = outcome(&outcomes, check);
            prop_assert_eq!(outcome.verdict(), Verdict::Inconclusive, "{:?}", outcome);
        }
    }

    #[test]
    fn a_recording_of_canaries_is_replayed_as_it_was(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut world = with_canaries();
        clear(&mut world, 0, ClearQuestion::Page).response = Raw::new(bytes);
        fail_tls(&mut world, 1);
        let recorded = serde_json::to_string(&world.seen).unwrap();
        let replayed: Observations = serde_json::from_str(&recorded).unwrap();
        prop_assert_eq!(replayed, world.seen);
    }
}

fn tell(story: &mut String, name: &str, outcomes: &[CheckOutcome]) {
    writeln!(story, "# {name}").unwrap();
    for outcome in outcomes.iter().filter(|outcome| !outcome.check.as_str().starts_with("network.dns")) {
        let known = if outcome.coverage == Coverage::Complete { "complete" } else { "unknown" };
        writeln!(story, "{} {known}, {}: {}", outcome.check, outcome.verdict(), outcome.summary).unwrap();
    }
    story.push('\n');
}
