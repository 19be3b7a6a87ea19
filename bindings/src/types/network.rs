//! The network as the platform sees it, before anything is measured.

use std::time::SystemTime;

use super::{
    BoolFact, NeighboursFact, PrivateDnsFact, ProxiesFact, TextFact, TextListFact, TransportFact,
    TrustAnchor, WifiSecurityFact,
};

/// What the platform tells about the network in use, without sending a packet.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NetworkSnapshot {
    /// A name a person knows it by: SSID, or interface name.
    pub name: TextFact,
    /// Addresses of the default gateways (Android `LinkProperties.getRoutes`, Apple `NWPath.gateways`).
    pub gateways: TextListFact,
    /// Addresses of the DNS servers (Android `LinkProperties.getDnsServers`).
    pub dns_servers: TextListFact,
    /// Proxies that apply to this network (Android `LinkProperties.getHttpProxy`, Apple `CFNetworkCopySystemProxySettings`).
    pub proxies: ProxiesFact,
    /// Names of the active VPN interfaces; empty when there is none.
    pub vpns: TextListFact,
    /// The platform's own opinion on a captive portal (Android `NET_CAPABILITY_CAPTIVE_PORTAL`).
    pub captive: BoolFact,
    /// The system's encrypted DNS (DNS over TLS or HTTPS), where it has one.
    pub private_dns: PrivateDnsFact,
    /// What carries the network.
    pub transport: TransportFact,
    /// The Wi-Fi's name (Android `WifiInfo.getSSID` without quotes, Apple `NEHotspotNetwork.ssid`).
    pub ssid: TextFact,
    /// The hardware address of the access point, as `02:00:5e:10:00:01`.
    pub bssid: TextFact,
    /// How the Wi-Fi is protected.
    pub security: WifiSecurityFact,
    /// The neighbours on the link, resolved entries only.
    pub neighbours: NeighboursFact,
    /// The address of the DHCP server that gave the lease (Android `LinkProperties.getDhcpServerAddress`).
    pub dhcp_server: TextFact,
    /// The prefix under which this network reaches IPv4, as `64:ff9b::/96` (Android `LinkProperties.getNat64Prefix`).
    pub nat64_prefix: TextFact,
    /// The URL of the network's captive portal API (RFC 8908).
    pub portal_api: TextFact,
    /// Whether its traffic costs (Android lacks `NET_CAPABILITY_NOT_METERED`, Apple `NWPath.isExpensive`).
    pub metered: BoolFact,
}

/// One configured proxy.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Proxy {
    /// Which traffic: `http`, `https`, `all`, `pac`.
    pub scheme: String,
    /// `host:port`, without user name or password; the URL of the script for `pac`.
    pub address: String,
}

/// One entry of the system's table of neighbours: ARP (RFC 826) or Neighbor Discovery (RFC 4861).
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Neighbour {
    /// The address on the link.
    pub address: String,
    /// The hardware address that answers for it, as `02:00:5e:10:00:01`.
    pub mac: String,
}

/// The state of the system's encrypted DNS.
///
/// On Android (9 and later) the mode is the user's choice, `Settings.Global` `private_dns_mode`, and whether it takes
/// effect is the network's `LinkProperties`: `off` is `Off`; `opportunistic`, shown to the user as "automatic" and the
/// default, is `Opportunistic` with `isPrivateDnsActive`; `hostname` is `Active` with `getPrivateDnsServerName` on a
/// network that has `NET_CAPABILITY_VALIDATED`, else `Unreachable`. A host that cannot read the mode says that this fact
/// is not available where no server is named and private DNS is not active.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum PrivateDns {
    /// Turned off in the device's settings.
    Off,
    /// To be used on networks whose resolver has it.
    Opportunistic {
        /// Whether this one's does, so that it is in use.
        active: bool,
    },
    /// In use.
    Active {
        /// The host name of the resolver, where one is set.
        server: Option<String>,
    },
    /// Set by name, and not to be reached over this network.
    Unreachable {
        /// The host name of the resolver.
        server: String,
    },
}

/// What the platform's own verifier says of a certificate chain.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum TrustVerdict {
    /// Valid for the host name.
    Trusted {
        /// Who put the root there.
        anchor: TrustAnchor,
        /// SHA-256 of the root's SubjectPublicKeyInfo, 32 bytes, where the platform shows the path.
        root_spki_sha256: Option<Vec<u8>>,
    },
    /// Valid for the host name at `valid_at`, but not now: a certificate has expired or is not valid yet, or the clock is
    /// wrong. A platform that cannot verify at another moment says `Rejected`.
    OutOfDate {
        /// Who put the root there.
        anchor: TrustAnchor,
        /// As in `Trusted`.
        root_spki_sha256: Option<Vec<u8>>,
        /// A moment at which the platform accepts the chain.
        valid_at: SystemTime,
    },
    /// Refused.
    Rejected {
        /// The platform's words.
        why: String,
    },
}
