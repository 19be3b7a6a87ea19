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
    vec![
        captive::judge(&observations.captive, os_says_captive),
        tls_chain::judge(&observations.tls, settings, public_roots, portal, now),
    ]
}
