//! Captive portals: a network that answers for everyone until somebody signs in.
//!
//! The rule is that of Android's NetworkMonitor: a status of 200 to 399 other than 204 is a portal, but an empty
//! 200 is not, because nobody can sign in on an empty page (a broken transparent proxy makes those). Only clear
//! HTTP can be answered by a portal: over TLS with a valid certificate the server itself speaks.

use std::net::IpAddr;

use url::Url;

use super::clear::Way;
use crate::model::{CheckId, CheckOutcome, Detection, Judgement, Verdict};
use crate::network::observation::{CaptiveProbe, HttpAnswer, answer, failure};
use crate::network::words::plain;

/// Judges the connectivity checks; `os_says_captive` is the platform's own opinion, `None` where it has none.
pub(super) fn judge(probes: &[CaptiveProbe], os_says_captive: Option<bool>) -> CheckOutcome {
    if let Some((probe, answer, address)) = portal(probes) {
        let judgement = Judgement::new(Detection::CaptivePortal, Verdict::Benign)
            .because("the network answered the connectivity check itself: it wants you to sign in");
        return judged(with_answer(judgement, probe, answer, address));
    }
    if os_says_captive == Some(true) {
        let judgement = Judgement::new(Detection::CaptivePortal, Verdict::Benign)
            .because("the system reports a sign-in page on this network")
            .with("system_captive_portal", true);
        return judged(judgement);
    }
    if probes.is_empty() {
        return CheckOutcome::unknown(
            CheckId::Captive,
            "no connectivity check is configured: the administrator names them in captive_probes",
        );
    }
    let free = probes.iter().filter(|probe| is_free(probe)).count();
    if free == 0 {
        return CheckOutcome::unknown(
            CheckId::Captive,
            format!("no connectivity check succeeded: {}", misses(probes)),
        );
    }
    let mut summary = format!("no portal: {free} of {} connectivity checks succeeded", probes.len());
    if free < probes.len() {
        summary.push_str(&format!(" (partial connectivity: {})", misses(probes)));
    }
    CheckOutcome::clean(CheckId::Captive, summary)
}

/// Whether a portal may be what answers TLS handshakes on this network.
///
/// Not so where a connectivity check over valid TLS came through, and where clear checks did while only the
/// system still speaks of a portal: an attacker could otherwise hide behind a sign-in page.
pub(super) fn holds_tls(probes: &[CaptiveProbe], os_says_captive: Option<bool>) -> bool {
    if probes.iter().any(|probe| is_tls(probe) && answer(&probe.attempts).is_some()) {
        return false;
    }
    portal(probes).is_some() || (os_says_captive == Some(true) && !probes.iter().any(is_free))
}

/// What stands in the way of clear HTTP.
pub(super) fn way(probes: &[CaptiveProbe], os_says_captive: Option<bool>) -> Way {
    let free = probes.iter().any(|probe| !is_tls(probe) && is_free(probe));
    match (portal(probes), os_says_captive) {
        (Some(_), _) => Way::Portal,
        (None, Some(true)) if !free => Way::Portal,
        _ if free => Way::Free,
        _ => Way::Untold,
    }
}

fn judged(judgement: Judgement) -> CheckOutcome {
    CheckOutcome::judged(CheckId::Captive, judgement.reason.clone(), vec![judgement])
}

fn portal(probes: &[CaptiveProbe]) -> Option<(&CaptiveProbe, &HttpAnswer, Option<IpAddr>)> {
    probes.iter().filter(|probe| !is_tls(probe)).find_map(|probe| {
        let (answer, address) = answer(&probe.attempts)?;
        is_portal(answer).then_some((probe, answer, address))
    })
}

/// A status of 511 says so itself: RFC 6585, section 6.
fn is_portal(answer: &HttpAnswer) -> bool {
    ((200..400).contains(&answer.status) && !is_204(answer)) || answer.status == 511
}

fn is_free(probe: &CaptiveProbe) -> bool {
    answer(&probe.attempts).is_some_and(|(answer, _)| is_204(answer))
}

fn is_204(answer: &HttpAnswer) -> bool {
    answer.status == 204 || (answer.status == 200 && answer.body_len == 0 && answer.body_complete)
}

fn is_tls(probe: &CaptiveProbe) -> bool {
    Url::parse(&probe.url).is_ok_and(|url| url.scheme() == "https")
}

fn with_answer(
    judgement: Judgement,
    probe: &CaptiveProbe,
    answer: &HttpAnswer,
    address: Option<IpAddr>,
) -> Judgement {
    let mut judgement = judgement.with("url", without_query(&probe.url)).with("http_status", answer.status);
    if let Some(address) = address {
        judgement = judgement.with("address", address);
    }
    if let Some(location) = &answer.location {
        judgement = judgement.with("location", without_query(location));
    }
    let whole = if answer.body_complete { "" } else { " or more" };
    judgement
        .with("body_sha256", answer.body_sha256)
        .with("body_bytes", format!("{}{whole}", answer.body_len))
}

/// Portals put the device's hardware address and session into the query and fragment: they are not reported.
fn without_query(url: &str) -> String {
    plain(url.split(['?', '#']).next().unwrap_or_default())
}

/// What became of the probes that did not succeed.
fn misses(probes: &[CaptiveProbe]) -> String {
    let missed: Vec<_> = probes.iter().filter(|probe| !is_free(probe)).map(miss).collect();
    missed.join("; ")
}

fn miss(probe: &CaptiveProbe) -> String {
    let what = match (answer(&probe.attempts), failure(&probe.attempts)) {
        (Some((answer, _)), _) => format!("answered HTTP {} instead of 204", answer.status),
        (None, Some(failure)) => failure.to_string(),
        (None, None) => "not attempted".to_owned(),
    };
    format!("{} {what}", without_query(&probe.url))
}
