"""The table of scenarios: read, and refused with its row's name where it cannot be right."""

import contextlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import proofs, verbs
from .errors import LabError
from .network import Lab

# The order in which a case's lines are done: the phone is ready before the network turns on it.
PLACES = ("internet", "phone", "gateway", "attacker")
VERDICTS = ("benign", "inconclusive", "suspicious", "confirmed")


@dataclass(frozen=True)
class Expected:
    """One finding; a subject of `None` stands for any."""

    detection: str
    verdict: str
    subject: str | None = None


@dataclass(frozen=True)
class Case:
    """One row of the table, or one part of a row."""

    number: int
    name: str
    part: str = ""
    lines: tuple[tuple[str, str], ...] = ()  # place, verb line
    home: dict[str, str] = field(default_factory=dict)  # facts before, during and after
    facts: dict[str, str] = field(default_factory=dict)  # facts during the scenario
    settings: dict = field(default_factory=dict)
    expect: tuple[Expected, ...] = ()
    exposure: tuple[str, ...] = ()
    blind_spots: tuple[str, ...] = ()
    inconclusive_allowed: bool = False
    proof: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"{self.number}{f'-{self.part}' if self.part else ''}"

    @contextlib.contextmanager
    def applied(self, lab: Lab) -> Iterator[None]:
        """The case's network, for as long as the context lasts."""
        before = dict(lab.facts)
        with contextlib.ExitStack() as stack:
            for place, line in self.lines:
                stack.enter_context(verbs.apply(lab, place, line))
            lab.facts.update(self.facts)
            yield
            lab.facts.clear()
            lab.facts.update(before)


@dataclass(frozen=True)
class Table:
    """The whole file."""

    settings: dict
    cases: list[Case]

    def select(self, words: list[str]) -> list[Case]:
        """The cases of the numbers (`26`), parts (`17-host`) or ranges (`9-12`) given; all for none."""
        return (
            [case for case in self.cases if any(matches(case, word) for word in words)]
            if words
            else self.cases
        )


def matches(case: Case, word: str) -> bool:
    first, _, last = word.partition("-")
    if last.isdigit():
        return int(first) <= case.number <= int(last)
    return word in (str(case.number), case.label)


def load(file: Path) -> Table:
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return Table(data["settings"], [read_case(row) for row in data["scenario"]])


def read_case(row: dict) -> Case:
    row = dict(row)
    title = f"{file_name()}: scenario {row.get('number')} ({row.get('name')})"
    try:
        lines = tuple((place, line) for place in PLACES for line in row.pop(place, []))
        for place, line in lines:
            verbs.parse(place, line)
        case = Case(
            number=row.pop("number"),
            name=row.pop("name"),
            part=row.pop("part", ""),
            lines=lines,
            home=row.pop("home", {}),
            facts=row.pop("facts", {}),
            settings=row.pop("settings", {}),
            expect=tuple(Expected(**finding) for finding in row.pop("expect")),
            exposure=tuple(row.pop("exposure", [])),
            blind_spots=tuple(row.pop("blind_spots", [])),
            inconclusive_allowed=row.pop("inconclusive", "") == "allowed",
            proof=tuple(row.pop("proof", [])),
            holds=tuple(row.pop("holds", [])),
        )
        for line in (*case.proof, *case.holds):
            proofs.parse(line)
    except (LabError, TypeError, KeyError) as error:
        raise LabError(f"{title}: {error}") from None
    if row:
        raise LabError(f"{title}: unknown key {', '.join(row)}")
    if unknown := [finding.verdict for finding in case.expect if finding.verdict not in VERDICTS]:
        raise LabError(f"{title}: unknown verdict {', '.join(unknown)}")
    return case


def file_name() -> str:
    return "scenarios.toml"
