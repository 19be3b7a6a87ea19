"""Attacks on clear HTTP, and the proxies of carriers that look like them."""

from .. import addresses as at
from ..network import Lab
from ..places import Place
from . import filtered, verb
from .tls import mitmproxy, redirected

PROXY_PORT = 8080
TINYPROXY_PORT = 3128


@verb("gateway", "attacker")
def strip(lab: Lab, place: Place):
    """Answers clear HTTP with the site's https content: the redirection to https never reaches the phone."""
    return rewritten(lab, place, "strip")


@verb("gateway", "attacker")
def inject_script(lab: Lab, place: Place):
    """Adds a script of the attacker's to every HTML page over clear HTTP."""
    return rewritten(lab, place, "inject_script")


@verb("gateway")
def recompress_images(lab: Lab, place: Place):
    """Makes pictures over clear HTTP smaller and worse, as carriers' optimisers do."""
    return rewritten(lab, place, "recompress_images")


@verb("gateway")
def add_headers(lab: Lab, place: Place):
    """Sends clear HTTP through a transparent tinyproxy, which adds Via and the phone's address."""
    with tinyproxy(lab, place, "XTinyproxy Yes"), redirected(place, "80", TINYPROXY_PORT):
        yield


@verb("gateway")
def offer_proxy(lab: Lab, place: Place):
    """Runs an explicit proxy, tinyproxy at the gateway's port 3128."""
    with tinyproxy(lab, place):
        yield


@verb("gateway")
def block_https(lab: Lab, place: Place):
    """Refuses TLS to every host."""
    with refused_https(place):
        yield


def refused_https(place: Place):
    return filtered(place, "FORWARD -i lan0 -p tcp --dport 443 -j REJECT --reject-with tcp-reset")


def rewritten(lab: Lab, place: Place, addon: str):
    """mitmproxy on port 80 with one of our addons."""
    script = lab.scripts / f"{addon}.py"
    confdir = lab.path("mitmproxy-http")
    with (
        mitmproxy(lab, place, addon, PROXY_PORT, "--set", f"confdir={confdir}", "--scripts", script),
        redirected(place, "80", PROXY_PORT),
    ):
        yield


def tinyproxy(lab: Lab, place: Place, *lines: str):
    config = [
        f"Port {TINYPROXY_PORT}",
        "Timeout 30",
        "MaxClients 50",
        "LogLevel Connect",
        'ViaProxyName "carrier"',
        *lines,
    ]
    file = lab.write("tinyproxy.conf", "\n".join(config) + "\n")
    return place.start("tinyproxy", "tinyproxy", "-d", "-c", file, tcp=TINYPROXY_PORT)


def proxy_url() -> str:
    """What a phone is told to use while `offer-proxy` runs."""
    return f"http://{at.GATEWAY}:{TINYPROXY_PORT}"
