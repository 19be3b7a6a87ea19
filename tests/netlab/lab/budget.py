"""What a quick scan costs on a slow line, and whether any scan ends in time on a lossy one (NETWORK.md, Budgets)."""

import re
import statistics
import tempfile
from pathlib import Path

from . import agent, verbs
from .network import Lab
from .scenario import Case, Table

RUNS = 20
ROUND_TRIP_MS = 100
ROUND_TRIPS, ALLOWANCE_MS = 5, 150
MAX_BYTES = 25_000
LOSS_PERCENT = 20
GRACE_SECONDS = 2  # to judge, sign and store after the deadline


def quick_scans(lab: Lab, table: Table) -> list[str]:
    """Twenty first scans of a network with a slow line; what is over the budget."""
    case = Case(0, "slow line")
    with verbs.apply(lab, "gateway", f"slow-link --rtt {ROUND_TRIP_MS}"):
        pinged = lab.phone.run("ping", "-c", 5, "-i", 0.2, "a.canary.test").stdout
        round_trip = float(re.search(r"= [\d.]+/([\d.]+)/", pinged).group(1))
        costs = [cost(lab, case, table, f"quick-{number}", "--quick") for number in range(RUNS)]
    times = [each["elapsed_ms"] for each in costs]
    sizes = [each["sent"] + each["received"] for each in costs]
    median, limit = statistics.median(times), ROUND_TRIPS * ROUND_TRIP_MS + ALLOWANCE_MS
    print(f"quick scan, {RUNS} times at {round_trip:.0f} ms round trip")
    print(f"  time   min {min(times)}, median {median:.0f}, max {max(times)} ms; limit of the median {limit} ms")
    print(f"         {median / round_trip:.1f} round trips at the median")
    print(f"  bytes  min {min(sizes)}, median {statistics.median(sizes):.0f}, max {max(sizes)}; limit {MAX_BYTES}")
    problems = [f"the median of {median:.0f} ms is over {limit} ms"] if median > limit else []
    return problems + ([f"{max(sizes)} bytes are more than {MAX_BYTES}"] if max(sizes) > MAX_BYTES else [])


def lossy_scan(lab: Lab, table: Table) -> list[str]:
    """A whole scan where packets are lost; whether it runs over its deadline or alarms."""
    case = Case(0, "lossy line")
    with verbs.apply(lab, "gateway", f"slow-link --rtt 800 --loss {LOSS_PERCENT}"):
        report = agent.run(lab, case, table.settings, "lossy", "lossy-agent")
    seconds = report["elapsed_ms"] / 1000
    alarms = ("suspicious", "confirmed")
    found = [finding for finding in agent.read(report, seconds).open if finding.verdict in alarms]
    limit = agent.DEADLINE_SECONDS + GRACE_SECONDS
    print(f"whole scan, {LOSS_PERCENT} % lost each way, 800 ms round trip: {seconds:.1f} s; limit {limit} s")
    problems = [f"a scan of {seconds:.1f} s ran over its deadline"] if seconds > limit else []
    return problems + [f"found {agent.words(finding)}" for finding in found]


def cost(lab: Lab, case: Case, table: Table, name: str, *options: object) -> dict:
    """What the network part of a scan by a new agent cost."""
    memory = Path(tempfile.mkdtemp(dir=lab.folder, prefix="agent-"))
    return agent.run(lab, case, table.settings, name, memory.name, *options)["network_cost"]
