//! The way out: what is one hop too many, and what only looks like it.

use proptest::prelude::*;

use super::world::{World, answered, http};
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Fact, MacAddress, Neighbour, NetworkSettings, Verdict,
};
use crate::network::baseline::{PathPast, Way};
use crate::network::limits::MAX_PAST_PATHS;
use crate::network::observation::{
    Attempt, Failure, FailureKind, Hop, HopAnswer, Observations, Outcome, PathProbe, Phase,
};
use crate::network::testing::{NOW, endpoint, snapshot};
use crate::network::{self, Judged, Recording};

const GATEWAY: &str = "10.77.0.1";
const CLEAN: &str = "10.77.0.1 192.0.2.1 198.51.100.20";

/// A network, scan after scan.
struct Network {
    recording: Recording,
}

impl Network {
    fn new() -> Self {
        let settings =
            NetworkSettings { endpoints: vec![endpoint("a.example", "net-1")], ..NetworkSettings::default() };
        let mut seen = Observations::of(snapshot());
        seen.network.gateways = Fact::known(vec![GATEWAY.to_owned(), "fe80::1%wlan0".to_owned()]);
        seen.network.vpns = Fact::known(vec![]);
        Self { recording: Recording::new(seen, settings, NOW) }
    }

    /// Scans while the ways out are `ways`: who answers at each hop, the destination last; `*` for nobody.
    fn scan(&mut self, ways: &[&str]) -> CheckOutcome {
        self.recording.observations.paths = ways.iter().map(|way| probe(way)).collect();
        self.judge()
    }

    fn judge(&mut self) -> CheckOutcome {
        let Judged { outcomes, baseline, .. } = network::judge(&self.recording);
        self.recording.baseline = Some(baseline);
        outcomes.into_iter().find(|outcome| outcome.check == CheckId::LinkPath).unwrap()
    }

    fn ways(&self) -> Vec<Way> {
        self.recording.baseline.clone().unwrap_or_default().path.ways
    }
}

/// The probe of a way of which the last word is the destination.
fn probe(way: &str) -> PathProbe {
    let words: Vec<_> = way.split(' ').collect();
    let destination = words.last().unwrap().parse().unwrap();
    let hop = |ttl: u8| {
        let word = words.get(usize::from(ttl) - 1).or(words.last()).copied();
        let attempts = match word.filter(|word| *word != "*").map(|word| word.parse().unwrap()) {
            Some(from) if from == destination => answered(HopAnswer { from, icmp_type: 3, icmp_code: 3 }),
            Some(from) => {
                answered(HopAnswer { from, icmp_type: if from.is_ipv4() { 11 } else { 3 }, icmp_code: 0 })
            }
            None => vec![lost(FailureKind::TimedOut, "no ICMP error in 300 ms")],
        };
        Hop { ttl, attempts }
    };
    PathProbe { destination, hops: [1, 2, 3].map(hop).to_vec() }
}

fn lost(kind: FailureKind, detail: &str) -> Attempt<HopAnswer> {
    let failure = Failure { phase: Phase::Path, kind, detail: detail.to_owned() };
    Attempt { address: None, elapsed_ms: 300, outcome: Outcome::Failed(failure) }
}

fn told(outcome: &CheckOutcome) -> (Verdict, &str) {
    (outcome.verdict(), outcome.summary.as_str())
}

#[test]
fn a_host_before_the_gateway_is_suspicious_on_the_first_visit() {
    let outcome = Network::new().scan(&["10.77.0.66 10.77.0.1 198.51.100.20", "10.77.0.1 203.0.113.20"]);
    insta::assert_json_snapshot!(outcome, @r#"
    {
      "check": "network.link_path",
      "coverage": {
        "state": "complete"
      },
      "summary": "10.77.0.66 stands between this device and the gateway 10.77.0.1, which is only the second hop to 198.51.100.20",
      "judgements": [
        {
          "detection": "network.path_changed",
          "subject": "",
          "verdict": "suspicious",
          "reason": "10.77.0.66 stands between this device and the gateway 10.77.0.1, which is only the second hop to 198.51.100.20",
          "evidence": [
            {
              "name": "destination",
              "value": "198.51.100.20"
            },
            {
              "name": "hops",
              "value": "1 10.77.0.66, 2 10.77.0.1, 3 198.51.100.20"
            },
            {
              "name": "gateway",
              "value": "10.77.0.1"
            }
          ]
        }
      ]
    }
    "#);
}

#[test]
fn a_host_that_moves_what_was_there_before_is_suspicious() {
    for (before, now, expected) in [
        // An IPv6 gateway is known by another address than the one that answers.
        (
            "fd77::1 2001:db8::1",
            "fd77::66 fd77::1 2001:db8::1",
            "fd77::66 stands before fd77::1, which was the first hop here and is now the second to 2001:db8::1",
        ),
        // The same at another destination.
        (
            "192.168.1.7 203.0.113.20",
            "192.168.1.66 192.168.1.7 198.51.100.20",
            "192.168.1.66 stands before 192.168.1.7, which was the first hop here and is now the second to \
             198.51.100.20",
        ),
        // Nobody says anything about the first hop.
        (
            "* 192.0.2.1 198.51.100.20",
            "* * 192.0.2.1 198.51.100.20",
            "the way to 198.51.100.20 is one hop longer: 192.0.2.1 was the second and is now the third",
        ),
        (
            "* 198.51.100.20",
            "10.77.0.66 * 198.51.100.20",
            "the way to 198.51.100.20 is one hop longer: 198.51.100.20 was the second and is now the third",
        ),
        // A host that keeps silent before a gateway that does not.
        (
            CLEAN,
            "* 10.77.0.1 198.51.100.20",
            "a host that does not answer stands between this device and the gateway 10.77.0.1, which is only the \
             second hop to 198.51.100.20",
        ),
    ] {
        let mut network = Network::new();
        network.scan(&[before]);
        let outcome = network.scan(&[now]);
        assert_eq!(told(&outcome), (Verdict::Suspicious, expected), "{now}");
        assert_eq!(outcome.judgements[0].detection, Detection::PathChanged);
    }
}

#[test]
fn what_only_looks_like_another_way_is_clean() {
    for (before, now, expected) in [
        ("*", CLEAN, "the first hop is the gateway 10.77.0.1"),
        (CLEAN, CLEAN, "the first hop is the gateway 10.77.0.1"),
        // A virtual router (RFC 9568): the gateway's address is nobody's own.
        (
            "*",
            "10.77.0.2 192.0.2.1 198.51.100.20",
            "the first hop is 10.77.0.2, not the gateway's address 10.77.0.1: routers may answer from another",
        ),
        // Its fail-over.
        (
            "10.77.0.2 192.0.2.1 198.51.100.20",
            "10.77.0.3 192.0.2.1 198.51.100.20",
            "the first hop is 10.77.0.3, not the gateway's address 10.77.0.1: routers may answer from another; it \
             was 10.77.0.2 before",
        ),
        // The provider's way is another.
        (CLEAN, "10.77.0.1 192.0.2.9 192.0.2.1", "the first hop is the gateway 10.77.0.1"),
        ("fd77::1 2001:db8::1", "fd77::1 2001:db8::1", "the first hop is fd77::1"),
        (
            "* 192.0.2.1 198.51.100.20",
            "* 192.0.2.1 198.51.100.20",
            "the first hop on the way to 198.51.100.20 does not answer",
        ),
        ("*", "198.51.100.20", "198.51.100.20 is reached without a hop between"),
        // A gateway that answers in the name of what is behind it.
        (CLEAN, "10.77.0.1 10.77.0.1 198.51.100.20", "the first hop is the gateway 10.77.0.1"),
    ] {
        let mut network = Network::new();
        if before != "*" {
            network.scan(&[before]);
        }
        assert_eq!(told(&network.scan(&[now])), (Verdict::Clean, expected), "{before} then {now}");
    }
}

#[test]
fn a_way_that_was_found_before_is_no_change() {
    let mut network = Network::new();
    let standby = "10.77.0.3 10.77.0.2 198.51.100.20";
    for way in [standby, "10.77.0.2 192.0.2.1 198.51.100.20", standby] {
        assert_eq!(network.scan(&[way]).verdict(), Verdict::Clean, "{way}");
    }
}

#[test]
fn a_suspicious_way_is_not_taken_for_granted_the_next_time() {
    let mut network = Network::new();
    network.scan(&["fd77::1 2001:db8::1"]);
    for _ in 0..3 {
        assert_eq!(network.scan(&["fd77::66 fd77::1 2001:db8::1"]).verdict(), Verdict::Suspicious);
    }
    assert_eq!(network.scan(&["fd77::1 2001:db8::1"]).verdict(), Verdict::Clean);
    assert_eq!(network.ways().len(), 1);
}

#[test]
fn what_is_remembered_is_bounded_and_the_latest() {
    let mut network = Network::new();
    let ways: Vec<_> = (1..=2 * MAX_PAST_PATHS).map(|number| format!("10.77.0.1 192.0.2.{number}")).collect();
    for way in &ways {
        network.scan(&[way, way]);
    }
    let kept: Vec<_> = network.ways().iter().map(|way| format!("10.77.0.1 {}", way.destination)).collect();
    assert_eq!(kept, ways[MAX_PAST_PATHS..]);
}

#[test]
fn a_gateway_that_rejects_what_it_should_pass_on_is_not_second() {
    let mut network = Network::new();
    let mut path = probe("* * 198.51.100.20");
    let rejected = answered(HopAnswer { from: GATEWAY.parse().unwrap(), icmp_type: 3, icmp_code: 13 });
    path.hops[1].attempts = rejected.clone();
    network.recording.observations.paths = vec![path.clone()];
    assert_eq!(network.judge().judgements, []);

    path.hops.iter_mut().for_each(|hop| hop.attempts = rejected.clone());
    network.recording.observations.paths = vec![path];
    assert_eq!(
        told(&network.judge()),
        (Verdict::Inconclusive, "no router on the way answered with what ends a datagram's life")
    );
}

#[test]
fn silence_is_neither_clean_nor_an_alarm() {
    let mut network = Network::new();
    let outcome = network.scan(&["* * * 198.51.100.20"]);
    assert_eq!(
        told(&outcome),
        (
            Verdict::Inconclusive,
            "no router on the way to 198.51.100.20 answered, as where ICMP is filtered: failed (timed out during \
             following the path: no ICMP error in 300 ms)"
        )
    );
    let outcome = network.scan(&["* 192.0.2.1 198.51.100.20"]);
    assert!(matches!(outcome.coverage, Coverage::Unknown { .. }), "{outcome:?}");
    assert_eq!(told(&network.scan(&[])), (Verdict::Inconclusive, "not measured"));
    network.recording.settings = NetworkSettings::default();
    assert!(network.scan(&[]).summary.starts_with("no canary or endpoint is configured"));
}

#[test]
fn a_platform_that_cannot_is_named_as_such() {
    let mut network = Network::new();
    let mut path = probe("* * * 198.51.100.20");
    let why = "this system does not show apps the ICMP errors of their datagrams";
    for hop in &mut path.hops {
        hop.attempts = vec![lost(FailureKind::Configuration, why)];
    }
    network.recording.observations.paths = vec![path];
    assert_eq!(told(&network.judge()), (Verdict::Inconclusive, why));
}

#[test]
fn a_missing_route_of_one_family_does_not_hide_why_the_other_failed() {
    let mut network = Network::new();
    let mut broken = probe("* * * 2001:db8::1");
    broken.hops.iter_mut().for_each(|hop| hop.attempts = vec![lost(FailureKind::Unreachable, "no route")]);
    network.recording.observations.paths = vec![broken, probe("* * * 198.51.100.20")];
    assert!(network.judge().summary.contains("198.51.100.20"));
}

#[test]
fn a_vpn_is_labelled_and_its_hops_are_not_remembered() {
    let mut network = Network::new();
    network.recording.observations.network.vpns = Fact::known(vec!["tun0".to_owned()]);
    let outcome = network.scan(&["10.9.0.1 10.77.0.1 198.51.100.20"]);
    let said = "the hops are those of a VPN, and say nothing of this network (seen through the VPN tun0)";
    assert_eq!(told(&outcome), (Verdict::Clean, said));
    assert_eq!(network.ways(), []);
}

#[test]
fn while_a_portal_holds_the_network_nothing_is_said_or_remembered() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://portal.example/"), b""));
    world.seen.paths = vec![probe("10.77.0.66 10.77.0.1 198.51.100.20")];
    let judged = network::judge(&Recording::new(world.seen, world.settings, NOW));
    let outcome = judged.outcomes.iter().find(|outcome| outcome.check == CheckId::LinkPath).unwrap();
    assert_eq!(outcome.verdict(), Verdict::Inconclusive);
    assert_eq!(judged.baseline.path, PathPast::default());
}

#[test]
fn one_hardware_address_explains_another_address_but_no_longer_way() {
    let mut network = Network::new();
    let mac = MacAddress::from_bytes([2, 0, 0, 0, 0x77, 0x66]);
    let neighbours =
        [GATEWAY, "10.77.0.66"].map(|address| Neighbour { address: address.parse().unwrap(), mac });
    network.recording.observations.network.neighbours = Fact::known(neighbours.to_vec());
    assert_eq!(
        told(&network.scan(&["10.77.0.66 192.0.2.1 198.51.100.20"])),
        (Verdict::Clean, "the first hop is 10.77.0.66, with the hardware address of the gateway 10.77.0.1")
    );
    let poisoned = network.scan(&["10.77.0.66 10.77.0.1 198.51.100.20"]);
    assert_eq!(poisoned.verdict(), Verdict::Suspicious);
}

fn address() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["*", GATEWAY, "10.77.0.66", "fd77::1", "fe80::1", "192.0.2.1", "198.51.100.20"])
}

fn any_way() -> impl Strategy<Value = String> {
    let destination = prop::sample::select(vec!["198.51.100.20", "2001:db8::1", GATEWAY]);
    (prop::collection::vec(address(), 0..4), destination)
        .prop_map(|(hops, destination)| [hops, vec![destination]].concat().join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_ways_are_judged_within_bounds_and_never_proved(
        scans in prop::collection::vec(prop::collection::vec(any_way(), 0..6), 1..6),
    ) {
        let mut network = Network::new();
        for ways in scans {
            let ways: Vec<_> = ways.iter().map(String::as_str).collect();
            prop_assert!(network.scan(&ways).verdict() <= Verdict::Suspicious);
            prop_assert!(network.ways().len() <= MAX_PAST_PATHS);
        }
    }

    #[test]
    fn a_network_whose_first_hop_stays_is_never_suspicious(
        scans in prop::collection::vec(prop::collection::vec("(10\\.77\\.0\\.2|\\*) (192\\.0\\.2\\.[1-4]|\\*) 198\\.51\\.100\\.20", 0..4), 1..6),
    ) {
        let mut network = Network::new();
        network.scan(&["10.77.0.2 192.0.2.1 198.51.100.20"]);
        for ways in scans {
            let ways: Vec<_> = ways.iter().map(String::as_str).collect();
            prop_assert!(network.scan(&ways).verdict() < Verdict::Suspicious, "{ways:?}");
        }
    }
}
