"""Counts the indicators of the public feeds with a JSON and a YAML parser, and holds `mtd intel inspect` to them."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from indicators import Mtd, canonical, expect, feeds


def main():
    mtd, data = sys.argv[1], Path(sys.argv[2])
    counted = {name: counts(found) for name, found in feeds(data / "intel").items()}
    with tempfile.TemporaryDirectory() as folder:
        inspected = Mtd(mtd, data, folder).inspect()
    told = {source["name"]: source["values"] for source in inspected["sources"]}
    expect(set(told) == set(counted), f"sources {sorted(told)}, files {sorted(counted)}")
    for name in counted:
        expect(told[name] == counted[name], f"{name}: mtd tells {told[name]}, there are {counted[name]}")

    total = sum((Counter(kinds) for kinds in counted.values()), Counter())
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(total.items()))
    print(f"mtd intel inspect: {len(counted)} sources have the counts of an independent reader: {kinds}")


def counts(found):
    """Distinct values by kind."""
    distinct = {canonical(indicator.kind, indicator.value) for indicator in found}
    return dict(Counter(kind for kind, _ in distinct))


main()
