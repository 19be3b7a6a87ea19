//! What is remembered of the link after a scan.
//!
//! What raised a suspicion goes on trial, all else is normal from now on. In a scan that found an attack nothing new
//! becomes normal: a place that is first seen under attack is not remembered, lest the attacker be its normal.

use super::link::{Link, Place};
use super::link_drift::Changes;
use super::link_neighbour::replaced;
use crate::model::{CheckOutcome, Detection, Judgement, NetworkSettings, Verdict};
use crate::network::baseline::{Habit, LinkPast, Site, Trial};

/// The past with this scan in it, which came to `outcomes`.
pub(super) fn learn(link: &Link<'_>, settings: &NetworkSettings, outcomes: &[CheckOutcome]) -> LinkPast {
    let mut past = link.past.clone();
    let attacks: Vec<_> = outcomes.iter().flat_map(|it| &it.judgements).filter(|it| is_attack(it)).collect();
    let is_twin = attacks.iter().any(|judgement| judgement.detection == Detection::EvilTwin);
    let mut site = match link.place {
        Place::Nameless => return past,
        _ if is_twin => known_twin(link, &mut past),
        Place::New | Place::Elsewhere if !attacks.is_empty() => return past,
        Place::New | Place::Elsewhere => Site::new(link.now),
        Place::Known(known) => taken(&mut past, |site| site == known).unwrap_or_else(|| known.clone()),
    };
    if is_twin {
        site.twin = Some(Trial::extended(link.past.trial_of(&site), link.now, link.conduct));
    } else {
        site.twin = None;
        if let Place::Known(known) = link.place {
            doubt(link, known, settings, &mut site);
        }
    }
    let admits = attacks.is_empty() || is_twin;
    keep(link, admits, &mut site);
    site.last_seen = link.now;
    past.remember(site);
    past
}

/// Whether a judgement tells of somebody in the path.
fn is_attack(judgement: &Judgement) -> bool {
    let tells = matches!(
        judgement.detection,
        Detection::TlsInterception
            | Detection::TrustStoreCompromised
            | Detection::SslStrip
            | Detection::ContentTampering
            | Detection::DnsSpoofing
            | Detection::ArpSpoofing
            | Detection::PathChanged
            | Detection::RogueDhcp
            | Detection::RogueRouter
            | Detection::ConfigurationChanged
            | Detection::EvilTwin
    );
    tells && judgement.verdict >= Verdict::Suspicious
}

fn taken(past: &mut LinkPast, is_wanted: impl Fn(&Site) -> bool) -> Option<Site> {
    let place = past.sites.iter().position(is_wanted)?;
    Some(past.sites.remove(place))
}

/// The twin that this is, or a new one.
fn known_twin(link: &Link<'_>, past: &mut LinkPast) -> Site {
    let known = link.seen.found_among(&past.sites).filter(|site| site.twin.is_some()).cloned();
    known.and_then(|known| taken(past, |site| *site == known)).unwrap_or_else(|| Site::new(link.now))
}

/// Puts on trial what differs from `known`.
fn doubt(link: &Link<'_>, known: &Site, settings: &NetworkSettings, site: &mut Site) {
    let (now, conduct) = (link.now, link.conduct);
    for it in replaced(link) {
        if let Some(hardware) = site.hardware_of(it.gateway) {
            hardware.doubt(it.mac, now, conduct);
        }
    }
    let changes = Changes::of(link, known, settings);
    changes.dhcp_server.into_iter().for_each(|it| site.dhcp_servers.doubt(it, now, conduct));
    changes.routers.into_iter().chain(changes.gateways).for_each(|it| site.gateways.doubt(it, now, conduct));
    changes.dns_servers.into_iter().for_each(|it| site.dns_servers.doubt(it, now, conduct));
    changes.nat64.into_iter().for_each(|it| site.nat64.doubt(it, now, conduct));
}

/// Makes normal what is not on trial, if the scan `admits` anything new; else renews what is.
fn keep(link: &Link<'_>, admits: bool, site: &mut Site) {
    let seen = &link.seen;
    let keeper = Keeper { link, admits };
    keeper.keep(&mut site.bssids, seen.bssid);
    keeper.keep(&mut site.security, seen.security);
    keeper.keep(&mut site.gateways, seen.gateways.iter().copied());
    keeper.keep(&mut site.dhcp_servers, seen.dhcp_server);
    keeper.keep(&mut site.dns_servers, seen.dns_servers.iter().copied());
    keeper.keep(&mut site.nat64, seen.nat64.clone());
    keeper.keep(&mut site.exits, seen.exits.iter().copied());
    for (gateway, mac) in link.resolved() {
        if let Some(hardware) = site.hardware_of(gateway) {
            keeper.keep(hardware, Some(mac));
        }
    }
}

struct Keeper<'a> {
    link: &'a Link<'a>,
    admits: bool,
}

impl Keeper<'_> {
    fn keep<T: Ord + Clone>(&self, habit: &mut Habit<T>, values: impl IntoIterator<Item = T>) {
        let Link { now, conduct, .. } = *self.link;
        for value in values {
            if self.admits || habit.accepts(&value, now, conduct) {
                habit.keep(value, now);
            }
        }
    }
}
