"""The honest servers: DNS, web, DoH and DoT on the internet; DHCP, DNS and IPv6 routing in the gateway."""

import struct
import zlib

from . import addresses as at
from . import canary, nginx
from .network import Lab
from .places import Daemon, Place


def start_internet(lab: Lab) -> None:
    """Everything that is reachable by its name."""
    write_pages(lab)
    use_certificates(lab)
    lab.keep("dns", start_dns(lab))
    lab.keep("web", nginx.start(lab, lab.internet, "web", *web_sites(lab), tcp=443))
    lab.keep("doh", start_doh(lab))
    for letter in at.CANARIES:
        canary.start(lab, letter)


def start_dns(lab: Lab) -> Daemon:
    """The resolver of the internet: every host, the canaries' zones, NXDOMAIN for the rest."""
    hosts = {**at.HOSTS, **{canary.host: canary.address for canary in at.CANARIES.values()}}
    records = [
        f"host-record={name},{','.join(address for address in host if address)}"
        for name, host in hosts.items()
    ]
    zones = [f"server=/{canary.zone}/{canary.address.v4}" for canary in at.CANARIES.values()]
    config = [
        "no-resolv",
        "no-hosts",
        "no-daemon",
        "user=root",
        "bind-interfaces",
        "cache-size=0",
        "local-ttl=60",
        f"listen-address={at.DNS.v4},{at.DNS.v6}",
        "address=/#/",
        "host-record=ipv4only.arpa,192.0.0.170",  # RFC 7050
        "host-record=ipv4only.arpa,192.0.0.171",
        *records,
        *zones,
    ]
    file = lab.write("internet-dns.conf", "\n".join(config) + "\n")
    return lab.internet.start("dns", "dnsmasq", "-C", file, udp=53)


def start_doh(lab: Lab) -> Daemon:
    """DNS over HTTPS (443) and TLS (853), by unbound in front of the internet's resolver."""
    return start_unbound(lab, lab.internet, "doh", doh_server(lab), tcp=853)


def doh_server(lab: Lab) -> list[str]:
    chain, key = lab.pki.leaf("doh", "doh.test")
    interfaces = [f"interface: {address}@{port}" for address in at.DOH for port in (443, 853)]
    return [
        *interfaces,
        f"tls-service-key: {key}",
        f"tls-service-pem: {chain}",
        "https-port: 443",
        "tls-port: 853",
    ]


def start_unbound(
    lab: Lab, place: Place, name: str, server: list[str], modules: str = "iterator", **port: int
) -> Daemon:
    """unbound as a forwarder to the internet's resolver, with further lines for its server section."""
    common = [
        'username: ""',
        'chroot: ""',
        f"directory: {lab.folder}",
        f"pidfile: {lab.path(f'{place.name}-{name}.unbound-pid')}",
        "use-syslog: no",
        "do-daemonize: no",
        "num-threads: 1",
        "access-control: 0.0.0.0/0 allow",
        "access-control: ::/0 allow",
        f'module-config: "{modules}"',
        "cache-max-ttl: 0",
        'local-zone: "test." nodefault',  # unbound would answer for RFC 6761 names itself
    ]
    lines = [
        "server:",
        *(f" {line}" for line in [*common, *server]),
        "forward-zone:",
        ' name: "."',
        f" forward-addr: {at.DNS.v4}",
    ]
    file = lab.write(f"{place.name}-{name}.conf", "\n".join(lines) + "\n")
    return place.start(name, "unbound", "-d", "-c", file, **port)


def start_gateway_dns(lab: Lab, *extra: str, dns: bool = True, ipv4: bool = True) -> None:
    """(Re)starts the gateway's dnsmasq: DHCP (if `ipv4`), router advertisements, DNS (if `dns`)."""
    lab.stop("gateway-dns")
    lines = lan_lines(lab, "gateway") if ipv4 else [*common_lines()]
    lines += ["enable-ra", "dhcp-range=fd77::,ra-only,64,5m"]
    lines += [f"server={at.DNS.v4}"] if dns else ["port=0", f"dhcp-option=option6:dns-server,[{at.GATEWAY6}]"]
    file = lab.write("gateway-dns.conf", "\n".join([*lines, *extra]) + "\n")
    port = {"udp": 53} if dns else {}
    lab.keep("gateway-dns", lab.gateway.start("dns", "dnsmasq", "-C", file, **port))


def common_lines() -> list[str]:
    return [
        "no-daemon",
        "no-resolv",
        "no-hosts",
        "no-ping",
        "user=root",
        "interface=lan0",
        "except-interface=lo",
        "bind-interfaces",
        "cache-size=0",
    ]


def lan_lines(lab: Lab, place: str) -> list[str]:
    """dnsmasq's lines for a home router's DHCP: the phone always gets the same address."""
    return [
        *common_lines(),
        "dhcp-authoritative",
        f"dhcp-range={at.PHONE},{at.LAN}.59,255.255.255.0,2m",
        f"dhcp-host={at.PHONE_MAC},{at.PHONE}",
        f"dhcp-leasefile={lab.path(f'{place}.leases')}",
    ]


ECHO = '"peer=$remote_addr via=$http_via forwarded=$http_x_forwarded_for client=$http_x_tinyproxy\\n"'


def web_sites(lab: Lab) -> list[str]:
    """The web: bank, shop and the CDN by TLS, a plain site, the connectivity check, and an advertiser."""
    root = f"root {lab.path('www')}; index page.html;"
    secure = {name: at.HOSTS[f"{name}.test"] for name in ("bank", "shop", "cdn", "intranet")}
    secure["cdn-elsewhere"] = at.CDN_ELSEWHERE
    plain, v4only, captive, ads = (at.HOSTS[f"{name}.test"] for name in ("plain", "v4only", "captive", "ads"))
    echo = nginx.location("= /echo", "default_type text/plain", f"return 200 {ECHO}")
    check = nginx.location("= /generate_204", "return 204") + nginx.location("/", "return 404")
    blocks = []
    for name, host in secure.items():
        blocks.append(nginx.server(nginx.listen(host, 443, "ssl http2"), included(lab, name), root))
        blocks.append(nginx.server(nginx.listen(host, 80), "return 301 https://$host$request_uri"))
    return [
        *blocks,
        nginx.server(nginx.listen(plain, 80), nginx.listen(v4only, 80), echo, root),
        nginx.server(nginx.listen(captive, 80), check),
        nginx.server(nginx.listen(captive, 443, "ssl"), included(lab, "captive"), check),
        nginx.server(nginx.listen(ads, 80), "return 200 'Did you mean to buy something?'"),
    ]


LEAVES = {
    "bank": ("bank.test", "www.bank.test"),
    "bank-backup": ("bank.test", "www.bank.test"),
    "bank-other": ("bank.test", "www.bank.test"),
    "shop": ("shop.test",),
    "cdn": ("cdn.test",),
    "cdn-elsewhere": ("cdn.test",),
    "intranet": ("intranet.test",),
    "captive": ("captive.test",),
}


def included(lab: Lab, site: str) -> str:
    return f"include {lab.path(f'{site}.certificate')}"


def use_certificates(lab: Lab) -> None:
    for site in LEAVES:
        use_certificate(lab, site, site)


def use_certificate(lab: Lab, site: str, leaf: str) -> None:
    """Writes which leaf a site of the web presents; a running nginx wants a SIGHUP."""
    lab.write(f"{site}.certificate", nginx.certificate(lab.pki.leaf(leaf, *LEAVES[leaf])) + "\n")


def write_pages(lab: Lab) -> None:
    www = lab.path("www")
    www.mkdir(exist_ok=True)
    (www / "page.html").write_text(
        "<html><head><title>Lab</title><script src=/script.js></script></head>"
        "<body><h1>LAB-OK</h1><a href=https://bank.test/>bank</a><img src=/image.png></body></html>\n"
    )
    (www / "script.js").write_text("document.title = 'LAB-OK';\n")
    (www / "image.png").write_bytes(png(96))
    (www / "generate_204").write_text("")


def png(size: int) -> bytes:
    """A colourful square picture, with enough detail that recompression changes it."""
    rows = b"".join(
        b"\0" + bytes(v for x in range(size) for v in (x * 7 % 256, y * 5 % 256, x * y % 256))
        for y in range(size)
    )
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
