"""The phone: how it joins the network, what it trusts, and what its platform would tell of the network."""

import json
import shutil
from pathlib import Path

from .network import Lab, port_name

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"

# Facts of a wireless network that a namespace cannot have. A scenario replaces what it is about.
HOME_WIFI = {
    "transport": "wifi",
    "ssid": "lab-home",
    "bssid": "02:aa:00:00:00:01",
    "security": "wpa2",
    "private_dns": "off",
}


def join(lab: Lab) -> None:
    """Joins the network: trust store, link, DHCP, IPv6 by router advertisement."""
    trust(lab)
    lab.facts.update(HOME_WIFI)
    lab.phone.sysctl(
        ipv4__conf__all__accept_redirects=1,
        ipv4__conf__wlan0__accept_redirects=1,
        ipv6__conf__wlan0__accept_ra=2,
    )
    lab.phone.ip("link set lo up")
    connect(lab)


def connect(lab: Lab, ipv4: bool = True, ipv6: bool = True) -> None:
    """Brings the link up and waits for the addresses that this network gives."""
    lab.phone.ip("link set wlan0 up")
    script = lab.scripts / "udhcpc.sh"
    files = {"RESOLVER": str(lab.phone.resolver), "LEASE": str(lease_file(lab))}
    lease_file(lab).unlink(missing_ok=True)
    dhcp = lab.phone.start(
        "dhcp",
        "udhcpc",
        "-f",
        "-i",
        "wlan0",
        "-s",
        script,
        "-O",
        "114",
        "-t",
        "10",
        "-T",
        "1",
        "-A",
        "1",
        **files,
    )
    lab.keep("phone-dhcp", dhcp)
    if ipv4:
        dhcp.wait_until(lease_file(lab).exists, "a DHCP lease")
    if ipv6:
        dhcp.wait_until(
            lambda: "default" in lab.phone.run("ip -6 route show default").stdout, "an IPv6 router"
        )


def disconnect(lab: Lab) -> None:
    """Leaves the network: the link goes down and takes addresses, routes and neighbours with it."""
    lab.stop("phone-dhcp")
    lab.phone.ip("link set wlan0 down", "addr flush dev wlan0")


def reconnect(lab: Lab, **families: bool) -> None:
    """Leaves and joins again, as a user does who switches Wi-Fi off and on."""
    disconnect(lab)
    connect(lab, **families)


def move(lab: Lab, bridge: str) -> None:
    """Plugs the phone into another bridge: another access point."""
    lab.switch.ip(f"link set {port_name(lab.phone, 'wlan0')} master {bridge}")


def lease_file(lab: Lab) -> Path:
    return lab.path("phone-lease.json")


def lease(lab: Lab) -> dict[str, str]:
    """What the DHCP server gave: `ip`, `router`, `dns`, `dhcp_server`, `portal`."""
    if not lease_file(lab).exists():
        return {}
    told = json.loads(lease_file(lab).read_text())
    return {
        **told,
        "portal": bytes.fromhex(told["portal"]).decode(),
    }  # udhcpc gives options it does not know in hex


def trust(lab: Lab, system: tuple[str, ...] = (), user: tuple[str, ...] = ()) -> None:
    """Writes the phone's trust store as Debian lays it out: shipped roots, added ones, and the bundle of both.

    `public` is always among the shipped ones. `system` roots were put among them by somebody; `user` roots
    were added by the user or an administrator.
    """
    shipped, added, bundle = (lab.path(f"trust-{part}") for part in ("shipped", "added", "bundle"))
    for folder in (shipped, added, bundle):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    (shipped / "mozilla").mkdir()
    shutil.copy(lab.pki.root("public"), shipped / "mozilla" / "lab-public.crt")
    for role in system:
        shutil.copy(lab.pki.root(role), shipped / f"{role}.crt")
    for role in user:
        shutil.copy(lab.pki.root(role), added / f"{role}.crt")
    roots = "".join(lab.pki.root(role).read_text() for role in ("public", *system, *user))
    machine = Path(BUNDLE).read_text() if Path(BUNDLE).exists() else ""
    (bundle / Path(BUNDLE).name).write_text(machine + roots)
    places = {
        "/usr/share/ca-certificates": shipped,
        "/usr/local/share/ca-certificates": added,
        str(Path(BUNDLE).parent): bundle,
    }
    lab.phone.mounts = [mount for mount in lab.phone.mounts if mount[1] not in places]
    lab.phone.mounts += [(source, target) for target, source in places.items()]
    lab.phone.write_enter()
