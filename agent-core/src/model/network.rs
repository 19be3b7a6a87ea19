//! The network as the platform sees it, before anything is measured.

use serde::{Deserialize, Serialize};

use super::bytes::Sha256;
use super::fact::Fact;
use super::time::Timestamp;
use super::words::words;

/// One configured proxy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Proxy {
    /// Which traffic: `http`, `https`, `all`, `pac`.
    pub scheme: String,
    /// `host:port`, without user name or password; the URL of the script for `pac`.
    pub address: String,
}

/// What the platform tells about the network in use, without sending a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSnapshot {
    /// A name a person knows it by: SSID, or interface name.
    pub name: Fact<String>,
    /// Addresses of the default gateways.
    pub gateways: Fact<Vec<String>>,
    /// Addresses of the DNS servers.
    pub dns_servers: Fact<Vec<String>>,
    /// Proxies that apply to this network.
    pub proxies: Fact<Vec<Proxy>>,
    /// Names of the active VPN interfaces; empty when there is none.
    pub vpns: Fact<Vec<String>>,
    /// The platform's own opinion on a captive portal (Android `NET_CAPABILITY_CAPTIVE_PORTAL`).
    pub captive: Fact<bool>,
    /// The system's encrypted DNS (DNS over TLS or HTTPS), where it has one.
    pub private_dns: Fact<PrivateDns>,
}

impl NetworkSnapshot {
    /// A snapshot in which nothing is known, for `why`.
    pub fn not_available(why: &str) -> Self {
        Self {
            name: Fact::not_available(why),
            gateways: Fact::not_available(why),
            dns_servers: Fact::not_available(why),
            proxies: Fact::not_available(why),
            vpns: Fact::not_available(why),
            captive: Fact::not_available(why),
            private_dns: Fact::not_available(why),
        }
    }
}

/// The state of the system's encrypted DNS (Android: Private DNS, `LinkProperties.isPrivateDnsActive` and
/// `getPrivateDnsServerName`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum PrivateDns {
    /// Not in use, and nobody insists on it.
    Off,
    /// In use.
    Active {
        /// The host name of the resolver, where one is set.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server: Option<String>,
    },
    /// Set by name, and not to be reached over this network.
    Unreachable {
        /// The host name of the resolver.
        server: String,
    },
}

words! {
    /// Where the platform's verifier found the root of a chain.
    pub enum TrustAnchor {
        /// Shipped with the system.
        System = "system",
        /// Added by the user or by a profile.
        UserAdded = "user_added",
        /// Trusted, but the platform does not say who put it there.
        Untold = "untold",
    }
}

/// What the platform's own verifier says of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum TrustVerdict {
    /// Valid for the host name.
    Trusted {
        /// Who put the root there.
        anchor: TrustAnchor,
        /// SHA-256 of the root's SubjectPublicKeyInfo, where the platform shows the path.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        root_spki: Option<Sha256>,
    },
    /// Valid for the host name at `valid_at`, but not now: a certificate has expired or is not valid yet, or the
    /// clock is wrong. A platform that cannot verify at another moment says [`Self::Rejected`].
    OutOfDate {
        /// Who put the root there.
        anchor: TrustAnchor,
        /// As in [`Self::Trusted`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        root_spki: Option<Sha256>,
        /// A moment at which the platform accepts the chain.
        valid_at: Timestamp,
    },
    /// Refused.
    Rejected {
        /// The platform's words.
        why: String,
    },
}
