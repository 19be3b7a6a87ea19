"""What can be done to the network: one small function for each verb of the scenario table.

A verb is a generator: it does its work, yields once, and undoes it. Written as in a shell, its words become the
function's arguments: `intercept --ca corp --host bank.test`. It runs at one of the places of a scenario's row
(`gateway`, `attacker`, `phone`, `internet`); the decorator says at which it makes sense.
"""

import contextlib
import inspect
import re
import shlex
import textwrap
from collections.abc import Callable, Iterator

from ..errors import LabError
from ..network import Lab
from ..places import Place

Verb = Callable[..., Iterator[None]]
IPV4 = re.compile(r"\d+\.\d+\.\d+\.\d+")
VERBS: dict[str, tuple[Verb, tuple[str, ...]]] = {}


def verb(*places: str):
    """Registers a function as a verb: `portal_api` is written `portal-api` in the table."""

    def register(function: Verb) -> Verb:
        VERBS[function.__name__.replace("_", "-")] = (function, places)
        return function

    return register


def apply(lab: Lab, place: str, line: str) -> contextlib.AbstractContextManager[None]:
    """The verb of one line, as a context: done on entry, undone on exit."""
    function, values, options = parse(place, line)
    return contextlib.contextmanager(function)(lab, lab.place(place), *values, **options)


def parse(place: str, line: str) -> tuple[Verb, list[str], dict[str, object]]:
    """Reads a line against the verb's signature, so that a wrong row is refused before a lab is built."""
    word, *rest = shlex.split(line)
    if word not in VERBS:
        raise LabError(f"no verb {word!r}; `netlab verbs` lists them")
    function, places = VERBS[word]
    if place not in places:
        raise LabError(f"{word!r} is for {' or '.join(places)}, not for {place}")
    parameters = inspect.signature(function).parameters
    values, options = [], {}
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("--"):
            values.append(argument)
            continue
        name = argument[2:].replace("-", "_")
        if name not in parameters:
            raise LabError(f"{word!r} has no option {argument}")
        is_flag = parameters[name].default is False
        if not is_flag and not rest:
            raise LabError(f"{word!r}: {argument} wants a value")
        options[name] = True if is_flag else rest.pop(0)
    try:
        inspect.signature(function).bind(None, None, *values, **options)
    except TypeError as error:
        raise LabError(f"{line!r}: {error}") from None
    return function, values, options


def manual() -> str:
    """Every verb with its words and what it does."""
    entries = []
    for name, (function, places) in sorted(VERBS.items()):
        words = [usage(parameter) for parameter in list(inspect.signature(function).parameters.values())[2:]]
        text = f"At {' or '.join(places)}. {inspect.cleandoc(function.__doc__ or '')}"
        entries.append(" ".join([name, *words]) + "\n" + textwrap.indent(text, "    "))
    return "\n".join(entries)


def usage(parameter: inspect.Parameter) -> str:
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return f"{parameter.name.upper()}..."
    if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
        return parameter.name.upper()
    flag = f"--{parameter.name.replace('_', '-')}"
    return f"[{flag}]" if parameter.default is False else f"[{flag} {parameter.default or '...'}]"


@contextlib.contextmanager
def filtered(place: Place, *rules: str):
    """Packet filter rules (`[-t TABLE] CHAIN ...`) for as long as the context lasts.

    A rule holds for IPv4 and IPv6, unless it names an address, which tells.
    """
    with contextlib.ExitStack() as undo:
        for rule in rules:
            words = rule.split()
            table, rest = (words[:2], words[2:]) if words[0] == "-t" else ([], words)
            for program in (
                ("ip6tables",)
                if "::" in rule
                else ("iptables",)
                if IPV4.search(rule)
                else ("iptables", "ip6tables")
            ):
                place.run(program, "-w", *table, "-I", *rest)
                undo.callback(place.run, program, "-w", *table, "-D", *rest, check=False)
        yield


from . import conditions, dns, http, link, own, portal, tls  # noqa: E402,F401  each registers its verbs
