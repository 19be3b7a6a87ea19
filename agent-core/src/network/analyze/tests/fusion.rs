//! One cause is one finding, and layers speak for each other.

use super::canary_world::{bind, clear, content, fail_tls, page};
use super::link_world::{ATTACKER, ATTACKER_MAC, GATEWAY, Phone, attacks};
use super::world::{answered, found, outcome, refused};
use crate::canary::{Content, Exporter};
use crate::model::{CheckId, CheckOutcome, Detection, Fact, Judgement, Verdict};
use crate::network::analyze::Scene;
use crate::network::analyze::captive::Hold;
use crate::network::analyze::fusion::fuse;
use crate::network::baseline::Baseline;
use crate::network::observation::{ClearQuestion, Target, TlsProbe};
use crate::network::testing::{Dates, handshake};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];

/// Names are forged, and these hosts are reached at the attacker's address, where their certificates are made up.
fn forged(phone: &mut Phone, hosts: &[&str]) {
    phone.forges_names();
    let canary = Target::from(&phone.world.settings.canaries[0]);
    let target = Target { address: Some(ATTACKER.parse().unwrap()), ..canary };
    let chain = phone.world.evil.chain(&target.host, Dates::CURRENT);
    phone.world.seen.dns_tls = vec![TlsProbe {
        target,
        attempts: answered(handshake(chain)),
        fallback: None,
        platform: Some(refused()),
    }];
    for host in hosts {
        let chain = phone.world.evil.chain(host, Dates::CURRENT);
        phone.world.presents(host, chain, refused());
        phone.world.probe(host).attempts[0].address = Some(ATTACKER.parse().unwrap());
    }
}

fn rogue_dhcp(phone: &mut Phone) {
    phone.network().dhcp_server = Fact::known(ATTACKER.parse().unwrap());
    phone.network().dns_servers = Fact::known(vec![ATTACKER.to_owned()]);
}

#[test]
fn forged_names_with_bad_tls_behind_them_are_one_finding() {
    let mut phone = Phone::back_home();
    forged(&mut phone, &HOSTS[..2]);
    let outcomes = phone.scan();
    assert_eq!(attacks(&outcomes), [(Detection::DnsSpoofing, Verdict::Confirmed)]);
    let spoofing = &outcome(&outcomes, CheckId::DnsAnswer).judgements[0];
    assert!(spoofing.evidence.iter().any(|it| it.value == "b.example:443"), "the evidence moved along");
    assert!(spoofing.reason.contains("terminate"), "{}", spoofing.reason);
    let chain = outcome(&outcomes, CheckId::TlsChain);
    assert!(chain.summary.ends_with("part of network.dns_spoofing"));
    assert_eq!(chain.part_of, Some(Detection::DnsSpoofing));
}

#[test]
fn interception_elsewhere_than_where_names_are_led_stays_a_finding() {
    let mut phone = Phone::back_home();
    forged(&mut phone, &HOSTS);
    phone.world.probe("c.example").attempts[0].address = Some("198.51.100.7".parse().unwrap());
    let expected =
        [(Detection::TlsInterception, Verdict::Confirmed), (Detection::DnsSpoofing, Verdict::Confirmed)];
    assert_eq!(phone.found(), expected);
}

#[test]
fn a_broken_binding_is_never_folded_away() {
    let mut phone = Phone::back_home();
    forged(&mut phone, &HOSTS);
    phone.scan();
    bind(&mut phone.world, 1, |reply| reply.tls_exporter = Exporter::from_bytes([9; 32]));
    phone.world.seen.canaries[1].tls[0].address = Some(ATTACKER.parse().unwrap());
    let outcomes = phone.world.judge_at(phone.now);
    assert!(attacks(&outcomes).contains(&(Detection::TlsInterception, Verdict::Confirmed)));
}

#[test]
fn a_rogue_dhcp_server_whose_names_are_forged_is_confirmed() {
    let mut phone = Phone::back_home();
    rogue_dhcp(&mut phone);
    forged(&mut phone, &HOSTS[..2]);
    let expected = [(Detection::DnsSpoofing, Verdict::Confirmed), (Detection::RogueDhcp, Verdict::Confirmed)];
    assert_eq!(phone.found(), expected);
}

#[test]
fn two_findings_of_the_link_do_not_confirm_each_other() {
    let mut phone = Phone::back_home();
    rogue_dhcp(&mut phone);
    phone.answers_for(GATEWAY, ATTACKER_MAC);
    let expected =
        [(Detection::ArpSpoofing, Verdict::Suspicious), (Detection::RogueDhcp, Verdict::Suspicious)];
    assert_eq!(phone.found(), expected);
}

/// What `found` become when they are weighed, in a record where nothing was seen.
fn weighed(found: &[(Detection, Verdict)]) -> Vec<(Detection, Verdict)> {
    let phone = Phone::at_home();
    let scene = Scene {
        seen: &phone.world.seen,
        settings: &phone.world.settings,
        public_roots: &[],
        unreadable_roots: 0,
        sightings: &[],
        portal: false,
        hold: Hold::No,
        now: phone.now,
        past: &Baseline::default(),
    };
    let outcomes = found.iter().map(|(detection, verdict)| {
        let judgement =
            Judgement::new(*detection, *verdict).because("as the test wants").with("of", detection);
        CheckOutcome::judged(detection.check(), "looked", vec![judgement])
    });
    let outcomes = fuse(outcomes.collect(), &scene);
    let judgements = outcomes.into_iter().flat_map(|outcome| outcome.judgements);
    judgements.map(|judgement| (judgement.detection, judgement.verdict)).collect()
}

#[test]
fn another_first_hop_is_part_of_the_change_that_explains_it() {
    use Detection::{ArpSpoofing, EvilTwin, PathChanged, RogueDhcp};
    let suspicious = |detections: &[Detection]| {
        detections.iter().map(|detection| (*detection, Verdict::Suspicious)).collect::<Vec<_>>()
    };
    for (found, left) in [
        (vec![PathChanged], vec![PathChanged]),
        (vec![ArpSpoofing, PathChanged], vec![ArpSpoofing]),
        (vec![PathChanged, RogueDhcp], vec![RogueDhcp]),
        (vec![ArpSpoofing, PathChanged, RogueDhcp, EvilTwin], vec![EvilTwin]),
    ] {
        assert_eq!(weighed(&suspicious(&found)), suspicious(&left));
    }
}

#[test]
fn two_other_layers_in_doubt_confirm_a_suspicion_of_the_link_and_one_does_not() {
    let path = (Detection::PathChanged, Verdict::Suspicious);
    let dns = (Detection::DnsSpoofing, Verdict::Suspicious);
    let tls = (Detection::TlsInterception, Verdict::Suspicious);
    let clear = (Detection::ContentTampering, Verdict::Confirmed);
    let proved = (Detection::PathChanged, Verdict::Confirmed);
    assert_eq!(weighed(&[path, dns]), [path, dns]);
    assert_eq!(weighed(&[path, dns, tls]), [proved, dns, tls]);
    assert_eq!(weighed(&[path, clear]), [proved, clear]);
    let benign = (Detection::DnsSpoofing, Verdict::Benign);
    assert_eq!(weighed(&[path, benign, tls]), [path, benign, tls]);
    let undecided = (Detection::TlsInterception, Verdict::Inconclusive);
    assert_eq!(weighed(&[path, dns, undecided]), [path, dns, undecided]);
}

const PAGE: &[u8] =
    b"<script src=\"script.js\"></script><a href=\"https://canary-0.example/\">Home</a></body>";

/// A page with links, of canary 0, and what came of it.
fn page_arrives(phone: &mut Phone, change: impl Fn(&str) -> String) {
    let exchange = clear(&mut phone.world, 0, ClearQuestion::Page);
    let request = exchange.question.request.as_bytes().to_vec();
    let sent = content(0, Content::Page, exchange.question.nonce, &request, PAGE);
    let text = String::from_utf8(sent.as_bytes().to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let body = change(body);
    let head = head.replace(&PAGE.len().to_string(), &body.len().to_string());
    exchange.response = crate::network::observation::Raw::new(format!("{head}\r\n\r\n{body}").into_bytes());
}

/// The page in place of the redirect.
fn strips(phone: &mut Phone) {
    clear(&mut phone.world, 0, ClearQuestion::Redirect).response = page(200, &[], b"<html>");
}

fn downgraded(body: &str) -> String {
    body.replace("https://", "http://")
}

fn injected(body: &str) -> String {
    body.replace("</body>", "<script src=http://ads.example/hook.js></script></body>")
}

#[test]
fn stripped_links_are_stripping_and_not_tampering() {
    let mut phone = Phone::at_home();
    page_arrives(&mut phone, downgraded);
    assert_eq!(phone.found(), [(Detection::SslStrip, Verdict::Confirmed)]);
    strips(&mut phone);
    let both = phone.scan();
    assert!(attacks(&both).iter().all(|it| *it == (Detection::SslStrip, Verdict::Confirmed)), "{both:#?}");

    let mut elsewhere = Phone::at_home();
    strips(&mut elsewhere);
    page_arrives(&mut elsewhere, |body| body.replace("https://", "http://wwww."));
    assert!(attacks(&elsewhere.scan()).iter().all(|(detection, _)| *detection == Detection::SslStrip));
}

#[test]
fn stripping_where_no_tls_gets_through_stays_a_suspicion() {
    let mut phone = Phone::at_home();
    page_arrives(&mut phone, downgraded);
    strips(&mut phone);
    phone.scan();
    (0..2).for_each(|number| fail_tls(&mut phone.world, number));
    let found = attacks(&phone.world.judge_at(phone.now));
    assert_eq!(
        found,
        [(Detection::SslStrip, Verdict::Suspicious), (Detection::SslStrip, Verdict::Suspicious)]
    );
}

#[test]
fn a_further_script_is_tampering_whatever_else_is_stripped() {
    let mut phone = Phone::at_home();
    page_arrives(&mut phone, injected);
    assert_eq!(phone.found(), [(Detection::ContentTampering, Verdict::Confirmed)]);
    strips(&mut phone);
    assert!(phone.found().contains(&(Detection::ContentTampering, Verdict::Confirmed)));
}

#[test]
fn the_proxy_that_changes_content_is_no_finding_of_its_own() {
    let mut phone = Phone::at_home();
    page_arrives(&mut phone, injected);
    clear(&mut phone.world, 0, ClearQuestion::OddEcho).response = page(400, &[], b"Bad Request");
    let outcomes = phone.scan();
    assert_eq!(found(&outcomes), [(Detection::ContentTampering, "", Verdict::Confirmed)]);
}
