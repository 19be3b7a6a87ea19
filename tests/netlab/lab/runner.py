"""Runs cases: each in a lab of its own, against the agent or, in the self-test, against ordinary tools."""

import contextlib
import os
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import agent, proofs
from .errors import LabError
from .network import Lab, port_name
from .pki import Pki
from .scenario import Case, Table

# Proofs are tried again this long: routers' tables and phones' neighbours change a moment after the attack.
PATIENCE_SECONDS = 6

# What makes a network worth attacking; checked before and after each self-test.
HEALTHY = (
    "http-status http://captive.test/generate_204 204",
    "tls-verifies bank.test",
    "resolves bank.test 198.51.100.10",
)

SCRIPTS = Path(__file__).parent.parent / "inside"


@dataclass
class Outcome:
    """How a case went."""

    case: Case
    problems: list[str] = field(default_factory=list)
    build_seconds: float = 0
    scan_seconds: float | None = None  # of the scan during the scenario
    seconds: float = 0
    folder: Path | None = None  # logs and capture, where they were kept

    @property
    def passed(self) -> bool:
        return not self.problems


class Run:
    """One run of the harness: its folder, its keys, its labs."""

    def __init__(self, table: Table, mtd: Path | None, keep: bool = False):
        self.table, self.mtd, self.keep = table, mtd, keep
        self.folder = Path(tempfile.mkdtemp(prefix="mtd-netlab-"))
        self.folder.chmod(0o755)  # daemons that drop privileges read below it
        self.pki = Pki(self.folder / "pki")
        self.labs: set[Lab] = set()
        self.lock = threading.Lock()
        self.stopping = False

    def all(
        self, cases: list[Case], jobs: int, judge: Callable[["Run", Lab, Case, Outcome], None]
    ) -> Iterator[Outcome]:
        """Runs the cases, some at a time, and gives their outcomes in order."""
        executor = ThreadPoolExecutor(max_workers=jobs)
        try:
            yield from executor.map(lambda case: self.one(case, judge), cases)
        finally:
            self.stop()
            executor.shutdown(cancel_futures=True)

    def one(self, case: Case, judge: Callable[["Run", Lab, Case, Outcome], None]) -> Outcome:
        outcome = Outcome(case)
        begin = time.monotonic()
        try:
            with self.lab(case) as lab:
                outcome.build_seconds = time.monotonic() - begin
                judge(self, lab, case, outcome)
        except LabError as error:
            outcome.problems.append(str(error))
        except Exception:
            outcome.problems.append(traceback.format_exc())
        outcome.seconds = time.monotonic() - begin
        if self.keep or outcome.problems:
            outcome.folder = self.folder / case.label
        else:
            lab.forget()
        return outcome

    @contextlib.contextmanager
    def lab(self, case: Case) -> Iterator[Lab]:
        """The lab of one case, with a capture of all that the phone sends and receives (`phone.pcap`)."""
        lab = Lab(f"mtdlab{os.getpid()}-{case.label}", self.folder / case.label, self.pki, SCRIPTS, self.mtd)
        with self.lock:
            if self.stopping:
                raise LabError("stopped")
            self.labs.add(lab)
        try:
            with lab, capture(lab):
                lab.facts.update(case.home)
                yield lab
        finally:
            with self.lock:
                self.labs.discard(lab)

    def stop(self) -> None:
        """Takes every lab away, from whatever it is doing."""
        with self.lock:
            self.stopping = True
            labs = list(self.labs)
        for lab in labs:
            lab.destroy()

    def tidy(self, outcomes: list[Outcome]) -> None:
        """Removes the run's folder unless something of it was kept."""
        if not any(outcome.folder for outcome in outcomes):
            shutil.rmtree(self.folder, ignore_errors=True)


def capture(lab: Lab):
    port = port_name(lab.phone, "wlan0")
    return lab.switch.start(
        "capture", "tcpdump", "-i", port, "-U", "-Z", "root", "-w", lab.path("phone.pcap")
    )


def judge_agent(run: Run, lab: Lab, case: Case, outcome: Outcome) -> None:
    """A clean scan, the scenario's scan, and a scan that resolves what it found."""
    settings = run.table.settings
    before = agent.scan(lab, case, settings, "before")
    outcome.problems += [f"before: {problem}" for problem in agent.not_clean(before, case)]
    with case.applied(lab):
        during = agent.scan(lab, case, settings, "during")
        outcome.scan_seconds = during.seconds
        outcome.problems += agent.differences(during, case)
    after = agent.scan(lab, case, settings, "after")
    outcome.problems += [
        f"afterwards: {problem}"
        for problem in agent.not_clean(after, case) + agent.not_resolved(after, during)
    ]


def judge_effects(run: Run, lab: Lab, case: Case, outcome: Outcome) -> None:
    """The scenario's proofs fail, hold, and fail again, and the network is as good as before."""
    always = (*HEALTHY, *case.holds)
    outcome.problems += [
        f"before: {problem}" for problem in unproved(lab, always) + still_there(lab, case.proof, patience=0)
    ]
    if outcome.problems:
        return
    with case.applied(lab):
        outcome.problems += unproved(lab, (*case.proof, *case.holds))
    outcome.problems += [
        f"afterwards: {problem}" for problem in still_there(lab, case.proof) + unproved(lab, always)
    ]


def unproved(lab: Lab, lines: tuple[str, ...]) -> list[str]:
    """The lines that do not come to hold."""
    return [
        f"{line}: not so: {seen}"
        for line in lines
        for held, seen in [eventually(lab, line, True)]
        if not held
    ]


def still_there(lab: Lab, lines: tuple[str, ...], patience: float = PATIENCE_SECONDS) -> list[str]:
    """The lines that do not cease to hold."""
    return [
        f"{line}: is so: {seen}"
        for line in lines
        for held, seen in [eventually(lab, line, False, patience)]
        if held
    ]


def eventually(lab: Lab, line: str, wanted: bool, patience: float = PATIENCE_SECONDS) -> tuple[bool, str]:
    check = proofs.parse(line)
    deadline = time.monotonic() + patience
    while True:
        held, seen = check(lab)
        if held == wanted or time.monotonic() >= deadline:
            return held, seen
        time.sleep(0.2)
