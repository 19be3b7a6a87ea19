//! What is remembered of one network, so that a change can be told.
//!
//! A baseline is written after a scan and read by the next one on the same network. Each part belongs to the check
//! that reads it and has a default that says "nothing is known".

use serde::{Deserialize, Serialize};

use crate::model::NetworkSnapshot;

mod link;
mod path;
mod portal;
mod private_dns;

pub use link::LinkPast;
pub use path::{PathPast, Way};
pub use portal::PortalPast;
pub use private_dns::PrivateDnsPast;

/// One network as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Gateways, servers and access points.
    #[serde(default)]
    pub link: LinkPast,
    /// The first hops.
    #[serde(default)]
    pub path: PathPast,
    /// Sign-in pages.
    #[serde(default)]
    pub portal: PortalPast,
    /// Private DNS.
    #[serde(default)]
    pub private_dns: PrivateDnsPast,
}

/// What tells the network of `snapshot` from others; `None` where the platform tells too little, so that nothing
/// can be remembered of it.
pub fn network_key(snapshot: &NetworkSnapshot) -> Option<String> {
    snapshot.ssid.value().map(|ssid| format!("ssid {ssid}"))
}
