//! The rows of NETWORK.md about the link, and their look-alikes: a phone that was here before comes back.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::link_world::{ATTACKER, ATTACKER_MAC, GATEWAY, GATEWAY_MAC, Phone, ROUTER, attacks, neighbour};
use super::world::outcome;
use crate::model::{
    CheckId, Coverage, Detection, Fact, MacAddress, Neighbour, NetworkSnapshot, Transport, Verdict,
    WifiSecurity,
};
use crate::network::baseline::{Baseline, network_key};

const CHECKS: [CheckId; 3] = [CheckId::LinkNeighbour, CheckId::LinkDrift, CheckId::WifiTwin];
const DAY: i64 = 24 * 60 * 60;

type Expected = &'static [(Detection, Verdict)];

const SPOOFED: Expected = &[(Detection::ArpSpoofing, Verdict::Suspicious)];
const DHCP: Expected = &[(Detection::RogueDhcp, Verdict::Suspicious)];
const RA: Expected = &[(Detection::RogueRouter, Verdict::Suspicious)];
const CHANGED: Expected = &[(Detection::ConfigurationChanged, Verdict::Suspicious)];
const TWIN: Expected = &[(Detection::EvilTwin, Verdict::Suspicious)];

struct Scenario {
    name: &'static str,
    make: fn(&mut Phone),
    expect: Expected,
}

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "1 clean", make: |_| {}, expect: &[] },
    Scenario {
        name: "31 ARP spoof",
        make: |phone| phone.answers_for(GATEWAY, ATTACKER_MAC),
        expect: SPOOFED,
    },
    Scenario {
        name: "31 ARP spoof by a host that showed itself",
        make: |phone| {
            phone.answers_for(GATEWAY, ATTACKER_MAC);
            phone.answers_for(ATTACKER, ATTACKER_MAC);
        },
        expect: SPOOFED,
    },
    Scenario {
        name: "ARP spoof, access point not told, same way out",
        make: |phone| {
            phone.network().bssid = Fact::not_available("not told");
            phone.network().gateways = Fact::known(vec![GATEWAY.to_owned()]);
            phone.answers_for(GATEWAY, ATTACKER_MAC);
        },
        expect: SPOOFED,
    },
    Scenario {
        name: "router replaced with its access point",
        make: |phone| phone.moves("02:dd:00:00:00:01", "02:dd:00:00:00:02"),
        expect: &[],
    },
    Scenario {
        name: "another café of the chain: same name and addresses, access point not told, another way out",
        make: |phone| {
            phone.moves("02:dd:00:00:00:01", "02:dd:00:00:00:02");
            phone.network().bssid = Fact::not_available("not told");
            phone.exits_by("198.51.100.7");
        },
        expect: &[],
    },
    Scenario {
        name: "the router has more addresses",
        make: |phone| {
            phone.answers_for("10.77.0.254", GATEWAY_MAC);
            phone.answers_for("fd77::1", GATEWAY_MAC);
        },
        expect: &[],
    },
    Scenario {
        name: "34 rogue DHCP with its own DNS",
        make: |phone| {
            phone.network().dhcp_server = Fact::known(ATTACKER.parse().unwrap());
            phone.network().dns_servers = Fact::known(vec![ATTACKER.to_owned()]);
            phone.answers_for(ATTACKER, ATTACKER_MAC);
        },
        expect: DHCP,
    },
    Scenario {
        name: "rogue DHCP with itself as gateway, neighbours not told",
        make: |phone| {
            phone.network().dhcp_server = Fact::known(ATTACKER.parse().unwrap());
            phone.network().gateways = Fact::known(vec![ATTACKER.to_owned()]);
            phone.network().neighbours = Fact::not_available("not told");
        },
        expect: DHCP,
    },
    Scenario {
        name: "DHCP fail-over",
        make: |phone| phone.network().dhcp_server = Fact::known("10.77.0.2".parse().unwrap()),
        expect: &[],
    },
    Scenario {
        name: "35 rogue router",
        make: |phone| {
            let rogue = "fe80::ff:fe00:7766";
            phone.network().gateways = Fact::known(vec![GATEWAY.into(), ROUTER.into(), rogue.into()]);
            phone.answers_for(rogue, ATTACKER_MAC);
        },
        expect: RA,
    },
    Scenario {
        name: "rogue router that names itself as DNS server",
        make: |phone| {
            let rogue = "fe80::ff:fe00:7766";
            phone.network().gateways = Fact::known(vec![GATEWAY.into(), rogue.into()]);
            phone.network().dns_servers = Fact::known(vec![GATEWAY.into(), "fd77::66".into()]);
            phone.answers_for(rogue, ATTACKER_MAC);
            phone.answers_for("fd77::66", ATTACKER_MAC);
        },
        expect: RA,
    },
    Scenario {
        name: "the router has another link-local address",
        make: |phone| {
            let other = "fe80::1";
            phone.network().gateways = Fact::known(vec![GATEWAY.into(), other.into()]);
            phone.answers_for(other, GATEWAY_MAC);
        },
        expect: &[],
    },
    Scenario {
        name: "7 IPv4 is gone, and the gateway answers names over IPv6",
        make: |phone| {
            phone.network().gateways = Fact::known(vec![ROUTER.into()]);
            phone.network().dns_servers = Fact::known(vec!["fd77::1".into()]);
            phone.network().dhcp_server = Fact::not_available("no lease");
            phone.answers_for("fd77::1", GATEWAY_MAC);
        },
        expect: &[],
    },
    Scenario {
        name: "DNS at another host of the link",
        make: |phone| {
            phone.network().dns_servers = Fact::known(vec![ATTACKER.to_owned()]);
            phone.network().neighbours = Fact::not_available("not told");
        },
        expect: CHANGED,
    },
    Scenario {
        name: "DNS at public resolvers",
        make: |phone| phone.network().dns_servers = Fact::known(vec!["9.9.9.9".into(), "2620:fe::fe".into()]),
        expect: &[],
    },
    Scenario {
        name: "another gateway at the same access point",
        make: |phone| {
            phone.network().gateways = Fact::known(vec!["10.99.0.1".to_owned()]);
            phone.network().neighbours = Fact::not_available("not told");
        },
        expect: CHANGED,
    },
    Scenario {
        name: "a cable beside the Wi-Fi",
        make: |phone| {
            phone.network().gateways = Fact::known(vec![GATEWAY.into(), "10.5.0.1".into(), ROUTER.into()])
        },
        expect: &[],
    },
    Scenario {
        name: "NAT64 that nobody declared",
        make: |phone| phone.network().nat64_prefix = Fact::known("2001:db8:64::/96".parse().unwrap()),
        expect: CHANGED,
    },
    Scenario {
        name: "7 NAT64 that was declared",
        make: |phone| {
            phone.network().nat64_prefix = Fact::known("2001:db8:64::/96".parse().unwrap());
            phone.world.settings.nat64_prefixes = vec!["2001:db8:64::/96".parse().unwrap()];
        },
        expect: &[],
    },
    Scenario {
        name: "36 mesh roam",
        make: |phone| phone.network().bssid = Fact::known("02:aa:00:00:00:02".parse().unwrap()),
        expect: &[],
    },
    Scenario { name: "37 twin", make: twin, expect: TWIN },
    Scenario {
        name: "37 twin that copies the access point's address too",
        make: |phone| {
            twin(phone);
            phone.network().bssid = Fact::known("02:aa:00:00:00:01".parse().unwrap());
        },
        expect: TWIN,
    },
    Scenario {
        name: "open at another place, same way out",
        make: |phone| {
            phone.moves("02:bb:00:00:00:66", "02:00:00:00:66:01");
            phone.network().security = Fact::known(WifiSecurity::Open);
        },
        expect: &[],
    },
    Scenario {
        name: "another place, protected as well",
        make: |phone| {
            phone.moves("02:bb:00:00:00:66", "02:00:00:00:66:01");
            phone.exits_by("203.0.113.226");
        },
        expect: &[],
    },
    Scenario {
        name: "38 another Wi-Fi, open",
        make: |phone| {
            twin(phone);
            phone.network().ssid = Fact::known("café".to_owned());
            phone.past = None;
        },
        expect: &[],
    },
    Scenario {
        name: "39 VPN",
        make: |phone| {
            phone.network().vpns = Fact::known(vec!["tun0".to_owned()]);
            phone.network().dns_servers = Fact::known(vec!["198.51.100.53".into()]);
            phone.exits_by("10.9.0.2");
        },
        expect: &[],
    },
    Scenario {
        name: "24 cellular",
        make: |phone| phone.network().transport = Fact::known(Transport::Cellular),
        expect: &[],
    },
];

fn twin(phone: &mut Phone) {
    phone.moves("02:bb:00:00:00:66", "02:00:00:00:66:01");
    phone.network().security = Fact::known(WifiSecurity::Open);
    phone.exits_by("203.0.113.226");
}

#[test]
fn each_change_of_the_link_yields_exactly_its_findings() {
    let mut story = String::new();
    for scenario in SCENARIOS {
        let mut phone = Phone::back_home();
        (scenario.make)(&mut phone);
        let outcomes = phone.scan();
        assert_eq!(attacks(&outcomes), scenario.expect, "{}: {outcomes:#?}", scenario.name);
        writeln!(story, "# {}", scenario.name).unwrap();
        for check in CHECKS {
            let outcome = outcome(&outcomes, check);
            writeln!(story, "{check} {}: {}", outcome.verdict(), outcome.summary).unwrap();
            for evidence in outcome.judgements.iter().flat_map(|judgement| &judgement.evidence) {
                writeln!(story, "  {} = {}", evidence.name, evidence.value).unwrap();
            }
        }
        story.push('\n');
    }
    insta::assert_snapshot!("link", story);
}

#[test]
fn after_an_attack_home_is_home_again() {
    for scenario in SCENARIOS {
        let mut phone = Phone::back_home();
        (scenario.make)(&mut phone);
        phone.scan();
        let home = Phone::at_home();
        phone.world = home.world;
        phone.past = phone.past.or_else(|| Phone::back_home().past);
        let outcomes = phone.scan();
        assert_eq!(attacks(&outcomes), [], "{}", scenario.name);
        for check in CHECKS {
            assert_eq!(outcome(&outcomes, check).coverage, Coverage::Complete, "{}: {check}", scenario.name);
        }
    }
}

#[test]
fn an_attack_goes_on_being_found() {
    for scenario in SCENARIOS.iter().filter(|scenario| !scenario.expect.is_empty()) {
        let mut phone = Phone::back_home();
        (scenario.make)(&mut phone);
        for _ in 0..3 {
            assert_eq!(phone.found(), scenario.expect, "{}", scenario.name);
        }
    }
}

#[test]
fn a_change_that_stays_for_a_week_without_harm_is_the_new_normal() {
    for scenario in SCENARIOS.iter().filter(|scenario| !scenario.expect.is_empty()) {
        let mut phone = Phone::back_home();
        (scenario.make)(&mut phone);
        for _ in 0..7 {
            assert_eq!(attacks(&phone.scan_after(DAY)), scenario.expect, "{}", scenario.name);
        }
        for _ in 0..2 {
            assert_eq!(attacks(&phone.scan_after(DAY)), [], "{}", scenario.name);
        }
    }
}

#[test]
fn nothing_becomes_normal_while_names_are_forged() {
    let mut phone = Phone::back_home();
    phone.answers_for(GATEWAY, ATTACKER_MAC);
    phone.forges_names();
    for _ in 0..10 {
        let found: Vec<_> = attacks(&phone.scan_after(DAY)).into_iter().map(|(it, _)| it).collect();
        assert!(found.contains(&Detection::ArpSpoofing));
    }
}

#[test]
fn a_hardware_address_that_comes_and_goes_is_told_as_flip_flop() {
    let mut phone = Phone::back_home();
    for mac in [ATTACKER_MAC, GATEWAY_MAC] {
        phone.answers_for(GATEWAY, mac);
        phone.scan_after(8 * DAY);
    }
    phone.answers_for(GATEWAY, ATTACKER_MAC);
    let outcome = phone.outcome(CheckId::LinkNeighbour);
    let states: Vec<_> = outcome.judgements[0].evidence.iter().filter(|it| it.name == "state").collect();
    assert_eq!(states[0].value, "flip-flop");
}

#[test]
fn a_gateway_with_another_hosts_hardware_address_stands_out_on_the_first_visit() {
    let mut phone = Phone::at_home();
    phone.answers_for(GATEWAY, ATTACKER_MAC);
    phone.answers_for(ATTACKER, ATTACKER_MAC);
    assert_eq!(phone.found(), SPOOFED);
    assert_eq!(phone.past.as_ref().unwrap().link.sites, [], "an attacker is not to be normal");
}

#[test]
fn a_network_that_answers_for_its_guests_is_no_spoofer() {
    let mut phone = Phone::at_home();
    for guest in ["10.77.0.20", "10.77.0.31"] {
        phone.answers_for(guest, GATEWAY_MAC);
    }
    assert_eq!(phone.found(), []);
}

#[test]
fn neighbours_that_may_not_be_read_are_a_blind_spot() {
    let mut phone = Phone::back_home();
    phone.network().neighbours = Fact::not_permitted("Android 13 does not show them");
    let outcomes = phone.scan();
    let blind = outcome(&outcomes, CheckId::LinkNeighbour);
    assert_eq!(blind.coverage, Coverage::NotPermitted { why: "Android 13 does not show them".to_owned() });
    assert_eq!(attacks(&outcomes), []);
    for check in [CheckId::LinkDrift, CheckId::WifiTwin] {
        assert_eq!(outcome(&outcomes, check).coverage, Coverage::Complete, "{check}");
    }
}

#[test]
fn a_wifi_whose_name_may_not_be_read_is_told_by_its_gateway() {
    let mut phone = Phone::at_home();
    phone.network().ssid = Fact::not_permitted("location is off");
    assert_eq!(network_key(phone.network()), Some(format!("gateway {GATEWAY} {GATEWAY_MAC}")));
    phone.scan();
    assert!(phone.outcome(CheckId::LinkNeighbour).summary.ends_with("as before"));
    assert!(matches!(phone.outcome(CheckId::WifiTwin).coverage, Coverage::NotPermitted { .. }));

    phone.network().neighbours = Fact::not_available("not told");
    assert_eq!(network_key(phone.network()), None);
    assert!(matches!(phone.outcome(CheckId::LinkDrift).coverage, Coverage::NotPermitted { .. }));
}

#[test]
fn a_cable_is_told_by_its_gateway_and_a_carrier_by_nothing() {
    let mut phone = Phone::at_home();
    phone.network().transport = Fact::known(Transport::Ethernet);
    assert_eq!(network_key(phone.network()), Some(format!("gateway {GATEWAY} {GATEWAY_MAC}")));
    phone.network().transport = Fact::known(Transport::Cellular);
    assert_eq!(network_key(phone.network()), None);
}

/// Found by the benign sets: many a router calls itself fe80::1, and groups of routers share their hardware addresses
/// with every other group of the same number.
#[test]
fn what_many_routers_are_called_tells_no_place() {
    let other_office = |phone: &mut Phone, neighbours: &dyn Fn(&str) -> Fact<Vec<Neighbour>>| {
        for (bssid, gateway) in [("02:aa:00:00:00:01", "10.77.0.1"), ("02:bb:00:00:00:01", "10.88.0.1")] {
            phone.network().bssid = Fact::known(bssid.parse().unwrap());
            phone.network().gateways = Fact::known(vec![gateway.to_owned(), "fe80::1".to_owned()]);
            phone.network().neighbours = neighbours(gateway);
            phone.network().dns_servers = Fact::known(vec!["10.0.0.53".to_owned()]);
            phone.network().dhcp_server = Fact::known(gateway.parse().unwrap());
            assert_eq!(phone.found(), []);
        }
    };
    other_office(&mut Phone::without_canaries(), &|_| Fact::not_available("not told"));
    let group = |gateway: &str| {
        let both = [gateway, "fe80::1"];
        Fact::known(both.map(|address| neighbour(address, "00:00:5e:00:01:07")).to_vec())
    };
    other_office(&mut Phone::without_canaries(), &group);
}

#[test]
fn a_network_that_changes_under_the_scan_yields_nothing_and_teaches_nothing() {
    let differing: [fn(&mut NetworkSnapshot); 4] = [
        |after| after.ssid = Fact::known("café".to_owned()),
        |after| after.transport = Fact::known(Transport::Cellular),
        |after| after.name = Fact::known("eth0".to_owned()),
        |after| after.gateways = Fact::known(vec!["10.5.0.1".to_owned()]),
    ];
    for change in differing {
        let mut phone = Phone::back_home();
        let past = phone.past.clone();
        phone.answers_for(GATEWAY, ATTACKER_MAC);
        phone.forges_names();
        let mut after = phone.network().clone();
        change(&mut after);
        phone.world.seen.network_after = Some(after);
        let outcomes = phone.scan();
        assert!(outcomes.iter().all(|outcome| outcome.judgements.is_empty()));
        assert!(outcomes.iter().all(
            |outcome| matches!(&outcome.coverage, Coverage::Unknown { why } if why.contains("changed"))
        ));
        assert_eq!(phone.past, past);
    }
}

#[test]
fn roaming_and_a_further_gateway_under_the_scan_are_no_change_of_network() {
    let mut phone = Phone::back_home();
    let mut after = phone.network().clone();
    after.bssid = Fact::known("02:aa:00:00:00:02".parse().unwrap());
    after.gateways = Fact::known(vec![GATEWAY.into(), ROUTER.into(), "10.5.0.1".into()]);
    phone.world.seen.network_after = Some(after);
    assert_eq!(phone.outcome(CheckId::LinkNeighbour).coverage, Coverage::Complete);
}

#[test]
fn the_neighbours_after_measuring_are_the_ones_that_count() {
    let mut phone = Phone::back_home();
    let mut after = phone.network().clone();
    after.neighbours = Fact::known(vec![neighbour(GATEWAY, ATTACKER_MAC)]);
    phone.world.seen.network_after = Some(after);
    assert_eq!(phone.found(), SPOOFED);
}

#[test]
fn a_known_place_is_found_again_among_many() {
    let mut phone = Phone::back_home();
    for number in 0..20 {
        phone.moves(&format!("02:dd:00:00:00:{number:02x}"), &format!("02:ee:00:00:00:{number:02x}"));
        assert_eq!(phone.found(), []);
    }
    phone.answers_for(GATEWAY, ATTACKER_MAC);
    assert_eq!(phone.found(), SPOOFED, "at the last of them");
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..4_u8).prop_map(|host| format!("10.77.0.{host}")),
        (0..4_u8).prop_map(|host| format!("fe80::{host}%wlan0")),
        Just("8.8.8.8".to_owned()),
        "\\PC{0,12}",
    ]
}

fn fact<T: std::fmt::Debug + Clone + 'static>(
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Fact<T>> {
    prop_oneof![
        4 => value.prop_map(Fact::known),
        1 => Just(Fact::not_permitted("no")),
        1 => Just(Fact::not_available("no")),
    ]
    .boxed()
}

fn mac() -> impl Strategy<Value = MacAddress> {
    (0..6_u8).prop_map(|last| MacAddress::from_bytes([2, 0, 0, 0, 0, last]))
}

prop_compose! {
    fn arbitrary_network()(
        transport in fact(prop::sample::select(Transport::ALL.to_vec())),
        bssid in fact(mac()),
        security in fact(prop::sample::select(WifiSecurity::ALL.to_vec())),
        gateways in fact(prop::collection::vec(address(), 0..4)),
        dns_servers in fact(prop::collection::vec(address(), 0..4)),
        dhcp_server in fact(prop::sample::select(vec![GATEWAY.parse().unwrap(), ATTACKER.parse().unwrap()])),
        neighbours in fact(prop::collection::vec((address(), mac()), 0..6)),
    ) -> NetworkSnapshot {
        let neighbours = neighbours.value().map(|value| value.iter().filter_map(|(address, mac)| {
            let address = address.split('%').next()?.parse().ok()?;
            Some(Neighbour { address, mac: *mac })
        }).collect());
        NetworkSnapshot {
            transport, bssid, security, gateways, dns_servers, dhcp_server,
            ssid: Fact::known("home".to_owned()),
            neighbours: neighbours.map_or_else(|| Fact::not_available("no"), Fact::known),
            ..NetworkSnapshot::not_available("no")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_networks_in_any_order_never_panic_and_memory_is_bounded(
        networks in prop::collection::vec((arbitrary_network(), -DAY..8 * DAY), 1..12),
    ) {
        let mut phone = Phone::without_canaries();
        for (network, seconds) in networks {
            phone.world.seen.network = network;
            for (detection, verdict) in attacks(&phone.scan_after(seconds)) {
                prop_assert!(verdict < Verdict::Confirmed, "{detection}");
            }
            let kept = serde_json::to_string(&phone.past).unwrap();
            prop_assert!(kept.len() < 64 * 1024, "{}", kept.len());
        }
    }

    #[test]
    fn an_arbitrary_baseline_is_refused_or_judged(text in "\\PC{0,200}") {
        if let Ok(past) = serde_json::from_str::<Baseline>(&text) {
            let mut phone = Phone::without_canaries();
            phone.past = Some(past);
            phone.scan();
        }
    }

    #[test]
    fn an_unchanged_network_is_clean_for_ever(network in arbitrary_network(), gaps in prop::collection::vec(0..30 * DAY, 1..8)) {
        let mut phone = Phone::without_canaries();
        phone.world.seen.network = network;
        let first = attacks(&phone.scan());
        for gap in gaps {
            prop_assert_eq!(&attacks(&phone.scan_after(gap)), &first);
        }
    }
}
