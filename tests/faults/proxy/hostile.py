"""A mitmproxy addon that does to every exchange one thing that a proxy can do, chosen at random by a seed.

Options: hostile_seed, hostile_log (a line "MISDEED METHOD PATH" for each exchange).
"""

import asyncio
import base64
import json
import random

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from mitmproxy import ctx, http

RECEIPT = "MTD-Receipt"

# What is done, and how often, of a hundred. The rest passes.
ON_REQUEST = {
    "answers 200 itself": 4,
    "answers 202 itself": 5,
    "answers 400 itself": 5,
    "answers 403 itself": 4,
    "answers 413 itself": 2,
    "answers 500 itself": 4,
    "truncates the request": 4,
    "alters the request": 3,
    "delays": 4,
    "drops before": 4,
    "holds back, sends later": 4,
    "duplicates": 5,
}
ON_RESPONSE = {
    "strips the receipt": 5,
    "forges the receipt": 4,
    "alters the receipt": 3,
    "replays an old receipt": 4,
    "truncates the answer": 4,
    "drops after": 4,
    "answers 403 instead": 3,
    "answers 500 instead": 3,
    "answers 400 instead": 3,
}


class Hostile:
    def __init__(self):
        self.random = random.Random()
        self.log = None
        self.held = []
        self.receipts = []
        self.key = ec.generate_private_key(ec.SECP256R1())

    def load(self, loader):
        loader.add_option("hostile_seed", str, "0", "What the choices follow from")
        loader.add_option("hostile_log", str, "", "Where they are listed")

    def running(self):
        self.random.seed(ctx.options.hostile_seed)
        if ctx.options.hostile_log:
            self.log = open(ctx.options.hostile_log, "a", buffering=1, encoding="utf-8")

    def choose(self):
        dice = self.random.uniform(0, 100)
        for misdeed, share in (ON_REQUEST | ON_RESPONSE).items():
            dice -= share
            if dice < 0:
                return misdeed
        return "passes on"

    async def request(self, flow: http.HTTPFlow):
        if flow.is_replay:
            return
        misdeed = flow.metadata["misdeed"] = self.choose()
        if self.log:
            self.log.write(f"{misdeed}\t{flow.request.method} {flow.request.path.rsplit('/', 1)[-1]}\n")
        request = flow.request
        match misdeed:
            case "answers 200 itself":
                flow.response = http.Response.make(200, b"<html>welcome</html>", {"Content-Type": "text/html"})
            case "answers 202 itself":
                flow.response = http.Response.make(202)
            case "answers 400 itself":
                flow.response = self.refusal()
            case "answers 403 itself":
                flow.response = http.Response.make(403, b"forbidden by policy", {"Content-Type": "text/plain"})
            case "answers 413 itself":
                flow.response = http.Response.make(413)
            case "answers 500 itself":
                flow.response = http.Response.make(500, b"oops", {"Retry-After": "3"})
            case "truncates the request" if request.content:
                request.content = request.content[: len(request.content) // 2]
            case "alters the request" if request.content:
                at = self.random.randrange(len(request.content))
                other = b"A" if request.content[at : at + 1] != b"A" else b"B"
                request.content = request.content[:at] + other + request.content[at + 1 :]
            case "delays":
                await asyncio.sleep(self.random.uniform(0.02, 0.3))
            case "drops before":
                flow.kill()
            case "holds back, sends later":
                self.held.append(flow.copy())
                flow.kill()
            case "duplicates":
                self.replay([flow.copy()])
        # Out of order: what was held back comes after what followed it.
        if self.held and misdeed == "passes on" and self.random.random() < 0.5:
            held, self.held = self.held, []
            self.replay(held)

    async def response(self, flow: http.HTTPFlow):
        receipt = flow.response.headers.get(RECEIPT)
        if receipt and receipt not in self.receipts:
            self.receipts.append(receipt)
        match flow.metadata.get("misdeed"):
            case "strips the receipt":
                flow.response.headers.pop(RECEIPT, None)
            case "forges the receipt" if receipt:
                flow.response.headers[RECEIPT] = self.forged(receipt)
            case "alters the receipt" if receipt:
                at = self.random.randrange(len(receipt))
                flow.response.headers[RECEIPT] = receipt[:at] + ("A" if receipt[at] != "A" else "B") + receipt[at + 1 :]
            case "replays an old receipt" if receipt:
                flow.response.headers[RECEIPT] = self.random.choice(self.receipts)
            case "truncates the answer" if flow.response.content:
                flow.response.content = flow.response.content[: len(flow.response.content) // 2]
            case "drops after":
                flow.kill()
            case "answers 400 instead":
                flow.response = self.refusal()
            case "answers 403 instead":
                flow.response = http.Response.make(403)
            case "answers 500 instead":
                flow.response = http.Response.make(500)

    def refusal(self):
        codes = ["invalid_request", "invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"]
        body = {"err": self.random.choice(codes), "description": "said by the proxy"}
        return http.Response.make(400, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def forged(self, receipt):
        """The same receipt under a key of the proxy's own."""
        signed = receipt.rsplit(".", 1)[0]
        r, s = utils.decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return signed + "." + base64.urlsafe_b64encode(signature).rstrip(b"=").decode()

    def replay(self, flows):
        ctx.master.commands.call("replay.client", flows)


addons = [Hostile()]
