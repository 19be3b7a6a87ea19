"""Names and addresses of the lab, in one place.

    phone 10.77.0.5x ─┐                                                  ┌─ web, DNS, DoH
    attacker    .66 ──┼─ br0 (LAN) ─ gateway .1 ─ br-wan ─ internet ─ lo ┤
    twin        .1 ───┘ 10.77.0.0/24  NAT for IPv4   198.51.100.224/28   └─ canaries a, b, c
                        fd77::/64

The internet's servers are addresses of its loopback interface, out of the three blocks for documentation
(RFC 5737, RFC 3849), which stand for three independent networks.
"""

from typing import NamedTuple

PHONE_MAC = "02:00:00:00:77:50"
GATEWAY_MAC = "02:00:00:00:77:01"
ATTACKER_MAC = "02:00:00:00:77:66"
TWIN_MAC = "02:00:00:00:66:01"

LAN = "10.77.0"
PHONE = f"{LAN}.50"
GATEWAY = f"{LAN}.1"
GATEWAY6 = "fd77::1"
ATTACKER = f"{LAN}.66"
ATTACKER6 = "fd77::66"
NOBODY = f"{LAN}.99"  # an address of the LAN that no host has
INTRANET = f"{LAN}.80"  # a server inside, for split-horizon DNS

# Two providers. 198.18.0.0/15, used in the sketch of many a lab, is where the canaries' answers lie.
WAN_GATEWAY, WAN_INTERNET = "198.51.100.226", "198.51.100.225"
WAN_GATEWAY6, WAN_INTERNET6 = "2001:db8:ffff::2", "2001:db8:ffff::1"
TWIN_EXIT, TWIN_UPLINK = "203.0.113.226", "203.0.113.225"

NAT64_PREFIX = "2001:db8:64::/96"  # tayga refuses documentation addresses under 64:ff9b::/96


class Host(NamedTuple):
    """A server of the internet."""

    v4: str
    v6: str | None = None


DNS = Host("198.51.100.53", "2001:db8:51::53")
DOH = Host("198.51.100.54", "2001:db8:51::54")
CDN_ELSEWHERE = Host("203.0.113.81")
ADVERTISER = Host("192.0.2.99")  # where a provider sends the names that do not exist
NO_RESOLVER = Host("192.0.2.250")  # answers no DNS query
VPN = Host("203.0.113.50")

HOSTS = {
    "bank.test": Host("198.51.100.10", "2001:db8:51::10"),
    "shop.test": Host("203.0.113.10", "2001:db8:113::10"),
    "cdn.test": Host("192.0.2.81"),
    "plain.test": Host("198.51.100.11", "2001:db8:51::11"),
    "v4only.test": Host("198.51.100.12"),
    "captive.test": Host("192.0.2.11", "2001:db8:2::11"),
    "intranet.test": Host("203.0.113.80"),
    "doh.test": DOH,
    "ads.test": ADVERTISER,
}


class Canary(NamedTuple):
    """One canary: `zone` is delegated to it, `network` is what quorum counts by."""

    host: str
    address: Host
    zone: str
    network: str


CANARIES = {
    "a": Canary("a.canary.test", Host("198.51.100.20", "2001:db8:51::20"), "a.zone.canary.test", "net-a"),
    "b": Canary("b.canary.test", Host("203.0.113.20", "2001:db8:113::20"), "b.zone.canary.test", "net-b"),
    "c": Canary("c.canary.test", Host("192.0.2.20", "2001:db8:2::20"), "c.zone.canary.test", "net-c"),
}


def internet_addresses() -> list[str]:
    """Every address that the internet's namespace answers at."""
    hosts = [*HOSTS.values(), *(canary.address for canary in CANARIES.values())]
    hosts += [DNS, CDN_ELSEWHERE, NO_RESOLVER, VPN]
    addresses = {address for host in hosts for address in host if address}
    return sorted(addresses)


def address_of(name: str) -> Host:
    """The true address of a host of the lab, web server or canary."""
    for canary in CANARIES.values():
        if canary.host == name:
            return canary.address
    return HOSTS[name]
