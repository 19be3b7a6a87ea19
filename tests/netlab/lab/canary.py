"""The canaries: `mtd canary` where the binary has it, else stand-ins of nginx and dnsmasq.

What the lab knows of the canary's command line stands in `command` and nowhere else. The stand-ins answer
TLS, redirect clear HTTP to https, serve the page, script and image, and answer every name of the zone; they
sign nothing, so they serve the self-test of the lab, not the agent's checks.
"""

import functools
import subprocess
from pathlib import Path

from . import addresses as at
from .network import Lab

STAND_IN_ANSWER = at.CANARIES["a"].address.v4  # to every name of the zone, from each stand-in


def start(lab: Lab, letter: str) -> None:
    """Starts one canary on its IPv4 and IPv6 addresses."""
    if lab.mtd and has_canary(lab.mtd):
        lab.keep(f"canary-{letter}", lab.internet.start(f"canary-{letter}", *command(lab, letter), tcp=443))
    else:
        start_stand_in(lab, letter)


def stop(lab: Lab, letter: str) -> None:
    """Takes one canary down."""
    lab.stop(f"canary-{letter}")
    lab.stop(f"canary-{letter}-dns")


def command(lab: Lab, letter: str) -> list[object]:
    """The command line of a real canary."""
    canary = at.CANARIES[letter]
    chain, key = lab.pki.leaf(f"canary-{letter}", canary.host)
    addresses = [word for address in canary.address if address for word in ("--listen", address)]
    signing_key = lab.pki.ed25519("canary-signing")
    return [lab.mtd, "canary", *addresses, "--name", canary.host, "--cert", chain, "--key", key, "--signing-key", signing_key, "--zone", at.CANARY_ZONE]


@functools.cache
def has_canary(mtd: Path) -> bool:
    """Whether this `mtd` has the command at all."""
    return subprocess.run([mtd, "canary", "--help"], capture_output=True).returncode == 0


def start_stand_in(lab: Lab, letter: str) -> None:
    from . import services  # it starts the canaries

    canary = at.CANARIES[letter]
    chain, key = lab.pki.leaf(f"canary-{letter}", canary.host)
    content = f"location / {{ root {lab.path('www')}; index page.html; }}"
    clear = f"server {{ {services.listen(canary.address, 80)} location = / {{ return 301 https://$host/; }} {content} }}"
    tls = f"server {{ {services.listen(canary.address, 443, 'ssl')} ssl_certificate {chain}; ssl_certificate_key {key}; {content} }}"
    lab.keep(f"canary-{letter}", services.start_nginx(lab, lab.internet, f"canary-{letter}", clear + tls, tcp=443))
    zone = [
        "no-daemon",
        "no-resolv",
        "no-hosts",
        "user=root",
        "bind-interfaces",
        f"listen-address={canary.address.v4},{canary.address.v6}",
        f"address=/{at.CANARY_ZONE}/{STAND_IN_ANSWER}",
    ]
    file = lab.write(f"canary-{letter}-dns.conf", "\n".join(zone) + "\n")
    lab.keep(f"canary-{letter}-dns", lab.internet.start(f"canary-{letter}-dns", "dnsmasq", "-C", file))
