//! The network in use, as the kernel and the resolver's configuration show it. No packet is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use agent_core::model::{Fact, NetworkSnapshot, Transport};

use super::environment::Environment;
use super::files::{Files, unreadable};
use super::leases::dhcp_server;
use super::link::{INTERFACES, index, transport};
use super::neighbours::neighbours;
use super::proxies::proxies;

const ROUTES_V4: &str = "/proc/net/route";
const ROUTES_V6: &str = "/proc/net/ipv6_route";
const RESOLVER: &str = "/etc/resolv.conf";

/// What systemd-resolved asks itself, where [`RESOLVER`] only names its stub.
const RESOLVED_UPSTREAM: &str = "/run/systemd/resolve/resolv.conf";

/// The addresses at which systemd-resolved answers on this machine.
const RESOLVED_STUBS: &[&str] = &["127.0.0.53", "127.0.0.54"];

/// Route flags (linux/route.h): usable, and through a gateway.
const RTF_UP: u32 = 0x1;
const RTF_GATEWAY: u32 = 0x2;

/// Interface flag (linux/if.h): brought up.
const IFF_UP: u32 = 0x1;

/// Flag of a tun device (linux/if_tun.h) that carries IP. One that carries frames (`IFF_TAP`) is mostly a
/// virtual machine's.
const IFF_TUN: u32 = 0x1;

/// Interface type of a point-to-point link (linux/if_arp.h), as PPTP and L2TP clients make them.
const ARPHRD_PPP: u32 = 512;

/// What this machine tells about the network it is on.
pub fn network_snapshot(files: &Files, environment: &Environment) -> NetworkSnapshot {
    let routed = match default_routes(files) {
        Ok(routes) => of_routes(files, &routes),
        Err(error) => NetworkSnapshot {
            gateways: unreadable(ROUTES_V4, &error),
            name: unreadable(ROUTES_V4, &error),
            ..NetworkSnapshot::not_available("the routes of this machine could not be read")
        },
    };
    NetworkSnapshot {
        dns_servers: dns_servers(files),
        proxies: Fact::known(proxies(files, environment)),
        vpns: vpns(files),
        captive: Fact::not_available(
            "Linux has no opinion of its own on captive portals; the agent's probe decides",
        ),
        private_dns: Fact::not_available("Linux has no one place that tells whether names resolve over TLS"),
        nat64_prefix: Fact::not_available("Linux does not keep the NAT64 prefix that a router advertises"),
        portal_api: Fact::not_available(
            "Linux has no one place that tells the URL of a captive portal's API",
        ),
        metered: Fact::not_available("Linux has no one place that tells whether traffic costs"),
        ..routed
    }
}

/// The facts that hang on the interface of the best route.
fn of_routes(files: &Files, routes: &[DefaultRoute]) -> NetworkSnapshot {
    let gateways = Fact::known(gateways(routes));
    let Some(best) = routes.first().map(|route| route.interface.as_str()) else {
        let none = NetworkSnapshot::not_available("this device has no default route: it is on no network");
        return NetworkSnapshot { gateways, ..none };
    };
    let transport = transport(files, best);
    let no_wifi = match transport.value() {
        Some(Transport::Wifi) => "this host does not ask the kernel about a Wi-Fi (nl80211)".to_owned(),
        _ => format!("{best} is no Wi-Fi"),
    };
    let interfaces = routes.iter().filter_map(|route| index(files, &route.interface)).collect();
    NetworkSnapshot {
        name: Fact::known(best.to_owned()),
        gateways,
        transport,
        neighbours: neighbours(files, &interfaces),
        dhcp_server: dhcp_server(files, best),
        ..NetworkSnapshot::not_available(&no_wifi)
    }
}

/// A way to everywhere.
struct DefaultRoute {
    interface: String,
    gateway: Option<IpAddr>,
    metric: u32,
}

/// The default routes of both families, best first. A kernel without IPv6 has no table of it.
fn default_routes(files: &Files) -> std::io::Result<Vec<DefaultRoute>> {
    let v4 = files.text(ROUTES_V4)?;
    let v6 = files.text(ROUTES_V6).unwrap_or_default();
    let mut routes: Vec<DefaultRoute> = v4.lines().filter_map(default_route_v4).collect();
    routes.extend(v6.lines().filter_map(default_route_v6));
    routes.sort_by_key(|route| (route.gateway.is_some_and(|gateway| gateway.is_ipv6()), route.metric));
    Ok(routes)
}

/// Reads `Iface Destination Gateway Flags RefCnt Use Metric Mask …`; addresses are hexadecimal numbers in the
/// machine's byte order.
fn default_route_v4(line: &str) -> Option<DefaultRoute> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [interface, "00000000", gateway, flags, _, _, metric, "00000000", ..] = fields.as_slice() else {
        return None;
    };
    let gateway = Ipv4Addr::from(u32::from_str_radix(gateway, 16).ok()?.to_ne_bytes());
    let flags = u32::from_str_radix(flags, 16).ok()?;
    (flags & RTF_UP != 0).then_some(DefaultRoute {
        interface: (*interface).to_owned(),
        gateway: (flags & RTF_GATEWAY != 0).then_some(gateway.into()),
        metric: metric.parse().ok()?,
    })
}

/// Reads `destination length source length gateway metric refcnt use flags interface`, all hexadecimal. The
/// entry that makes everything unreachable has no gateway and is left out.
fn default_route_v6(line: &str) -> Option<DefaultRoute> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [destination, "00", _, _, gateway, metric, _, _, flags, interface] = fields.as_slice() else {
        return None;
    };
    let flags = u32::from_str_radix(flags, 16).ok()?;
    let usable = flags & RTF_UP != 0 && flags & RTF_GATEWAY != 0;
    (usable && destination.bytes().all(|digit| digit == b'0')).then_some(DefaultRoute {
        interface: (*interface).to_owned(),
        gateway: Some(Ipv6Addr::from(u128::from_str_radix(gateway, 16).ok()?).into()),
        metric: u32::from_str_radix(metric, 16).ok()?,
    })
}

fn gateways(routes: &[DefaultRoute]) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::new();
    for address in routes.iter().filter_map(|route| route.gateway).map(|address| address.to_string()) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

fn dns_servers(files: &Files) -> Fact<Vec<String>> {
    let servers = match files.text(RESOLVER) {
        Ok(text) => nameservers(&text),
        Err(error) => return unreadable(RESOLVER, &error),
    };
    let only_stubs =
        !servers.is_empty() && servers.iter().all(|server| RESOLVED_STUBS.contains(&server.as_str()));
    let upstream = only_stubs.then(|| files.text(RESOLVED_UPSTREAM).ok()).flatten();
    Fact::known(upstream.map_or(servers, |text| nameservers(&text)))
}

/// The `nameserver` lines of resolv.conf(5). An IPv6 address may end in `%interface`.
fn nameservers(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next().filter(|word| *word == "nameserver")?;
            let address = words.next()?;
            address.split('%').next()?.parse::<IpAddr>().ok()?;
            Some(address.to_owned())
        })
        .collect()
}

fn vpns(files: &Files) -> Fact<Vec<String>> {
    match files.names(INTERFACES) {
        Ok(names) => Fact::known(names.into_iter().filter(|name| is_active_vpn(files, name)).collect()),
        Err(error) => unreadable(INTERFACES, &error),
    }
}

fn is_active_vpn(files: &Files, interface: &str) -> bool {
    let attribute = |name: &str| files.text(format!("{INTERFACES}/{interface}/{name}")).unwrap_or_default();
    let is_up = hexadecimal(&attribute("flags")).is_some_and(|flags| flags & IFF_UP != 0);
    let is_tunnel = hexadecimal(&attribute("tun_flags")).is_some_and(|flags| flags & IFF_TUN != 0)
        || attribute("uevent").lines().any(|line| line == "DEVTYPE=wireguard")
        || attribute("type").trim().parse() == Ok(ARPHRD_PPP);
    is_up && is_tunnel
}

/// A number as sysfs writes it: `0x1003`.
fn hexadecimal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}
