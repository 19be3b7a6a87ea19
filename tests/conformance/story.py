"""Tells the story of docs/stage.md in Python: the library through the binding that UniFFI generates from it, a device that
is scripted, and a real connector and network, `mtd stage`. It must come out as tests/story/golden.json says.

usage: story.py MTD BINDING
  MTD       the command that sets the stage
  BINDING   folder with the generated mtd_agent.py and, beside it, the library that it was generated from
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from datetime import timedelta
from itertools import zip_longest
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

sys.path.insert(0, sys.argv[2])
import mtd_agent as mtd  # noqa: E402  (where it is, the command line says)

GOLDEN = Path(__file__).parent.parent / "story" / "golden.json"

# Longest time for one call; each takes under a second on a desktop.
LIMIT = timedelta(seconds=60)

# The policy file's names for what is found in the story. What it should not hold is told by the binding's name.
DETECTIONS = {
    mtd.Detection.MALICIOUS_APP: "app.malicious",
    mtd.Detection.TLS_INTERCEPTION: "network.tls_interception",
}

# Where one side has a value and the other has none.
NOTHING = object()

UNTOLD = "the script does not say"


async def main():
    host = ScriptedHost()
    with tempfile.TemporaryDirectory() as folder, Stage(sys.argv[1]) as stage:
        options = mtd.AgentOptions(
            platform=mtd.Platform.ANDROID,
            store_path=str(Path(folder) / "agent.db"),
            device=host,
            key=SoftwareKey(),
            secrets=WrappedInMemory(),
        )
        told = await tell(stage, host, await mtd.Agent.open(options, LIMIT))
    golden = json.loads(GOLDEN.read_text())
    different = list(differences("", golden, told))
    if different:
        sys.exit("\n  ".join([f"story.py: {len(different)} differences from {GOLDEN.name} (expected, found):", *different]))
    print(f"Python: {len(told['steps'])} steps and {len(told['story']['tokens'])} tokens as in {GOLDEN.name}")


async def tell(stage, host, agent):
    steps = []
    await agent.enroll(stage.payload, LIMIT)
    steps.append(await scan_and_deliver(agent, "app_sync_off"))
    stage.tell("app-sync on")
    steps.append(await fetch_settings(agent, "app_sync_on"))
    host.apps.append(TRACKVIEW)
    stage.tell("cafe")
    steps.append(await scan_and_deliver(agent, "attacked"))
    host.apps.remove(TRACKVIEW)
    stage.tell("home")
    steps.append(await scan_and_deliver(agent, "repaired"))
    agent.shut_down()
    return {"steps": steps, "story": stage.tell("story")["story"]}


async def scan_and_deliver(agent, step):
    scan = await agent.scan(mtd.ScanTrigger.REQUESTED, mtd.Depth.EVERYTHING, LIMIT)
    delivered = await agent.deliver(LIMIT)
    return {
        "step": step,
        "level": word(scan.level),
        "at_least": word(scan.at_least),
        "open_findings": open_findings(scan),
        "delivered": delivered.delivered,
        "decision": decision(delivered),
    }


async def fetch_settings(agent, step):
    delivered = await agent.deliver(LIMIT)
    return {
        "step": step,
        "new_settings": delivered.new_settings,
        "delivered": delivered.delivered,
        "decision": decision(delivered),
    }


def open_findings(scan):
    """What counts of the open findings: the posture is the platform's own, and the script tells none."""
    findings = [
        {
            "detection": DETECTIONS.get(finding.detection, word(finding.detection)),
            "subject": finding.subject,
            "verdict": word(finding.verdict),
            "severity": word(finding.severity),
        }
        for finding in scan.findings
        if finding.state.is_OPEN()
    ]
    return sorted(findings, key=lambda finding: finding["detection"])


def decision(delivered):
    if delivered.decision is None:
        sys.exit(f"story.py: no decision: {delivered.stopped}")
    return {
        "allowed_level": word(delivered.decision.allowed_level),
        "level": word(delivered.decision.level),
        "compliant": delivered.decision.compliant,
        "access": {resource.name: word(resource.access) for resource in delivered.decision.resources},
    }


def word(value):
    """A value of an enumeration as JSON has it."""
    return value and value.name.lower()


def differences(at, expected, found):
    """What differs, by JSON pointer."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted({*expected, *found}):
            step = name.replace("~", "~0").replace("/", "~1")
            yield from differences(f"{at}/{step}", expected.get(name, NOTHING), found.get(name, NOTHING))
    elif isinstance(expected, list) and isinstance(found, list):
        for index, (one, other) in enumerate(zip_longest(expected, found, fillvalue=NOTHING)):
            yield from differences(f"{at}/{index}", one, other)
    elif type(expected) is not type(found) or expected != found:
        yield f"{at}: {as_text(expected)}, {as_text(found)}"


def as_text(value):
    return "nothing" if value is NOTHING else json.dumps(value, ensure_ascii=False)


class Stage:
    """`mtd stage` as a process."""

    def __init__(self, command):
        self.process = subprocess.Popen([command, "stage"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.payload = self.line()["payload"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The end of input ends it.
        self.process.stdin.close()
        self.process.wait(60)

    def tell(self, command):
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        answer = self.line()
        if "error" in answer:
            sys.exit(f"story.py: stage: {command}: {answer['error']}")
        return answer

    def line(self):
        text = self.process.stdout.readline()
        return json.loads(text) if text else sys.exit("story.py: the stage ended")


def app(identifier, name, version, short_version):
    return mtd.AppRecord(
        id=identifier,
        name=name,
        version=version,
        short_version=short_version,
        managed=False,
        source=mtd.AppSource.ANDROID_PACKAGE_MANAGER,
    )


TRACKVIEW = app("com.example.trackview", "TrackView", "42", "4.2")


class ScriptedHost(mtd.DeviceHost):
    """A device that lists the apps of the story and tells nothing else: whatever is found beside was measured."""

    def __init__(self):
        self.apps = [app("com.example.notes", "Notes", "7", "1.7.0")]

    def installed_apps(self):
        return mtd.Inventory(apps=list(self.apps))

    def device_posture(self):
        raise mtd.HostError.NotAvailable(UNTOLD)

    def network_snapshot(self):
        raise mtd.HostError.NotAvailable(UNTOLD)

    def evaluate_trust(self, chain, host):
        raise mtd.HostError.NotAvailable(UNTOLD)


class SoftwareKey(mtd.DeviceKey):
    """P-256 keys in memory."""

    def __init__(self):
        self.keys = {}

    def public_key_spki_der(self, slot):
        key = self.keys.get(slot)
        return key and key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign_es256(self, slot, message):
        if slot not in self.keys:
            raise mtd.HostError.Gone("there is no key in this slot")
        return mtd.Signature.DER(self.keys[slot].sign(message, ec.ECDSA(SHA256())))

    def protection(self, slot):
        return mtd.KeyProtection.SOFTWARE

    def make_candidate(self, challenge):
        self.keys[mtd.KeySlot.CANDIDATE] = ec.generate_private_key(ec.SECP256R1())
        return None

    def adopt_candidate(self):
        self.keys[mtd.KeySlot.CURRENT] = self.keys.pop(mtd.KeySlot.CANDIDATE)


class WrappedInMemory(mtd.SecretStore):
    """Wraps under a key that ends with the process."""

    def __init__(self):
        self.cipher = AESGCM(AESGCM.generate_key(256))

    def wrap(self, data_key):
        nonce = os.urandom(12)
        return nonce + self.cipher.encrypt(nonce, data_key, None)

    def unwrap(self, wrapped):
        return self.cipher.decrypt(wrapped[:12], wrapped[12:], None)


asyncio.run(main())
