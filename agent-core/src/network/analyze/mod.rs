//! Judges what was seen of the network: no I/O, no clock, the same verdict for the same record.
//!
//! One file a check, and one for what checks share: [`chain`] says who vouches for a certificate chain,
//! [`certificate`] reads what a person would look up. The order matters once: a captive portal explains what
//! would else look like an attack, so it is judged first (NETWORK.md, decision 3).

use rustls::pki_types::TrustAnchor;

use super::observation::Observations;
use crate::model::{CheckOutcome, NetworkSettings, Timestamp};

mod captive;
mod certificate;
mod chain;
mod dns_answer;
mod dns_path;
mod dns_private;
mod dns_words;
mod sighting;
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
    let scene = Scene { seen: observations, settings, public_roots, portal, now };
    let dns_answer = dns_answer::judge(&scene);
    let dns_path = dns_path::judge(&scene, dns_answer::is_forged(&dns_answer));
    vec![
        captive::judge(&observations.captive, os_says_captive),
        tls_chain::judge(&observations.tls, settings, public_roots, portal, now),
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
