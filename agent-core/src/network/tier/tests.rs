use proptest::prelude::*;

use super::*;
use crate::canary::{CanarySettings, CanarySigner, KeySet};
use crate::model::{Fact, Judgement, PinSet, Timestamp};
use crate::network::testing::{endpoint, snapshot};

fn canary(name: &str, network: &str) -> CanarySettings {
    CanarySettings {
        name: name.to_owned(),
        addresses: Vec::new(),
        tls_port: 443,
        http_port: Some(80),
        dns_port: None,
        zone: Some(format!("z.{name}")),
        keys: KeySet::new(vec![CanarySigner::from_seed(&[5; 32]).unwrap().public()]).unwrap(),
        network: network.to_owned(),
        private_anchors: Vec::new(),
    }
}

fn pins(host: &str) -> PinSet {
    PinSet { host: host.to_owned(), spki: Vec::new(), expires: Timestamp::from_unix(0) }
}

/// Names of the two peers.
fn chosen(settings: &NetworkSettings) -> Vec<String> {
    let narrowed = in_force(settings, Depth::First).into_owned();
    let canaries = narrowed.canaries.into_iter().map(|canary| canary.name);
    canaries.chain(narrowed.endpoints.into_iter().map(|endpoint| endpoint.host)).collect()
}

#[test]
fn a_canary_and_an_endpoint_of_another_network_are_chosen() {
    let settings = NetworkSettings {
        endpoints: vec![endpoint("near.example", "net-1"), endpoint("far.example", "net-2")],
        canaries: vec![canary("c1.example", "net-1"), canary("c2.example", "net-2")],
        ..NetworkSettings::default()
    };
    assert_eq!(chosen(&settings), ["c1.example", "far.example"]);
}

#[test]
fn a_pinned_endpoint_comes_before_others() {
    let settings = NetworkSettings {
        endpoints: vec![endpoint("a.example", "net-2"), endpoint("pinned.example", "net-3")],
        canaries: vec![canary("c1.example", "net-1")],
        pins: vec![pins("pinned.example"), pins("absent.example")],
        ..NetworkSettings::default()
    };
    assert_eq!(chosen(&settings), ["c1.example", "pinned.example"]);
    let narrowed = in_force(&settings, Depth::First);
    assert_eq!(narrowed.pins.len(), 1, "pins of hosts that are not asked are not expected to match");
}

#[test]
fn two_canaries_or_two_endpoints_are_chosen_where_there_are_no_others() {
    let canaries = vec![canary("c1.example", "n"), canary("c2.example", "n"), canary("c3.example", "other")];
    let settings = NetworkSettings { canaries, ..NetworkSettings::default() };
    assert_eq!(chosen(&settings), ["c1.example", "c3.example"]);

    let endpoints =
        vec![endpoint("a.example", "n"), endpoint("b.example", "n"), endpoint("c.example", "other")];
    let settings = NetworkSettings { endpoints, ..NetworkSettings::default() };
    assert_eq!(chosen(&settings), ["a.example", "c.example"]);
}

#[test]
fn the_canary_that_can_answer_most_is_chosen() {
    let mute = CanarySettings { http_port: None, zone: None, ..canary("mute.example", "net-1") };
    let settings = NetworkSettings {
        canaries: vec![mute, canary("able.example", "net-2")],
        endpoints: vec![endpoint("a.example", "net-3")],
        ..NetworkSettings::default()
    };
    assert_eq!(chosen(&settings), ["able.example", "a.example"]);
}

#[test]
fn one_connectivity_check_of_each_scheme_is_chosen() {
    let urls = ["http://a.example", "HTTP://b.example", "https://c.example", "https://d.example", "ftp:"];
    let captive_probes = urls.map(str::to_owned).to_vec();
    let settings = NetworkSettings { captive_probes, ..NetworkSettings::default() };
    assert_eq!(in_force(&settings, Depth::First).captive_probes, ["http://a.example", "https://c.example"]);
}

#[test]
fn everything_is_judged_under_the_settings_as_they_are() {
    let settings = NetworkSettings {
        endpoints: (0..5).map(|number| endpoint("a.example", &format!("net-{number}"))).collect(),
        ..NetworkSettings::default()
    };
    assert_eq!(*in_force(&settings, Depth::Everything), settings);
}

/// A canary that can answer everything, and what each check says.
fn reviewed(depth: Depth, change: impl FnOnce(&mut Vec<CheckOutcome>)) -> (bool, bool, bool) {
    let settings = NetworkSettings {
        captive_probes: vec!["http://c.example".to_owned()],
        canaries: vec![canary("c1.example", "net-1")],
        ..NetworkSettings::default()
    };
    let network = NetworkSnapshot { dns_servers: Fact::known(vec!["192.0.2.53".to_owned()]), ..snapshot() };
    let unknown = [CheckId::LinkPath, CheckId::DnsPrivate, CheckId::WifiTwin];
    let mut outcomes: Vec<_> = CheckId::ALL.iter().map(|check| CheckOutcome::clean(*check, "fine")).collect();
    for outcome in outcomes.iter_mut().filter(|outcome| unknown.contains(&outcome.check)) {
        *outcome = CheckOutcome::unknown(outcome.check, "the platform does not tell");
    }
    change(&mut outcomes);
    let review = Review::of(&outcomes, &settings, &network, depth);
    let known = BTreeSet::from([Detection::ManagedInspection]);
    (review.is_ordinary(&known), review.is_conclusive(), review.is_suspicious())
}

fn put(outcomes: &mut [CheckOutcome], outcome: CheckOutcome) {
    let place = outcomes.iter().position(|known| known.check == outcome.check).unwrap();
    outcomes[place] = outcome;
}

fn judged(detection: Detection, verdict: Verdict) -> CheckOutcome {
    CheckOutcome::judged(detection.check(), "so", vec![Judgement::new(detection, verdict)])
}

#[test]
fn what_the_platform_does_not_tell_asks_for_no_closer_look() {
    assert_eq!(reviewed(Depth::First, |_| {}), (true, true, false));
}

#[test]
fn a_check_that_should_have_a_result_and_has_none_asks_for_a_closer_look() {
    for check in [CheckId::Captive, CheckId::TlsBinding, CheckId::HttpStrip, CheckId::DnsAnswer] {
        let seen = reviewed(Depth::First, |outcomes| put(outcomes, CheckOutcome::unknown(check, "lost")));
        assert_eq!(seen, (false, false, false), "{check}");
    }
    let undecided = judged(Detection::TlsInterception, Verdict::Inconclusive);
    assert_eq!(reviewed(Depth::First, |outcomes| put(outcomes, undecided)), (false, false, false));
}

#[test]
fn what_the_first_tier_leaves_out_counts_only_where_everything_was_measured() {
    for check in LEFT_OUT {
        let lost = |outcomes: &mut Vec<_>| put(outcomes, CheckOutcome::unknown(check, "lost"));
        assert!(reviewed(Depth::First, lost).0, "{check}");
    }
    let lost = |outcomes: &mut Vec<_>| put(outcomes, CheckOutcome::unknown(CheckId::HttpTamper, "lost"));
    assert!(!reviewed(Depth::Everything, lost).1);
}

#[test]
fn a_benign_cause_asks_for_a_closer_look_once() {
    let known = judged(Detection::ManagedInspection, Verdict::Benign);
    assert_eq!(reviewed(Depth::First, |outcomes| put(outcomes, known)), (true, true, false));
    let new = judged(Detection::CaptivePortal, Verdict::Benign);
    assert_eq!(reviewed(Depth::First, |outcomes| put(outcomes, new)), (false, true, false));
}

#[test]
fn a_suspicion_of_any_check_asks_for_a_closer_look() {
    for detection in [Detection::SslStrip, Detection::EvilTwin, Detection::ArpSpoofing] {
        let seen = judged(detection, Verdict::Suspicious);
        assert_eq!(reviewed(Depth::First, |outcomes| put(outcomes, seen)), (false, true, true));
    }
}

proptest! {
    #[test]
    fn never_more_than_two_peers_are_chosen_and_two_where_there_are_two(
        endpoints in proptest::collection::vec((0..3_u8, any::<bool>()), 0..20),
        canaries in proptest::collection::vec(0..3_u8, 0..6),
    ) {
        let settings = NetworkSettings {
            pins: endpoints.iter().enumerate().filter(|(_, (_, pinned))| *pinned)
                .map(|(number, _)| pins(&format!("e{number}.example"))).collect(),
            endpoints: endpoints.iter().enumerate()
                .map(|(number, (network, _))| endpoint(&format!("e{number}.example"), &format!("n{network}")))
                .collect(),
            canaries: canaries.iter().enumerate()
                .map(|(number, network)| canary(&format!("c{number}.example"), &format!("n{network}")))
                .collect(),
            ..NetworkSettings::default()
        };
        prop_assert_eq!(chosen(&settings).len(), (endpoints.len() + canaries.len()).min(2));
        let narrowed = in_force(&settings, Depth::First);
        prop_assert_eq!(narrowed.canaries.is_empty(), canaries.is_empty());
        let mut networks: Vec<_> = narrowed.endpoints.iter().map(|it| &it.network).collect();
        networks.extend(narrowed.canaries.iter().map(|it| &it.network));
        networks.dedup();
        let mut all: Vec<_> = settings.endpoints.iter().take(MAX_ENDPOINTS).map(|it| &it.network).collect();
        all.extend(settings.canaries.iter().take(MAX_CANARIES).map(|it| &it.network));
        all.sort();
        all.dedup();
        prop_assert_eq!(networks.len(), all.len().min(2), "of different networks where there are");
    }
}
