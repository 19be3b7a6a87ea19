"""The canaries: `mtd canary` where the binary has it, else stand-ins of nginx and dnsmasq.

What the lab knows of the canary's command line stands in `command` and nowhere else. The stand-ins have the
canary's paths (redirect, page, script, image) and answer every name of the zone, but sign nothing and derive
nothing: they serve the self-test of the lab, not the agent's checks.
"""

import functools
import json
import subprocess
from pathlib import Path

from . import addresses as at
from . import nginx
from .network import Lab
from .places import Daemon

PORTS = {"tls": 443, "http": 80, "dns": 53}


def start(lab: Lab, letter: str) -> None:
    """Starts one canary on its IPv4 and IPv6 addresses, and keeps its entry for the settings in the lab."""
    entry = start_real(lab, letter) if lab.mtd and has_canary(lab.mtd) else start_stand_in(lab, letter)
    # Its authority is one of the lab's public ones, which the settings bring.
    lab.canaries[letter] = {key: value for key, value in entry.items() if key != "private_anchors"}


def stop(lab: Lab, letter: str) -> None:
    """Takes one canary down."""
    lab.stop(f"canary-{letter}")
    lab.stop(f"canary-{letter}-dns")


@functools.cache
def has_canary(mtd: Path) -> bool:
    """Whether this `mtd` has the command at all."""
    return subprocess.run([mtd, "canary", "--help"], capture_output=True).returncode == 0


def start_real(lab: Lab, letter: str) -> dict:
    daemon = lab.keep(f"canary-{letter}", lab.internet.start(f"canary-{letter}", *command(lab, letter)))
    daemon.wait_until(lambda: printed_entry(daemon), "its entry for the settings")
    return json.loads(printed_entry(daemon))


def printed_entry(daemon: Daemon) -> str:
    return next((line for line in daemon.log.read_text().splitlines() if line.startswith("{")), "")


def command(lab: Lab, letter: str) -> list[object]:
    """The command line of a real canary; it prints its entry for the settings as one line of JSON."""
    canary = at.CANARIES[letter]
    chain, key = lab.pki.leaf(f"canary-{letter}", canary.host)
    words = [lab.mtd, "canary", "--name", canary.host, "--zone", canary.zone, "--network", canary.network]
    words += ["--cert", chain, "--key", key, "--signing-key", lab.pki.ed25519(f"canary-{letter}-signing")]
    words += ["--data", lab.path(f"canary-{letter}")]
    for address in canary.address:
        words += ["--address", address]
        for protocol, port in PORTS.items():
            words += [
                f"--listen-{protocol}",
                f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
            ]
    return words


def start_stand_in(lab: Lab, letter: str) -> dict:
    canary = at.CANARIES[letter]
    certificate = nginx.certificate(lab.pki.leaf(f"canary-{letter}", canary.host))
    content = nginx.location("~ ^/[0-9a-f]+/(page.html|script.js|image.png)$", f"alias {lab.path('www')}/$1")
    redirect = nginx.location("/", "return 301 https://$host$request_uri")
    clear = nginx.server(nginx.listen(canary.address, 80), redirect, content)
    answer = nginx.location("/", "return 200 ok")
    tls = nginx.server(nginx.listen(canary.address, 443, "ssl"), certificate, answer, content)
    lab.keep(f"canary-{letter}", nginx.start(lab, lab.internet, f"canary-{letter}", clear, tls, tcp=443))
    options = ["no-daemon", "no-resolv", "no-hosts", "user=root", "bind-interfaces"]
    options += [f"listen-address={canary.address.v4},{canary.address.v6}"]
    options += [f"address=/{canary.zone}/{at.NO_RESOLVER.v4}"]
    file = lab.write(f"canary-{letter}-dns.conf", "\n".join(options) + "\n")
    lab.keep(f"canary-{letter}-dns", lab.internet.start(f"canary-{letter}-dns", "dnsmasq", "-C", file))
    entry = {"name": canary.host, "addresses": list(canary.address)}
    entry |= {"zone": canary.zone, "network": canary.network}
    return entry | {f"{protocol}_port": port for protocol, port in PORTS.items()}
