"""Proofs that an effect is there, by ordinary tools in the phone: curl, openssl, dig, ping, ip.

A proof is a function that says whether its claim holds now, and what was seen. The table writes it as a line:
`tls-issuer bank.test Evil`; NONCE in it stands for a fresh one. During a scenario its proofs must hold, before
and after it they must not.
"""

import inspect
import secrets
import shlex
from collections.abc import Callable

from ..errors import LabError
from ..network import Lab

Seen = tuple[bool, str]
PROOFS: dict[str, Callable[..., Seen]] = {}


def proof(function: Callable[..., Seen]) -> Callable[..., Seen]:
    PROOFS[function.__name__.replace("_", "-")] = function
    return function


def parse(line: str) -> Callable[[Lab], Seen]:
    """The check of one line, refused here if it cannot be right."""
    word, *arguments = shlex.split(line)
    if word not in PROOFS:
        raise LabError(f"no proof {word!r}: one of {', '.join(sorted(PROOFS))}")
    function = PROOFS[word]
    try:
        inspect.signature(function).bind(None, *arguments)
    except TypeError as error:
        raise LabError(f"{line!r}: {error}") from None
    return lambda lab: function(
        lab, *(argument.replace("NONCE", secrets.token_hex(16)) for argument in arguments)
    )


def manual() -> str:
    """Every proof with its words and what it claims."""
    rows = []
    for name, function in sorted(PROOFS.items()):
        words = [parameter.upper() for parameter in list(inspect.signature(function).parameters)[1:]]
        rows.append(f"{' '.join([name, *words])}\n    {inspect.cleandoc(function.__doc__ or '')}")
    return "\n".join(rows)


def line_with(text: str, *words: str) -> str:
    """The first line with one of the words, for the report."""
    return next((line.strip() for word in words for line in text.splitlines() if word in line), "no answer")


from . import dns, facts, http, link, tls  # noqa: E402,F401  each registers its proofs
