//! Judges what was seen of the network: no I/O, no clock, the same verdict for the same record.
//!
//! One file a check, and one for what checks share: [`chain`] says who vouches for a certificate chain,
//! [`certificate`] reads what a person would look up, [`canary`] finds the canaries' replies and [`clear`] those over
//! clear HTTP, [`clock`] holds the device's clock against them. The order matters: a captive portal explains what
//! would else look like an attack (NETWORK.md, decision 3), and a certificate is judged by the signed time
//! (decision 4) and beside the binding (decision 6).

use rustls::pki_types::{CertificateDer, TrustAnchor};
use webpki::anchor_from_trusted_cert;

use super::baseline::Baseline;
use super::observation::Observations;
use super::recording::{Judged, Recording};
use super::tier;
use crate::model::{CheckId, CheckOutcome, NetworkSettings, ProbeEndpoint, Timestamp};
use canary::Canary;
use captive::{Hold, Portal};
use clock::Clock;
use link::Link;
use sighting::Sighting;
use tls_binding::{Binding, Bound};

mod canary;
mod captive;
mod certificate;
mod chain;
mod clear;
mod clock;
mod dns_answer;
mod dns_path;
mod dns_private;
mod dns_split;
mod dns_words;
mod fusion;
mod http_proxy;
mod http_strip;
mod http_tamper;
mod link;
mod link_drift;
mod link_learn;
mod link_neighbour;
mod link_path;
mod portal_api;
mod sighting;
mod tls_binding;
mod tls_chain;
mod tls_downgrade;
mod tls_pins;
mod tls_sct;
mod vantage;
mod wifi_exposure;
mod wifi_twin;

#[cfg(test)]
mod tests;

/// Judges what `recording` holds under the trust that its settings declare.
pub fn judge(recording: &Recording) -> Judged {
    judge_under(webpki_roots::TLS_SERVER_ROOTS, recording)
}

/// [`judge`] under other public roots than Mozilla's.
fn judge_under(built_in_roots: &[TrustAnchor<'_>], recording: &Recording) -> Judged {
    let Recording { observations, settings, baseline, now } = recording;
    let settings = tier::in_force(settings, observations.depth);
    let settings: &NetworkSettings = &settings;
    let added: Vec<_> =
        settings.public_roots.iter().map(|root| CertificateDer::from(root.as_der())).collect();
    let added = added.iter().filter_map(|root| anchor_from_trusted_cert(root).ok());
    let public_roots: Vec<_> = built_in_roots.iter().cloned().chain(added).collect();
    let unreadable_roots = built_in_roots.len() + settings.public_roots.len() - public_roots.len();

    let canaries = Canary::all(&settings.canaries, &observations.canaries);
    let clock = Clock::of(&canaries, *now);
    let bounds = canaries.iter().map(|canary| Bound::of(canary, settings, &public_roots, clock.now));
    let bounds: Vec<_> = bounds.collect();
    let is_bound = bounds.iter().any(|bound| bound.binding == Binding::Whole);

    let endpoints = Sighting::all(settings, &observations.tls, &public_roots, clock.now);
    let own = endpoints.iter().map(|(endpoint, sighting)| (*endpoint, sighting));
    let sightings = own.chain(bounds.iter().map(|bound| (&bound.canary.endpoint, &bound.sighting)));
    let sightings: Vec<_> = sightings.collect();

    let past = baseline.clone().unwrap_or_default();
    if let Some(why) = link::changed(observations) {
        return Judged { outcomes: unknown(why), exposure: Vec::new(), baseline: past };
    }
    let portal = Portal::of(observations, settings, &public_roots, clock.now, &past.portal);
    let (hold, way) = (portal.hold(), portal.way());
    let scene = Scene {
        seen: observations,
        settings,
        public_roots: &public_roots,
        unreadable_roots,
        sightings: &sightings,
        portal: hold.is_there(),
        hold,
        now: clock.now,
        past: &past,
    };
    let dns_answer = dns_answer::judge(&scene);
    let link = Link::of(&scene, &canaries, &bounds, &dns_answer);
    let dns_path = dns_path::judge(&scene, dns_answer::is_forged(&dns_answer));
    let link_path = link_path::judge(&scene);
    let path = link_path::remember(&scene, &link_path);
    let outcomes = vec![
        portal.judge(),
        tls_chain::judge(&scene, &bounds, &clock),
        tls_binding::judge(&bounds, scene.portal, &clock),
        tls_pins::judge(&scene),
        tls_sct::judge(&scene),
        tls_downgrade::judge(&scene),
        http_strip::judge(&canaries, way, is_bound),
        http_tamper::judge(&canaries, way, is_bound),
        http_proxy::judge(&canaries, way),
        dns_answer,
        dns_path,
        dns_private::judge(&scene),
        link_neighbour::judge(&link),
        link_path,
        link_drift::judge(&scene, &link),
        wifi_exposure::judge(&scene),
        wifi_twin::judge(&link),
    ];
    let exposure = wifi_exposure::exposure(&observations.network);
    let baseline = Baseline {
        link: link_learn::learn(&link, settings, &outcomes),
        portal: portal.remembered(),
        private_dns: dns_private::remembered(&scene),
        path,
    };
    let outcomes = tier::with_gaps(fusion::fuse(outcomes, &scene), observations.depth);
    let outcomes = vantage::label(outcomes, &observations.network);
    Judged { outcomes, exposure, baseline }
}

/// Every network check that is made here without a result.
fn unknown(why: &str) -> Vec<CheckOutcome> {
    let is_made_here = |check: &CheckId| check.is_of_the_network() && *check != CheckId::ConnectorPath;
    let checks = CheckId::ALL.iter().copied().filter(is_made_here);
    checks.map(|check| CheckOutcome::unknown(check, why)).collect()
}

/// What the checks judge by.
#[derive(Clone, Copy)]
struct Scene<'a> {
    seen: &'a Observations,
    settings: &'a NetworkSettings,
    public_roots: &'a [TrustAnchor<'a>],
    /// Public roots of the settings that are no certificates.
    unreadable_roots: usize,
    /// The endpoints, then the canaries, each with its chain or what became of it.
    sightings: &'a [(&'a ProbeEndpoint, &'a Result<Sighting<'a>, String>)],
    /// A captive portal may be what answered.
    portal: bool,
    /// How far it explains what was seen.
    hold: Hold,
    now: Timestamp,
    /// What this network was like before.
    past: &'a Baseline,
}

impl Scene<'_> {
    /// Whether a portal may have answered in the place of the endpoint.
    fn is_held(&self, sighting: &Sighting<'_>) -> bool {
        !sighting.is_broken() && self.hold.explains(sighting)
    }
}
