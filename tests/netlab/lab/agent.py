"""The agent under test: what it is given, and what it found. All that the lab knows of `mtd scan` stands here.

The lab's public root and its transparency logs are not in the agent's own lists: the settings bring them, as an
organisation's do for roots and logs that are newer than a release.
"""

import base64
import json
import ssl
import time
from dataclasses import dataclass
from datetime import datetime

from . import phone
from .errors import LabError
from .network import Lab
from .scenario import Case, Expected

DEADLINE_SECONDS = 12  # NETWORK.md, Budgets: everything

# Findings of the network checks. Of the rest (packages, patches of this machine) the lab has nothing to say.
FAMILIES = (
    "network.",
    "device.clock_skew",
    "device.trust_store_compromised",
    "device.vpn_active",
    "device.local_proxy",
)


@dataclass(frozen=True)
class Scan:
    """The network part of one scan."""

    open: list[Expected]
    resolved: list[Expected]
    inconclusive: list[str]  # checks without a result
    exposure: list[str]
    seconds: float


def scan(lab: Lab, case: Case, base_settings: dict, name: str) -> Scan:
    """Runs `mtd scan` in the phone. Its input and output stay in the lab's folder as `scan-NAME.*`."""
    begin = time.monotonic()
    report = run(lab, case, base_settings, name, data="agent")
    return read(report, time.monotonic() - begin)


def run(lab: Lab, case: Case, base_settings: dict, name: str, data: str, *options: object) -> dict:
    """Runs `mtd scan` in the phone and gives its JSON; `data` names the folder of the agent's memory."""
    said = told(lab, merged(base_settings, case.settings))
    said["network"]["canaries"] = list(lab.canaries.values())
    settings = lab.write(f"scan-{name}.settings.json", json.dumps(said, indent=1))
    snapshot = lab.write(
        f"scan-{name}.snapshot.json", json.dumps(snapshot_of(lab), indent=1, ensure_ascii=False)
    )
    command = [*lab.scan_prefix, lab.mtd, "scan", "--json", "--data", lab.path(data)]
    command += ["--settings", settings, "--snapshot", snapshot, "--deadline", DEADLINE_SECONDS]
    command += ["--record", lab.path(f"scan-{name}.record"), *options]
    done = lab.phone.run(*command, check=False, seconds=3 * DEADLINE_SECONDS)
    lab.write(f"scan-{name}.json", done.stdout)
    lab.write(f"scan-{name}.stderr", done.stderr)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise LabError(
            f"mtd scan ended with {done.returncode} and no JSON: {done.stderr.strip()[-500:]}"
        ) from None


def read(report: dict, seconds: float) -> Scan:
    """The report's findings and coverage."""
    findings = [finding for finding in report["findings"] if finding["detection"].startswith(FAMILIES)]
    by_state = {
        state: sorted(
            (
                Expected(f["detection"], f["verdict"], f.get("subject", ""))
                for f in findings
                if f["state"] == state
            ),
            key=repr,
        )
        for state in ("open", "resolved")
    }
    unknown = [
        check["check"]
        for check in report["checks"]
        if check["check"].startswith("network.") and check["coverage"]["state"] != "complete"
    ]
    return Scan(by_state["open"], by_state["resolved"], unknown, report.get("exposure", []), seconds)


def differences(seen: Scan, case: Case) -> list[str]:
    """How a scan during the scenario differs from what its row expects; empty when it does not."""
    left = list(seen.open)
    problems = []
    for expected in case.expect:
        match = next((finding for finding in left if same(finding, expected)), None)
        if match:
            left.remove(match)
        else:
            problems.append(f"expected {words(expected)}")
    problems += [
        f"found {words(finding)}"
        for finding in left
        if not (case.inconclusive_allowed and finding.verdict == "inconclusive")
    ]
    if sorted(seen.exposure) != sorted(case.exposure):
        problems.append(f"exposure {seen.exposure}, expected {list(case.exposure)}")
    problems += [
        f"{check} should be a blind spot" for check in case.blind_spots if check not in seen.inconclusive
    ]
    if not case.inconclusive_allowed:
        problems += [
            f"{check} came to no result" for check in seen.inconclusive if check not in case.blind_spots
        ]
    return problems


def not_clean(seen: Scan, case: Case) -> list[str]:
    """What keeps a scan before or after the scenario from being clean."""
    problems = [f"found {words(finding)}" for finding in seen.open]
    return problems + [
        f"{check} came to no result" for check in seen.inconclusive if check not in case.blind_spots
    ]


def not_resolved(seen: Scan, during: Scan) -> list[str]:
    """Findings of the scenario that a scan afterwards does not tell as resolved."""
    names = {(finding.detection, finding.subject) for finding in seen.resolved}
    return [
        f"{words(finding)} is not resolved"
        for finding in during.open
        if (finding.detection, finding.subject) not in names
    ]


def same(finding: Expected, expected: Expected) -> bool:
    wanted = (expected.detection, expected.verdict)
    return (finding.detection, finding.verdict) == wanted and expected.subject in (None, finding.subject)


def words(finding: Expected) -> str:
    return f"{finding.verdict} {finding.detection}{f' ({finding.subject})' if finding.subject else ''}"


def snapshot_of(lab: Lab) -> dict:
    """The facts that replace those of the host: Wi-Fi, and what the DHCP lease told."""
    lease = phone.lease(lab)
    leased = {"dhcp_server": lease.get("dhcp_server"), "portal_api": lease.get("portal")}
    facts = {**lab.facts, **{key: value for key, value in leased.items() if value}}
    return {key: fact(key, value) for key, value in facts.items()}


def fact(key: str, value: str) -> dict:
    if value == "not-permitted":
        return {"state": "not_permitted", "why": "the lab withholds it"}
    return {"state": "known", "value": private_dns(value) if key == "private_dns" else value}


def private_dns(words: str) -> dict:
    """`off`, `active SERVER` or `unreachable SERVER`."""
    state, _, server = words.partition(" ")
    return {"state": state, "server": server} if server else {"state": state}


def merged(base: dict, over: dict) -> dict:
    """Settings with a case's own laid over them, table by table."""
    result = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            result[key] = merged(base[key], over[key])
    return result


def told(lab: Lab, value: object) -> object:
    """A value as the settings have it: `spki:NAME` becomes the pin of the key called so, `root:ROLE` that root's
    certificate, `lab-logs` the list of the lab's transparency logs, and a date the seconds since 1970."""
    if isinstance(value, list):
        return [told(lab, item) for item in value]
    if isinstance(value, dict):
        return {key: told(lab, item) for key, item in value.items()}
    if isinstance(value, datetime):
        return int(value.timestamp())
    if value == "lab-logs":
        return json.loads(lab.pki.log_list().read_text())
    if isinstance(value, str) and value.startswith("spki:"):
        return lab.pki.pin(value.removeprefix("spki:"))
    if isinstance(value, str) and value.startswith("root:"):
        pem = lab.pki.root(value.removeprefix("root:")).read_text()
        return base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()
    return value
