"""Holds the documentation of the wire to a recording of a real exchange, and renews it with UPDATE_DOCS=1.

docs/wire-exchange.md is such a recording, whole. The examples in docs/wire.md (JSON under a comment with the name of its
type) are its messages and the claims of its tokens. What a recording has anew each time (keys, times, identifiers,
signatures) may differ; which messages, fields, members and kinds of values there are may not. Then the Python of the page
is run on the exchange, as a stranger would.

usage: docs.py EXCHANGE   what exchange.py left
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from exchange import decoded, expect

PAGE, EXCHANGE = Path("docs/wire.md"), Path("docs/wire-exchange.md")
EXAMPLE = re.compile(r"<!-- (\w+) -->\n```json\n(.*?)\n```", re.S)
MESSAGE = re.compile(r"<!-- (\S+) -->\n```http\n(.*?)\n```\n\n```http\n(.*?)\n```", re.S)
SNIPPET = re.compile(r"```python\n(.*?)```", re.S)
TOKEN = re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$")

# Members that have one value wherever they are.
CONSTANT = {"alg", "typ", "kty", "crv", "htm", "format", "principal", "err", "key_protection", "access", "kind", "use"}

# What differs from machine to machine: what a scan found there.
OF_A_SCAN = "https://schemas.mtd-agent.dev/secevent/event-type/device-report"

# The header of a message that is not told, because the recorder's own client has others than the agent.
UNTOLD = {"accept-encoding"}


def main():
    recording = json.loads((Path(sys.argv[1]) / "exchange.json").read_text())
    messages, examples = first_of_each(recording), examples_of(recording, Path(sys.argv[1]))
    if os.environ.get("UPDATE_DOCS"):
        EXCHANGE.write_text(exchange_page(messages))
        PAGE.write_text(EXAMPLE.sub(lambda it: renewed(it, examples), PAGE.read_text()))
    compared = compare_messages(messages) + compare_examples(examples)
    print(f"{EXCHANGE} and {PAGE}: {compared} messages and examples are as a fresh recording has them")
    run_snippet()


def first_of_each(recording):
    """One message of each name, and of each event a report."""
    messages = {}
    for it in recording:
        name = it["name"]
        if name == "report":
            (event,) = claims_of(it["request"]["body"])["events"]
            name = f"report-{event.rsplit('/', 1)[1]}"
        # One above the limit is told in words: it is a mebibyte.
        if not name.endswith("-413"):
            messages.setdefault(name, it)
    return messages


def examples_of(recording, folder):
    """What the page shows of each type: the body, or the claims of the token."""
    by_name = first_of_each(recording)
    request = lambda name: json.loads(by_name[name]["request"]["body"])  # noqa: E731
    answer = lambda name: json.loads(by_name[name]["answer"]["body"])  # noqa: E731
    claims = lambda name: claims_of(by_name[name]["answer"]["body"])  # noqa: E731
    change = by_name["report-risk-level-change"]
    policy = claims("policy")
    policy["document"] = "\n".join(policy["document"].splitlines()[:2]) + "\n…"
    return {
        "EnrolmentPayload": json.loads((folder / "payload.json").read_text()),
        "Challenge": answer("challenge"),
        "EnrolmentRequest": request("enrolment"),
        "EnrolmentProof": claims_of(request("enrolment")["proof"]),
        "EnrolmentResponse": answer("enrolment"),
        "KeyChangeRequest": request("key-change"),
        "KeyChangeProof": claims_of(request("key-change")["proof"]),
        "KeyChangeClaims": claims("key-change"),
        "SetClaims": claims_of(change["request"]["body"]),
        "Receipt": claims_of(change["answer"]["headers"]["mtd-receipt"]),
        "RequestClaims": claims_of(by_name["decision"]["request"]["headers"]["authorization"].split(" ")[1]),
        "SettingsClaims": claims("settings"),
        "PolicyClaims": policy,
        "DecisionClaims": claims("decision"),
        "TransportSettings": claims("settings")["settings"]["transport"],
        "JwkSet": answer("jwks"),
        "SignedRefusal": claims_of(
            by_name["report-refused-authentication_failed"]["answer"]["headers"]["mtd-refusal"]
        ),
        "Refusal": answer("enrolment-refused-access_denied"),
    }


def exchange_page(messages):
    page = [
        "# An exchange",
        "",
        "Recorded from the real agent and the real connector (`tests/conformance/exchange.py`), one message of each kind,",
        "byte for byte but for the fields `Date` and `Connection`; what they mean is in [wire.md](wire.md). The tokens are",
        "real: they verify under the keys of the enrolment below, as the Python in wire.md shows.",
        "",
    ]
    for name, it in messages.items():
        page += [f"## {name}", "", f"<!-- {name} -->", "```http", request_text(it["request"]), "```", ""]
        page += ["```http", answer_text(it["answer"]), "```", ""]
    return "\n".join(page)


def request_text(request):
    first = f"{request['method']} {request['target']} HTTP/1.1"
    return text_of(first, request["headers"], request["body"])


def answer_text(answer):
    return text_of(f"HTTP/1.1 {answer['status']} {answer['reason']}", answer["headers"], answer["body"])


def text_of(first, fields, body):
    lines = [first, *(f"{name}: {value}" for name, value in fields.items() if name not in UNTOLD)]
    return "\n".join([*lines, "", body] if body else lines)


def renewed(found, examples):
    example = examples.get(found[1])
    if example is None:
        return found[0]
    return f"<!-- {found[1]} -->\n```json\n{json.dumps(example, indent=2, ensure_ascii=False)}\n```"


def compare_messages(messages):
    """The page has the messages of the recording, in the same form."""
    shown = {name: (request, answer) for name, request, answer in MESSAGE.findall(EXCHANGE.read_text())}
    expect(list(shown) == list(messages), f"{EXCHANGE} has {list(shown)}, a recording {list(messages)}")
    for name, (request, answer) in shown.items():
        for side, told, sent in (
            ("request", request, request_text(messages[name]["request"])),
            ("answer", answer, answer_text(messages[name]["answer"])),
        ):
            same(f"{EXCHANGE}: {side} of {name}", form_of(told), form_of(sent))
    return len(shown)


def compare_examples(examples):
    shown = dict(EXAMPLE.findall(PAGE.read_text()))
    missing = sorted(set(examples) - set(shown))
    expect(not missing, f"{PAGE} has no example of {missing}")
    for name, example in examples.items():
        same(f"{PAGE}: {name}", shape(json.loads(shown[name])), shape(example))
    return len(examples)


def form_of(message):
    """First line, fields and body of a message, by their form."""
    head, _, body = message.partition("\n\n")
    first, *fields = head.split("\n")
    form = [re.sub(r"[0-9a-f]{32}", "DEVICE", first)]
    for field in fields:
        name, _, value = field.partition(": ")
        form.append((name, token_form(value.removeprefix("Bearer ")) if TOKEN.match(value.split(" ")[-1]) else name))
    return [*form, body_form(body)]


def body_form(body):
    if TOKEN.match(body):
        return token_form(body)
    return shape(json.loads(body)) if body.startswith(("{", "[")) else body


def token_form(token):
    return [shape(json.loads(decoded(part))) for part in token.split(".")[:2]]


def shape(value, name=""):
    """The members and the kinds of values."""
    if name == OF_A_SCAN:
        return "what the scan found"
    if isinstance(value, dict):
        return {key: shape(it, key) for key, it in value.items()}
    if isinstance(value, list):
        kinds = {json.dumps(shape(it), sort_keys=True) for it in value}
        return sorted(kinds)
    if isinstance(value, str) and TOKEN.match(value) and value.startswith("eyJ"):
        return token_form(value)
    return value if name in CONSTANT else type(value).__name__


def same(what, told, found):
    if told == found:
        return
    told, found = (json.dumps(it, indent=1, sort_keys=True).splitlines() for it in (told, found))
    different = [f"- {it}" for it in told if it not in found] + [f"+ {it}" for it in found if it not in told]
    expect(False, "\n  ".join([f"{what} is not what is sent; renew it with UPDATE_DOCS=1", *different[:20]]))


def run_snippet():
    """The Python of the page, where a reader would run it."""
    (source,) = SNIPPET.findall(PAGE.read_text())
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "verify.py"
        script.write_text(source)
        ran = subprocess.run([sys.executable, script, EXCHANGE], text=True, capture_output=True)
    expect(ran.returncode == 0, f"the Python of {PAGE} fails:\n{ran.stdout}{ran.stderr}")
    print(f"the Python of {PAGE}: {ran.stdout.strip()}")


def claims_of(token):
    return json.loads(decoded(token.split(".")[1]))


main()
