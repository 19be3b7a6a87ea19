"""Neighbours, routes, hops and leases of the phone."""

import json
import time

from .. import addresses as at
from .. import phone
from ..network import Lab
from . import Seen, line_with, proof
from .http import curl


@proof
def neighbour(lab: Lab, address: str, mac: str) -> Seen:
    """The phone reaches a neighbour at this MAC."""
    lab.phone.run("ping", "-c1", "-W1", address, check=False)
    seen = lab.phone.run("ip", "neigh", "show", address).stdout.strip()
    return mac in seen, seen


@proof
def hop(lab: Lab, number: str, host: str, router: str) -> Seen:
    """The packet that lives for NUMBER hops towards the host is dropped by this router."""
    text = lab.phone.run(
        "ping", "-c2", "-i0.2", "-W1", "-t", number, at.address_of(host).v4, check=False
    ).stdout
    return f"From {router} " in text, line_with(text, "From ", "bytes from")


@proof
def route_via(lab: Lab, host: str, router: str) -> Seen:
    """The phone's kernel sends what goes to the host by way of this router."""
    seen = line_with(lab.phone.run("ip", "route", "get", at.address_of(host).v4).stdout, "via")
    return f"via {router} " in seen, seen


@proof
def redirects_arrive(lab: Lab) -> Seen:
    """ICMP redirects reach the phone, whatever it makes of them."""
    command = ["nstat", "--zeros", "--noupdate", "--ignore", "IcmpInRedirects"]
    first = lab.phone.run(*command).stdout.split()[-2]
    time.sleep(1.5)
    second = lab.phone.run(*command).stdout.split()[-2]
    return first != second, f"{first}, 1.5 s later {second}"


@proof
def ipv6_router(lab: Lab, mac: str) -> Seen:
    """The phone's preferred default router for IPv6 is the host with this MAC (EUI-64 link-local address)."""
    last = mac.split(":")[3:]
    suffix = f"ff:fe{last[0]}:{last[1]}{last[2]} "
    routes = lab.phone.run("ip -6 route show default").stdout
    return any(suffix in line and "pref high" in line for line in routes.splitlines()), line_with(
        routes, "pref high", "default"
    )


@proof
def lease_has(lab: Lab, key: str, value: str) -> Seen:
    """The DHCP lease says so: keys dns, router, dhcp_server, ip."""
    seen = phone.lease(lab)
    return seen.get(key) == value, json.dumps(seen)


@proof
def exit_address(lab: Lab, address: str) -> Seen:
    """A server on the internet sees the phone come from this address."""
    seen = curl(lab, "http://plain.test/echo", "-4").strip()
    return f"peer={address} " in seen, seen


@proof
def has_no_ipv4(lab: Lab) -> Seen:
    """The phone has no global IPv4 address and reaches an IPv4-only site all the same."""
    addresses = lab.phone.run("ip -4 addr show dev wlan0 scope global").stdout.strip()
    body = curl(lab, "http://v4only.test/echo").strip()
    return not addresses and "peer=" in body, f"{addresses or 'no IPv4 address'}; {body}"


@proof
def round_trip(lab: Lab, milliseconds: str) -> Seen:
    """A TCP connection takes at least this long; three attempts, for lossy links."""
    times = [
        curl(
            lab, "http://plain.test/echo", "-o", "/dev/null", "-w", "%{time_connect} %{time_namelookup}"
        ).split()
        for _ in range(3)
    ]
    connected = [1000 * (float(done[0]) - float(done[1])) for done in times if float(done[0]) > 0]
    return bool(connected) and min(connected) >= float(
        milliseconds
    ), f"{[round(value) for value in connected]} ms"


@proof
def loses_packets(lab: Lab) -> Seen:
    """Of a hundred packets to the internet some are not answered."""
    seen = line_with(
        lab.phone.run("ping", "-c100", "-i0.01", "-W2", at.DNS.v4, check=False).stdout, "packet loss"
    )
    return "loss" in seen and " 0% packet loss" not in seen, seen
