//! The network as the platform sees it, before anything is measured.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::bytes::Sha256;
use super::fact::Fact;
use super::nat64::Nat64Prefix;
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

words! {
    /// What carries the network.
    pub enum Transport {
        /// IEEE 802.11.
        Wifi = "wifi",
        /// A mobile carrier's.
        Cellular = "cellular",
        /// IEEE 802.3.
        Ethernet = "ethernet",
        /// Something else: Bluetooth, USB.
        Other = "other",
    }
}

words! {
    /// How a Wi-Fi protects what goes over the air (Android `WifiInfo.getCurrentSecurityType`, iOS
    /// `NEHotspotNetworkSecurityType`).
    pub enum WifiSecurity {
        /// Not at all.
        Open = "open",
        /// Encrypted, for whoever joins (RFC 8110, Enhanced Open).
        Owe = "owe",
        /// IEEE 802.11's first attempt, broken in minutes.
        Wep = "wep",
        /// WPA, with TKIP.
        Wpa = "wpa",
        /// WPA2 with a shared key.
        Wpa2 = "wpa2",
        /// WPA3 with a shared key (SAE).
        Wpa3 = "wpa3",
        /// A shared key; the platform does not tell which version of WPA.
        Personal = "personal",
        /// IEEE 802.1X, of any version.
        Enterprise = "enterprise",
    }
}

words! {
    /// How deep the network is looked into.
    pub enum Depth {
        /// The first tier: what every scan looks at, in a few round trips.
        First = "first",
        /// Every check, at every host that the settings name.
        Everything = "everything",
    }
}

words! {
    /// A weakness of the network itself: told apart from attacks, and never raised by one.
    pub enum Exposure {
        /// A Wi-Fi without encryption: whoever is near hears everything that is not encrypted otherwise.
        Open = "open",
        /// A Wi-Fi with WEP.
        Wep = "wep",
        /// A Wi-Fi with WPA's first version.
        Wpa = "wpa",
    }
}

/// A hardware address (EUI-48). Serialized as `02:00:5e:10:00:01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// An address by its bytes.
    pub const fn from_bytes(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is no hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a hardware address: six pairs of hexadecimal digits, colons between")]
pub struct ParseMacAddressError;

impl FromStr for MacAddress {
    type Err = ParseMacAddressError;

    /// Reads six pairs of hexadecimal digits of either case with colons or hyphens between.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 6];
        let mut pairs = text.split([':', '-']);
        for byte in &mut bytes {
            let pair =
                pairs.next().filter(|pair| pair.len() == 2 && pair.bytes().all(|c| c.is_ascii_hexdigit()));
            *byte = u8::from_str_radix(pair.ok_or(ParseMacAddressError)?, 16)
                .map_err(|_| ParseMacAddressError)?;
        }
        match pairs.next() {
            None => Ok(Self(bytes)),
            Some(_) => Err(ParseMacAddressError),
        }
    }
}

impl Serialize for MacAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MacAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// One entry of the system's table of neighbours: ARP (RFC 826) or Neighbor Discovery (RFC 4861).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Neighbour {
    /// The address on the link.
    pub address: IpAddr,
    /// The hardware address that answers for it.
    pub mac: MacAddress,
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
    /// What carries the network.
    pub transport: Fact<Transport>,
    /// The Wi-Fi's name.
    pub ssid: Fact<String>,
    /// The hardware address of the access point.
    pub bssid: Fact<MacAddress>,
    /// How the Wi-Fi is protected.
    pub security: Fact<WifiSecurity>,
    /// The neighbours on the link, resolved entries only.
    pub neighbours: Fact<Vec<Neighbour>>,
    /// The DHCP server that gave the lease (Android `LinkProperties.getDhcpServerAddress`).
    pub dhcp_server: Fact<IpAddr>,
    /// The prefix under which this network reaches IPv4 (Android `LinkProperties.getNat64Prefix`).
    pub nat64_prefix: Fact<Nat64Prefix>,
    /// The URL of the network's captive portal API (RFC 8908), as DHCP or a router told it (RFC 8910).
    pub portal_api: Fact<String>,
    /// Whether its traffic costs (Android lacks `NET_CAPABILITY_NOT_METERED`, iOS `NWPath.isExpensive`).
    #[serde(default = "metered_untold")]
    pub metered: Fact<bool>,
}

/// For snapshots that were kept before this was asked.
fn metered_untold() -> Fact<bool> {
    Fact::not_available("not recorded")
}

impl NetworkSnapshot {
    /// A snapshot in which nothing is known, for `why`.
    pub fn not_available(why: &str) -> Self {
        Self::withheld(&Fact::not_available(why))
    }

    /// A snapshot in which nothing is known, for the reason of `absence`.
    pub fn withheld(absence: &Fact<Infallible>) -> Self {
        Self {
            name: absence.of(),
            gateways: absence.of(),
            dns_servers: absence.of(),
            proxies: absence.of(),
            vpns: absence.of(),
            captive: absence.of(),
            private_dns: absence.of(),
            transport: absence.of(),
            ssid: absence.of(),
            bssid: absence.of(),
            security: absence.of(),
            neighbours: absence.of(),
            dhcp_server: absence.of(),
            nat64_prefix: absence.of(),
            portal_api: absence.of(),
            metered: absence.of(),
        }
    }
}

/// The state of the system's encrypted DNS.
///
/// On Android (9 and later) the mode is the user's choice, `Settings.Global` `private_dns_mode`, and whether it takes
/// effect is the network's `LinkProperties`: `off` is [`Self::Off`]; `opportunistic`, shown to the user as "automatic"
/// and the default, is [`Self::Opportunistic`] with `isPrivateDnsActive`; `hostname` is [`Self::Active`] with
/// `getPrivateDnsServerName` on a network that has `NET_CAPABILITY_VALIDATED`, else [`Self::Unreachable`]. A host that
/// cannot read the mode says that this fact is not available where no server is named and private DNS is not active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hardware_address_is_read_in_either_form_and_told_in_one() {
        for text in ["02:00:5E:10:00:0a", "02-00-5e-10-00-0A"] {
            assert_eq!(text.parse::<MacAddress>().unwrap().to_string(), "02:00:5e:10:00:0a");
        }
    }

    #[test]
    fn what_is_no_hardware_address_is_refused() {
        for text in [
            "",
            "02:00:5e:10:00",
            "02:00:5e:10:00:01:02",
            "2:0:5e:10:0:1",
            "+2:00:5e:10:00:01",
            "02:00:5e:10:00:é",
        ] {
            assert_eq!(text.parse::<MacAddress>(), Err(ParseMacAddressError), "{text}");
        }
    }
}
