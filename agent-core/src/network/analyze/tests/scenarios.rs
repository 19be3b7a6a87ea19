//! The table of NETWORK.md as far as these two checks go, and look-alikes: each with exactly what must be found.
//! What a person reads of each is in the golden file.

use std::fmt::Write as _;

use super::world::{World, answered, found, http, outcome, refused, trusted_by, unproven};
use crate::model::{CheckId, CheckOutcome, Coverage, Detection, Fact, TrustAnchor, TrustVerdict, Verdict};
use crate::network::observation::FailureKind;
use crate::network::testing::{Dates, NOW, self_signed};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];
const YEAR: i64 = 365 * 86_400;

struct Scenario {
    name: &'static str,
    make: fn(&mut World),
    /// Seconds by which the clock is wrong.
    clock: i64,
    expect: &'static [(Detection, &'static str, Verdict)],
    /// Checks that come to a result.
    complete: &'static [CheckId],
}

const BOTH: &[CheckId] = &[CheckId::Captive, CheckId::TlsChain];
const PORTAL: (Detection, &str, Verdict) = (Detection::CaptivePortal, "", Verdict::Benign);
const CONFIRMED: (Detection, &str, Verdict) = (Detection::TlsInterception, "", Verdict::Confirmed);
const COMPROMISED: (Detection, &str, Verdict) = (Detection::TrustStoreCompromised, "", Verdict::Confirmed);
const SUSPICIOUS: (Detection, &str, Verdict) = (Detection::TlsInterception, "", Verdict::Suspicious);

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "1 clean", make: |_| {}, clock: 0, expect: &[], complete: BOTH },
    Scenario {
        name: "2 loss of everything",
        make: |world| {
            HOSTS.into_iter().for_each(|host| world.silences(host));
            world.captive_fails();
        },
        clock: 0,
        expect: &[],
        complete: &[],
    },
    Scenario {
        name: "2 loss of most",
        make: |world| ["a.example", "b.example"].into_iter().for_each(|host| world.silences(host)),
        clock: 0,
        expect: &[],
        complete: &[CheckId::Captive],
    },
    Scenario {
        name: "3 one endpoint down",
        make: |world| world.silences("b.example"),
        clock: 0,
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "4 leaf rotated",
        make: |world| {
            let rotated = world.public.chain("a.example", Dates(2027, 2029));
            world.presents("a.example", rotated, trusted_by(TrustAnchor::System));
        },
        clock: 0,
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "private authority of the organisation",
        make: |world| {
            for (number, host) in HOSTS.into_iter().enumerate() {
                let chain = world.company.chain(host, Dates::CURRENT);
                world.presents(host, chain, refused());
                world.settings.endpoints[number].private_anchors = vec![world.company.pin()];
            }
        },
        clock: 0,
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "9 portal that redirects and holds TLS back",
        make: |world| {
            world.portal(http(302, Some("http://login.cafe.example/hello?mac=02:00:5e:00:53:01"), b""));
            HOSTS.into_iter().for_each(|host| world.silences(host));
        },
        clock: 0,
        expect: &[PORTAL],
        complete: &[CheckId::Captive],
    },
    Scenario {
        name: "10 portal with a page and its own certificate for every name",
        make: |world| {
            world.portal(http(200, None, b"<html>Welcome</html>"));
            for host in HOSTS {
                let chain = world.public.chain("login.cafe.example", Dates::CURRENT);
                world.presents(host, chain, refused());
            }
        },
        clock: 0,
        expect: &[PORTAL],
        complete: &[CheckId::Captive],
    },
    Scenario {
        name: "portal with a self-signed certificate",
        make: |world| {
            world.portal(http(200, None, b"<html>Welcome</html>"));
            HOSTS.into_iter().for_each(|host| world.presents(host, self_signed("gateway.local"), refused()));
        },
        clock: 0,
        expect: &[PORTAL],
        complete: &[CheckId::Captive],
    },
    Scenario {
        name: "11 portal cleared",
        make: |world| world.portal(http(204, None, b"")),
        clock: 0,
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "12 device clock two years ahead",
        make: |_| {},
        clock: 2 * YEAR,
        expect: &[(Detection::InvalidCertificate, "", Verdict::Inconclusive)],
        complete: &[CheckId::Captive],
    },
    Scenario {
        name: "13 declared inspection",
        make: |world| {
            world.settings.inspection_roots = vec![world.inspector.pin()];
            inspect(world, refused());
        },
        clock: 0,
        expect: &[(Detection::ManagedInspection, "", Verdict::Benign)],
        complete: BOTH,
    },
    Scenario {
        name: "14 the same, undeclared, root added by the user",
        make: |world| inspect(world, trusted_by(TrustAnchor::UserAdded)),
        clock: 0,
        expect: &[CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "14 the same, where the platform does not tell who added the root",
        make: |world| inspect(world, trusted_by(TrustAnchor::Untold)),
        clock: 0,
        expect: &[CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "15 untrusted issuer",
        make: |world| intercept(world, &HOSTS),
        clock: 0,
        expect: &[CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "16 self-signed interception of all hosts",
        make: |world| {
            HOSTS.into_iter().for_each(|host| world.presents(host, self_signed(host), refused()));
            world.captive_over_tls_fails(FailureKind::Certificate);
        },
        clock: 0,
        expect: &[CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "17 interception of one host",
        make: |world| intercept(world, &["b.example"]),
        clock: 0,
        expect: &[SUSPICIOUS],
        complete: BOTH,
    },
    Scenario {
        name: "interception of one host, the others lost",
        make: |world| {
            intercept(world, &["b.example"]);
            ["a.example", "c.example"].into_iter().for_each(|host| world.silences(host));
        },
        clock: 0,
        expect: &[SUSPICIOUS],
        complete: &[CheckId::Captive],
    },
    Scenario {
        name: "interception by a forged certificate that has expired",
        make: |world| {
            for host in HOSTS {
                let chain = world.evil.chain(host, Dates::PAST);
                world.presents(host, chain, refused());
            }
        },
        clock: 0,
        expect: &[CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "interception where the platform does not tell",
        make: |world| {
            for host in HOSTS {
                let chain = world.evil.chain(host, Dates::CURRENT);
                world.presents(host, chain, Fact::not_available("no verifier here"));
            }
        },
        clock: 0,
        expect: &[CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "18 interception behind a fake portal with a root added by the user",
        make: |world| {
            world.portal(http(302, Some("http://portal.example/"), b""));
            inspect(world, trusted_by(TrustAnchor::UserAdded));
        },
        clock: 0,
        expect: &[PORTAL, CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "interception behind a fake portal while the check over TLS succeeds",
        make: |world| {
            world.seen.captive[0].attempts = answered(http(302, Some("http://portal.example/"), b""));
            intercept(world, &HOSTS);
        },
        clock: 0,
        expect: &[PORTAL, CONFIRMED],
        complete: BOTH,
    },
    Scenario {
        name: "19 a system root that Mozilla lacks",
        make: |world| inspect(world, trusted_by(TrustAnchor::System)),
        clock: 0,
        expect: &[COMPROMISED],
        complete: BOTH,
    },
    Scenario {
        name: "genuine certificate replayed without its key",
        make: |world| {
            let chain = world.public.chain("a.example", Dates::CURRENT);
            world.probe("a.example").attempts = answered(unproven(chain));
        },
        clock: 0,
        expect: &[SUSPICIOUS],
        complete: BOTH,
    },
    Scenario {
        name: "one server set up for another name",
        make: |world| {
            let chain = world.public.chain("other.example", Dates::CURRENT);
            world.presents("a.example", chain, refused());
        },
        clock: 0,
        expect: &[(Detection::InvalidCertificate, "a.example", Verdict::Suspicious)],
        complete: BOTH,
    },
    Scenario {
        name: "every name led to one other server",
        make: |world| {
            for host in HOSTS {
                let chain = world.public.chain("other.example", Dates::CURRENT);
                world.presents(host, chain, refused());
            }
        },
        clock: 0,
        expect: &[SUSPICIOUS],
        complete: BOTH,
    },
    Scenario {
        name: "one server not renewed",
        make: |world| {
            let chain = world.public.chain("a.example", Dates::PAST);
            world.presents("a.example", chain, refused());
        },
        clock: 0,
        expect: &[(Detection::InvalidCertificate, "a.example", Verdict::Benign)],
        complete: BOTH,
    },
];

#[test]
fn each_scenario_yields_exactly_its_findings() {
    let mut story = String::new();
    for scenario in SCENARIOS {
        let mut world = World::clean();
        (scenario.make)(&mut world);
        let outcomes = world.judge_at(NOW.plus_seconds(scenario.clock));

        assert_eq!(found(&outcomes), scenario.expect, "{}", scenario.name);
        let complete = BOTH.iter().filter(|check| outcome(&outcomes, **check).coverage == Coverage::Complete);
        assert_eq!(complete.copied().collect::<Vec<_>>(), scenario.complete, "{}", scenario.name);
        tell(&mut story, scenario.name, &outcomes[..BOTH.len()]);
    }
    insta::assert_snapshot!("scenarios", story);
}

#[test]
fn a_finding_carries_what_a_second_person_needs() {
    let mut world = World::clean();
    intercept(&mut world, &["b.example"]);
    insta::assert_json_snapshot!("interception", world.judge_at(NOW)[1]);

    let mut world = World::clean();
    world.portal(http(302, Some("http://login.cafe.example/hello?mac=02:00:5e:00:53:01"), b""));
    insta::assert_json_snapshot!("portal", world.judge_at(NOW)[0]);
}

fn intercept(world: &mut World, hosts: &[&str]) {
    for host in hosts {
        let chain = world.evil.chain(host, Dates::CURRENT);
        world.presents(host, chain, refused());
    }
}

fn inspect(world: &mut World, platform: Fact<TrustVerdict>) {
    for host in HOSTS {
        let chain = world.inspector.chain(host, Dates::CURRENT);
        world.presents(host, chain, platform.clone());
    }
}

pub(super) fn tell(story: &mut String, name: &str, outcomes: &[CheckOutcome]) {
    writeln!(story, "# {name}").unwrap();
    for outcome in outcomes {
        let known = if outcome.coverage == Coverage::Complete { "complete" } else { "unknown" };
        writeln!(story, "{} {known}: {}", outcome.check, outcome.summary).unwrap();
        for judgement in &outcome.judgements {
            let subject = if judgement.subject.is_empty() { "" } else { " of " };
            writeln!(
                story,
                "  {} {}{subject}{}: {}",
                judgement.verdict, judgement.detection, judgement.subject, judgement.reason
            )
            .unwrap();
        }
    }
    story.push('\n');
}
