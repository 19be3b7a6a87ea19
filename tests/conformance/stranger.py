"""A connector in Python, written by docs/wire.md alone: the proof that a stranger can write one. It keeps everything in
memory: a real one stores before it signs a receipt.

usage: stranger.py PORT CHAIN KEY PIN PIN   (PEM files)
For each line that it reads it prints one of JSON: an enrolment code for "code", else what it knows of its devices.
"""

import base64
import hashlib
import http.server
import json
import secrets
import ssl
import sys
import threading
import time

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS, InvalidJWSSignature

TENANT = "stranger"
MAX_TOKEN = 1024 * 1024
MAX_SEQUENCE = 2**53 - 1
CHALLENGE_SECONDS, REQUEST_SKEW = 300, 600
RISK = "https://schemas.openid.net/secevent/caep/event-type/risk-level-change"
REPORT = "https://schemas.mtd-agent.dev/secevent/event-type/device-report"
LEVELS = ["secured", "low", "medium", "high"]
INDICATOR = {"kind": "app_id", "value": "com.example.trackview", "category": "stalkerware", "family": "TrackView"}
SETTINGS = {
    "version": 1, "ownership": "corporate", "app_sync": {"enabled": True, "personal_full_inventory": False},
    "allowed_level": "low", "network": {"endpoints": [], "captive_probes": [], "inspection_roots": []},
    "required_checks": ["apps.inventory", "apps.indicators"], "policy_overrides": [],
    "indicators": [INDICATOR | {"source": "stranger"}], "limits": {"max_token_bytes": MAX_TOKEN},
}


class Refused(Exception):
    def __init__(self, err, description, status=400):
        self.status, self.body = status, {"err": err, "description": description}


class Connector:
    def __init__(self, url, pins):
        self.url, self.pins, self.issuer = url, pins, f"{url}/mtd/{TENANT}"
        self.key = JWK.generate(kty="EC", crv="P-256")
        self.codes, self.challenges, self.devices, self.lock = {}, {}, {}, threading.Lock()

    def code(self):
        token = encode(secrets.token_bytes(32))
        self.codes[digest(token)] = time.time() + 3600
        return {"url": self.url, "spki_pins": self.pins, "token": token, "tenant": TENANT}

    def challenge(self):
        challenge = encode(secrets.token_bytes(24))
        self.challenges[challenge] = time.time() + CHALLENGE_SECONDS
        return {"challenge": challenge}

    def enrol(self, request):
        """Key, proof and challenge are checked before the code is used up."""
        try:
            jwk = {name: request["jwk"][name] for name in ("crv", "kty", "x", "y")}
            key = JWK(**jwk)
        except Exception:
            raise Refused("invalid_key", "jwk is no P-256 key")
        if request["key_protection"] != "software":
            raise Refused("access_denied", "only software keys: this connector verifies no attestation")
        proof = verified(request["proof"], "mtd-enrolment+jwt", key)
        expected = (f"{self.issuer}/enrol", TENANT, digest(request["token"]), key.thumbprint())
        if (proof["aud"], proof["tenant"], proof["token_sha256"], proof["jkt"]) != expected:
            raise Refused("authentication_failed", "the proof is for another enrolment")
        if self.challenges.pop(proof["challenge"], 0) < time.time():
            raise Refused("authentication_failed", "the challenge is not ours or has expired")
        if self.codes.pop(digest(request["token"]), 0) < time.time():
            raise Refused("access_denied", "the one-time token is unknown, used or expired")
        identifier, epoch = secrets.token_hex(16), secrets.token_hex(16)
        device = {"key": key, "iss": f"{self.issuer}/d/{identifier}", "id": identifier, "epoch": epoch,
                  "reports": {}, "by_jti": {}, "faults": []}
        self.devices[identifier] = device
        return {"device_id": identifier, "iss": device["iss"], "aud": f"{self.issuer}/set", "epoch": epoch,
                "connector_jwk": public(self.key),
                "settings": self.signed_settings(device)}

    def receive(self, token):
        """The receipt for a report. The order of the checks is that of the document."""
        if len(token) > MAX_TOKEN:
            raise Refused("", "", 413)
        unverified = claims_of(token)
        device = self.devices.get(str(unverified.get("iss")).rsplit("/", 1)[-1])
        if not device or unverified["iss"] != device["iss"] or unverified.get("mtd_epoch") != device["epoch"]:
            raise Refused("invalid_issuer", "iss is no device of this tenant")
        if unverified.get("aud") != f"{self.issuer}/set":
            raise Refused("invalid_audience", "aud is not this connector")
        claims = verified(token, "secevent+jwt", device["key"])
        check_report(claims, device)
        with self.lock:
            known = device["by_jti"].get(claims["jti"])
            if known and known.rsplit(".", 1)[0] != token.rsplit(".", 1)[0]:
                raise Refused("invalid_request", "jti was used for another report")
            if not known:
                self.place(device, claims, token)
        receipt = {"iss": self.issuer, "jti": claims["jti"], "sha256": digest(token), "seq": claims["mtd_seq"]}
        return self.sign("mtd-receipt+jwt", receipt | {"iat": int(time.time())})

    def refusal(self, body, refused):
        told = {"sha256": digest(body), "status": refused.status, "iat": int(time.time())}
        return self.sign("mtd-refusal+jwt", told | ({} if refused.status == 413 else {"refusal": refused.body}))

    def place(self, device, claims, token):
        seq, prev, reports = claims["mtd_seq"], claims.get("mtd_prev"), device["reports"]
        before, after = reports.get(seq - 1), reports.get(seq + 1)
        contradicts = (before and digest(before[1]) != prev) or (after and after[0].get("mtd_prev") != digest(token))
        if seq in reports or contradicts or (seq == 1) != (prev is None):
            device["faults"].append(seq)
        reports.setdefault(seq, (claims, token))
        device["by_jti"][claims["jti"]] = token

    def own(self, device, endpoint, bearer):
        if not device:
            raise Refused("invalid_request", "no such device", 404)
        claims = verified(bearer, "mtd-request+jwt", device["key"])
        url = f"{device['iss']}/{endpoint}"
        if [claims[name] for name in ("iss", "aud", "htm", "htu")] != [device["iss"], self.issuer, "GET", url]:
            raise Refused("authentication_failed", "the request token is for another request")
        if abs(claims["iat"] - time.time()) > REQUEST_SKEW:
            raise Refused("authentication_failed", "the device's clock is off")
        return self.signed_settings(device) if endpoint == "settings" else self.signed_decision(device)

    def signed_settings(self, device):
        return self.sign("mtd-settings+jwt", self.parties(device) | {"settings": SETTINGS})

    def signed_decision(self, device):
        newest = max(device["reports"], default=None)
        event = device["reports"][newest][0]["events"] if newest else {}
        level = (event.get(REPORT) or {}).get("level") or (event.get(RISK) or {}).get("mtd_level")
        level = "high" if device["faults"] else level
        compliant = level in LEVELS and LEVELS.index(level) <= LEVELS.index(SETTINGS["allowed_level"])
        reason = f"level {level}, allowed {SETTINGS['allowed_level']}"
        mail = {"name": "mail", "access": "allow" if compliant else "block", "reason": reason}
        decision = {"allowed_level": SETTINGS["allowed_level"], "compliant": compliant, "reason": reason, "resources": [mail]}
        decision |= {"decided_at": int(time.time())} | ({"level": level, "last_seq": newest} if newest else {})
        return self.sign("mtd-decision+jwt", self.parties(device) | {"decision": decision})

    def parties(self, device):
        return {"iss": self.issuer, "aud": device["iss"], "iat": int(time.time())}

    def sign(self, typ, claims):
        jws = JWS(json.dumps(claims))
        header = {"alg": "ES256", "typ": typ, "kid": self.key.thumbprint()}
        jws.add_signature(self.key, protected=json.dumps(header))
        return jws.serialize(compact=True)

    def state(self):
        return [{"id": it["id"], "faults": it["faults"], "tokens": [it["reports"][n][1] for n in sorted(it["reports"])],
                 "jwk": public(it["key"])} for it in self.devices.values()]


def verified(token, typ, key):
    claims = claims_of(token)
    header = strict_json(decode(token.split(".")[0]))
    if set(header) != {"alg", "typ", "kid"} or header["typ"] != typ:
        raise Refused("invalid_request", "the header is not that of such a token")
    if header["alg"] != "ES256" or header["kid"] != key.thumbprint():
        raise Refused("invalid_key", "another algorithm or key than the enrolled one")
    jws = JWS()
    jws.allowed_algs = ["ES256"]
    try:
        jws.deserialize(token, key)
    except InvalidJWSSignature:
        raise Refused("authentication_failed", "the signature does not verify")
    return claims


def claims_of(token):
    parts = token.split(".")
    if len(parts) != 3:
        raise Refused("invalid_request", "not three parts")
    signature = decode(parts[2])
    if len(signature) != 64 or not any(signature[:32]) or not any(signature[32:]):
        raise Refused("invalid_request", "the signature is not r and s")
    return strict_json(decode(parts[1]))


def check_report(claims, device):
    subject = {"format": "complex", "device": {"format": "opaque", "id": device["id"]},
               "tenant": {"format": "opaque", "id": TENANT}}
    names = [claims.get(name) for name in ("jti", "txn")]
    seq, prev = claims.get("mtd_seq"), claims.get("mtd_prev")
    good = (
        not {"sub", "exp"} & set(claims) and claims.get("sub_id") == subject
        and all(isinstance(it, str) and 1 <= len(it) <= 256 and it.isprintable() for it in names)
        and type(seq) is int and 1 <= seq <= MAX_SEQUENCE and (prev is None or len(decode(prev)) == 32)
        and type(claims.get("iat")) is int
        and isinstance(claims.get("events"), dict) and len(claims["events"]) == 1
    )
    if not good:
        raise Refused("invalid_request", "the claims are not those of a report")


def strict_json(data):
    def unique(pairs):
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a member appears twice")
        return dict(pairs)

    try:
        value = json.loads(data.decode(), object_pairs_hook=unique, parse_constant=lambda _: 1 / 0)
    except (ValueError, ArithmeticError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refused("invalid_request", "not a JSON object without repeated members")
    return value


def decode(part):
    """Canonical base64url without padding: what does not come out the same again was not."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (ValueError, TypeError):
        data = None
    if data is None or encode(data) != part:
        raise Refused("invalid_request", "not canonical base64url")
    return data


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public(key):
    return {name: value for name, value in json.loads(key.export_public()).items() if name != "kid"}


def digest(text):
    return encode(hashlib.sha256(text.encode()).digest())


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version, connector = "HTTP/1.1", None

    def post(self):
        length = int(self.headers.get("content-length", 0))
        body = self.body = self.rfile.read(min(length, 2 * MAX_TOKEN)).decode("utf-8", "replace")
        base = f"/mtd/{TENANT}"
        if self.path == f"{base}/enrol/challenge":
            return self.answer(200, json.dumps(self.connector.challenge()))
        if self.path == f"{base}/enrol":
            return self.answer(200, json.dumps(self.connector.enrol(strict_json(body.encode()))))
        if self.path == f"{base}/set":
            return self.answer(202, "", ("MTD-Receipt", self.connector.receive(body)))
        raise Refused("invalid_request", "no such endpoint", 404)

    def get(self):
        *base, device, endpoint = self.path.split("/")
        if base != ["", "mtd", TENANT, "d"] or endpoint not in ("settings", "decision"):
            raise Refused("invalid_request", "no such thing here", 404)
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        token = self.connector.own(self.connector.devices.get(device), endpoint, bearer)
        etag = ("ETag", f'"{SETTINGS["version"]}"')
        if endpoint == "settings" and self.headers.get("if-none-match") == etag[1]:
            return self.answer(304, "", etag)
        self.answer(200, token, etag, ("Content-Type", "application/jwt"))

    def served(self):
        try:
            self.post() if self.command == "POST" else self.get()
        except Refused as refused:
            self.close_connection = refused.status == 413
            signed = [("MTD-Refusal", self.connector.refusal(self.body, refused))] if self.path.endswith("/set") else []
            self.answer(refused.status, json.dumps(refused.body), *signed)
        except (KeyError, TypeError, AttributeError):
            self.answer(400, json.dumps({"err": "invalid_request", "description": "a member is missing or wrong"}))

    do_GET = do_POST = served

    def answer(self, status, body, *fields):
        self.send_response_only(status)
        names = {name for name, _ in fields}
        for name, value in [*fields, *([] if "Content-Type" in names else [("Content-Type", "application/json")])]:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def main():
    port, chain, key, *pins = sys.argv[1:]
    connector = Handler.connector = Connector(f"https://localhost:{port}", pins)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(chain, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for line in sys.stdin:
        print(json.dumps(connector.code() if line.strip() == "code" else connector.state()), flush=True)


main()
