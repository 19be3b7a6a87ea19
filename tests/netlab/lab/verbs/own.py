"""What belongs to the phone: its clock, its roots, its proxy, its VPN, its kernel's settings."""

from .. import addresses as at
from .. import phone
from ..network import Lab
from ..places import Place
from . import verb
from .http import proxy_url

TUNNEL, TUNNEL_SERVER = "10.9.0.2", "10.9.0.1"
VPN_PORT = 1194


@verb("phone")
def clock(lab: Lab, place: Place, offset: str):
    """The scan sees a clock that is wrong by an offset of faketime: +2y, -3d."""
    lab.scan_prefix = ["faketime", "-f", offset]
    yield
    lab.scan_prefix = []


@verb("phone")
def trust(lab: Lab, place: Place, *, user: str = "", system: str = ""):
    """Adds a root to the phone's trust store: among the user's, or, by somebody, among the system's."""
    phone.trust(lab, system=(system,) if system else (), user=(user,) if user else ())
    yield
    phone.trust(lab)


@verb("phone")
def use_proxy(lab: Lab, place: Place):
    """The phone is told to use the explicit proxy of the gateway for http and https."""
    names = {"http_proxy": proxy_url(), "https_proxy": proxy_url()}
    place.environment.update(names)
    yield
    for name in names:
        del place.environment[name]


@verb("phone")
def ignore_redirects(lab: Lab, place: Place):
    """The phone's kernel does not accept ICMP redirects."""
    place.sysctl(ipv4__conf__all__accept_redirects=0, ipv4__conf__wlan0__accept_redirects=0)
    yield
    place.sysctl(ipv4__conf__all__accept_redirects=1, ipv4__conf__wlan0__accept_redirects=1)


@verb("phone")
def vpn(lab: Lab, place: Place):
    """All IPv4 of the phone goes through tun0 (socat over UDP) to a server on the internet; IPv6 is off."""
    far = f"TUN:{TUNNEL_SERVER}/24,tun-name=tun0,iff-up"
    near = f"TUN:{TUNNEL}/24,tun-name=tun0,iff-up"
    routes = [
        f"{at.VPN.v4} via {at.GATEWAY}",
        "0.0.0.0/1 dev tun0",
        "128.0.0.0/1 dev tun0",
        "unreachable ::/1 metric 1",
        "unreachable 8000::/1 metric 1",
    ]
    with (
        lab.internet.start("vpn", "socat", f"UDP-LISTEN:{VPN_PORT},bind={at.VPN.v4}", far, udp=VPN_PORT),
        place.start("vpn", "socat", f"UDP:{at.VPN.v4}:{VPN_PORT}", near) as client,
    ):
        client.wait_until(lambda: "UP" in place.run("ip link show tun0", check=False).stdout, "tun0")
        place.ip(*(f"route add {route}" for route in routes))
        place.set_resolver(at.DNS.v4)
        yield
        place.set_resolver(at.GATEWAY)
        place.ip(*(f"route del {route}" for route in (routes[0], *routes[3:])))
