//! Captive portals: a network that answers for everyone until somebody signs in.
//!
//! The rule is that of Android's NetworkMonitor: a status of 200 to 399 other than 204 is a portal, but an empty
//! 200 is not, because nobody can sign in on an empty page (a broken transparent proxy makes those). Only clear
//! HTTP can be answered by a portal: over TLS with a valid certificate the server itself speaks, and over TLS with
//! another one nobody knows who does. The system's word, and that of the network's own API, make a portal too; that
//! there is none they cannot say against a page that was seen.
//!
//! A portal excuses what it may be the cause of (NETWORK.md, decision 3), but not for ever: see [`Hold::Overstayed`].

use std::net::IpAddr;

use rustls::pki_types::TrustAnchor as Anchor;
use url::{Host, Url};

use super::chain::Standing;
use super::clear::Way;
use super::portal_api::Api;
use super::sighting::Sighting;
use crate::model::{
    CheckId, CheckOutcome, Detection, Judgement, NetworkSettings, ProbeEndpoint, Timestamp, Verdict,
};
use crate::network::baseline::PortalPast;
use crate::network::limits::PORTAL_PATIENCE;
use crate::network::observation::{
    CaptiveProbe, FailureKind, Handshake, HttpAnswer, Observations, answer, failure,
};
use crate::network::words::plain;

/// How far a captive portal explains what was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Not at all: there is none, or it lets through what is checked.
    No,
    /// Nobody knows: no answer came to any connectivity check over clear HTTP, not even a portal's, for packets were
    /// lost. What a portal may be the cause of is not excused, and is suspicious at most. Whoever drops the checks
    /// gains less by it than by answering them with a sign-in page.
    Untold,
    /// A portal may have answered in everyone's place.
    Yes,
    /// A portal may have, but it has been there for long since this network was open, and the platform does not
    /// speak of one. A sign-in that ran out over night looks so, and somebody who hides behind a sign-in page does.
    /// They differ in the certificate: a portal has one of its own and presents it for every host, the other makes
    /// one in each host's name. The first is still excused. The second is not, yet is suspicious at most, because
    /// some firewalls serve their sign-in page that way.
    Overstayed,
}

impl Hold {
    /// Whether a portal may be who presented what `sighting` saw.
    pub(super) fn explains(self, sighting: &Sighting<'_>) -> bool {
        let may_be_a_portal = sighting.standing.may_be_a_portal();
        match self {
            Self::No | Self::Untold => false,
            Self::Yes => may_be_a_portal,
            Self::Overstayed => may_be_a_portal && !sighting.is_in_its_hosts_name(),
        }
    }

    /// Whether there is one.
    pub(super) const fn is_there(self) -> bool {
        matches!(self, Self::Yes | Self::Overstayed)
    }

    /// Why a chain that a portal may present proves nothing, if so.
    pub(super) const fn doubt(self) -> Option<&'static str> {
        match self {
            Self::No | Self::Yes => None,
            Self::Untold => Some(
                "no connectivity check was answered, so that a sign-in page may be there and be the cause",
            ),
            Self::Overstayed => Some("a sign-in page is there too, and may be the cause"),
        }
    }
}

/// Everything that speaks for or against a portal on this network.
pub(super) struct Portal<'a> {
    checks: Vec<Check<'a>>,
    os_says_captive: Option<bool>,
    api: Option<Api<'a>>,
    past: &'a PortalPast,
    now: Timestamp,
}

impl<'a> Portal<'a> {
    /// What `seen` tells under the trust that `settings` and `public_roots` give at the moment `now`.
    pub(super) fn of(
        seen: &'a Observations,
        settings: &NetworkSettings,
        public_roots: &[Anchor<'_>],
        now: Timestamp,
        past: &'a PortalPast,
    ) -> Self {
        let trust = (settings, public_roots, now);
        Self {
            checks: seen.captive.iter().map(|probe| Check::of(probe, trust)).collect(),
            os_says_captive: seen.network.captive.value().copied(),
            api: seen.portal_api.as_ref().map(|probe| Api::of(probe, trust)),
            past,
            now,
        }
    }

    /// Judges whether there is one.
    pub(super) fn judge(&self) -> CheckOutcome {
        let mut outcome = match self.judgement() {
            Some(judgement) => {
                let judgement = self.with_overstay(judgement);
                CheckOutcome::judged(CheckId::Captive, judgement.reason.clone(), vec![judgement])
            }
            None => self.without_portal(),
        };
        if let Some(words) = self.api.as_ref().and_then(Api::words) {
            outcome.summary = format!("{}; {words}", outcome.summary);
        }
        outcome
    }

    /// How far the portal explains what TLS and DNS met.
    ///
    /// Not at all where a connectivity check over valid TLS came through, and where clear checks did while only the
    /// system or the API still speaks of a portal: an attacker could otherwise hide behind a sign-in page.
    pub(super) fn hold(&self) -> Hold {
        if self.checks.iter().any(Check::is_the_servers_own) {
            return Hold::No;
        }
        if !self.answers_for_others() {
            return if self.is_silent() { Hold::Untold } else { Hold::No };
        }
        if self.overstay().is_some() { Hold::Overstayed } else { Hold::Yes }
    }

    /// What stands in the way of clear HTTP. A portal that has overstayed proves nothing either way: what comes
    /// without a signature may be its page, what comes with one is judged.
    pub(super) fn way(&self) -> Way {
        if self.answers_for_others() {
            return if self.overstay().is_some() { Way::Untold } else { Way::Portal };
        }
        let free = self.checks.iter().any(|check| !check.is_tls && check.is_free());
        if free { Way::Free } else { Way::Untold }
    }

    /// What is to be remembered. That the system speaks of no portal opens no network: it has not looked at a new one.
    pub(super) fn remembered(&self) -> PortalPast {
        match self.judgement() {
            Some(_) => PortalPast { portal_since: Some(self.since()), ..self.past.clone() },
            None if self.is_free() => PortalPast { open_at: Some(self.now), portal_since: None },
            None => self.past.clone(),
        }
    }

    fn judgement(&self) -> Option<Judgement> {
        let benign = |reason: &str| Judgement::new(Detection::CaptivePortal, Verdict::Benign).because(reason);
        let judgement = if let Some((check, answer, address)) = self.page() {
            let reason = "the network answered the connectivity check itself: it wants you to sign in";
            with_answer(benign(reason), check.probe, answer, address)
        } else if self.api_says_captive() {
            benign("the network's own portal API says that it lets nobody through until they sign in")
        } else if self.os_says_captive == Some(true) {
            benign("the system reports a sign-in page on this network")
        } else {
            return None;
        };
        let judgement = match self.os_says_captive {
            Some(captive) => judgement.with("system_captive_portal", captive),
            None => judgement,
        };
        Some(match &self.api {
            Some(api) => api.evidence(judgement),
            None => judgement,
        })
    }

    fn without_portal(&self) -> CheckOutcome {
        let total = self.checks.len();
        if total == 0 {
            return CheckOutcome::unknown(
                CheckId::Captive,
                "no connectivity check is configured: the administrator names them in captive_probes",
            );
        }
        let free = self.checks.iter().filter(|check| check.is_free()).count();
        if free == 0 {
            let why = format!("no connectivity check succeeded: {}", self.misses());
            return CheckOutcome::unknown(CheckId::Captive, why);
        }
        let mut summary = format!("no portal: {free} of {total} connectivity checks succeeded");
        if free < total {
            summary.push_str(&format!(" (partial connectivity: {})", self.misses()));
        }
        CheckOutcome::clean(CheckId::Captive, summary)
    }

    /// Whether somebody answers clear HTTP in everyone's place, or is said to and no check proves the contrary.
    fn answers_for_others(&self) -> bool {
        let told = self.os_says_captive == Some(true) || self.api_says_captive();
        self.page().is_some() || (told && !self.is_free())
    }

    /// Whether packets were lost wherever a portal could have answered.
    fn is_silent(&self) -> bool {
        let mut clear = self.checks.iter().filter(|check| !check.is_tls).peekable();
        clear.peek().is_some() && clear.all(Check::is_lost)
    }

    fn api_says_captive(&self) -> bool {
        self.api.as_ref().and_then(Api::says_captive) == Some(true)
    }

    fn is_free(&self) -> bool {
        self.checks.iter().any(Check::is_free)
    }

    /// The answer of a portal to a check over clear HTTP.
    fn page(&self) -> Option<(&Check<'a>, &'a HttpAnswer, Option<IpAddr>)> {
        self.checks.iter().filter(|check| !check.is_tls).find_map(|check| {
            let (answer, address) = check.answer?;
            is_portal(answer).then_some((check, answer, address))
        })
    }

    /// Since when a portal shows; a moment that the clock has not reached counts for nothing.
    fn since(&self) -> Timestamp {
        self.past.portal_since.filter(|since| *since <= self.now).unwrap_or(self.now)
    }

    /// A portal that has shown for too long on a network that was open before; none where the system itself speaks of
    /// one, for it then keeps apps from using this network.
    fn overstay(&self) -> Option<Overstay> {
        let open_at = self.past.open_at.filter(|_| self.os_says_captive != Some(true))?;
        let since = self.since();
        let seconds = self.now.unix().saturating_sub(since.unix());
        (seconds > PORTAL_PATIENCE).then_some(Overstay { open_at, since })
    }

    fn with_overstay(&self, judgement: Judgement) -> Judgement {
        let Some(Overstay { open_at, since }) = self.overstay() else { return judgement };
        let reason = format!(
            "{}; this network was open at {open_at}, and the page has been there since {since}: certificates in \
             other hosts' names are no longer put down to it",
            judgement.reason
        );
        judgement.because(reason).with("open_at", open_at).with("portal_since", since)
    }

    /// What became of the checks that did not succeed.
    fn misses(&self) -> String {
        let missed: Vec<_> = self.checks.iter().filter(|check| !check.is_free()).map(Check::miss).collect();
        missed.join("; ")
    }
}

struct Overstay {
    open_at: Timestamp,
    since: Timestamp,
}

/// One connectivity check.
struct Check<'a> {
    probe: &'a CaptiveProbe,
    answer: Option<(&'a HttpAnswer, Option<IpAddr>)>,
    is_tls: bool,
    /// What the peer presented, if that makes the answer somebody else's.
    foreign: Option<String>,
}

impl<'a> Check<'a> {
    fn of(probe: &'a CaptiveProbe, trust: (&NetworkSettings, &[Anchor<'_>], Timestamp)) -> Self {
        let answer = answer(&probe.attempts);
        let url = Url::parse(&probe.url).ok();
        let is_tls = url.as_ref().is_some_and(|url| url.scheme() == "https");
        let foreign = match answer.filter(|_| is_tls) {
            Some((answer, address)) => {
                vouched_for(url.as_ref(), answer.handshake.as_ref(), address, trust).err()
            }
            None => None,
        };
        Self { probe, answer, is_tls, foreign }
    }

    fn is_free(&self) -> bool {
        self.foreign.is_none() && self.answer.is_some_and(|(answer, _)| is_204(answer))
    }

    /// Whether it was answered over TLS with a certificate that the server should have.
    fn is_the_servers_own(&self) -> bool {
        self.is_tls && self.answer.is_some() && self.foreign.is_none()
    }

    /// Whether nobody gave any sign at all.
    fn is_lost(&self) -> bool {
        failure(&self.probe.attempts).is_some_and(|failure| match failure.kind {
            FailureKind::TimedOut | FailureKind::NameNotResolved | FailureKind::Unreachable => true,
            FailureKind::Configuration
            | FailureKind::Refused
            | FailureKind::Deadline
            | FailureKind::Reset
            | FailureKind::Closed
            | FailureKind::Alert
            | FailureKind::Downgraded
            | FailureKind::Certificate
            | FailureKind::Protocol
            | FailureKind::TooLarge => false,
        })
    }

    fn miss(&self) -> String {
        let what = match (self.answer, &self.foreign, failure(&self.probe.attempts)) {
            (Some(_), Some(presented), _) => format!("presented {presented}"),
            (Some((answer, _)), None, _) => format!("answered HTTP {} instead of 204", answer.status),
            (None, _, Some(failure)) => failure.to_string(),
            (None, _, None) => "not attempted".to_owned(),
        };
        format!("{} {what}", without_query(&self.probe.url))
    }
}

/// Whether who answered at `url` showed a certificate that its host should have; or what it showed.
pub(super) fn vouched_for(
    url: Option<&Url>,
    handshake: Option<&Handshake>,
    address: Option<IpAddr>,
    (settings, public_roots, now): (&NetworkSettings, &[Anchor<'_>], Timestamp),
) -> Result<(), String> {
    let (Some(host), Some(handshake)) = (url.and_then(Url::host), handshake) else {
        return Err("no certificate".to_owned());
    };
    let host = match host {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    };
    let endpoints = settings.endpoints.iter().map(|endpoint| (&endpoint.host, &endpoint.private_anchors));
    let canaries = settings.canaries.iter().map(|canary| (&canary.name, &canary.private_anchors));
    let own = endpoints.chain(canaries).filter(|(known, _)| known.eq_ignore_ascii_case(&host));
    let endpoint = ProbeEndpoint {
        private_anchors: own.flat_map(|(_, pins)| pins.iter().copied()).collect(),
        port: url.and_then(Url::port_or_known_default).unwrap_or_default(),
        address: None,
        network: String::new(),
        host,
    };
    let trust = (settings, public_roots, now);
    let sighting = Sighting::of_handshake(&endpoint, handshake, address, None, trust);
    match sighting.standing {
        Standing::Genuine | Standing::Inspected => Ok(()),
        _ => Err(sighting.phrase()),
    }
}

/// A status of 511 says so itself: RFC 6585, section 6.
fn is_portal(answer: &HttpAnswer) -> bool {
    ((200..400).contains(&answer.status) && !is_204(answer)) || answer.status == 511
}

fn is_204(answer: &HttpAnswer) -> bool {
    answer.status == 204 || (answer.status == 200 && answer.body_len == 0 && answer.body_complete)
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
pub(super) fn without_query(url: &str) -> String {
    plain(url.split(['?', '#']).next().unwrap_or_default())
}
