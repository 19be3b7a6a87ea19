//! The rules that the scenarios do not single out.

use super::world::{CLEAR, World, answered, found, http, outcome, refused, trusted_by};
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Fact, NetworkSettings, Sha256, TrustAnchor, TrustVerdict,
    Verdict,
};
use crate::network;
use crate::network::Recording;
use crate::network::observation::{Certificate, FailureKind, Observations};
use crate::network::testing::{Authority, Dates, NOW, endpoint, handshake, self_signed, snapshot};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];

fn captive(world: &World) -> CheckOutcome {
    outcome(&world.judge_at(NOW), CheckId::Captive).clone()
}

fn tls(world: &World) -> CheckOutcome {
    outcome(&world.judge_at(NOW), CheckId::TlsChain).clone()
}

fn is_unknown(outcome: &CheckOutcome) -> bool {
    matches!(outcome.coverage, Coverage::Unknown { .. })
}

#[test]
fn each_check_has_one_outcome_even_when_nothing_was_measured() {
    let seen = Observations::of(snapshot());
    let outcomes = network::judge(&Recording::new(seen, NetworkSettings::default(), NOW)).outcomes;
    let checks: Vec<_> = outcomes.iter().map(|outcome| outcome.check).collect();
    // What was met on the way to the connector is no measurement of a scan.
    let is_measured =
        |check: &CheckId| check.as_str().starts_with("network.") && *check != CheckId::ConnectorPath;
    let expected: Vec<_> = CheckId::ALL.iter().copied().filter(is_measured).collect();
    assert_eq!(checks, expected);
    assert!(outcomes.iter().all(is_unknown));
    let configured =
        ["network.captive", "network.tls_chain", "network.http", "network.dns_a", "network.dns_path"];
    let is_configured = |check: CheckId| configured.iter().any(|prefix| check.as_str().starts_with(prefix));
    let mut configurable = outcomes.iter().filter(|outcome| is_configured(outcome.check));
    assert!(configurable.all(|outcome| outcome.summary.contains("configured")));
}

#[test]
fn an_endpoint_without_a_record_is_not_clean() {
    let mut world = World::clean();
    world.seen.tls.clear();
    let outcome = tls(&world);
    assert!(is_unknown(&outcome));
    assert!(outcome.summary.contains("no answer from 3 of 3: a.example, b.example, c.example not measured"));
}

#[test]
fn an_empty_page_is_no_portal() {
    let mut world = World::clean();
    world.portal(http(200, None, b""));
    assert_eq!(captive(&world).judgements, []);
    assert_eq!(captive(&world).coverage, Coverage::Complete);
}

/// Found by the benign sets: the status that was made for portals was taken for a server's error.
#[test]
fn a_portal_may_say_that_it_is_one() {
    let mut world = World::clean();
    world.portal(http(511, None, b"<html>Welcome</html>"));
    HOSTS.into_iter().for_each(|host| world.presents(host, self_signed(host), refused()));
    assert_eq!(found(&world.judge_at(NOW)), [(Detection::CaptivePortal, "", Verdict::Benign)]);
}

/// Found by the benign sets: where packets are lost, a portal may be there and not show.
#[test]
fn what_a_portal_may_present_proves_nothing_while_the_checks_are_lost() {
    let present = |chain: &dyn Fn(&World, &str) -> Vec<Certificate>, platform: &Fact<TrustVerdict>| {
        let mut world = World::clean();
        world.captive_fails();
        for host in HOSTS {
            let chain = chain(&world, host);
            world.presents(host, chain, platform.clone());
        }
        let outcome = tls(&world);
        (outcome.verdict(), outcome.summary)
    };
    let (verdict, summary) = present(&|_, _| self_signed("gateway.local"), &refused());
    assert_eq!(verdict, Verdict::Suspicious);
    assert!(summary.contains("no connectivity check was answered"), "{summary}");
    let by_evil = |world: &World, host: &str| world.evil.chain(host, Dates::CURRENT);
    let (verdict, _) = present(&by_evil, &trusted_by(TrustAnchor::UserAdded));
    assert_eq!(verdict, Verdict::Confirmed, "no portal has a root in the device");
}

#[test]
fn a_server_error_is_neither_a_portal_nor_free() {
    let mut world = World::clean();
    world.portal(http(503, None, b"busy"));
    assert!(is_unknown(&captive(&world)));
    assert!(captive(&world).summary.contains("answered HTTP 503 instead of 204"));
}

#[test]
fn an_answer_over_valid_tls_is_the_servers_own_and_no_portal() {
    let mut world = World::clean();
    let chain = world.public.chain("probe.example", Dates::CURRENT);
    world.captive_over_tls(http(200, None, b"<html>"), chain);
    assert_eq!(captive(&world).judgements, []);
}

#[test]
fn failing_https_beside_working_http_is_named_as_partial() {
    let mut world = World::clean();
    world.captive_over_tls_fails(FailureKind::Certificate);
    let outcome = captive(&world);
    assert_eq!(outcome.judgements, []);
    assert!(outcome.summary.contains("1 of 2"), "{}", outcome.summary);
    assert!(outcome.summary.contains("partial connectivity: https://probe.example"), "{}", outcome.summary);
}

#[test]
fn the_systems_opinion_makes_a_portal() {
    let mut world = World::clean();
    world.captive_fails();
    world.seen.network.captive = Fact::known(true);
    HOSTS.into_iter().for_each(|host| world.presents(host, self_signed("gateway.local"), refused()));
    assert_eq!(found(&world.judge_at(NOW)), [(Detection::CaptivePortal, "", Verdict::Benign)]);
}

#[test]
fn the_systems_opinion_hides_no_interception_once_the_checks_pass() {
    let mut world = World::clean();
    world.seen.network.captive = Fact::known(true);
    world.captive_over_tls_fails(FailureKind::Certificate);
    HOSTS.into_iter().for_each(|host| world.presents(host, self_signed(host), refused()));
    assert_eq!(outcome(&world.judge_at(NOW), CheckId::TlsChain).verdict(), Verdict::Confirmed);
}

#[test]
fn what_a_portal_asks_for_is_not_reported() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://login.cafe.example/a?mac=02:00:5e:00:53:01#session"), b""));
    let told = serde_json::to_string(&captive(&world)).unwrap();
    assert!(told.contains("http://login.cafe.example/a") && told.contains(CLEAR));
    assert!(!told.contains("mac=") && !told.contains("session"));
}

#[test]
fn quorum_counts_networks_not_endpoints() {
    let mut world = World::clean();
    for number in [0, 1] {
        world.settings.endpoints[number].network = "net-1".to_owned();
        world.seen.tls[number].target.network = "net-1".to_owned();
    }
    for host in ["a.example", "b.example"] {
        let chain = world.evil.chain(host, Dates::CURRENT);
        world.presents(host, chain, refused());
    }
    assert_eq!(tls(&world).verdict(), Verdict::Suspicious);
}

#[test]
fn an_issuer_is_not_believed_for_its_name() {
    for name in ["Zscaler Root CA", "Public Root", "Company Inspection"] {
        let mut world = World::clean();
        world.settings.inspection_roots = vec![world.inspector.pin()];
        let impostor = Authority::new(name, 66);
        for host in HOSTS {
            world.presents(host, impostor.chain(host, Dates::CURRENT), refused());
        }
        assert_eq!(tls(&world).verdict(), Verdict::Confirmed, "{name}");
    }
}

#[test]
fn an_authority_of_the_organisation_vouches_only_for_its_endpoint() {
    let mut world = World::clean();
    world.settings.endpoints[0].private_anchors = vec![world.company.pin()];
    let chain = world.company.chain("b.example", Dates::CURRENT);
    world.presents("b.example", chain, refused());
    assert_eq!(tls(&world).verdict(), Verdict::Suspicious);
}

#[test]
fn a_pinned_root_that_only_the_platform_shows_counts() {
    for (pins_are, expected) in [("private", Verdict::Clean), ("inspection", Verdict::Benign)] {
        let mut world = World::clean();
        let root = Authority::new("Root That Is Not Sent", 8);
        let issued = root.chain("a.example", Dates::CURRENT);
        let root_spki = Some(Sha256::of(&webpki::spki_for_anchor(&root.anchor())));
        let verdict = TrustVerdict::Trusted { anchor: TrustAnchor::UserAdded, root_spki };
        world.presents("a.example", issued[..1].to_vec(), Fact::known(verdict));
        match pins_are {
            "private" => world.settings.endpoints[0].private_anchors = vec![root.pin()],
            _ => world.settings.inspection_roots = vec![root.pin()],
        }
        assert_eq!(tls(&world).verdict(), expected, "{pins_are}");
    }
}

/// Found by the lab: with the clock two years ahead, servers that do not send their private root looked forged.
#[test]
fn a_wrong_clock_is_no_attack_where_only_the_platform_shows_the_private_root() {
    let mut world = World::clean();
    let root = Authority::new("Root That Is Not Sent", 8);
    let root_spki = Some(Sha256::of(&webpki::spki_for_anchor(&root.anchor())));
    for (host, endpoint) in HOSTS.into_iter().zip(0..) {
        world.settings.endpoints[endpoint].private_anchors = vec![root.pin()];
        let verdict = TrustVerdict::OutOfDate { anchor: TrustAnchor::System, root_spki, valid_at: NOW };
        world.presents(host, root.chain(host, Dates::CURRENT)[..1].to_vec(), Fact::known(verdict));
    }
    let later = NOW.plus_seconds(2 * 365 * 86_400);
    assert_eq!(found(&world.judge_at(later)), [(Detection::InvalidCertificate, "", Verdict::Inconclusive)]);
}

#[test]
fn a_chain_that_is_valid_at_the_signed_time_is_genuine_whatever_the_clock_says() {
    let mut world = World::clean();
    let root = Authority::new("Root That Is Not Sent", 8);
    let root_spki = Some(Sha256::of(&webpki::spki_for_anchor(&root.anchor())));
    world.settings.endpoints[0].private_anchors = vec![root.pin()];
    let verdict = TrustVerdict::OutOfDate { anchor: TrustAnchor::System, root_spki, valid_at: NOW };
    let chain = root.chain("a.example", Dates::CURRENT)[..1].to_vec();
    world.presents("a.example", chain, Fact::known(verdict));
    assert_eq!(tls(&world).verdict(), Verdict::Clean);
}

#[test]
fn an_interceptor_that_this_device_trusted_once_is_no_wrong_clock() {
    let mut world = World::clean();
    for host in HOSTS {
        let chain = world.evil.chain(host, Dates::CURRENT);
        let verdict =
            TrustVerdict::OutOfDate { anchor: TrustAnchor::UserAdded, root_spki: None, valid_at: NOW };
        world.presents(host, chain, Fact::known(verdict));
    }
    assert_eq!(found(&world.judge_at(NOW)), [(Detection::TlsInterception, "", Verdict::Confirmed)]);
}

#[test]
fn a_declared_inspection_root_does_not_excuse_another_hosts_certificate() {
    let mut world = World::clean();
    world.settings.inspection_roots = vec![world.inspector.pin()];
    let chain = world.inspector.chain("other.example", Dates::CURRENT);
    world.presents("a.example", chain, refused());
    assert_eq!(
        found(&world.judge_at(NOW)),
        [(Detection::InvalidCertificate, "a.example", Verdict::Suspicious)]
    );
}

#[test]
fn a_certificate_that_is_not_valid_yet_is_a_date_error() {
    let mut world = World::clean();
    let chain = world.public.chain("a.example", Dates(2028, 2030));
    world.presents("a.example", chain, refused());
    let outcome = tls(&world);
    assert_eq!(outcome.verdict(), Verdict::Benign);
    assert!(outcome.summary.contains("2028-01-01T00:00:00Z"), "{}", outcome.summary);
}

#[test]
fn an_authority_that_has_expired_is_a_date_error() {
    let mut world = World::clean();
    let chain = world.public.subordinate("Old", 9, Dates::PAST).chain("a.example", Dates(2025, 2028));
    world.presents("a.example", chain, refused());
    let outcome = tls(&world);
    assert_eq!(outcome.verdict(), Verdict::Benign);
    assert!(outcome.summary.contains("valid at 2026-01-01T00:00:00Z"), "{}", outcome.summary);
}

#[test]
fn garbage_in_place_of_a_certificate_is_an_anomaly_with_evidence() {
    let mut world = World::clean();
    world.presents("a.example", vec![Certificate::from_der(b"not DER".to_vec())], refused());
    let outcome = tls(&world);
    assert_eq!(outcome.verdict(), Verdict::Suspicious);
    let evidence = &outcome.judgements[0].evidence;
    assert!(evidence.iter().any(|item| item.name == "certificate_sha256"));
    assert!(evidence.iter().any(|item| item.value == "refused: not a readable certificate"));
}

#[test]
fn a_handshake_without_any_certificate_is_not_genuine() {
    let mut world = World::clean();
    world.probe("a.example").attempts = answered(handshake(Vec::new()));
    assert_eq!(tls(&world).verdict(), Verdict::Suspicious);
}

#[test]
fn a_finding_keeps_its_identity_when_it_spreads() {
    let identity = |hosts: &[&str]| {
        let mut world = World::clean();
        for host in hosts {
            let chain = world.evil.chain(host, Dates::CURRENT);
            world.presents(host, chain, refused());
        }
        let outcome = tls(&world);
        (outcome.judgements[0].detection, outcome.judgements[0].subject.clone())
    };
    assert_eq!(identity(&["a.example"]), identity(&HOSTS));
}

#[test]
fn an_endpoint_may_be_an_address() {
    let mut world = World::clean();
    world.settings.endpoints = vec![endpoint("192.0.2.7", "net-1")];
    world.seen.tls.truncate(1);
    world.seen.tls[0].target = (&world.settings.endpoints[0]).into();
    let chain = world.public.chain("192.0.2.7", Dates::CURRENT);
    world.presents("192.0.2.7", chain, trusted_by(TrustAnchor::System));
    assert_eq!(tls(&world).verdict(), Verdict::Clean);
    assert_eq!(tls(&world).coverage, Coverage::Complete);
}
