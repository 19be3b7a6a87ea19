"""The public feeds of ../shared/data/intel, read without mtd: a JSON and a YAML parser, and what their properties mean.

The patterns of these STIX files are of one comparison, so a regular expression reads them; another pattern ends the
test rather than being left out.
"""

import ipaddress
import json
import re
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import yaml

PATTERN = re.compile(r"\[\s*([a-z0-9-]+:[a-z0-9.]+)\s*=\s*'([^']*)'\s*\]")

# The properties in the given files, and our kinds.
KINDS = {
    "domain-name:value": "domain",
    "ipv4-addr:value": "domain",
    "file:path": "file_path",
    "file:name": "file_name",
    "file:hashes.sha256": "file_hash",
    "app:id": "app_id",
    "app:cert.sha256": "certificate",
    "process:name": "process",
    "email-addr:value": "email",
    "configuration-profile:id": "profile",
    "android-property:name": "property",
}

# What upper and lower case mean nothing to.
CASELESS = {"domain", "file_hash", "certificate", "email", "profile"}

# `value` is as the feed has it.
Indicator = namedtuple("Indicator", "kind value family")


def feeds(folder):
    """The indicators of each feed in `folder`, by the feed's name."""
    read = {".stix2": of_stix, ".yaml": of_yaml}
    return {path.stem: read[path.suffix](path.read_text()) for path in sorted(Path(folder).iterdir())}


def of_stix(text):
    objects = json.loads(text)["objects"]
    names = {it["id"]: it["name"] for it in objects if it["type"] == "malware"}
    links = [it for it in objects if it["type"] == "relationship" and it["relationship_type"] == "indicates"]
    families = {it["source_ref"]: names.get(it["target_ref"]) for it in links}
    found = []
    for indicator in (it for it in objects if it["type"] == "indicator"):
        pattern = PATTERN.fullmatch(indicator["pattern"])
        expect(pattern, f"a pattern of another form: {indicator['pattern']}")
        kind = KINDS[pattern[1]]
        found.append(Indicator(kind, pattern[2], families.get(indicator["id"])))
    return found


def of_yaml(text):
    """Every scalar as text: a digest of digits alone is no number."""
    members = {"packages": "app_id", "bundles": "app_id", "certificates": "certificate"}
    hosts = ("websites", "distribution")
    found = []
    for family in yaml.load(text, Loader=yaml.BaseLoader):
        values = [(kind, value) for member, kind in members.items() for value in family.get(member) or []]
        values += [("domain", value) for member in hosts for value in family.get(member) or []]
        values += [("domain", value) for some in (family.get("c2") or {}).values() for value in some or []]
        found += [Indicator(kind, value, family["name"]) for kind, value in values]
    return found


def canonical(kind, value):
    """Our kind of a value, and the value in one notation."""
    value = value.strip()
    if kind in CASELESS:
        value = value.lower()
    if kind == "domain":
        value = value.rstrip(".")
        if "/" in value:
            return "url", value
        if is_address(value):
            return "network", value
    return kind, value


def is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class Mtd:
    """The command, with a bundle of every feed of `data`, in `folder`."""

    def __init__(self, mtd, data, folder):
        self.command, self.folder = mtd, folder
        self.bundle = str(Path(folder) / "i.mtdi")
        self.key = str(Path(folder) / "key.p8")
        inputs = [str(path) for path in sorted((data / "intel").iterdir())]
        suffixes = str(data / "psl/public_suffix_list.dat")
        self.run("build", *inputs, "--psl", suffixes, "-o", self.bundle, "--key", self.key)

    def inspect(self):
        return json.loads(self.run("inspect", self.bundle, "--key", self.key, "--json"))

    def check(self, kind, values):
        """The hits of each value, which `values` must not have twice."""
        line = ("check", self.bundle, "--key", self.key, "--kind", kind, "--from", "-", "--json")
        checked = json.loads(self.run(*line, reading="\n".join(values)))
        expect([it["value"] for it in checked] == values, "values were not told in their order")
        return {it["value"]: it["hits"] for it in checked}

    def run(self, *words, reading=""):
        ran = subprocess.run([self.command, "intel", *words], input=reading, text=True, capture_output=True)
        # 3: a value matches.
        expect(ran.returncode in (0, 3), f"mtd intel {words[0]}: status {ran.returncode}\n{ran.stderr}")
        return ran.stdout


def expect(condition, otherwise):
    if not condition:
        sys.exit(f"{Path(sys.argv[0]).name}: {otherwise}")
