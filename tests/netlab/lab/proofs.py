"""Proofs that an effect is there, by ordinary tools in the phone: curl, openssl, dig, ping, ip.

A proof is a function that says whether its claim holds now, and what was seen. The table writes it as a line:
`tls-issuer bank.test Evil`, with NONCE for a fresh one. During a scenario its proofs must hold; before and after it they must not.
"""

import hashlib
import inspect
import json
import secrets
import shlex
import sys
import time
from collections.abc import Callable

from . import addresses as at
from . import phone
from .errors import LabError
from .network import Lab

Seen = tuple[bool, str]
PROOFS: dict[str, Callable[..., Seen]] = {}


def proof(function: Callable[..., Seen]) -> Callable[..., Seen]:
    PROOFS[function.__name__.replace("_", "-")] = function
    return function


def parse(line: str) -> Callable[[Lab], Seen]:
    """The check of one line, refused here if it cannot be right."""
    word, *arguments = shlex.split(line)
    if word not in PROOFS:
        raise LabError(f"no proof {word!r}: one of {', '.join(sorted(PROOFS))}")
    function = PROOFS[word]
    try:
        inspect.signature(function).bind(None, *arguments)
    except TypeError as error:
        raise LabError(f"{line!r}: {error}") from None
    return lambda lab: function(lab, *(argument.replace("NONCE", secrets.token_hex(16)) for argument in arguments))


def manual() -> str:
    """Every proof with its words and what it claims."""
    rows = []
    for name, function in sorted(PROOFS.items()):
        words = [parameter.upper() for parameter in list(inspect.signature(function).parameters)[1:]]
        rows.append(f"{' '.join([name, *words])}\n    {inspect.cleandoc(function.__doc__ or '')}")
    return "\n".join(rows)


# TLS


def s_client(lab: Lab, host: str, *options: object) -> str:
    """What openssl tells of a handshake with a host, whose name the network's DNS resolves."""
    command = ["openssl", "s_client", "-connect", f"{host}:443", "-servername", host, "-verify_hostname", host]
    done = lab.phone.run("timeout", 5, *command, "-CAfile", phone.BUNDLE, *options, check=False)
    return done.stdout + done.stderr


def line_with(text: str, *words: str) -> str:
    """The first line with one of the words, for the report."""
    return next((line.strip() for word in words for line in text.splitlines() if word in line), "no answer")


@proof
def tls_issuer(lab: Lab, host: str, issuer: str) -> Seen:
    """The host's certificate is issued by a name that contains ISSUER."""
    seen = line_with(s_client(lab, host), "issuer=", "errno")
    return issuer in seen, seen


@proof
def tls_verifies(lab: Lab, host: str) -> Seen:
    """The phone's own trust store and the name agree with the host's certificate."""
    seen = line_with(s_client(lab, host), "Verify return code", "Verification error", "errno")
    return "Verify return code: 0" in seen, seen


@proof
def tls_rejected(lab: Lab, host: str) -> Seen:
    """There is a certificate, and the phone's trust store or the name speaks against it."""
    seen = line_with(s_client(lab, host), "Verify return code", "errno")
    return "Verify return code" in seen and "code: 0" not in seen, seen


@proof
def tls_refused(lab: Lab, host: str) -> Seen:
    """There is no TLS with the host at all."""
    seen = line_with(s_client(lab, host), "issuer=", "errno")
    return "issuer" not in seen, seen


@proof
def tls13_refused(lab: Lab, host: str) -> Seen:
    """A handshake with TLS 1.3 fails and one with 1.2 succeeds."""
    new, old = (line_with(s_client(lab, host, option), "New, TLSv", "New, (NONE)", "errno") for option in ("-tls1_3", "-tls1_2"))
    return "TLSv1.3" not in new and "TLSv1.2" in old, f"1.3: {new}; 1.2: {old}"


@proof
def tls_key(lab: Lab, host: str, leaf: str) -> Seen:
    """The host shows the key of the lab's leaf called LEAF."""
    certificate = s_client(lab, host)
    der = lab.phone.run("sh", "-c", "openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum", text=certificate, check=False)
    seen = der.stdout.split()[0] if der.stdout else "no certificate"
    return seen == hashlib.sha256(lab.pki.spki(leaf)).hexdigest(), f"SPKI {seen[:16]}"


@proof
def no_scts(lab: Lab, host: str) -> Seen:
    """The host's chain holds for the phone but has no valid SCT of the lab's two logs."""
    text = s_client(lab, host, "-ct", "-ctlogfile", lab.pki.openssl_logs())
    valid = text.count("SCT validation status: valid")
    return "Verify return code: 0" in text and valid < 2, f"{valid} valid SCTs; {line_with(text, 'Verify return code', 'errno')}"


# HTTP


def curl(lab: Lab, url: str, *options: object) -> str:
    return lab.phone.run("curl", "-gsS", "--max-time", 8, *options, url, check=False).stdout


@proof
def http_status(lab: Lab, url: str, status: str) -> Seen:
    """The URL answers with this status."""
    seen = curl(lab, url, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}")
    return seen.startswith(status), seen


@proof
def http_contains(lab: Lab, url: str, text: str) -> Seen:
    """The body at the URL contains the text."""
    seen = curl(lab, url)
    return text in seen, f"{len(seen)} characters: {seen.strip()[:90]}"


@proof
def http_changed(lab: Lab, url: str) -> Seen:
    """The body at the URL is not the file that the server has."""
    file = lab.path("received")
    seen = curl(lab, url, "-o", file, "-w", "%{size_download} bytes, %{content_type}")
    original = (lab.path("www") / url.rsplit("/", 1)[1]).read_bytes()
    return file.exists() and file.read_bytes() != original, f"{seen}, of {len(original)}"


@proof
def portal_captive(lab: Lab) -> Seen:
    """The API named by DHCP (RFC 8910) says that the phone is captive (RFC 8908)."""
    url = phone.lease(lab).get("portal", "")
    seen = curl(lab, url) if url else "no API in the lease"
    return '"captive": true' in seen, f"{url} {seen}"


@proof
def round_trip(lab: Lab, milliseconds: str) -> Seen:
    """A TCP connection takes at least this long; three attempts, for lossy links."""
    times = [curl(lab, "http://plain.test/echo", "-o", "/dev/null", "-w", "%{time_connect} %{time_namelookup}").split() for _ in range(3)]
    connected = [1000 * (float(done[0]) - float(done[1])) for done in times if float(done[0]) > 0]
    return bool(connected) and min(connected) >= float(milliseconds), f"{[round(value) for value in connected]} ms"


@proof
def loses_packets(lab: Lab) -> Seen:
    """Of a hundred packets to the internet some are not answered."""
    seen = line_with(lab.phone.run("ping", "-c100", "-i0.01", "-W2", at.DNS.v4, check=False).stdout, "packet loss")
    return "loss" in seen and " 0% packet loss" not in seen, seen


# DNS


@proof
def resolves(lab: Lab, name: str, address: str) -> Seen:
    """The network's resolver answers the name with this address (A or AAAA, as the address is)."""
    answers = dig(lab, name, "AAAA" if ":" in address else "A")
    return address in answers, " ".join(answers) or "no answer"


@proof
def resolves_elsewhere(lab: Lab, name: str) -> Seen:
    """The network's resolver gives another IPv4 address than DNS over HTTPS by the doh server's address."""
    near, far = dig(lab, name, "A"), dig(lab, name, "A", f"@{at.DOH.v4}", "+https")
    return bool(near and far) and near != far, f"resolver {near}, DoH {far}"


@proof
def dot_blocked(lab: Lab) -> Seen:
    """DNS over TLS does not work."""
    answers = dig(lab, "bank.test", "A", f"@{at.DOH.v4}", "+tls")
    return not answers, " ".join(answers) or "no answer"


@proof
def two_answers(lab: Lab, name: str, forged: str) -> Seen:
    """One query gets two different answers within 1.5 s, one of them the forged address."""
    seen = lab.phone.run(sys.executable, lab.scripts / "all_answers.py", at.GATEWAY, name).stdout.split()
    return forged in seen and len(set(seen)) > 1, " ".join(seen)


def dig(lab: Lab, name: str, kind: str, *options: object) -> list[str]:
    done = lab.phone.run("dig", "+short", "+time=2", "+tries=2", *options, name, kind, check=False)
    return [line for line in done.stdout.split("\n") if line and not line.startswith(";")]


# Link and path


@proof
def neighbour(lab: Lab, address: str, mac: str) -> Seen:
    """The phone reaches a neighbour at this MAC."""
    lab.phone.run("ping", "-c1", "-W1", address, check=False)
    seen = lab.phone.run("ip", "neigh", "show", address).stdout.strip()
    return mac in seen, seen


@proof
def hop(lab: Lab, number: str, host: str, router: str) -> Seen:
    """The packet that lives for NUMBER hops towards the host is dropped by this router."""
    text = lab.phone.run("ping", "-c2", "-i0.2", "-W1", "-t", number, at.address_of(host).v4, check=False).stdout
    return f"From {router} " in text, line_with(text, "From ", "bytes from")


@proof
def route_via(lab: Lab, host: str, router: str) -> Seen:
    """The phone's kernel sends what goes to the host by way of this router."""
    seen = line_with(lab.phone.run("ip", "route", "get", at.address_of(host).v4).stdout, "via")
    return f"via {router} " in seen, seen


@proof
def redirects_arrive(lab: Lab) -> Seen:
    """ICMP redirects reach the phone, whatever it makes of them."""
    command = ["nstat", "--zeros", "--noupdate", "--ignore", "IcmpInRedirects"]
    first, second = ([lab.phone.run(*command).stdout.split()[-2], time.sleep(1.5)][0] for _ in range(2))
    return first != second, f"{first}, 1.5 s later {second}"


@proof
def ipv6_router(lab: Lab, mac: str) -> Seen:
    """The phone's preferred default router for IPv6 is the host with this MAC (EUI-64 link-local address)."""
    last = mac.split(":")[3:]
    suffix = f"ff:fe{last[0]}:{last[1]}{last[2]} "
    routes = lab.phone.run("ip -6 route show default").stdout
    return any(suffix in line and "pref high" in line for line in routes.splitlines()), line_with(routes, "pref high", "default")


@proof
def lease_has(lab: Lab, key: str, value: str) -> Seen:
    """The DHCP lease says so: keys dns, router, dhcp_server, ip."""
    seen = phone.lease(lab)
    return seen.get(key) == value, json.dumps(seen)


@proof
def exit_address(lab: Lab, address: str) -> Seen:
    """A server on the internet sees the phone come from this address."""
    seen = curl(lab, "http://plain.test/echo", "-4").strip()
    return f"peer={address} " in seen, seen


@proof
def has_no_ipv4(lab: Lab) -> Seen:
    """The phone has no global IPv4 address and reaches an IPv4-only site all the same."""
    addresses = lab.phone.run("ip -4 addr show dev wlan0 scope global").stdout.strip()
    body = curl(lab, "http://v4only.test/echo").strip()
    return not addresses and "peer=" in body, f"{addresses or 'no IPv4 address'}; {body}"


# Facts


@proof
def clock_years_ahead(lab: Lab, years: str) -> Seen:
    """The command that runs the scan sees a year that is so much later."""
    true = lab.phone.run("date +%Y").stdout
    seen = lab.phone.run(*lab.scan_prefix, "date", "+%Y").stdout
    return int(seen) - int(true) == int(years), f"{seen.strip()}, truly {true.strip()}"


@proof
def fact(lab: Lab, key: str, value: str) -> Seen:
    """The snapshot that goes to the scan has this fact."""
    seen = lab.facts.get(key)
    return str(seen) == value, f"{key} = {seen}"


@proof
def canary_silent(lab: Lab, letter: str) -> Seen:
    """The canary does not take connections."""
    seen = curl(lab, f"https://{at.CANARIES[letter].host}/", "-o", "/dev/null", "-w", "%{http_code}")
    return seen == "000", seen
