"""What is known of the phone and the canaries without looking at the network."""

from .. import addresses as at
from ..network import Lab
from . import Seen, proof
from .http import curl


@proof
def clock_years_ahead(lab: Lab, years: str) -> Seen:
    """The command that runs the scan sees a year that is so much later."""
    true = lab.phone.run("date +%Y").stdout
    seen = lab.phone.run(*lab.scan_prefix, "date", "+%Y").stdout
    return int(seen) - int(true) == int(years), f"{seen.strip()}, truly {true.strip()}"


@proof
def fact(lab: Lab, key: str, value: str) -> Seen:
    """The snapshot that goes to the scan has a fact that begins so."""
    seen = lab.facts.get(key)
    return str(seen).startswith(value), f"{key} = {seen}"


@proof
def canary_silent(lab: Lab, letter: str) -> Seen:
    """The canary does not take connections."""
    seen = curl(lab, f"https://{at.CANARIES[letter].host}/", "-o", "/dev/null", "-w", "%{http_code}")
    return seen == "000", seen
