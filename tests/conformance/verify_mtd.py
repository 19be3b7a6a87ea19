"""Asks `mtd verify` about the same tokens: it must accept what the libraries accept, and refuse more.

Unlike the libraries it refuses a second spelling of the same bytes too, so here letters are altered.
"""

import subprocess
import sys
from pathlib import Path

import tokens

# `mtd` says so when a verification it was asked for fails; any other status would be a failure to verify.
REFUSED = 3

# How many letters of each part are altered, one at a time: each takes a process.
POSITIONS = 8

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def main():
    mtd, directory = sys.argv[1], Path(sys.argv[2])
    reports = tokens.lines(directory / "reports.jws")
    key = str(directory / "device.jwk.json")

    def status(some):
        text = "\n".join(some) + "\n"
        return subprocess.run([mtd, "verify", "--key", key, "-"], input=text, text=True, capture_output=True)

    whole = status(reports)
    tokens.expect(whole.returncode == 0, f"refuses the reports as delivered:\n{whole.stdout}{whole.stderr}")

    altered = [("altered", [*reports[:-1], other]) for other in alterations(reports[-1])]
    if len(reports) > 2:
        altered.append(("with a hole in the chain", [reports[0], *reports[2:]]))
    for what, some in altered:
        answer = status(some)
        tokens.expect(
            answer.returncode == REFUSED,
            f"status {answer.returncode} for reports that are {what}:\n{answer.stdout}{answer.stderr}",
        )
    print(f"mtd verify: {len(reports)} reports verify; {len(altered)} altered deliveries do not")


def alterations(token):
    """`token` with one bit of one letter's value flipped, the last letter of each part among them."""
    parts = token.split(".")
    for index, part in enumerate(parts):
        step = max(1, len(part) // POSITIONS)
        for position in sorted({*range(0, len(part), step), len(part) - 1}):
            letter = ALPHABET[ALPHABET.index(part[position]) ^ 1]
            altered = part[:position] + letter + part[position + 1 :]
            yield ".".join([*parts[:index], altered, *parts[index + 1 :]])


main()
