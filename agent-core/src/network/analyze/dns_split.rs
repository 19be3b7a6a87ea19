//! Zones that the organisation declared split-horizon, where this network's resolvers lead inside.
//!
//! An address inside is one that the internet cannot route: private (RFC 1918) or unique local (RFC 4193). Another one
//! may be the zone's own, as the rest of the world sees it, and is not spoken of. Nor is one that a portal may have
//! given, or that names get which do not exist.

use std::net::IpAddr;

use super::Scene;
use super::dns_answer::wildcard;
use super::dns_words::answer_words;
use crate::model::{Detection, Judgement, Verdict};
use crate::network::dns_record::{DnsAim, DnsProbe};
use crate::network::observation::answer;
use crate::network::words::plain;

/// One judgement for each answer that leads inside.
pub(super) fn judgements<'a>(scene: &'a Scene<'_>) -> impl Iterator<Item = Judgement> + 'a {
    let wildcard = wildcard(&scene.seen.dns);
    let probes = scene.seen.dns.iter().filter(|_| !scene.portal);
    probes
        .filter_map(move |probe| inside(scene, probe).filter(|(address, _)| !wildcard.contains(address)))
        .map(|(_, judgement)| judgement)
}

fn inside(scene: &Scene<'_>, probe: &DnsProbe) -> Option<(IpAddr, Judgement)> {
    let DnsAim::Declared { zone } = &probe.aim else { return None };
    let zone = plain(scene.settings.split_horizon.iter().find(|declared| *declared == zone)?);
    let (answers, _) = answer(&probe.attempts)?;
    let (message, address) = answers.whole().find_map(|(_, message)| {
        let address = message.addresses.iter().map(|found| found.address).find(|it| is_inside(*it))?;
        Some((message, address))
    })?;
    let reason = format!(
        "{} answers {address}, an address inside, for {zone}, which the organisation declared to be answered \
         otherwise here",
        probe.server
    );
    let judgement = Judgement::new(Detection::SplitHorizon, Verdict::Benign)
        .about(&zone)
        .because(reason)
        .with("dns_server", &probe.server)
        .with("dns_question", format!("{zone} {}", probe.record))
        .with("dns_answer", answer_words(message));
    Some((address, judgement))
}

const fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}
