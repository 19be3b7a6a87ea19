//! Judges what was seen of the network: no I/O, no clock, the same verdict for the same record.
//!
//! One file a check, and one for what checks share: [`chain`] says who vouches for a certificate chain,
//! [`certificate`] reads what a person would look up, [`canary`] finds the canaries' replies and [`clear`] those over
//! clear HTTP, [`clock`] holds the device's clock against them. The order matters: a captive portal explains what
//! would else look like an attack (NETWORK.md, decision 3), and a certificate is judged by the signed time
//! (decision 4) and beside the binding (decision 6).

use rustls::pki_types::TrustAnchor;

use super::observation::Observations;
use crate::model::{CheckOutcome, NetworkSettings, Timestamp};
use canary::Canary;
use clock::Clock;
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
mod dns_words;
mod http_proxy;
mod http_strip;
mod http_tamper;
mod sighting;
mod tls_binding;
mod tls_chain;

#[cfg(test)]
mod tests;

/// Judges `observations` under the trust that `settings` declare, at the moment `now`: one outcome for each
/// network check, in a fixed order.
pub fn judge(observations: &Observations, settings: &NetworkSettings, now: Timestamp) -> Vec<CheckOutcome> {
    judge_under(webpki_roots::TLS_SERVER_ROOTS, observations, settings, now)
}

/// [`judge`] under other public roots than Mozilla's.
fn judge_under(
    public_roots: &[TrustAnchor<'_>],
    observations: &Observations,
    settings: &NetworkSettings,
    now: Timestamp,
) -> Vec<CheckOutcome> {
    let os_says_captive = observations.network.captive.value().copied();
    let portal = captive::holds_tls(&observations.captive, os_says_captive);
    let way = captive::way(&observations.captive, os_says_captive);

    let canaries = Canary::all(&settings.canaries, &observations.canaries);
    let clock = Clock::of(&canaries, now);
    let bounds = canaries.iter().map(|canary| Bound::of(canary, settings, public_roots, clock.now));
    let bounds: Vec<_> = bounds.collect();
    let is_bound = bounds.iter().any(|bound| bound.binding == Binding::Whole);

    let scene = Scene { seen: observations, settings, public_roots, portal, now: clock.now };
    let dns_answer = dns_answer::judge(&scene);
    let dns_path = dns_path::judge(&scene, dns_answer::is_forged(&dns_answer));
    vec![
        captive::judge(&observations.captive, os_says_captive),
        tls_chain::judge(&observations.tls, &bounds, settings, public_roots, portal, &clock),
        tls_binding::judge(&bounds, portal, &clock),
        http_strip::judge(&canaries, way, is_bound),
        http_tamper::judge(&canaries, way),
        http_proxy::judge(&canaries, way),
        dns_answer,
        dns_path,
        dns_private::judge(&observations.network.private_dns, portal),
    ]
}

/// What the DNS checks judge by.
#[derive(Clone, Copy)]
struct Scene<'a> {
    seen: &'a Observations,
    settings: &'a NetworkSettings,
    public_roots: &'a [TrustAnchor<'a>],
    /// A captive portal may be what answered.
    portal: bool,
    now: Timestamp,
}
