"""Every file and every test that SECURITY.md names exists, and every MASVS control is there."""

import re
import sys
from pathlib import Path

PAGE = Path("SECURITY.md")
# Paths are below the core unless they say otherwise.
CORE = Path("agent-core/src")
PATH = re.compile(r"[\w.-]+/[\w./-]*|deny\.toml")
TEST = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+){2,}")

CONTROLS = {"STORAGE": 2, "CRYPTO": 2, "AUTH": 3, "NETWORK": 2, "PLATFORM": 3, "CODE": 4, "RESILIENCE": 4, "PRIVACY": 4}


def main():
    page = PAGE.read_text()
    files, tests, missing = set(), set(), []
    for line in page.splitlines():
        file = None
        for name in re.findall(r"`([^`]+)`", line):
            if PATH.fullmatch(name):
                file = next((it for it in (CORE / name, Path(name)) if it.exists()), None)
                files.add(name)
                missing += [name] if file is None else []
            elif TEST.fullmatch(name) and file is not None:
                tests.add((file, name))
                missing += [] if is_in(name, file) else [f"{file}: {name}"]
    controls = {f"MASVS-{group}-{n}" for group, count in CONTROLS.items() for n in range(1, count + 1)}
    missing += sorted(controls - set(re.findall(r"MASVS-[A-Z]+-\d", page)))
    if missing:
        sys.exit("\n  ".join([f"{PAGE} names what is not there:", *missing]))
    print(f"{PAGE}: {len(files)} files, {len(tests)} tests and {len(controls)} MASVS controls are there")


def is_in(test, file):
    """Whether a function of that name is in a file, or in one of a folder."""
    sources = [file] if file.is_file() else file.rglob("*.rs")
    return any(re.search(rf"\bfn {test}\b", source.read_text()) for source in sources)


main()
