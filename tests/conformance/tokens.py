"""What every verifier asks of the tokens that `mtd demo --keep` and exchange.py leave, whichever library it asks with.

usage: verify_LIBRARY.py DEMO EXCHANGE
  DEMO      `reports.jws` and `receipts.jws`, one compact JWS a line, oldest first, and the public keys that they are
            under, `device.jwk.json` and `connector.jwk.json`: a chain of reports, and their receipts
  EXCHANGE  `tokens.json` and `keys.json`: every kind of token that agent and connector send each other
"""

import base64
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

EVENTS = {
    "https://schemas.openid.net/secevent/caep/event-type/risk-level-change",
    "https://schemas.mtd-agent.dev/secevent/event-type/device-report",
}

# 128 bits as unpadded base64url.
JTI_LENGTH = 22

# The kinds of tokens that there are. `typ` is the kind with an affix of its own.
KINDS = {
    "secevent": "secevent+jwt",
    "receipt": "mtd-receipt+jwt",
    "refusal": "mtd-refusal+jwt",
    "settings": "mtd-settings+jwt",
    "policy": "mtd-policy+jwt",
    "decision": "mtd-decision+jwt",
    "key-change": "mtd-key-change+jwt",
    "enrolment": "mtd-enrolment+jwt",
    "request": "mtd-request+jwt",
}

# How many bytes of the claims are altered, one at a time. Header and signature are altered at every byte.
CLAIMS_POSITIONS = 32


class Library:
    """A JOSE implementation. Subclasses name it and put its calls behind these methods."""

    name = ""
    # What it raises when a token does not verify. Anything else is a bug, here or there.
    refusals = ()

    def verify(self, token, jwk, audience=None):
        """The header and the claims of `token`, verified as ES256 under `jwk`."""
        raise NotImplementedError

    def thumbprint(self, jwk):
        """The RFC 7638 thumbprint of `jwk`."""
        raise NotImplementedError

    def of_set(self, jwks, kid):
        """The key `kid` of a JWK Set, as `verify` takes it; an error where there is none."""
        raise NotImplementedError


def main(library):
    """Checks the directories that the command line names. Ends with a message if anything is not as it should be."""
    check_demo(library, Path(sys.argv[1]))
    check_exchange(library, Path(sys.argv[2]))


def check_demo(library, directory):
    reports = lines(directory / "reports.jws")
    receipts = lines(directory / "receipts.jws")
    device = json.loads((directory / "device.jwk.json").read_text())
    connector = json.loads((directory / "connector.jwk.json").read_text())
    expect(reports and receipts, "there are neither reports nor receipts to verify")

    receipt_claims = [verified(library, token, connector, "mtd-receipt+jwt") for token in receipts]
    issuer = receipt_claims[0]["iss"]
    report_claims = [
        verified(library, token, device, "secevent+jwt", audience=f"{issuer}/set") for token in reports
    ]

    for claims in report_claims:
        check_claims(claims, issuer)
    check_chain(reports, report_claims)
    check_receipts(receipt_claims, reports, report_claims)

    refused = sum(check_alterations(library, token, device) for token in reports)
    refused += sum(check_alterations(library, token, connector) for token in receipts)
    for tokens, wrong_key in ((reports, connector), (receipts, device)):
        for token in tokens:
            check_refused(library, token, wrong_key, "a token under another key")
            refused += 1
    print(f"{library.name}: {len(reports)} reports and {len(receipts)} receipts verify; {refused} altered ones do not")


def check_exchange(library, directory):
    """Every kind of token, under the key that it must be under, for whom it is meant, and for nobody else."""
    sent = json.loads((directory / "tokens.json").read_text())
    keys = json.loads((directory / "keys.json").read_text())
    counts, refused = Counter(), 0
    for it in sent:
        key = keys[it["key"]]
        claims = verified(library, it["token"], key, KINDS[it["kind"]], audience=it["aud"])
        expect(it["iss"] is None or claims["iss"] == it["iss"], f"iss of {it['kind']}: {claims.get('iss')}")
        if it["aud"] is not None:
            check_refused(library, it["token"], key, f"{it['kind']} for somebody else", audience="https://evil.example")
            refused += 1
        for name, other in keys.items():
            if name != it["key"]:
                check_refused(library, it["token"], other, f"{it['kind']} under the {name}'s key")
                refused += 1
        # One of each kind: thousands of verifications each.
        if not counts[it["kind"]]:
            refused += check_alterations(library, it["token"], key)
        counts[it["kind"]] += 1
    in_set = check_key_set(library, json.loads((directory / "jwks.json").read_text()), sent, keys)
    expect(set(counts) == set(KINDS), f"kinds {sorted(counts)}, expected {sorted(KINDS)}")
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    print(f"{library.name}: {told} verify; {refused} altered or for somebody else do not; {in_set} by the JWK Set")


def check_key_set(library, jwks, sent, keys):
    """The newest key signs, and is found by its thumbprint."""
    expect([it["kid"] for it in jwks["keys"]] == [library.thumbprint(it) for it in jwks["keys"]], f"kids of {jwks}")
    newest = [it for it in sent if it["key"] == "connector-2"]
    expect(newest, "nothing is signed by the connector's newest key")
    for it in newest:
        library.verify(it["token"], library.of_set(jwks, library.thumbprint(keys["connector-2"])), audience=it["aud"])
    return len(newest)


def verified(library, token, jwk, typ, audience=None):
    header, claims = library.verify(token, jwk, audience=audience)
    expect(header == {"alg": "ES256", "typ": typ, "kid": library.thumbprint(jwk)}, f"header {header}")
    return claims


def check_claims(claims, issuer):
    expected = {"iss", "aud", "iat", "jti", "txn", "sub_id", "mtd_epoch", "mtd_seq", "events"}
    expect(set(claims) - {"mtd_prev"} == expected, f"claims {sorted(claims)}")
    device, tenant = claims["sub_id"]["device"], claims["sub_id"]["tenant"]
    expect(claims["sub_id"]["format"] == "complex", f"sub_id {claims['sub_id']}")
    expect(device["format"] == tenant["format"] == "opaque", f"sub_id {claims['sub_id']}")
    expect(claims["iss"] == f"{issuer}/d/{device['id']}", f"iss {claims['iss']}")
    expect(issuer.endswith(f"/mtd/{tenant['id']}"), f"tenant {tenant['id']} of {issuer}")
    expect(type(claims["iat"]) is int, f"iat {claims['iat']!r}")
    expect(len(claims["jti"]) == JTI_LENGTH, f"jti {claims['jti']}")
    expect(len(claims["events"]) == 1 and set(claims["events"]) <= EVENTS, f"events {list(claims['events'])}")


def check_chain(tokens, claims):
    """Each report names the digest of the one before it; each enrolment starts a chain of its own."""
    newest = {}
    for token, report in zip(tokens, claims):
        seq, previous = newest.get(report["mtd_epoch"], (0, None))
        expect(report["mtd_seq"] == seq + 1, f"report {report['mtd_seq']} follows report {seq}")
        expect(report.get("mtd_prev") == previous, f"mtd_prev of report {report['mtd_seq']}")
        newest[report["mtd_epoch"]] = (report["mtd_seq"], digest(token))
    expect(len({report["jti"] for report in claims}) == len(claims), "a jti is used twice")


def check_receipts(receipts, tokens, reports):
    """The receipts are for these reports, byte for byte, and for no others."""
    received = {(receipt["jti"], receipt["sha256"], receipt["seq"]) for receipt in receipts}
    sent = {(report["jti"], digest(token), report["mtd_seq"]) for token, report in zip(tokens, reports)}
    expect(received == sent, f"receipts and reports differ: {received ^ sent}")


def check_alterations(library, token, jwk):
    count = 0
    for what, altered in alterations(token):
        check_refused(library, altered, jwk, what)
        count += 1
    return count


def check_refused(library, token, jwk, what, audience=None):
    try:
        library.verify(token, jwk, audience=audience)
    except library.refusals:
        return
    expect(False, f"verifies although altered: {what}")


def alterations(token):
    """`token` with one bit flipped: in every byte of header and signature, and in bytes all over the claims.

    The bytes are altered, not the letters: the last letter of a part holds bits that stand for nothing, which
    some libraries ignore.
    """
    parts = [decode(part) for part in token.split(".")]
    for index, name in enumerate(("header", "claims", "signature")):
        length = len(parts[index])
        step = max(1, length // CLAIMS_POSITIONS) if name == "claims" else 1
        for position in sorted({*range(0, length, step), length - 1}):
            flipped = bytearray(parts[index])
            flipped[position] ^= 1 << position % 8
            altered = [*parts[:index], bytes(flipped), *parts[index + 1 :]]
            yield f"bit {position % 8} of byte {position} of the {name}", ".".join(map(encode, altered))


def lines(path):
    expect(path.exists(), f"{path.name} is not there: `mtd demo --keep` leaves it")
    return path.read_text().split()


def digest(token):
    return encode(hashlib.sha256(token.encode()).digest())


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def expect(condition, otherwise):
    if not condition:
        sys.exit(f"{Path(sys.argv[0]).name}: {otherwise}")
