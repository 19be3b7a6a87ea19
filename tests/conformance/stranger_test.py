"""The real `mtd` enrols with stranger.py, scans, delivers, and believes its receipts, settings and decisions.

usage: stranger_test.py MTD
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import exchange
from exchange import expect

SPKI = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def main():
    mtd = sys.argv[1]
    with tempfile.TemporaryDirectory() as work, Stranger(Path(work)) as stranger:
        device = exchange.Story(mtd, Path(work), stranger.port)
        (Path(work) / "posture.json").write_text(json.dumps(exchange.POSTURE))
        device.run("device", "enroll", "-", reading=json.dumps(stranger.ask("code")))

        device.scan("dpkg-status")
        delivered = device.run("device", "deliver")
        expect("BLOCKED" not in delivered.stdout, f"not let in: {delivered.stdout}")
        device.scan("dpkg-status-tracker")
        delivered = device.run("device", "deliver", ends=(3,))
        expect("BLOCKED" in delivered.stdout, f"not kept out: {delivered.stdout}")
        left = json.loads(device.run("device", "preview", "--json").stdout)
        expect(left == [], f"{len(left)} reports are left without a receipt")

        (known,) = stranger.ask("state")
        expect(known["faults"] == [] and len(known["tokens"]) >= 4, f"faults {known['faults']}")
        (Path(work) / "device.jwk.json").write_text(json.dumps(known["jwk"]))
        verify = ("verify", "-", "--key", "device.jwk.json", "--iss", f"{stranger.url}/mtd/stranger/d/{known['id']}")
        device.run("device", *verify, "--aud", f"{stranger.url}/mtd/stranger/set", reading="\n".join(known["tokens"]))
        source = (Path(__file__).parent / "stranger.py").read_text().splitlines()
        lines = sum(bool(line.strip()) for line in source)
        expect(lines <= 250, f"stranger.py has {lines} lines: a connector is simpler than that")
        print(f"stranger.py, {lines} lines by docs/wire.md: {len(known['tokens'])} reports received, receipts, settings and "
              "decisions believed, allowed and blocked")


class Stranger:
    """The connector as a process, with a certificate of an authority of its own."""

    def __init__(self, work):
        self.work, self.port = work, exchange.free_port()
        self.url = f"https://localhost:{self.port}"

    def __enter__(self):
        folder = self.work / "stranger"
        folder.mkdir()
        authority = made_authority(folder)
        chain, key = exchange.certificate(folder)
        spare = ec.generate_private_key(ec.SECP256R1()).public_key()
        line = [sys.executable, str(Path(__file__).parent / "stranger.py"), str(self.port), str(chain), str(key)]
        line += [pin(authority), pin(spare)]
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(exchange.LIMIT)

    def ask(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def made_authority(folder):
    """Its key and certificate, where exchange.certificate looks for them; gives the public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stranger CA")])
    now = exchange.datetime.datetime.now(exchange.datetime.timezone.utc)
    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - exchange.datetime.timedelta(days=1))
        .not_valid_after(now + exchange.datetime.timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "ca-key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return key.public_key()


def pin(public_key):
    return "sha256/" + base64.b64encode(hashlib.sha256(public_key.public_bytes(*SPKI)).digest()).decode()


main()
