//! The DNS rows of NETWORK.md and their look-alikes: each with exactly what must be found.

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;

use super::scenarios::tell;
use super::world::{World, answered, found, http, refused, trusted_by};
use crate::canary::{
    CanarySettings, CanarySigner, KeySet, Nonce, Stamp, StampReply, address_v4, address_v6, nonce_name, sign,
};
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Fact, PrivateDns, Timestamp, TrustAnchor, Verdict,
};
use crate::network::dns_record::{
    DnsAddress, DnsAim, DnsAnswers, DnsMessage, DnsPacket, DnsProbe, DnsReading, DnsTransport, DnsType,
};
use crate::network::observation::{
    Attempt, Certificate, Failure, FailureKind, Observations, Outcome, Phase, Target, TlsProbe,
};
use crate::network::testing::{Dates, NOW, endpoint, handshake, self_signed};

const ZONE: &str = "z.canary.example";
const NAME: &str = "canary.example";
const SERVER: &str = "192.0.2.53";
const NONCE: Nonce = Nonce::from_bytes([7; 16]);
const EVIL: &str = "192.0.2.66";

type Expected = &'static [(Detection, &'static str, Verdict)];

const SPOOFED: Expected = &[(Detection::DnsSpoofing, "", Verdict::Confirmed)];
const SUSPECTED: Expected = &[(Detection::DnsSpoofing, "", Verdict::Suspicious)];
const REDIRECTED: Expected = &[(Detection::DnsRedirected, "", Verdict::Benign)];
const BOTH: &[CheckId] = &[CheckId::DnsAnswer, CheckId::DnsPath];

struct Scenario {
    name: &'static str,
    make: fn(&mut World),
    expect: Expected,
    /// Which of the two active checks come to a result.
    complete: &'static [CheckId],
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "1 clean", make: |_| {}, expect: &[], complete: BOTH },
    Scenario {
        name: "2 loss",
        make: |world| world.dns().iter_mut().for_each(lose),
        expect: &[],
        complete: &[],
    },
    Scenario {
        name: "6 another address, right certificate",
        make: |world| {
            answers(world, &[EVIL]);
            let chain = world.public.chain(NAME, Dates::CURRENT);
            follow(world, EVIL, Ok(chain));
        },
        expect: REDIRECTED,
        complete: BOTH,
    },
    Scenario {
        name: "7 NAT64, well-known prefix",
        make: |world| answers_v6(world, &["64:ff9b::"]),
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "7 NAT64, declared prefix",
        make: |world| {
            world.settings.nat64_prefixes = vec!["2001:db8:64::/96".parse().unwrap()];
            answers_v6(world, &["2001:db8:64::"]);
        },
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "7 NAT64, a prefix that nobody declared",
        make: |world| answers_v6(world, &["2001:db8:64::"]),
        expect: SUSPECTED,
        complete: BOTH,
    },
    Scenario {
        name: "8 split horizon, declared",
        make: |world| {
            world.settings.split_horizon = vec!["Canary.Example.".to_owned()];
            answers(world, &["10.1.2.3"]);
        },
        expect: &[(Detection::SplitHorizon, ZONE, Verdict::Benign)],
        complete: BOTH,
    },
    Scenario {
        name: "9 a portal answers every name",
        make: |world| {
            world.portal(http(302, Some("http://login.cafe.example/"), b""));
            answers(world, &[EVIL]);
            missing_get(world, EVIL);
            follow(world, EVIL, Ok(self_signed("gateway.local")));
        },
        expect: &[],
        complete: &[],
    },
    Scenario {
        name: "18 a portal, and a certificate under a root in the device",
        make: |world| {
            world.portal(http(302, Some("http://login.cafe.example/"), b""));
            answers(world, &[EVIL]);
            let chain = world.evil.chain(NAME, Dates::CURRENT);
            follow(world, EVIL, Ok(chain));
            world.seen.dns_tls[0].platform = Some(trusted_by(TrustAnchor::UserAdded));
        },
        expect: SPOOFED,
        complete: &[CheckId::DnsAnswer],
    },
    Scenario {
        name: "26 forged, self-signed certificate there",
        make: |world| {
            answers(world, &[EVIL]);
            follow(world, EVIL, Ok(self_signed(NAME)));
        },
        expect: SPOOFED,
        complete: BOTH,
    },
    Scenario {
        name: "26 all names forged, no TLS there",
        make: |world| {
            answers(world, &[EVIL]);
            missing_get(world, EVIL);
            follow(world, EVIL, Err(FailureKind::Refused));
        },
        expect: SPOOFED,
        complete: BOTH,
    },
    Scenario {
        name: "26 forged beside the right address",
        make: |world| {
            let right = address_v4(&NONCE, ZONE).to_string();
            answers(world, &[&right, EVIL]);
            follow(world, EVIL, Ok(self_signed(NAME)));
        },
        expect: SPOOFED,
        complete: BOTH,
    },
    Scenario {
        name: "forged, nobody could be seen there",
        make: |world| {
            answers(world, &[EVIL]);
            follow(world, EVIL, Err(FailureKind::TimedOut));
        },
        expect: SUSPECTED,
        complete: BOTH,
    },
    Scenario {
        name: "a filter answers with nobody's address",
        make: |world| answers(world, &["0.0.0.0"]),
        expect: SUSPECTED,
        complete: BOTH,
    },
    Scenario {
        name: "canary down, and the provider's search page in its place",
        make: |world| {
            answers(world, &[EVIL]);
            missing_get(world, EVIL);
            follow(world, EVIL, Ok(self_signed("search.example")));
            world.dns().iter_mut().filter(|probe| is_canary(probe)).for_each(lose);
        },
        expect: SUSPECTED,
        complete: BOTH,
    },
    Scenario {
        name: "canary down, and its name does not resolve",
        make: |world| {
            let nonces = world.dns().iter_mut().filter(|probe| matches!(probe.aim, DnsAim::Nonce { .. }));
            nonces.for_each(|probe| probe.attempts = answered(packets(&[message(2, &[])])));
            world.dns().iter_mut().filter(|probe| is_canary(probe)).for_each(lose);
        },
        expect: &[],
        complete: &[CheckId::DnsPath],
    },
    Scenario {
        name: "IPv6 addresses are filtered",
        make: |world| answers_v6(world, &[]),
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "27 transparent TLS pass-through",
        make: |world| {
            answers(world, &["192.0.2.99"]);
            world.settings.canaries[0].private_anchors = vec![world.company.pin()];
            let chain = world.company.chain(NAME, Dates::CURRENT);
            follow(world, "192.0.2.99", Ok(chain));
        },
        expect: REDIRECTED,
        complete: BOTH,
    },
    Scenario {
        name: "28 wildcard",
        make: |world| missing_get(world, "192.0.2.80"),
        expect: &[(Detection::DnsWildcard, "", Verdict::Benign)],
        complete: BOTH,
    },
    Scenario {
        name: "29 two answers, the right one last",
        make: |world| {
            let right = address_v4(&NONCE, ZONE).to_string();
            let both = [message(0, &[EVIL]), message(0, &[&right])];
            world.dns()[0].attempts = answered(packets(&both));
            follow(world, EVIL, Err(FailureKind::Refused));
        },
        expect: &[SUSPECTED[0], SUSPECTED[0]],
        complete: BOTH,
    },
    Scenario {
        name: "26 by a race, self-signed certificate there",
        make: |world| {
            let right = address_v4(&NONCE, ZONE).to_string();
            let both = [message(0, &[&right]), message(0, &[EVIL])];
            world.dns()[0].attempts = answered(packets(&both));
            follow(world, EVIL, Ok(self_signed(NAME)));
        },
        expect: &[SPOOFED[0], SUSPECTED[0]],
        complete: BOTH,
    },
    Scenario {
        name: "29 two answers, one of them that the name does not exist",
        make: |world| {
            let right = address_v4(&NONCE, ZONE).to_string();
            world.dns()[0].attempts = answered(packets(&[message(0, &[&right]), message(3, &[])]));
        },
        expect: SUSPECTED,
        complete: BOTH,
    },
    Scenario {
        name: "the same answer twice, in another order",
        make: |world| {
            let right = address_v4(&NONCE, ZONE).to_string();
            let same = [message(0, &[&right, &right]), message(0, &[&right]), message(2, &[])];
            world.dns()[0].attempts = answered(packets(&same));
        },
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "an answer from where no server is",
        make: |world| {
            let probe = world.dns().iter_mut().find(|probe| probe.aim == DnsAim::NoResolver).unwrap();
            probe.attempts = answered(packets(&[message(0, &[EVIL])]));
        },
        expect: SUSPECTED,
        complete: BOTH,
    },
    Scenario {
        name: "datagrams that answer nothing",
        make: |world| {
            let mut stray = packets(&[message(0, &[])]);
            stray.packets[0].reading = DnsReading::Misfit("not a DNS message".to_owned());
            world.dns()[0].attempts = answered(stray);
        },
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "8 split horizon, a zone of the organisation",
        make: |world| {
            declare(world, "intranet.example");
            let probe = declared("intranet.example", &["10.77.0.80"]);
            world.dns().push(probe);
        },
        expect: &[(Detection::SplitHorizon, "intranet.example", Verdict::Benign)],
        complete: BOTH,
    },
    Scenario {
        name: "a declared zone, as the rest of the world sees it",
        make: |world| {
            declare(world, "intranet.example");
            let probe = declared("intranet.example", &["203.0.113.80"]);
            world.dns().push(probe);
        },
        expect: &[],
        complete: BOTH,
    },
    Scenario {
        name: "a declared zone where every name leads to one address inside",
        make: |world| {
            declare(world, "intranet.example");
            let probe = declared("intranet.example", &["10.77.0.80"]);
            world.dns().push(probe);
            missing_get(world, "10.77.0.80");
        },
        expect: &[(Detection::DnsWildcard, "", Verdict::Benign)],
        complete: BOTH,
    },
    Scenario {
        name: "27 transparent TLS pass-through, of names that do not exist too",
        make: |world| {
            answers(world, &["192.0.2.99"]);
            missing_get(world, "192.0.2.99");
            let chain = world.public.chain(NAME, Dates::CURRENT);
            follow(world, "192.0.2.99", Ok(chain));
        },
        expect: REDIRECTED,
        complete: BOTH,
    },
    Scenario {
        name: "39 private DNS in use",
        make: |world| {
            let server = Some("dns.example".to_owned());
            world.seen.network.private_dns = Fact::known(PrivateDns::Active { server });
        },
        expect: &[],
        complete: BOTH,
    },
];

#[test]
fn each_scenario_yields_exactly_its_findings() {
    let mut story = String::new();
    for scenario in SCENARIOS {
        let mut world = resolving();
        (scenario.make)(&mut world);
        let outcomes = dns_of(world.judge_at(NOW));
        assert_eq!(found(&outcomes), scenario.expect, "{}", scenario.name);
        let active = outcomes.iter().take(BOTH.len());
        let complete: Vec<_> =
            active.filter(|it| it.coverage == Coverage::Complete).map(|outcome| outcome.check).collect();
        assert_eq!(complete, scenario.complete, "{}", scenario.name);
        tell(&mut story, scenario.name, &outcomes);
    }
    insta::assert_snapshot!("dns_scenarios", story);
}

#[test]
fn forged_answers_carry_what_a_second_person_needs() {
    let mut world = resolving();
    answers(&mut world, &[EVIL]);
    follow(&mut world, EVIL, Ok(self_signed(NAME)));
    insta::assert_json_snapshot!("dns_spoofing", dns_of(world.judge_at(NOW))[0]);
}

#[test]
fn what_the_platform_withholds_is_named() {
    let mut world = resolving();
    world.seen.network.dns_servers = Fact::not_permitted("no permission to see the network");
    let outcomes = dns_of(world.judge_at(NOW));
    assert!(matches!(outcomes[0].coverage, Coverage::NotPermitted { .. }));
    assert!(matches!(outcomes[1].coverage, Coverage::NotPermitted { .. }));

    for servers in [Fact::not_available("no such interface"), Fact::known(Vec::new())] {
        world.seen.network.dns_servers = servers;
        let outcomes = dns_of(world.judge_at(NOW));
        assert!(outcomes.iter().all(|outcome| matches!(outcome.coverage, Coverage::Unknown { .. })));
    }
}

#[test]
fn an_answer_signed_for_another_nonce_does_not_show_that_the_zone_is_served() {
    let mut world = resolving();
    answers(&mut world, &[EVIL]);
    missing_get(&mut world, EVIL);
    follow(&mut world, EVIL, Ok(self_signed(NAME)));
    let replayed = signed(Nonce::from_bytes([8; 16]));
    let text = world.dns().iter_mut().find(|probe| probe.record == DnsType::Txt).unwrap();
    text.attempts = answered(replayed);
    assert_eq!(found(&dns_of(world.judge_at(NOW))), SUSPECTED);
}

/// What honest networks do to one query.
fn honest() -> impl Strategy<Value = u8> {
    0_u8..5
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn honest_networks_never_raise_a_suspicion(what in prop::collection::vec(honest(), 8), clock in -3_i64..3) {
        let mut world = resolving();
        for (probe, what) in world.dns().iter_mut().zip(what) {
            match (what, &probe.aim) {
                (0, _) => lose(probe),
                (1, _) => probe.attempts = answered(packets(&[message(2, &[])])),
                (2, DnsAim::Missing) => probe.attempts = answered(packets(&[message(0, &["192.0.2.80"])])),
                (3, DnsAim::Nonce { .. }) => probe.attempts = answered(packets(&[message(3, &[])])),
                _ => {}
            }
            if probe.aim == DnsAim::NoResolver {
                probe.attempts = answered(packets(&[]));
            }
        }
        let outcomes = dns_of(world.judge_at(NOW.plus_seconds(clock * 365 * 86_400)));
        for (detection, subject, verdict) in found(&outcomes) {
            prop_assert!(verdict < Verdict::Suspicious, "{detection} {subject} {verdict}");
        }
    }

    #[test]
    fn a_recording_of_queries_is_replayed_as_it_was(
        raw in prop::collection::vec(any::<u8>(), 0..80),
        address in any::<IpAddr>(),
        ttl in any::<u32>(),
        rcode in any::<u16>(),
        flags in any::<(bool, bool)>(),
        text in prop::option::of("\\PC{0,40}"),
        why in "\\PC{0,40}",
    ) {
        let mut world = resolving();
        let addresses = vec![DnsAddress { address, ttl }];
        let message = DnsMessage { rcode, truncated: flags.0, case_kept: flags.1, addresses, text };
        let mut answers = packets(&[message.clone(), message]);
        answers.packets[0].raw = raw;
        answers.packets[1].reading = DnsReading::Misfit(why);
        world.dns()[0].attempts = answered(answers);
        let recorded = serde_json::to_string(&world.seen).unwrap();
        let replayed: Observations = serde_json::from_str(&recorded).unwrap();
        prop_assert_eq!(&replayed, &world.seen);
        world.judge_at(NOW);
    }
}

/// A clean world with one canary, one server of the network, and the right answers.
fn resolving() -> World {
    let mut world = World::clean();
    world.settings.canaries = vec![CanarySettings {
        name: NAME.to_owned(),
        addresses: vec!["192.0.2.10".parse().unwrap()],
        tls_port: 443,
        http_port: None,
        dns_port: Some(53),
        zone: Some(ZONE.to_owned()),
        keys: KeySet::new(vec![signer().public()]).unwrap(),
        network: "net-1".to_owned(),
        private_anchors: Vec::new(),
    }];
    world.seen.network.dns_servers = Fact::known(vec![SERVER.to_owned()]);
    let right = address_v4(&NONCE, ZONE).to_string();
    let right_v6 = address_v6(&NONCE, ZONE).to_string();
    let nonce = || DnsAim::Nonce { zone: ZONE.to_owned(), nonce: NONCE };
    let canary = || DnsAim::Canary { zone: ZONE.to_owned(), nonce: NONCE };
    let name = nonce_name(&NONCE, ZONE);
    world.seen.dns = vec![
        probe(nonce(), &name, DnsType::A, packets(&[message(0, &[&right])])),
        probe(nonce(), &name, DnsType::Aaaa, packets(&[message(0, &[&right_v6])])),
        probe(canary(), &name, DnsType::A, packets(&[message(0, &[&right])])),
        probe(canary(), &name, DnsType::Txt, signed(NONCE)),
        probe(DnsAim::NoResolver, &name, DnsType::A, packets(&[])),
        probe(DnsAim::Missing, "x1.z.canary.example", DnsType::A, packets(&[message(3, &[])])),
        probe(DnsAim::Missing, "x2.invalid", DnsType::A, packets(&[message(3, &[])])),
    ];
    world
}

impl World {
    fn dns(&mut self) -> &mut Vec<DnsProbe> {
        &mut self.seen.dns
    }
}

fn probe(aim: DnsAim, name: &str, record: DnsType, answers: DnsAnswers) -> DnsProbe {
    DnsProbe { aim, server: SERVER.to_owned(), name: name.to_owned(), record, attempts: answered(answers) }
}

/// What the network answers for the IPv4 address of the canary's name.
fn answers(world: &mut World, addresses: &[&str]) {
    world.dns()[0].attempts = answered(packets(&[message(0, addresses)]));
}

/// The derived IPv4 address behind each of `prefixes`, for the IPv6 address of the canary's name.
fn answers_v6(world: &mut World, prefixes: &[&str]) {
    let v4 = address_v4(&NONCE, ZONE);
    let embedded: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}{v4}")).collect();
    let embedded: Vec<_> = embedded.iter().map(String::as_str).collect();
    world.dns()[1].attempts = answered(packets(&[message(0, &embedded)]));
}

fn declare(world: &mut World, zone: &str) {
    world.settings.split_horizon = vec![zone.to_owned()];
}

fn declared(zone: &str, addresses: &[&str]) -> DnsProbe {
    let aim = DnsAim::Declared { zone: zone.to_owned() };
    probe(aim, zone, DnsType::A, packets(&[message(0, addresses)]))
}

fn missing_get(world: &mut World, address: &str) {
    for probe in world.dns().iter_mut().filter(|probe| probe.aim == DnsAim::Missing) {
        probe.attempts = answered(packets(&[message(0, &[address])]));
    }
}

/// What the handshake with `address` met.
fn follow(world: &mut World, address: &str, met: Result<Vec<Certificate>, FailureKind>) {
    let mut endpoint = endpoint(NAME, "net-1");
    endpoint.address = Some(address.parse().unwrap());
    let attempts = match met {
        Ok(chain) => answered(handshake(chain)),
        Err(kind) => vec![failed(Phase::Connect, kind)],
    };
    world.seen.dns_tls.push(TlsProbe {
        target: Target::from(&endpoint),
        attempts,
        fallback: None,
        platform: Some(refused()),
    });
}

fn lose(probe: &mut DnsProbe) {
    let failed = || failed(Phase::Dns, FailureKind::TimedOut);
    probe.attempts = vec![failed(), failed(), failed()];
}

fn failed<T>(phase: Phase, kind: FailureKind) -> Attempt<T> {
    let failure = Failure { phase, kind, detail: "as the test wants".to_owned() };
    Attempt { address: None, elapsed_ms: 1500, outcome: Outcome::Failed(failure) }
}

fn is_canary(probe: &DnsProbe) -> bool {
    matches!(probe.aim, DnsAim::Canary { .. })
}

fn message(rcode: u16, addresses: &[&str]) -> DnsMessage {
    let addresses = addresses.iter().map(|address| DnsAddress { address: address.parse().unwrap(), ttl: 0 });
    DnsMessage { rcode, truncated: false, case_kept: true, addresses: addresses.collect(), text: None }
}

fn signed(nonce: Nonce) -> DnsAnswers {
    let reply = StampReply {
        nonce,
        server_time: Timestamp::from_unix(1_800_000_000),
        peer: "192.0.2.53".parse().unwrap(),
    };
    let text = sign(&signer(), Stamp::Dns, &reply).unwrap();
    packets(&[DnsMessage { text: Some(text), ..message(0, &[]) }])
}

fn signer() -> CanarySigner {
    CanarySigner::from_seed(&[5; 32]).unwrap()
}

fn packets(messages: &[DnsMessage]) -> DnsAnswers {
    let from: SocketAddr = "192.0.2.53:53".parse().unwrap();
    let packets = messages.iter().zip(1..).map(|(message, place)| DnsPacket {
        from,
        delay_ms: 20 * place,
        size: 80,
        raw: vec![1, 2, 3],
        reading: DnsReading::Answer(message.clone()),
    });
    DnsAnswers { transport: DnsTransport::Udp, packets: packets.collect(), dropped: 0 }
}

fn dns_of(outcomes: Vec<CheckOutcome>) -> Vec<CheckOutcome> {
    let checks = [CheckId::DnsAnswer, CheckId::DnsPath, CheckId::DnsPrivate];
    outcomes.into_iter().filter(|outcome| checks.contains(&outcome.check)).collect()
}
