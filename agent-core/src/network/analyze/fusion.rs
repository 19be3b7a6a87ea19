//! Weighs the checks against each other: the last step of the decision (NETWORK.md, decision 8).
//!
//! First what has one cause becomes one finding, with the evidence of both:
//!
//! | found | part of |
//! |---|---|
//! | TLS that ends elsewhere, at endpoints that were all reached where forged DNS answers lead | the spoofing of DNS; never where a canary proved that its session is broken |
//! | any change of the link | the twin, as another network is other in everything |
//! | another first hop | the change of the link that accounts for it |
//! | a proxy that passes on clear HTTP | what was changed or stripped there |
//!
//! Then the layers (link, DNS, TLS, clear HTTP) speak for each other: a suspicion of the link is confirmed where
//! another layer is, or two others are suspicious. Findings of one layer are not independent of each other.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Scene;
use crate::model::{CheckOutcome, Detection, Judgement, NetworkSettings, Verdict};
use crate::network::dns::{is_right, zones};
use crate::network::dns_record::{DnsAim, DnsProbe};
use crate::network::observation::{Observations, Target, answer};

/// Changes of the link, the one that accounts for most first.
const LINK: [Detection; 5] = [
    Detection::EvilTwin,
    Detection::ArpSpoofing,
    Detection::RogueDhcp,
    Detection::RogueRouter,
    Detection::ConfigurationChanged,
];

/// The other layers.
const DNS: &[Detection] = &[Detection::DnsSpoofing];
const TLS: &[Detection] =
    &[Detection::TlsInterception, Detection::TrustStoreCompromised, Detection::TlsDowngrade];
const CLEAR: &[Detection] = &[Detection::SslStrip, Detection::ContentTampering];

/// Weighs the `outcomes` of one scan.
pub(super) fn fuse(mut outcomes: Vec<CheckOutcome>, scene: &Scene<'_>) -> Vec<CheckOutcome> {
    let led = led_astray(scene);
    let is_led = |judgement: &Judgement| ends_elsewhere(judgement) && is_only_about(&led, judgement);
    fold(&mut outcomes, &[Detection::DnsSpoofing], is_led);

    let is_of_the_link = |judgement: &Judgement| LINK.contains(&judgement.detection);
    fold(&mut outcomes, &[Detection::EvilTwin], is_of_the_link);
    fold(&mut outcomes, &LINK, |judgement| judgement.detection == Detection::PathChanged);

    let changed = [Detection::SslStrip, Detection::ContentTampering, Detection::ContentRecompressed];
    fold(&mut outcomes, &changed, |judgement| judgement.detection == Detection::TransparentProxy);

    confirm(&mut outcomes);
    outcomes
}

/// Makes what `is_part` picks a part of the first of `causes` that was found.
fn fold(outcomes: &mut [CheckOutcome], causes: &[Detection], is_part: impl Fn(&Judgement) -> bool) {
    let is_found = |cause: &&Detection| found(outcomes, &[**cause]) >= Verdict::Benign;
    let Some(cause) = causes.iter().find(is_found).copied() else { return };
    let mut parts = Vec::new();
    for outcome in outcomes.iter_mut() {
        let is_part = |judgement: &Judgement| judgement.detection != cause && is_part(judgement);
        let (taken, left) = std::mem::take(&mut outcome.judgements).into_iter().partition(is_part);
        outcome.judgements = left;
        let taken: Vec<Judgement> = taken;
        if !taken.is_empty() {
            outcome.summary = format!("{}; part of {cause}", outcome.summary);
            outcome.part_of = Some(cause);
        }
        parts.extend(taken);
    }
    let judgements = outcomes.iter_mut().flat_map(|outcome| &mut outcome.judgements);
    let Some(whole) = judgements.filter(|it| it.detection == cause).max_by_key(|it| it.verdict) else {
        return;
    };
    for part in parts {
        whole.verdict = whole.verdict.max(part.verdict);
        whole.reason = format!("{}; {}", whole.reason, part.reason);
        whole.evidence.extend(part.evidence);
    }
}

/// Confirms suspicions of the link that other layers bear out.
fn confirm(outcomes: &mut [CheckOutcome]) {
    let layers = [("DNS", DNS), ("TLS", TLS), ("clear HTTP", CLEAR)];
    let layers = layers.map(|(name, detections)| (name, found(outcomes, detections)));
    let confirmed: Vec<_> = named(&layers, Verdict::Confirmed);
    let suspected: Vec<_> = named(&layers, Verdict::Suspicious);
    let witness = match (confirmed.as_slice(), suspected.as_slice()) {
        ([], [_, _, ..]) => format!("{} raise suspicions of their own", suspected.join(" and ")),
        ([], _) => return,
        (confirmed, _) => format!("an attack on {} is proved at the same time", confirmed.join(" and ")),
    };
    for judgement in outcomes.iter_mut().flat_map(|outcome| &mut outcome.judgements) {
        let is_of_the_link =
            LINK.contains(&judgement.detection) || judgement.detection == Detection::PathChanged;
        if is_of_the_link && judgement.verdict == Verdict::Suspicious {
            judgement.verdict = Verdict::Confirmed;
            judgement.reason = format!("{}; {witness}", judgement.reason);
        }
    }
}

fn named(layers: &[(&'static str, Verdict)], least: Verdict) -> Vec<&'static str> {
    layers.iter().filter(|(_, verdict)| *verdict >= least).map(|(name, _)| *name).collect()
}

/// The gravest verdict on any of `detections`.
fn found(outcomes: &[CheckOutcome], detections: &[Detection]) -> Verdict {
    let judgements = outcomes.iter().flat_map(|outcome| &outcome.judgements);
    let verdicts = judgements.filter(|it| detections.contains(&it.detection)).map(|it| it.verdict);
    verdicts.filter(|verdict| *verdict != Verdict::Inconclusive).fold(Verdict::Clean, Verdict::max)
}

/// Whether a judgement tells that TLS ends at somebody else's, without the proof of a canary.
fn ends_elsewhere(judgement: &Judgement) -> bool {
    let tells = matches!(
        judgement.detection,
        Detection::TlsInterception | Detection::InvalidCertificate | Detection::TlsDowngrade
    );
    let is_proved = judgement.evidence.iter().any(|evidence| evidence.name == "exporter_here");
    tells && judgement.verdict >= Verdict::Suspicious && !is_proved
}

/// Whether every endpoint that `judgement` names is one of `endpoints`.
fn is_only_about(endpoints: &BTreeSet<String>, judgement: &Judgement) -> bool {
    let mut named = judgement.evidence.iter().filter(|evidence| evidence.name == "endpoint").peekable();
    named.peek().is_some() && named.all(|evidence| endpoints.contains(&evidence.value))
}

/// The endpoints, `host:port`, that were reached at an address which a wrong DNS answer gave.
fn led_astray(scene: &Scene<'_>) -> BTreeSet<String> {
    let Observations { dns, tls, canaries, .. } = scene.seen;
    let wrong: BTreeSet<_> = dns.iter().flat_map(|probe| wrong_addresses(probe, scene.settings)).collect();
    let is_wrong = |address: Option<IpAddr>| address.is_some_and(|address| wrong.contains(&address));
    let tls = tls.iter().filter_map(|probe| Some((&probe.target, probe.answer()?.1)));
    let canaries = canaries.iter().filter_map(|probe| Some((&probe.target, probe.answer()?.1)));
    let led = tls.chain(canaries).filter(|(_, address)| is_wrong(*address));
    led.map(|(Target { host, port, .. }, _)| format!("{host}:{port}")).collect()
}

/// The addresses in the answers to a canary's name that are not the right one.
fn wrong_addresses(probe: &DnsProbe, settings: &NetworkSettings) -> Vec<IpAddr> {
    let DnsAim::Nonce { zone, nonce } = &probe.aim else { return Vec::new() };
    let is_known = zones(settings).any(|(_, known)| known == zone);
    let Some((answers, _)) = answer(&probe.attempts).filter(|_| is_known) else { return Vec::new() };
    let addresses = answers.whole().flat_map(|(_, message)| &message.addresses).map(|found| found.address);
    addresses.filter(|address| !is_right(*address, nonce, zone, &settings.nat64_prefixes)).collect()
}
