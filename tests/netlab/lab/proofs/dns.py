"""DNS, as dig sees it from the phone."""

import sys

from .. import addresses as at
from ..network import Lab
from . import Seen, proof


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
