"""Records one real exchange of the real agent with the real connector: every message, byte for byte.

The agent is told `https://localhost:PORT`. There a recorder listens, with a certificate of the connector's own authority,
and passes each request on to the connector, which listens at the same port of another loopback address.

usage: exchange.py MTD DIR [PORT]
  MTD   the command
  DIR   where the recording is left:
          exchange.json  the messages in order: name, request, answer
          tokens.json    each token by kind: {"kind", "token", "key", "iss", "aud"}
          keys.json      the public keys by name, as JWK
          payload.json   what the device enrolled with
          jwks.json      the connector's keys as it publishes them at the end
"""

import base64
import datetime
import hashlib
import http.client
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

FIXTURES = Path(__file__).parent.parent / "end-to-end" / "fixtures"

# Longest time for one command, in seconds; each takes a few at most.
LIMIT = 120

# Header fields that HTTP libraries make of the moment, not of the protocol.
UNTOLD = {"date", "connection", "keep-alive", "transfer-encoding"}

# What the recorded device is: nothing of the machine that it runs on.
POSTURE = {
    "platform": "android",
    "model": {"state": "known", "value": "Example 1"},
    "os_name": {"state": "known", "value": "Android"},
    "os_version": {"state": "known", "value": "16"},
    "security_patch": {"state": "known", "value": "2026-10-05"},
    "storage_encrypted": {"state": "known", "value": True},
    "screen_lock": {"state": "known", "value": True},
}

SETTINGS = {
    "required_checks": ["apps.inventory", "apps.indicators"],
    "indicators": [
        {"kind": "app_id", "value": "com.example.trackview", "category": "stalkerware", "family": "TrackView",
         "source": "test indicators"},
    ],
    "resources": [{"name": "mail"}, {"name": "files"}],
    "network": {"endpoints": [], "captive_probes": []},
}


def main():
    mtd, folder = sys.argv[1], Path(sys.argv[2])
    port = int(sys.argv[3]) if len(sys.argv) > 3 else free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        recording = Story(mtd, Path(work), port).tell()
    for name, content in recording.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    kinds = sorted({it["kind"] for it in recording["tokens"]})
    print(f"recorded {len(recording['exchange'])} messages with {len(recording['tokens'])} tokens: {', '.join(kinds)}")


class Story:
    """The connector, the recorder before it, the agent, and what they do."""

    def __init__(self, mtd, work, port):
        # The path as seen from here: the programs run in WORK.
        self.mtd, self.work, self.port = Path(mtd).absolute(), work, port
        self.exchanges = []

    def tell(self):
        connector = self.serve()
        recorder = Recorder(self.port, self.work / "connector", self.exchanges)
        try:
            self.organisation()
            self.device()
            self.connector_takes_a_new_key()
            self.what_goes_wrong()
            self.device_takes_a_new_key()
        finally:
            recorder.stop()
            connector.send_signal(signal.SIGTERM)
            connector.wait(LIMIT)
        told = {"exchange": self.exchanges, "tokens": list(self.tokens()), "keys": self.keys(), "jwks": self.jwks()}
        return told | {"payload": json.loads(decoded(self.code.strip().removeprefix("mtd-enrol:")))}

    def serve(self):
        line = [self.mtd, "connector", "serve", "--accept-software-keys", "--json"]
        line += ["--listen", f"127.0.0.2:{self.port}", "--connector-data", str(self.work / "connector")]
        server = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=self.environment("connector"))
        told = ""
        while not told.endswith("\n}\n"):
            read = server.stdout.readline()
            expect(read, f"the connector ended: {told}")
            told += read
        return server

    def organisation(self):
        """Settings, and a policy file of its own."""
        (self.work / "settings.json").write_text(json.dumps(SETTINGS))
        self.admin("settings", "--allowed-level", "low", "--app-sync", "on", "--from", "settings.json")
        shown = self.run("connector", "policy", "show", "--toml").stdout
        (self.work / "policy.toml").write_text(without_comments(shown).replace("version = 2", "version = 3", 1))
        signed = self.run("connector", "policy", "sign", "policy.toml", "--connector-data", str(self.work / "connector"))
        self.admin("policy", "-", reading=signed.stdout)
        (self.work / "evil.txt").write_text("evil.example\n")
        built = self.run("connector", "intel", "build", "evil.txt", "-o", "feed.mtdi", "--key", "intel.p8", "--json")
        self.admin("intel", "feed.mtdi", "--key", json.loads(built.stdout)["key"])

    def device(self):
        (self.work / "posture.json").write_text(json.dumps(POSTURE))
        code = self.admin("token").stdout
        self.run("device", "enroll", "-", reading=code)
        self.code = code
        self.scan("dpkg-status")
        self.run("device", "deliver", ends=(0, 3))
        self.scan("dpkg-status-tracker")
        self.run("device", "deliver", ends=(0, 3))

    def connector_takes_a_new_key(self):
        """Announced in settings under the key in use, then used: receipts and decisions are under it."""
        here, spare = f"https://localhost:{self.port}", f"sha256/{base64.b64encode(hashlib.sha256(b'spare').digest()).decode()}"
        self.admin("pins", "--add", spare, "--url", here, "--url", "https://mtd-2.example:8443")
        self.admin("rotate-key")
        # Fetched by the first; that it has them, its next request tells.
        self.run("device", "deliver", ends=(0, 3))
        self.run("device", "deliver", ends=(0, 3))
        self.admin("rotate-key", "--use")
        self.scan("dpkg-status")
        self.run("device", "deliver", ends=(0, 3))
        self.ask("GET", "/mtd/default/jwks.json", None, {"Accept": "application/jwk-set+json"})

    def device_takes_a_new_key(self):
        """Authorised by the one that it enrolled with; reports and requests are under it from here on."""
        self.run("device", "rotate-key")
        self.scan("dpkg-status-tracker")
        self.run("device", "deliver", ends=(0, 3))

    def scan(self, apps):
        inventory = str(FIXTURES / apps)
        self.run("device", "scan", "--posture", "posture.json", "--inventory", inventory, ends=(0, 3, 4))

    def what_goes_wrong(self):
        """A used code, a report that was changed, and one that comes twice."""
        self.run("other", "enroll", "-", reading=self.code, ends=(1,))
        report = next(it for it in self.exchanges if it["name"] == "report")
        body, path = report["request"]["body"], report["request"]["target"]
        fields = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}
        # Another bit of r: the form is good, the signature is not.
        head, signature = body.rsplit(".", 1)
        changed = "B" if signature[0] != "B" else "C"
        self.ask("POST", path, f"{head}.{changed}{signature[1:]}", fields)
        self.ask("POST", path, body, fields)
        self.ask("POST", "/mtd/nobody/set", body, fields)
        self.ask("POST", path, "x" * (1024 * 1024 + 1), fields)

    def ask(self, method, path, body, fields):
        context = ssl.create_default_context(cafile=str(self.work / "connector" / "ca.pem"))
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=LIMIT)
        connection.request(method, path, body, fields)
        connection.getresponse().read()
        connection.close()

    def admin(self, *words, **options):
        return self.run("connector", "connector", *words, "--connector-data", str(self.work / "connector"), **options)

    def run(self, who, *words, reading="", ends=(0,)):
        line = [self.mtd, *words]
        ran = subprocess.run(line, input=reading, text=True, capture_output=True, cwd=self.work, timeout=LIMIT,
                             env=self.environment(who))
        shown = f"mtd {' '.join(words)}: status {ran.returncode}\n{ran.stdout}{ran.stderr}"
        expect(ran.returncode in ends, shown)
        return ran

    def environment(self, who):
        home = self.work / who
        home.mkdir(exist_ok=True)
        return {"PATH": os.environ["PATH"], "HOME": str(home), "MTD_DATA": str(home / "data"), "TMPDIR": str(self.work)}

    def keys(self):
        enrolment = next(it for it in self.exchanges if it["name"] == "enrolment")
        first = json.loads(enrolment["answer"]["body"])["connector_jwk"]
        newest = self.jwks()["keys"][0]
        return {
            "device": json.loads(enrolment["request"]["body"])["jwk"],
            "device-2": self.key_change()["jwk"],
            "connector": first,
            "connector-2": {name: newest[name] for name in first},
        }

    def key_change(self):
        change = next(it for it in self.exchanges if it["name"] == "key-change")
        return json.loads(change["request"]["body"])

    def jwks(self):
        published = next(it for it in self.exchanges if it["name"] == "jwks")
        return json.loads(published["answer"]["body"])

    def tokens(self):
        """Every token that was sent, with what its receiver must find in it."""
        enrolment = next(it for it in self.exchanges if it["name"] == "enrolment")
        names = json.loads(enrolment["answer"]["body"])
        device, connector, audience = names["iss"], names["iss"].rsplit("/d/", 1)[0], names["aud"]

        newest = self.jwks()["keys"][0]["kid"]

        change = self.key_change()
        kid_of = lambda token: json.loads(decoded(token.split(".")[0]))["kid"]  # noqa: E731
        second = kid_of(change["proof"])

        def told(kind, token, key, iss=None, aud=None):
            if kid_of(token) in (newest, second):
                key += "-2"
            return {"kind": kind, "token": token, "key": key, "iss": iss, "aud": aud}

        proof = json.loads(enrolment["request"]["body"])["proof"]
        yield told("enrolment", proof, "device", aud=f"{connector}/enrol")
        yield told("settings", names["settings"], "connector", connector, device)
        for proof in (change["proof"], change["authorization"]):
            yield told("enrolment", proof, "device", aud=f"{device}/key")
        for it in self.exchanges:
            request, answer = it["request"], it["answer"]
            bearer = request["headers"].get("authorization", "")
            if bearer.startswith("Bearer "):
                yield told("request", bearer.removeprefix("Bearer "), "device", device, connector)
            if "mtd-refusal" in answer["headers"]:
                yield told("refusal", answer["headers"]["mtd-refusal"], "connector")
            if it["name"] == "report":
                yield told("secevent", request["body"], "device", device, audience)
                yield told("receipt", answer["headers"]["mtd-receipt"], "connector", connector)
            if it["name"] in ("settings", "decision", "key-change"):
                yield told(it["name"], answer["body"], "connector", connector, device)
            if it["name"] == "policy":
                yield told("policy", answer["body"], "connector")


class Recorder:
    """Answers at 127.0.0.1 with what the connector at 127.0.0.2 answers, and keeps both."""

    def __init__(self, port, connector, exchanges):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                status, reason, fields, answer = passed_on(self.command, self.path, self.headers, body)
                exchanges.append(recorded(self, body, status, reason, fields, answer))
                self.send_response_only(status, reason)
                for name, value in fields:
                    if name.lower() not in UNTOLD:
                        self.send_header(name, value)
                if "content-length" not in {name.lower() for name, _ in fields} and status not in (204, 304):
                    self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_HEAD = do

            def log_message(self, *_):
                pass

        def passed_on(method, path, fields, body):
            trusted = ssl.create_default_context(cafile=str(connector / "ca.pem"))
            onward = OnwardConnection(port, trusted)
            onward.request(method, path, body or None, {k: v for k, v in fields.items() if k.lower() not in UNTOLD})
            answer = onward.getresponse()
            content = answer.read()
            onward.close()
            return answer.status, answer.reason, answer.getheaders(), content

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(*certificate(connector))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class OnwardConnection(http.client.HTTPSConnection):
    """To the connector, by the name that its certificate has."""

    def __init__(self, port, context):
        super().__init__("localhost", port, context=context, timeout=LIMIT)
        self.trusted = context

    def connect(self):
        connected = socket.create_connection(("127.0.0.2", self.port), LIMIT)
        self.sock = self.trusted.wrap_socket(connected, server_hostname="localhost")


def recorded(handler, body, status, reason, fields, answer):
    def text(data):
        try:
            return data.decode()
        except UnicodeDecodeError:
            return f"({len(data)} bytes)"

    told = lambda pairs: {k.lower(): v for k, v in pairs if k.lower() not in UNTOLD}  # noqa: E731
    return {
        "name": name_of(handler.command, handler.path, status, answer),
        "request": {
            "method": handler.command, "target": handler.path,
            "headers": told(handler.headers.items()), "body": text(body),
        },
        "answer": {"status": status, "reason": reason, "headers": told(fields), "body": text(answer)},
    }


def name_of(method, path, status, answer):
    """What a message is, by its endpoint and its outcome."""
    last = path.split("?")[0].rsplit("/", 1)[1]
    name = {"set": "report", "enrol": "enrolment", "jwks.json": "jwks", "key": "key-change"}.get(last, last)
    if status == 304:
        return f"{name}-unchanged"
    if status >= 400:
        try:
            return f"{name}-refused-{json.loads(answer)['err']}"
        except ValueError:
            return f"{name}-refused-{status}"
    return name


def certificate(connector):
    """A certificate for localhost by the connector's authority, with the chain that a server sends, and its key."""
    authority = x509.load_pem_x509_certificate((connector / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((connector / "ca-key.pem").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(signer, hashes.SHA256())
    )
    chain, private = connector / "recorder.pem", connector / "recorder-key.pem"
    chain.write_bytes(b"".join(it.public_bytes(serialization.Encoding.PEM) for it in (leaf, authority)))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, private


def without_comments(policy):
    """The policy in short: the same rows, and none of what is there for people to read."""
    kept = [it for it in policy.splitlines() if it and not it.startswith(("#", "attack ", "fix ", "note "))]
    return re.sub(r'source = "[^"]*"', 'source = "acme"', "\n".join(kept)) + "\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def expect(condition, otherwise):
    if not condition:
        sys.exit(f"{Path(sys.argv[0]).name}: {otherwise}")


if __name__ == "__main__":
    main()
