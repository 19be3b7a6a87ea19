"""The agent under test: what it is given, and what it found. All that the lab knows of `mtd scan` stands here.

The lab's public root is not in the agent's own list of roots. It is given as `private_anchors` of each endpoint
and canary in the settings. `Pki.log_list` has the lab's transparency logs, for a build that can take another list.
"""

import json
import time
from dataclasses import dataclass

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
    said = with_pins(lab, merged(base_settings, case.settings))
    said["network"]["canaries"] = list(lab.canaries.values())
    settings = lab.write(f"scan-{name}.settings.json", json.dumps(said, indent=1))
    snapshot = lab.write(
        f"scan-{name}.snapshot.json", json.dumps(snapshot_of(lab), indent=1, ensure_ascii=False)
    )
    command = [*lab.scan_prefix, lab.mtd, "scan", "--json", "--data", lab.path("agent")]
    command += ["--settings", settings, "--snapshot", snapshot, "--deadline", DEADLINE_SECONDS]
    begin = time.monotonic()
    done = lab.phone.run(*command, check=False, seconds=3 * DEADLINE_SECONDS)
    seconds = time.monotonic() - begin
    lab.write(f"scan-{name}.json", done.stdout)
    lab.write(f"scan-{name}.stderr", done.stderr)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise LabError(
            f"mtd scan ended with {done.returncode} and no JSON: {done.stderr.strip()[-500:]}"
        ) from None
    return read(report, seconds)


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
    told = {**lab.facts, **{key: lease[key] for key in ("dhcp_server", "portal") if lease.get(key)}}
    return {key: fact(value) for key, value in told.items()}


def fact(value: object) -> dict:
    if value == "not-permitted":
        return {"state": "not_permitted", "why": "the lab withholds it"}
    return {"state": "known", "value": value}


def merged(base: dict, over: dict) -> dict:
    """Settings with a case's own laid over them, table by table."""
    result = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            result[key] = merged(base[key], over[key])
    return result


def with_pins(lab: Lab, value: object) -> object:
    """`spki:NAME` anywhere in a value becomes the pin of the key called so."""
    if isinstance(value, list):
        return [with_pins(lab, item) for item in value]
    if isinstance(value, dict):
        return {key: with_pins(lab, item) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("spki:"):
        return lab.pki.pin(value.removeprefix("spki:"))
    return value
