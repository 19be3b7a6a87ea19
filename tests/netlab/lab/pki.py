"""Keys and certificates of the lab: roots by role, and leaves with real SCTs of two made-up log operators.

Everything is made at first use and kept for the run. Roots by role:

    public   signs the lab's web through an intermediate, as the public web's authorities do
    corp     the organisation's inspection root
    zscaler  untrusted, but with the name of a well-known inspection product
    evil     untrusted
    rogue    put into the system's store by somebody
"""

import base64
import hashlib
import json
import struct
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from . import der

ROOTS = {
    "public": ("Lab Public Trust", "Lab Public Root"),
    "corp": ("ACME Corp", "ACME Inspection Root"),
    "zscaler": ("Zscaler Inc.", "Zscaler Root CA"),
    "evil": ("Evil", "Evil Root"),
    "rogue": ("Rogue", "Rogue System Root"),
}
INTERMEDIATE = ("Lab Public Trust", "Lab Public Issuing 1")
LOG_OPERATORS = ("Lab Log Operator One", "Lab Log Operator Two")

SIGNATURE = {
    "ec": der.sequence(der.oid("1.2.840.10045.4.3.2")),  # ecdsa-with-SHA256
    "rsa": der.sequence(der.oid("1.2.840.113549.1.1.11"), b"\x05\x00"),  # sha256WithRSAEncryption
}
KEY_OPTIONS = {
    "ec": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
}
SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"


def openssl(*arguments: object, data: bytes | None = None) -> bytes:
    return subprocess.run(
        ["openssl", *map(str, arguments)], input=data, capture_output=True, check=True
    ).stdout


class Pki:
    """The keys and certificates in one folder."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.lock = threading.RLock()
        self.serial = int(time.time()) << 16
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, name: str, kind: str) -> Path:
        return self.folder / f"{name}.{kind}"

    def key(self, name: str, algorithm: str = "ec") -> Path:
        """The private key called `name`, PEM."""
        file = self.file(name, "key")
        with self.lock:
            if not file.exists():
                openssl("genpkey", "-algorithm", *KEY_OPTIONS[algorithm], "-out", file)
                self.file(name, "spki").write_bytes(
                    openssl("pkey", "-in", file, "-pubout", "-outform", "DER")
                )
        return file

    def ed25519(self, name: str) -> Path:
        """A signing key for the canaries, PKCS #8 PEM."""
        file = self.file(name, "key")
        with self.lock:
            if not file.exists():
                openssl("genpkey", "-algorithm", "ED25519", "-out", file)
        return file

    def spki(self, name: str) -> bytes:
        """The SubjectPublicKeyInfo of the key called `name`, DER."""
        return self.file(name, "spki").read_bytes()

    def pin(self, name: str) -> str:
        """The pin (RFC 7469) of a root or leaf, made when missing."""
        with self.lock:
            if name in ROOTS:
                self.root(name)
            else:
                self.key(name)
        return "sha256/" + base64.b64encode(hashlib.sha256(self.spki(name)).digest()).decode()

    def root(self, role: str) -> Path:
        """The self-signed certificate of a root, PEM. RSA, because mitmproxy signs with these."""
        with self.lock:
            if not self.file(role, "pem").exists():
                self.key(role, "rsa")
                self.issue(role, ROOTS[role], role, ROOTS[role], years=10, authority=True)
        return self.file(role, "pem")

    def intermediate(self) -> Path:
        """The certificate of the public root's intermediate, PEM."""
        with self.lock:
            if not self.file("issuing", "pem").exists():
                self.root("public")
                self.key("issuing")
                self.issue(
                    "issuing", INTERMEDIATE, "public", ROOTS["public"], years=5, authority=True, path_length=0
                )
        return self.file("issuing", "pem")

    def leaf(self, name: str, *hosts: str, issuer: str = "public") -> tuple[Path, Path]:
        """The chain and the key of a server certificate for `hosts`, valid for 90 days.

        Under `public` it comes from the intermediate and carries SCTs of two operators.
        """
        chain = self.file(name, "chain")
        with self.lock:
            if not chain.exists():
                self.key(name)
                if issuer == "public":
                    above = self.intermediate()
                    self.issue(name, ("", hosts[0]), "issuing", INTERMEDIATE, hosts=hosts, scts=True)
                else:
                    above = self.root(issuer)
                    self.issue(name, ("", hosts[0]), issuer, ROOTS[issuer], hosts=hosts)
                chain.write_text(self.file(name, "pem").read_text() + above.read_text())
        return chain, self.key(name)

    def issue(
        self,
        subject,
        subject_name,
        issuer,
        issuer_name,
        *,
        years=0,
        authority=False,
        path_length=None,
        hosts=(),
        scts=False,
    ) -> None:
        now = datetime.now(UTC).replace(microsecond=0)
        begin = now - timedelta(days=1)
        end = now + (timedelta(days=365 * years) if years else timedelta(days=89))
        self.serial += 1
        signature = SIGNATURE[self.algorithm(issuer)]
        extensions = authority_extensions(path_length) if authority else server_extensions(hosts)
        fields = [
            der.explicit(0, der.integer(2)),
            der.integer(self.serial),
            signature,
            der.name(*issuer_name),
            der.sequence(der.time(begin), der.time(end)),
            der.name(*subject_name),
            self.spki(subject),
        ]
        tbs = der.sequence(*fields, der.explicit(3, der.sequence(*extensions)))
        if scts:
            extensions.append(der.extension(SCT_LIST, der.octets(self.sct_list(tbs, issuer))))
            tbs = der.sequence(*fields, der.explicit(3, der.sequence(*extensions)))
        certificate = der.sequence(tbs, signature, der.bits(self.sign(issuer, tbs)))
        pem = (
            b"-----BEGIN CERTIFICATE-----\n"
            + base64.encodebytes(certificate)
            + b"-----END CERTIFICATE-----\n"
        )
        self.file(subject, "pem").write_bytes(pem)

    def algorithm(self, key: str) -> str:
        return "rsa" if key in ROOTS else "ec"

    def sign(self, key: str, data: bytes) -> bytes:
        return openssl("dgst", "-sha256", "-sign", self.file(key, "key"), data=data)

    def sct_list(self, precertificate: bytes, issuer: str) -> bytes:
        """SCTs (RFC 6962, section 3.2) over a certificate that lacks nothing but them, one of each operator."""
        issuer_hash = hashlib.sha256(self.spki(issuer)).digest()
        entry = struct.pack(">H", 1) + issuer_hash + len(precertificate).to_bytes(3, "big") + precertificate
        result = b""
        for log in range(len(LOG_OPERATORS)):
            self.key(f"log{log}")
            moment = struct.pack(">Q", int(time.time() * 1000) - 3_600_000)
            signed = self.sign(f"log{log}", b"\0\0" + moment + entry + b"\0\0")
            log_id = hashlib.sha256(self.spki(f"log{log}")).digest()
            sct = b"\0" + log_id + moment + b"\0\0" + b"\x04\x03" + struct.pack(">H", len(signed)) + signed
            result += struct.pack(">H", len(sct)) + sct
        return struct.pack(">H", len(result)) + result

    def log_list(self) -> Path:
        """The lab's logs in the form of the public log list (version 3), JSON."""
        file = self.file("ct-logs", "json")
        with self.lock:
            self.intermediate()
            operators = []
            for log, operator in enumerate(LOG_OPERATORS):
                self.key(f"log{log}")
                spki = self.spki(f"log{log}")
                entry = {
                    "description": f"{operator} 1",
                    "log_id": base64.b64encode(hashlib.sha256(spki).digest()).decode(),
                    "key": base64.b64encode(spki).decode(),
                    "url": f"https://log{log}.test/",
                    "mmd": 86400,
                    "state": {"usable": {"timestamp": "2024-01-01T00:00:00Z"}},
                }
                operators.append({"name": operator, "email": [], "logs": [entry]})
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            file.write_text(
                json.dumps({"version": "1.0", "log_list_timestamp": stamp, "operators": operators}, indent=1)
            )
        return file

    def openssl_logs(self) -> Path:
        """The same logs in openssl's form (CTLOG_new_from_file)."""
        self.log_list()
        names = [f"log{log}" for log in range(len(LOG_OPERATORS))]
        rows = [
            f"[{name}]\ndescription = {name}\nkey = {base64.b64encode(self.spki(name)).decode()}\n"
            for name in names
        ]
        file = self.file("ct-logs", "conf")
        file.write_text(f"enabled_logs = {','.join(names)}\n" + "".join(rows))
        return file


def authority_extensions(path_length: int | None) -> list[bytes]:
    length = b"" if path_length is None else der.integer(path_length)
    return [
        der.extension(
            "2.5.29.19", der.sequence(der.boolean(True), length), critical=True
        ),  # basicConstraints
        der.extension("2.5.29.15", der.bits(b"\x06", 1), critical=True),  # keyUsage: keyCertSign, cRLSign
    ]


def server_extensions(hosts: tuple[str, ...]) -> list[bytes]:
    names = b"".join(der.tlv(0x82, host.encode()) for host in hosts)
    return [
        der.extension("2.5.29.15", der.bits(b"\x80", 7), critical=True),  # keyUsage: digitalSignature
        der.extension("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.1"))),  # serverAuth
        der.extension("2.5.29.17", der.sequence(names)),  # subjectAltName
    ]
