"""TLS, as openssl sees it from the phone."""

import hashlib

from .. import phone
from ..network import Lab
from . import Seen, line_with, proof


def s_client(lab: Lab, host: str, *options: object) -> str:
    """What openssl tells of a handshake with a host, whose name the network's DNS resolves."""
    command = [
        "openssl",
        "s_client",
        "-connect",
        f"{host}:443",
        "-servername",
        host,
        "-verify_hostname",
        host,
    ]
    done = lab.phone.run("timeout", 5, *command, "-CAfile", phone.BUNDLE, *options, check=False)
    return done.stdout + done.stderr


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
    new, old = (
        line_with(s_client(lab, host, option), "New, TLSv", "New, (NONE)", "errno")
        for option in ("-tls1_3", "-tls1_2")
    )
    return "TLSv1.3" not in new and "TLSv1.2" in old, f"1.3: {new}; 1.2: {old}"


@proof
def tls_key(lab: Lab, host: str, leaf: str) -> Seen:
    """The host shows the key of the lab's leaf called LEAF."""
    certificate = s_client(lab, host)
    der = lab.phone.run(
        "sh",
        "-c",
        "openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum",
        text=certificate,
        check=False,
    )
    seen = der.stdout.split()[0] if der.stdout else "no certificate"
    return seen == hashlib.sha256(lab.pki.spki(leaf)).hexdigest(), f"SPKI {seen[:16]}"


@proof
def no_scts(lab: Lab, host: str) -> Seen:
    """The host's chain holds for the phone but has no valid SCT of the lab's two logs."""
    text = s_client(lab, host, "-ct", "-ctlogfile", lab.pki.openssl_logs())
    valid = text.count("SCT validation status: valid")
    return (
        "Verify return code: 0" in text and valid < 2,
        f"{valid} valid SCTs; {line_with(text, 'Verify return code', 'errno')}",
    )
