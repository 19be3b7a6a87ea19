"""Clear HTTP, as curl sees it from the phone."""

from .. import phone
from ..network import Lab
from . import Seen, proof


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
