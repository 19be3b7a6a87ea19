//! What a canary is started with.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use agent_core::canary::{CanaryKey, CanarySigner};
use agent_core::platform::Clock;

use super::identity::Identity;

/// A canary to start.
pub struct Config {
    /// Host name: in the certificate, in redirects, and the name server of the zone.
    pub name: String,
    /// The DNS zone that is delegated to it.
    pub zone: Option<String>,
    /// Which network it is in, for quorum.
    pub network: String,
    /// Addresses at which agents reach it, where they should not resolve `name`. Only told in its settings.
    pub addresses: Vec<IpAddr>,
    /// Where it listens.
    pub listen: Listen,
    /// Its certificate.
    pub identity: Identity,
    /// The key that signs its replies.
    pub signer: CanarySigner,
    /// The key that will sign after the next rotation: agents are told of it in advance.
    pub next_key: Option<CanaryKey>,
    /// The clock that replies tell.
    pub clock: Arc<dyn Clock>,
}

/// Addresses to listen on. Port 0 takes a free one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listen {
    /// TLS: at least one. Redirects lead to the port of the first.
    pub tls: Vec<SocketAddr>,
    /// Clear HTTP.
    pub http: Vec<SocketAddr>,
    /// DNS, UDP and TCP each; needs a zone. On a host with several addresses name them one by one, so that answers
    /// leave from the address that was asked.
    pub dns: Vec<SocketAddr>,
}
