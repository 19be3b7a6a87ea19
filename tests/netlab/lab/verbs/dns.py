"""Attacks on DNS, and the resolvers that only look like them."""

import contextlib
import sys

from .. import addresses as at
from .. import nginx, services
from ..errors import LabError
from ..network import Lab
from ..places import Place
from . import filtered, verb
from .tls import relay

WILDCARD_PORT = 5300

# Where forged names can point to.
TARGETS = {
    "attacker": at.ATTACKER,
    "nobody": at.NOBODY,
    "cdn-elsewhere": at.CDN_ELSEWHERE.v4,
    "intranet": at.INTRANET,
}


@verb("gateway")
def forge_dns(lab: Lab, place: Place, *names: str, to: str = "attacker"):
    """The network's resolver answers names, and all below them, with the address of --to.

    --to is attacker, nobody (an address that no host has), cdn-elsewhere or intranet.
    """
    services.start_gateway_dns(lab, *(f"address=/{name}/{target(to)}" for name in names))
    yield
    services.start_gateway_dns(lab)


@verb("gateway")
def split_horizon(lab: Lab, place: Place):
    """The network's resolver knows intranet.test by an address inside, where the organisation's server is."""
    certificate = nginx.certificate(lab.pki.leaf("intranet-inside", "intranet.test", issuer="corp"))
    inside = nginx.server(f"listen {at.INTRANET}:443 ssl", certificate, "return 200 inside")
    with address(place, at.INTRANET, "lan0"), nginx.start(lab, place, "intranet", inside, tcp=443):
        yield from forge_dns(lab, place, "intranet.test", to="intranet")


@verb("gateway")
def wildcard_nxdomain(lab: Lab, place: Place):
    """Sends every name that does not exist to an advertiser, as some providers' resolvers do."""
    command = [sys.executable, lab.scripts / "wildcard_nxdomain.py", "--port", WILDCARD_PORT]
    command += ["--upstream", at.DNS.v4, "--answer", at.ADVERTISER.v4]
    redirect = f"-t nat PREROUTING -i lan0 -p udp -d {at.GATEWAY} --dport 53 -j REDIRECT --to-ports {WILDCARD_PORT}"
    with (
        place.start("wildcard", *command, udp=WILDCARD_PORT),
        filtered(place, redirect),
    ):
        yield


@verb("attacker")
def inject_dns(lab: Lab, place: Place, name: str, *, to: str = "nobody", tool: str = "dnsspoof"):
    """Sees the phone's queries on the air and answers those below a name too, beside the honest resolver.

    --tool is dnsspoof (dsniff; passes over queries with EDNS) or inject (ours; answers those too).
    """
    if tool == "dnsspoof":
        hosts = lab.write("dnsspoof.hosts", f"{target(to)} *.{name}\n")
        command = ["dnsspoof", "-i", "wlan0", "-f", hosts, "udp dst port 53"]
    elif tool == "inject":
        command = [sys.executable, lab.scripts / "inject_dns.py", "--interface", "wlan0"]
        command += ["--below", name, "--answer", target(to)]
    else:
        raise LabError(f"inject-dns: no tool {tool!r}")
    with shared_air(lab), place.start("inject-dns", *command) as daemon:
        daemon.wait_until(lambda: sniffs(place), "a packet socket")
        yield


@verb("attacker")
def evil_server(lab: Lab, place: Place, *, ca: str = "evil"):
    """A TLS and web server for whoever was led to the attacker, with a certificate of --ca for every name."""
    hosts = [
        *at.HOSTS,
        *(canary.host for canary in at.CANARIES.values()),
        *(f"*.{canary.zone}" for canary in at.CANARIES.values()),
    ]
    certificate = nginx.certificate(lab.pki.leaf(f"evil-server-{ca}", *hosts, issuer=ca))
    server = nginx.server("listen 80", "listen 443 ssl", certificate, "return 200 Welcome")
    with nginx.start(lab, place, "evil-server", server, tcp=443):
        yield


@verb("attacker")
def forward_to_canaries(lab: Lab, place: Place):
    """Forwards what arrives at the attacker's own ports 80 and 443 to the canary that is asked for, byte for byte."""
    with (
        relay(lab, place, "to-http", *to_canaries(80), port=80),
        relay(lab, place, "to-tls", *to_canaries(443), port=443),
    ):
        yield


def to_canaries(port: int) -> list[str]:
    options = [["--to", f"{canary.host}={canary.address.v4}:{port}"] for canary in at.CANARIES.values()]
    return sum(options, [])


@verb("gateway")
def block_dot(lab: Lab, place: Place):
    """Refuses DNS over TLS (port 853)."""
    with filtered(place, "FORWARD -i lan0 -p tcp --dport 853 -j REJECT --reject-with tcp-reset"):
        yield


def target(name: str) -> str:
    if name not in TARGETS:
        raise LabError(f"no address called {name!r}: one of {', '.join(TARGETS)}")
    return TARGETS[name]


@contextlib.contextmanager
def address(place: Place, ip: str, interface: str):
    """One more address of a place."""
    place.ip(f"addr add {ip}/24 dev {interface}")
    try:
        yield
    finally:
        place.ip(f"addr del {ip}/24 dev {interface}")


@contextlib.contextmanager
def shared_air(lab: Lab):
    """Every host of the LAN hears every frame, as on an open Wi-Fi."""
    lab.switch.ip("link set br0 type bridge ageing_time 0")
    try:
        yield
    finally:
        lab.switch.ip("link set br0 type bridge ageing_time 30000")


def sniffs(place: Place) -> bool:
    return len(place.run("cat /proc/net/packet").stdout.splitlines()) > 1
