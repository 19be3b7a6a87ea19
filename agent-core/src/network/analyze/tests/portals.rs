//! Portals, what they excuse and for how long; and private DNS, which needs the past of a network too.

use proptest::prelude::*;

use super::world::{SECURE, World, answered, found, http, outcome, refused, trusted_by};
use crate::model::{
    CheckId, CheckOutcome, Coverage, Detection, Fact, PrivateDns, RootCertificate, Timestamp, TrustAnchor,
    Verdict,
};
use crate::network::analyze::judge_under;
use crate::network::baseline::{Baseline, PortalPast, PrivateDnsPast};
use crate::network::observation::{
    Attempt, Certificate, Failure, FailureKind, Outcome, Phase, PortalApiAnswer, PortalApiProbe,
};
use crate::network::testing::{Dates, NOW, endpoint, handshake, self_signed};
use crate::network::{Judged, Recording};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];
const API: &str = "https://portal.example/api?session=1";
const PORTAL: (Detection, &str, Verdict) = (Detection::CaptivePortal, "", Verdict::Benign);

#[test]
fn the_networks_own_api_makes_a_portal_where_the_checks_do_not_tell() {
    let mut world = World::clean();
    world.captive_fails();
    let chain = world.public.chain("portal.example", Dates::CURRENT);
    says(&mut world, true, chain);
    presents_its_own(&mut world);
    let outcomes = world.judge_at(NOW);
    assert_eq!(found(&outcomes), [PORTAL]);
    let judgement = &outcomes[0].judgements[0];
    assert!(judgement.evidence.iter().any(|item| item.value == "https://portal.example/api"));
    assert!(judgement.evidence.iter().any(|item| item.value == "https://portal.example/sign-in"));
}

#[test]
fn the_api_of_a_cleared_portal_is_told_beside_a_clean_result() {
    let mut world = World::clean();
    let chain = world.public.chain("portal.example", Dates::CURRENT);
    says(&mut world, false, chain);
    let captive = captive(&world);
    assert_eq!((captive.verdict(), &captive.coverage), (Verdict::Clean, &Coverage::Complete));
    assert!(captive.summary.contains("API says that it lets this device through"), "{}", captive.summary);
}

#[test]
fn a_page_that_was_seen_outweighs_an_api_that_denies_it() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://portal.example/"), b""));
    let chain = world.public.chain("portal.example", Dates::CURRENT);
    says(&mut world, false, chain);
    presents_its_own(&mut world);
    assert_eq!(found(&world.judge_at(NOW)), [PORTAL]);
}

#[test]
fn an_api_with_an_invalid_certificate_is_told_and_not_believed() {
    for chain in [self_signed("portal.example"), World::clean().public.chain("other.example", Dates::CURRENT)]
    {
        let mut world = World::clean();
        world.captive_fails();
        says(&mut world, true, chain);
        let captive = captive(&world);
        assert_eq!(captive.judgements, []);
        assert!(captive.summary.contains("https://portal.example/api, presents"), "{}", captive.summary);
        assert!(captive.summary.contains("not believed") && !captive.summary.contains("session"));
    }
}

#[test]
fn an_api_that_does_not_answer_is_told() {
    let mut world = World::clean();
    let failure = Failure { phase: Phase::Http, kind: FailureKind::Protocol, detail: "HTTP 404".to_owned() };
    let attempts = vec![Attempt { address: None, elapsed_ms: 1, outcome: Outcome::Failed(failure) }];
    world.seen.portal_api = Some(PortalApiProbe { url: API.to_owned(), attempts });
    let captive = captive(&world);
    assert_eq!((captive.verdict(), &captive.coverage), (Verdict::Clean, &Coverage::Complete));
    assert!(captive.summary.contains("HTTP 404"), "{}", captive.summary);
}

#[test]
fn an_api_hides_no_interception_once_the_checks_pass() {
    let mut world = World::clean();
    let chain = world.public.chain("portal.example", Dates::CURRENT);
    says(&mut world, true, chain);
    forges(&mut world);
    assert_eq!(found(&world.judge_at(NOW)), [PORTAL, (Detection::TlsInterception, "", Verdict::Confirmed)]);
}

#[test]
fn a_check_over_tls_counts_only_with_a_certificate_of_its_own_host() {
    let mut world = World::clean();
    world.seen.captive.remove(0);
    let company = world.company.chain("probe.example", Dates::CURRENT);
    world.seen.captive[0].attempts = answered(crate::network::observation::HttpAnswer {
        handshake: Some(handshake(company.clone())),
        ..http(204, None, b"")
    });
    let refused = captive(&world);
    assert!(matches!(refused.coverage, Coverage::Unknown { .. }));
    let told = "https://probe.example/generate_204 presented a certificate by \"Company CA\"";
    assert!(refused.summary.contains(told), "{}", refused.summary);

    world.settings.public_roots = vec![RootCertificate::from_der(company[1].as_der().to_vec())];
    assert_eq!(captive(&world).coverage, Coverage::Complete);

    world.settings.public_roots.clear();
    let mut own = endpoint("probe.example", "net-9");
    own.private_anchors = vec![world.company.pin()];
    world.settings.endpoints.push(own);
    assert_eq!(captive(&world).coverage, Coverage::Complete);
}

#[test]
fn a_page_over_tls_with_the_portals_certificate_frees_nothing() {
    let mut world = World::clean();
    world.portal(http(200, None, b"<html>Welcome</html>"));
    world.captive_over_tls(http(200, None, b"<html>Welcome</html>"), self_signed("gateway.local"));
    presents_its_own(&mut world);
    assert_eq!(found(&world.judge_at(NOW)), [PORTAL]);
    assert!(world.seen.captive[1].url == SECURE);
}

#[test]
fn a_network_is_remembered_as_open_and_then_as_held() {
    let world = World::clean();
    let open = judged(&world, None, NOW).baseline.portal;
    assert_eq!(open, PortalPast { open_at: Some(NOW), portal_since: None });

    let mut held = World::clean();
    held.portal(http(302, Some("http://portal.example/"), b""));
    let later = NOW.plus_seconds(60);
    let first = judged(&held, Some(past(open)), later).baseline;
    assert_eq!(first.portal, PortalPast { open_at: Some(NOW), portal_since: Some(later) });
    let second = judged(&held, Some(first), NOW.plus_seconds(120)).baseline;
    assert_eq!(second.portal, PortalPast { open_at: Some(NOW), portal_since: Some(later) });

    let mut lost = World::clean();
    lost.captive_fails();
    assert_eq!(judged(&lost, Some(second.clone()), NOW.plus_seconds(180)).baseline.portal, second.portal);
    let cleared = judged(&world, Some(second), NOW.plus_seconds(240)).baseline;
    assert_eq!(cleared.portal, PortalPast { open_at: Some(NOW.plus_seconds(240)), portal_since: None });
}

#[test]
fn the_systems_silence_on_a_portal_opens_no_network() {
    let mut world = World::clean();
    world.captive_fails();
    world.seen.network.captive = Fact::known(false);
    assert_eq!(judged(&world, None, NOW).baseline.portal, PortalPast::default());
}

#[test]
fn a_sign_in_that_ran_out_over_night_is_no_interception() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://portal.example/"), b""));
    presents_its_own(&mut world);
    let outcomes = overnight(&world);
    assert_eq!(found(&outcomes), [PORTAL]);
    assert!(outcomes[0].summary.contains("the page has been there since"), "{}", outcomes[0].summary);
}

#[test]
fn a_portal_that_stays_excuses_no_certificate_in_another_hosts_name() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://portal.example/"), b""));
    forges(&mut world);
    assert_eq!(found(&world.judge_at(NOW)), [PORTAL]);
    let suspected = [PORTAL, (Detection::TlsInterception, "", Verdict::Suspicious)];
    assert_eq!(found(&overnight(&world)), suspected);

    let soon = PortalPast { open_at: Some(NOW), portal_since: Some(NOW) };
    assert_eq!(found(&judged(&world, Some(past(soon)), NOW.plus_seconds(600)).outcomes), [PORTAL]);

    world.seen.network.captive = Fact::known(false);
    assert_eq!(found(&overnight(&world)), suspected);
    world.seen.network.captive = Fact::known(true);
    assert_eq!(found(&overnight(&world)), [PORTAL]);
}

#[test]
fn a_portal_that_stays_changes_nothing_about_a_root_in_the_device() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://portal.example/"), b""));
    for host in HOSTS {
        let chain = world.evil.chain(host, Dates::CURRENT);
        world.presents(host, chain, trusted_by(TrustAnchor::UserAdded));
    }
    let confirmed = [PORTAL, (Detection::TlsInterception, "", Verdict::Confirmed)];
    assert_eq!(found(&world.judge_at(NOW)), confirmed);
    assert_eq!(found(&overnight(&world)), confirmed);
}

#[test]
fn a_clock_that_was_set_back_makes_no_portal_stay() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://portal.example/"), b""));
    forges(&mut world);
    let ahead = PortalPast { open_at: Some(NOW), portal_since: Some(NOW.plus_seconds(86_400)) };
    let judged = judged(&world, Some(past(ahead)), NOW);
    assert_eq!(found(&judged.outcomes), [PORTAL]);
    assert_eq!(judged.baseline.portal.portal_since, Some(NOW));
}

/// What a portal does to a TLS connection in another host's place.
#[derive(Clone, Copy, Debug)]
enum Habit {
    OwnName,
    PublicName,
    EachName,
    Silence,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_portal_is_ever_a_confirmed_attack(
        habit in prop::sample::select(vec![Habit::OwnName, Habit::PublicName, Habit::EachName, Habit::Silence]),
        redirects in any::<bool>(),
        os in prop::option::of(any::<bool>()),
        api in prop::option::of(any::<bool>()),
        open in prop::option::of(-100_000_i64..100_000),
        since in prop::option::of(-100_000_i64..100_000),
    ) {
        let mut world = World::clean();
        world.portal(if redirects { http(302, Some("http://p.example/"), b"") } else { http(200, None, b"<p>") });
        for host in HOSTS {
            match habit {
                Habit::OwnName => world.presents(host, self_signed("gateway.local"), refused()),
                Habit::PublicName => {
                    let chain = world.public.chain("login.cafe.example", Dates::CURRENT);
                    world.presents(host, chain, refused());
                }
                Habit::EachName => {
                    let chain = world.evil.chain(host, Dates::CURRENT);
                    world.presents(host, chain, refused());
                }
                Habit::Silence => world.silences(host),
            }
        }
        world.seen.network.captive = os.map_or(Fact::not_available("not told"), Fact::known);
        if let Some(captive) = api {
            let chain = world.public.chain("portal.example", Dates::CURRENT);
            says(&mut world, captive, chain);
        }
        let at = |seconds: Option<i64>| seconds.map(|seconds| NOW.plus_seconds(seconds));
        let before = PortalPast { open_at: at(open), portal_since: at(since) };
        let judged = judged(&world, Some(past(before)), NOW);
        let limit = if matches!(habit, Habit::EachName) { Verdict::Suspicious } else { Verdict::Benign };
        for (detection, subject, verdict) in found(&judged.outcomes) {
            prop_assert!(verdict <= limit, "{detection} {subject} {verdict}");
        }
    }
}

#[test]
fn private_dns_is_judged_by_what_it_was_here() {
    let named = || Some("dns.example".to_owned());
    let unreachable = || PrivateDns::Unreachable { server: "dns.example".to_owned() };
    let in_use = PrivateDns::Active { server: named() };
    let worked = PrivateDnsPast { worked_at: Some(NOW.plus_seconds(-3600)), server: named() };
    let long_ago = PrivateDnsPast { worked_at: Some(NOW.plus_seconds(-40 * 86_400)), server: None };
    let never = PrivateDnsPast::default();
    let (on, off) = (PrivateDns::Opportunistic { active: true }, PrivateDns::Opportunistic { active: false });
    let table = [
        (in_use, &never, Verdict::Clean, "private DNS is in use, by dns.example"),
        (on, &never, Verdict::Clean, "private DNS is in use"),
        (PrivateDns::Off, &never, Verdict::Clean, "turned off on this device"),
        (PrivateDns::Off, &worked, Verdict::Clean, "turned off on this device"),
        (off.clone(), &never, Verdict::Clean, "was not before"),
        (off.clone(), &worked, Verdict::Suspicious, "at 2027-01-15T11:00:00Z it was, by dns.example"),
        (off, &long_ago, Verdict::Clean, "was not before"),
        (unreachable(), &never, Verdict::Inconclusive, "was not seen to work here before"),
        (unreachable(), &worked, Verdict::Suspicious, "cannot be reached over this network; at 2027"),
    ];
    for (now, before, verdict, words) in table {
        let mut world = World::clean();
        world.seen.network.private_dns = Fact::known(now);
        let baseline = Baseline { private_dns: before.clone(), ..Baseline::default() };
        let outcomes = judged(&world, Some(baseline), NOW).outcomes;
        let told = outcome(&outcomes, CheckId::DnsPrivate);
        assert_eq!(told.verdict(), verdict, "{}", told.summary);
        assert!(told.summary.contains(words), "{}", told.summary);
    }
}

#[test]
fn private_dns_in_use_is_remembered_and_its_loss_forgets_nothing() {
    let mut world = World::clean();
    world.seen.network.private_dns =
        Fact::known(PrivateDns::Active { server: Some("dns.example".to_owned()) });
    let learned = judged(&world, None, NOW).baseline;
    let expected = PrivateDnsPast { worked_at: Some(NOW), server: Some("dns.example".to_owned()) };
    assert_eq!(learned.private_dns, expected);
    let lost = PrivateDns::Unreachable { server: "dns.example".to_owned() };
    for now in [lost, PrivateDns::Off, PrivateDns::Opportunistic { active: false }] {
        world.seen.network.private_dns = Fact::known(now);
        let kept = judged(&world, Some(learned.clone()), NOW.plus_seconds(60)).baseline;
        assert_eq!(kept.private_dns, expected);
    }
}

#[test]
fn a_portal_may_be_why_private_dns_is_lost() {
    let mut world = World::clean();
    world.portal(http(302, Some("http://portal.example/"), b""));
    world.seen.network.private_dns = Fact::known(PrivateDns::Opportunistic { active: false });
    let worked = PrivateDnsPast { worked_at: Some(NOW), server: None };
    let baseline = Baseline { private_dns: worked, ..Baseline::default() };
    let outcomes = judged(&world, Some(baseline), NOW).outcomes;
    assert!(matches!(outcome(&outcomes, CheckId::DnsPrivate).coverage, Coverage::Unknown { .. }));
}

/// Found by the benign sets.
#[test]
fn private_dns_is_not_blocked_where_nothing_gets_through() {
    let mut world = World::clean();
    world.captive_fails();
    ["a.example", "b.example", "c.example"].into_iter().for_each(|host| world.silences(host));
    world.seen.network.private_dns = Fact::known(PrivateDns::Opportunistic { active: false });
    let worked = PrivateDnsPast { worked_at: Some(NOW), server: None };
    let baseline = Baseline { private_dns: worked, ..Baseline::default() };
    let outcomes = judged(&world, Some(baseline), NOW).outcomes;
    assert!(matches!(outcome(&outcomes, CheckId::DnsPrivate).coverage, Coverage::Unknown { .. }));
}

#[test]
fn what_was_seen_through_a_vpn_says_so() {
    let mut world = World::clean();
    forges(&mut world);
    let plain = world.judge_at(NOW);
    world.seen.network.vpns = Fact::known(vec!["tun0".to_owned()]);
    let labelled = world.judge_at(NOW);
    assert_eq!(found(&plain), found(&labelled));
    for check in [CheckId::Captive, CheckId::TlsChain, CheckId::DnsPath] {
        let summary = &outcome(&labelled, check).summary;
        assert!(summary.ends_with("(seen through the VPN tun0)"), "{summary}");
    }
    let interception = &outcome(&labelled, CheckId::TlsChain).judgements[0];
    assert!(interception.evidence.iter().any(|item| (&*item.name, &*item.value) == ("vpn", "tun0")));
    assert_eq!(outcome(&plain, CheckId::DnsPrivate), outcome(&labelled, CheckId::DnsPrivate));
}

fn captive(world: &World) -> CheckOutcome {
    outcome(&world.judge_at(NOW), CheckId::Captive).clone()
}

/// Judged in the morning, on a network that was open last evening and has shown a portal since midnight.
fn overnight(world: &World) -> Vec<CheckOutcome> {
    let hours = |hours: i64| Some(NOW.plus_seconds(-hours * 3600));
    judged(world, Some(past(PortalPast { open_at: hours(12), portal_since: hours(8) })), NOW).outcomes
}

fn past(portal: PortalPast) -> Baseline {
    Baseline { portal, ..Baseline::default() }
}

fn judged(world: &World, baseline: Option<Baseline>, now: Timestamp) -> Judged {
    let recording = Recording { baseline, ..Recording::new(world.seen.clone(), world.settings.clone(), now) };
    judge_under(&[world.public.anchor()], &recording)
}

fn says(world: &mut World, captive: bool, chain: Vec<Certificate>) {
    let user_portal_url = Some("https://portal.example/sign-in?mac=02:00:5e:00:53:01".to_owned());
    let answer = PortalApiAnswer { captive, user_portal_url, handshake: handshake(chain) };
    world.seen.portal_api = Some(PortalApiProbe { url: API.to_owned(), attempts: answered(answer) });
}

/// The portal's own certificate in place of every host's.
fn presents_its_own(world: &mut World) {
    HOSTS.into_iter().for_each(|host| world.presents(host, self_signed("gateway.local"), refused()));
}

/// A certificate in each host's name, by nobody who is trusted.
fn forges(world: &mut World) {
    for host in HOSTS {
        let chain = world.evil.chain(host, Dates::CURRENT);
        world.presents(host, chain, refused());
    }
}
