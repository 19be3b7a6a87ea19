"""The lab as a whole: builds the namespaces, links and servers of `addresses.py`, and takes them away again.

No namespace has a link to the machine's own interfaces: every link is a pair of virtual Ethernet devices
between two namespaces of the lab.
"""

import shutil
import time
from pathlib import Path

from . import addresses as at
from .pki import Pki
from .places import Daemon, Place


class Lab:
    """One lab. Use as a context: built on entry, gone on exit.

    `scripts` is the folder of the programs that run inside (`inside/`).
    """

    def __init__(self, prefix: str, folder: Path, pki: Pki, scripts: Path, mtd: Path | None = None):
        self.folder, self.pki, self.scripts, self.mtd = folder, pki, scripts, mtd
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # daemons that drop privileges read below it
        self.switch, self.phone, self.gateway, self.attacker, self.internet, self.twin = (
            Place(prefix, name, folder)
            for name in ("switch", "phone", "gateway", "attacker", "internet", "twin")
        )
        self.daemons: dict[str, Daemon] = {}
        self.canaries: dict[str, dict] = {}  # by letter: what the organisation's settings say of the canary
        self.facts: dict[
            str, object
        ] = {}  # what the platform would tell of the network; replaces facts of the snapshot
        self.scan_prefix: list[str] = []  # put before the scan's command, for a wrong clock

    def __enter__(self) -> "Lab":
        from . import phone, services  # they import this module

        try:
            self.lay_links()
            services.start_internet(self)
            services.start_gateway_dns(self)
            phone.join(self)
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.destroy()

    def lay_links(self) -> None:
        for place in (self.switch, self.phone, self.gateway, self.attacker, self.internet):
            place.create(
                nameserver={"gateway": at.DNS.v4, "internet": at.DNS.v4, "attacker": at.GATEWAY}.get(
                    place.name, ""
                )
            )
            place.sysctl(ipv6__conf__default__accept_dad=0, ipv6__conf__default__router_solicitation_delay=0)
        self.switch.ip(
            "link add br0 type bridge", "link set br0 up", "link add br-wan type bridge", "link set br-wan up"
        )
        self.plug(self.gateway, "lan0", "br0", at.GATEWAY_MAC)
        self.plug(self.gateway, "wan0", "br-wan")
        self.plug(self.internet, "eth0", "br-wan")
        self.plug(self.attacker, "wlan0", "br0", at.ATTACKER_MAC)
        self.plug(self.phone, "wlan0", "br0", at.PHONE_MAC, up=False)
        self.gateway.ip(
            "link set lo up",
            f"addr add {at.GATEWAY}/24 dev lan0",
            f"addr add {at.GATEWAY6}/64 dev lan0",
            f"addr add {at.WAN_GATEWAY}/28 dev wan0",
            f"addr add {at.WAN_GATEWAY6}/64 dev wan0",
            f"route add default via {at.WAN_INTERNET}",
            f"route add default via {at.WAN_INTERNET6}",
        )
        self.gateway.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        self.gateway.run("iptables", "-t", "nat", "-A", "POSTROUTING", "-o", "wan0", "-j", "MASQUERADE")
        self.internet.ip(
            "link set lo up",
            f"addr add {at.WAN_INTERNET}/28 dev eth0",
            f"addr add {at.TWIN_UPLINK}/28 dev eth0",
            f"addr add {at.WAN_INTERNET6}/64 dev eth0",
            f"route add fd77::/64 via {at.WAN_GATEWAY6}",
            *(
                f"addr add {address}/{128 if ':' in address else 32} dev lo"
                for address in at.internet_addresses()
            ),
        )
        self.attacker.sysctl(ipv4__ip_forward=1, ipv6__conf__all__forwarding=1)
        self.attacker.sysctl(ipv4__conf__all__send_redirects=0, ipv4__conf__wlan0__send_redirects=0)
        self.attacker.ip(
            "link set lo up",
            f"addr add {at.ATTACKER}/24 dev wlan0",
            f"addr add {at.ATTACKER6}/64 dev wlan0",
            f"route add default via {at.GATEWAY}",
            f"route add default via {at.GATEWAY6}",
        )

    def plug(self, place: Place, interface: str, bridge: str, mac: str = "", up: bool = True) -> None:
        """Connects an interface of a place to a bridge of the switch, by a port called `<place>-<interface>`."""
        port = port_name(place, interface)
        self.switch.ip(
            f"link add {port} type veth peer name {interface} netns {place.namespace}",
            f"link set {port} master {bridge} up",
        )
        place.ip(f"link set {interface} {f'address {mac}' if mac else ''} {'up' if up else 'down'}")
        # A virtual link leaves checksums and segmentation to hardware that it does not have; forwarders and
        # sniffers in user space would see broken or oversized packets.
        place.run("ethtool", "-K", interface, "tx", "off", "tso", "off", "gso", "off", "gro", "off")

    def keep(self, name: str, daemon: Daemon) -> Daemon:
        """Names a daemon of the lab's own services, so that a verb can stop or replace it."""
        self.daemons[name] = daemon
        return daemon

    def stop(self, name: str) -> None:
        if daemon := self.daemons.pop(name, None):
            daemon.stop()

    def settle(self) -> None:
        """Time for something that gives no sign when it is done."""
        time.sleep(0.3)

    def place(self, name: str) -> Place:
        return {
            "gateway": self.gateway,
            "attacker": self.attacker,
            "phone": self.phone,
            "internet": self.internet,
        }[name]

    def path(self, name: str) -> Path:
        return self.folder / name

    def write(self, name: str, text: str) -> Path:
        """Writes a file of the lab's folder."""
        file = self.folder / name
        file.write_text(text)
        return file

    def destroy(self) -> None:
        for place in (self.phone, self.attacker, self.gateway, self.twin, self.internet, self.switch):
            place.destroy()
        for daemon in self.daemons.values():
            daemon.process.wait()  # killed with its namespace

    def forget(self) -> None:
        """Deletes the lab's folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def port_name(place: Place, interface: str) -> str:
    """The switch's end of the link to an interface: at most 15 characters, as Linux wants."""
    return f"{place.name[:8]}-{interface}"
