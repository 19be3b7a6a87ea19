//! What the network says of its own portal (RFC 8908), as far as it is believed.
//!
//! The network names the API and anybody can have a valid certificate for a name of their own, so its word proves
//! nothing about attacks; but only a valid one says at least who speaks.

use rustls::pki_types::TrustAnchor as Anchor;
use url::Url;

use super::captive::{vouched_for, without_query};
use crate::model::{Judgement, NetworkSettings, Timestamp};
use crate::network::observation::{PortalApiAnswer, PortalApiProbe, answer, failure};

/// The API and its answer.
pub(super) struct Api<'a> {
    url: String,
    /// What it says; or why that is not known.
    said: Result<&'a PortalApiAnswer, String>,
}

impl<'a> Api<'a> {
    /// Reads `probe` under settings and public roots at a moment.
    pub(super) fn of(probe: &'a PortalApiProbe, trust: (&NetworkSettings, &[Anchor<'_>], Timestamp)) -> Self {
        let said = match answer(&probe.attempts) {
            Some((said, address)) => {
                let url = Url::parse(&probe.url).ok();
                match vouched_for(url.as_ref(), Some(&said.handshake), address, trust) {
                    Ok(()) => Ok(said),
                    Err(presented) => Err(format!("presents {presented}: what it says is not believed")),
                }
            }
            None => {
                Err(failure(&probe.attempts).map_or_else(|| "was not asked".to_owned(), ToString::to_string))
            }
        };
        Self { url: without_query(&probe.url), said }
    }

    /// Whether it says that it holds this device; `None` where it cannot be believed or did not answer.
    pub(super) fn says_captive(&self) -> Option<bool> {
        self.said.as_ref().ok().map(|said| said.captive)
    }

    /// What is to be said of it beside a judgement.
    pub(super) fn words(&self) -> Option<String> {
        match &self.said {
            Ok(PortalApiAnswer { captive: true, .. }) => None,
            Ok(PortalApiAnswer { captive: false, .. }) => {
                Some("the network's own portal API says that it lets this device through".to_owned())
            }
            Err(why) => Some(format!("the network's own portal API, {}, {why}", self.url)),
        }
    }

    /// Adds what it says.
    pub(super) fn evidence(&self, judgement: Judgement) -> Judgement {
        let Ok(said) = &self.said else { return judgement };
        let judgement = judgement.with("portal_api", &self.url).with("portal_api_captive", said.captive);
        match &said.user_portal_url {
            Some(url) => judgement.with("user_portal_url", without_query(url)),
            None => judgement,
        }
    }
}
