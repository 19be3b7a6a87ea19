"""What networks and servers are like without any attack: slow, lossy, IPv6 only, with new certificates."""

import signal
import sys

from .. import addresses as at
from .. import canary, phone, services
from ..network import Lab, port_name
from ..places import Place
from . import verb


@verb("gateway")
def slow_link(lab: Lab, place: Place, *, rtt: str = "100", loss: str = "0"):
    """Delays everything between gateway and internet, and loses packets.

    --rtt is in milliseconds there and back, --loss in per cent each way. By a relay of our own (`inside/slow_link.py`): netem is not in every kernel.
    """
    ports = [port_name(lab.gateway, "wan0"), port_name(lab.internet, "eth0")]
    lab.switch.ip(*(f"link set {port} nomaster" for port in ports))
    command = [
        sys.executable,
        lab.scripts / "slow_link.py",
        *ports,
        "--delay",
        float(rtt) / 2,
        "--loss",
        loss,
    ]
    with lab.switch.start("slow-link", *command):
        yield
    lab.switch.ip(*(f"link set {port} master br-wan" for port in ports))


@verb("gateway")
def nat64(lab: Lab, place: Place):
    """An IPv6-only network: tayga translates, unbound makes AAAA records (DNS64); no DHCP for IPv4."""
    services.start_gateway_dns(lab, dns=False, ipv4=False)
    dns64 = [f"interface: {at.GATEWAY6}", f"dns64-prefix: {at.NAT64_PREFIX}"]
    config = [
        "tun-device nat64",
        "ipv4-addr 192.168.255.1",
        f"prefix {at.NAT64_PREFIX}",
        "dynamic-pool 192.168.255.0/24",
        f"data-dir {lab.folder}",
    ]
    tayga = ["tayga", "-c", lab.write("tayga.conf", "\n".join(config) + "\n")]
    place.run(*tayga, "--mktun")
    place.ip(
        "link set nat64 up", "route add 192.168.255.0/24 dev nat64", f"route add {at.NAT64_PREFIX} dev nat64"
    )
    resolver = services.start_unbound(lab, place, "dns64", dns64, modules="dns64 iterator", udp=53)
    with place.start("tayga", *tayga, "-d"):
        phone.reconnect(lab, ipv4=False)
        lab.phone.set_resolver(at.GATEWAY6)
        yield
    resolver.stop()
    place.run(*tayga, "--rmtun")
    services.start_gateway_dns(lab)
    phone.reconnect(lab)


@verb("internet")
def canary_down(lab: Lab, place: Place, letter: str):
    """Stops one canary."""
    canary.stop(lab, letter)
    yield
    canary.start(lab, letter)


@verb("internet")
def rotate_leaf(lab: Lab, place: Place, site: str, leaf: str):
    """Gives a site another certificate and key: bank-backup is pinned, bank-other is not."""
    change_leaf(lab, site, leaf)
    yield
    change_leaf(lab, site, site)


def change_leaf(lab: Lab, site: str, leaf: str) -> None:
    services.use_certificate(lab, site, leaf)
    lab.daemons["web"].send(signal.SIGHUP)
    lab.settle()
