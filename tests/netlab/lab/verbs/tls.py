"""Attacks on TLS: somebody in the path ends the session, or keeps the two sides from agreeing on the best."""

import sys

from .. import addresses as at
from ..network import Lab
from ..places import Place
from . import filtered, verb

PROXY_PORT = 8443


@verb("gateway", "attacker")
def intercept(lab: Lab, place: Place, *, ca: str = "evil", host: str = "", ports: str = "443"):
    """Ends TLS with mitmproxy and a certificate of `ca`, for all hosts or --host (comma between)."""
    configuration = lab.path("mitmproxy-tls")
    configuration.mkdir(exist_ok=True)
    root = lab.pki.root(ca)
    (configuration / "mitmproxy-ca.pem").write_text(lab.pki.key(ca).read_text() + root.read_text())
    proxy = mitmproxy(lab, place, "intercept", PROXY_PORT, "--set", f"confdir={configuration}")
    with proxy, redirected(place, ports, PROXY_PORT, host):
        yield


@verb("gateway", "attacker")
def pass_through(lab: Lab, place: Place, *, host: str = ""):
    """Ends TCP of port 443 and forwards the bytes unchanged."""
    with relay(lab, place, "pass-through"), redirected(place, "443", PROXY_PORT, host):
        yield


@verb("gateway", "attacker")
def block_tls13(lab: Lab, place: Place, *, host: str = ""):
    """Resets every connection whose ClientHello offers TLS 1.3; lets TLS 1.2 through unchanged."""
    with relay(lab, place, "block-tls13", "--refuse-tls13"), redirected(place, "443", PROXY_PORT, host):
        yield


def mitmproxy(lab: Lab, place: Place, name: str, port: int, *options: object):
    """A transparent mitmproxy; it does not verify upstream, as an attacker would not."""
    common = [
        "--mode",
        "transparent",
        "--listen-port",
        port,
        "--set",
        "ssl_insecure=true",
        "--set",
        "flow_detail=1",
    ]
    return place.start(name, "mitmdump", *common, *options, tcp=port)


def relay(lab: Lab, place: Place, name: str, *options: object, port: int = PROXY_PORT):
    """A transparent TCP relay of our own (`inside/relay.py`)."""
    return place.start(name, sys.executable, lab.scripts / "relay.py", "--port", port, *options, tcp=port)


def redirected(place: Place, ports: str, to: int, hosts: str = ""):
    """Sends forwarded TCP to a local port: all of it, or what goes to the hosts named (comma between)."""
    arrival = f"-t nat PREROUTING -i {lan_interface(place)} -p tcp -m multiport --dports {ports}"
    destinations = [
        f"-d {address}" for host in hosts.split(",") if host for address in at.address_of(host) if address
    ]
    return filtered(
        place,
        *(f"{arrival} {destination} -j REDIRECT --to-ports {to}" for destination in destinations or [""]),
    )


def lan_interface(place: Place) -> str:
    return "wlan0" if place.name == "attacker" else "lan0"
