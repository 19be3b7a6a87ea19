//! What an agent must know of a canary, as the signed settings carry it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::keys::KeySet;
use crate::model::SpkiPin;

/// One canary. `mtd canary` prints its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CanarySettings {
    /// Host name: SNI, `Host` and the name in the certificate.
    pub name: String,
    /// Connect here instead of resolving `name`. The first of each family is used; needed for DNS over HTTPS by
    /// address, which must not depend on the resolver that it is to check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// TCP port of TLS: the binding, DNS over HTTPS and all content.
    pub tls_port: u16,
    /// TCP port of clear HTTP. Absent: this canary has none, and what needs it is not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_port: Option<u16>,
    /// UDP and TCP port of its name server, for asking it past the network's resolver. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_port: Option<u16>,
    /// The DNS zone that is delegated to it. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The keys that sign its replies.
    pub keys: KeySet,
    /// Which network it is in. Canaries and endpoints of one network count once for quorum.
    pub network: String,
    /// Pins of certification authorities that may issue for `name` beside the public ones: the organisation's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub private_anchors: Vec<SpkiPin>,
}
