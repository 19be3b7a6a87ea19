//! Where the device is: what the platform tells of the link, and how the same link was before.

use std::net::IpAddr;

use super::cause::Cause;
use super::story::Story;
use crate::model::{
    Fact, MacAddress, Nat64Prefix, Neighbour, NetworkSnapshot, PrivateDns, Proxy, Transport, WifiSecurity,
};
use crate::network::observation::{Attempt, Hop, HopAnswer, Outcome, PathProbe};

pub(super) const PROXY: &str = "proxy.corp.example:3128";
const DECLARED_PREFIX: &str = "2001:db8:64::/96";

/// Kinds of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Home,
    Office,
    Hotspot,
    Cellular,
    Wired,
}

/// What a platform tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Platform {
    Android,
    AndroidWithoutLocation,
    Ios,
    Linux,
}

/// One link, as it truly is.
#[derive(Clone, Debug)]
pub(super) struct Site {
    ssid: Option<String>,
    bssid: MacAddress,
    security: WifiSecurity,
    gateway: IpAddr,
    /// Beside it, on links that have IPv6: link-local.
    gateway_v6: Option<IpAddr>,
    gateway_mac: MacAddress,
    pub(super) resolvers: Vec<String>,
    dhcp: IpAddr,
    /// Who answers to a datagram that lives for one hop; a redundant gateway by its own address.
    first_hop: Option<IpAddr>,
    /// A second router of the house, before the provider's.
    inner_hop: Option<IpAddr>,
    second_hop: Option<IpAddr>,
    /// The address under which servers see this network.
    pub(super) exit: IpAddr,
    shares_mac: bool,
}

impl Site {
    /// The link of `story`, now.
    pub(super) fn of(story: &mut Story) -> Self {
        let place = story.place;
        let (net, host) = (story.dice.below(200), story.dice.pick(&[1, 254]));
        let only_v6 = story.has(Cause::Nat64) || story.has(Cause::Nat64Declared);
        let gateway: IpAddr =
            if only_v6 { link_local(story) } else { address(&format!("192.168.{net}.{host}")) };
        let resolvers = match place {
            _ if only_v6 => vec!["2001:db8:53::53".to_owned()],
            Place::Home | Place::Hotspot => vec![gateway.to_string()],
            Place::Office | Place::Wired => vec!["10.0.0.53".to_owned(), "10.0.1.53".to_owned()],
            Place::Cellular => vec!["198.51.100.53".to_owned(), "2001:db8:53::53".to_owned()],
        };
        let first_hop = match place {
            Place::Cellular => None,
            _ if story.has(Cause::FirstHop) => Some(address(&format!("192.168.{net}.2"))),
            // A router answers for its link-local address by a global one.
            _ if only_v6 => Some(address("2001:db8:1::1")),
            _ => Some(gateway).filter(|_| story.dice.chance(8500)),
        };
        let is_wifi = matches!(place, Place::Home | Place::Office | Place::Hotspot);
        let virtual_router = MacAddress::from_bytes([0, 0, 0x5e, 0, 1, 7]);
        Self {
            ssid: is_wifi.then(|| format!("{place:?}-{net}").to_lowercase()),
            bssid: mac(story),
            security: match place {
                Place::Hotspot => {
                    story.dice.pick(&[WifiSecurity::Open, WifiSecurity::Owe, WifiSecurity::Wpa2])
                }
                Place::Office => WifiSecurity::Enterprise,
                _ => story.dice.pick(&[WifiSecurity::Wpa2, WifiSecurity::Wpa3, WifiSecurity::Personal]),
            },
            gateway,
            gateway_v6: (!only_v6 && story.dice.chance(4000)).then(|| link_local(story)),
            gateway_mac: if story.has(Cause::FirstHop) { virtual_router } else { mac(story) },
            resolvers,
            dhcp: gateway,
            first_hop,
            inner_hop: story.has(Cause::DoubleNat).then(|| address("192.168.100.1")),
            second_hop: story.dice.chance(7000).then(|| address("100.64.0.1")),
            exit: exit(story),
            shares_mac: story.has(Cause::ProxyArp),
        }
    }

    /// The same network as an earlier visit found it.
    pub(super) fn before(&self, story: &mut Story) -> Self {
        let mut past = self.clone();
        if story.has(Cause::Roamed) {
            past.bssid = mac(story);
        }
        if story.has(Cause::RouterReplaced) {
            (past.bssid, past.gateway_mac) = (mac(story), mac(story));
        }
        if story.has(Cause::OtherSite) {
            past = Self { ssid: self.ssid.clone(), security: self.security, ..Self::of(story) };
        }
        if story.has(Cause::FirstHop) && story.dice.chance(5000) {
            past.first_hop = self.first_hop.map(|_| address("192.168.7.3"));
        }
        if story.has(Cause::DhcpFailover) {
            past.dhcp = address("10.0.0.68");
        }
        if story.has(Cause::ResolversChanged) {
            past.resolvers = vec!["198.51.100.7".to_owned(), "198.51.100.8".to_owned()];
        }
        if story.has(Cause::ExitChanged) {
            past.exit = exit(story);
        }
        if story.has(Cause::MixedSecurity) {
            past.security = match self.security {
                WifiSecurity::Wpa3 => WifiSecurity::Wpa2,
                WifiSecurity::Wpa2 => WifiSecurity::Wpa3,
                other => other,
            };
        }
        past
    }

    /// What the platform tells of it.
    pub(super) fn snapshot(&self, story: &mut Story) -> NetworkSnapshot {
        let told = NetworkSnapshot::not_available("this platform does not tell");
        let platform = story.platform;
        let is_wifi = self.ssid.is_some();
        let wifi = |fact: bool| match platform {
            _ if !is_wifi => Err("this network is no Wi-Fi"),
            Platform::AndroidWithoutLocation => Ok(false),
            _ => Ok(fact),
        };
        let gateways = [Some(self.gateway), self.gateway_v6].into_iter().flatten().map(|it| it.to_string());
        let tells_link = platform != Platform::Ios;
        NetworkSnapshot {
            name: Fact::known(self.ssid.clone().unwrap_or_else(|| "eth0".to_owned())),
            gateways: if tells_link { Fact::known(gateways.collect()) } else { told.gateways.clone() },
            dns_servers: Fact::known(self.resolvers.clone()),
            proxies: Fact::known(self.proxies(story)),
            vpns: Fact::known(if story.has(Cause::Vpn) { vec!["tun0".to_owned()] } else { Vec::new() }),
            captive: story.system_says_captive(),
            private_dns: story.private_dns(),
            transport: Fact::known(match story.place {
                Place::Cellular => Transport::Cellular,
                Place::Wired => Transport::Ethernet,
                _ => Transport::Wifi,
            }),
            ssid: gated(wifi(true), || self.ssid.clone().unwrap_or_default()),
            bssid: gated(wifi(true), || self.bssid),
            security: gated(wifi(true), || self.security),
            neighbours: if platform == Platform::Linux {
                Fact::known(self.neighbours())
            } else {
                told.neighbours.clone()
            },
            dhcp_server: if tells_link { Fact::known(self.dhcp) } else { told.dhcp_server.clone() },
            nat64_prefix: match (tells_link, story.nat64()) {
                (true, Some(prefix)) => Fact::known(prefix),
                _ => told.nat64_prefix.clone(),
            },
            metered: Fact::known(matches!(story.place, Place::Cellular)),
            portal_api: if story.has(Cause::PortalApi) {
                Fact::known("https://portal.cafe.example/api".to_owned())
            } else {
                told.portal_api
            },
        }
    }

    fn proxies(&self, story: &Story) -> Vec<Proxy> {
        let declared = Proxy { scheme: "http".to_owned(), address: PROXY.to_owned() };
        if story.has(Cause::SetProxy) { vec![declared] } else { Vec::new() }
    }

    fn neighbours(&self) -> Vec<Neighbour> {
        let other = MacAddress::from_bytes([2, 0, 0x5e, 0x10, 0, 0x99]);
        let mac = if self.shares_mac { self.gateway_mac } else { other };
        let beside = |address| Neighbour { address, mac };
        let mut neighbours = vec![Neighbour { address: self.gateway, mac: self.gateway_mac }];
        neighbours.extend(self.gateway_v6.map(|address| Neighbour { address, mac: self.gateway_mac }));
        neighbours.extend(["192.168.7.77", "192.168.7.78"].map(|it| beside(address(it))).into_iter().take(1));
        if self.shares_mac {
            neighbours.push(beside(address("192.168.7.79")));
        }
        neighbours
    }

    /// The first hops towards `destination`.
    pub(super) fn path(&self, story: &mut Story, destination: IpAddr) -> PathProbe {
        let inner = self.inner_hop.map(Some);
        let hops = [Some(self.first_hop), inner, Some(self.second_hop), Some(Some(address("203.0.113.1")))];
        let hops =
            hops.into_iter().flatten().zip(1..=3).map(|(from, ttl)| Hop { ttl, attempts: hop(story, from) });
        PathProbe { destination, hops: hops.collect() }
    }
}

impl Story {
    /// The prefix of this network's NAT64.
    pub(super) fn nat64(&self) -> Option<Nat64Prefix> {
        if self.has(Cause::Nat64Declared) {
            return Some(DECLARED_PREFIX.parse().unwrap());
        }
        self.has(Cause::Nat64).then_some(Nat64Prefix::WELL_KNOWN)
    }

    fn system_says_captive(&mut self) -> Fact<bool> {
        if self.platform == Platform::Ios || self.platform == Platform::Linux {
            return Fact::not_available("this platform does not tell");
        }
        // The system looks seldom: now and then it has not noticed yet.
        let noticed = !self.dice.chance(2000);
        Fact::known((self.has(Cause::Portal) && noticed) || self.has(Cause::PortalCleared))
    }

    fn private_dns(&self) -> Fact<PrivateDns> {
        let server = "dns.example".to_owned();
        match self.platform {
            Platform::Ios | Platform::Linux => Fact::not_available("this platform does not tell"),
            // Whoever insists on it has none where nothing gets through.
            _ if self.has(Cause::PrivateDnsBlocked) || (self.has(Cause::PrivateDns) && self.is_cut_off()) => {
                Fact::known(PrivateDns::Unreachable { server })
            }
            _ if self.has(Cause::PrivateDns) => Fact::known(PrivateDns::Active { server: Some(server) }),
            // Where the network's resolver has it, which is not everywhere.
            _ if self.has(Cause::PrivateDnsMay) => {
                Fact::known(PrivateDns::Opportunistic { active: self.place == Place::Home })
            }
            _ => Fact::known(PrivateDns::Off),
        }
    }
}

fn hop(story: &mut Story, from: Option<IpAddr>) -> Vec<Attempt<HopAnswer>> {
    let icmp_type = if from.is_some_and(|from| from.is_ipv6()) { 3 } else { 11 };
    story
        .attempts(from, from.map(|from| HopAnswer { from, icmp_type, icmp_code: 0 }).ok_or(Story::SILENCE))
        .into_iter()
        .map(|attempt: Attempt<HopAnswer>| match attempt.outcome {
            Outcome::Answered(_) => attempt,
            Outcome::Failed(_) => Attempt { address: None, ..attempt },
        })
        .collect()
}

fn gated<T>(tells: Result<bool, &str>, value: impl FnOnce() -> T) -> Fact<T> {
    match tells {
        Ok(true) => Fact::known(value()),
        Ok(false) => Fact::not_permitted("the location permission"),
        Err(why) => Fact::not_available(why),
    }
}

/// A third of the routers call themselves the first of the link.
fn link_local(story: &mut Story) -> IpAddr {
    let suffix = if story.dice.chance(3300) { 1 } else { 1 + story.dice.below(60_000) };
    address(&format!("fe80::{suffix:x}"))
}

fn mac(story: &mut Story) -> MacAddress {
    let byte = |story: &mut Story| story.dice.below(256) as u8;
    MacAddress::from_bytes([2, 0, 0x5e, byte(story), byte(story), byte(story)])
}

/// One of few, so that replies which name it are signed once.
fn exit(story: &mut Story) -> IpAddr {
    address(&format!("198.51.100.{}", story.dice.pick(&[20, 21, 22, 23])))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}
