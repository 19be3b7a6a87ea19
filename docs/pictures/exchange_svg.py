"""Draws what agent and connector say to each other (docs/wire.md) as an SVG, on standard output."""

from svg import document, text

# Where each party's line is.
PARTIES = {"administrator": 90, "connector": 330, "agent": 640, "keystore": 870}
NOTES = 930

# Chapters, and in each what goes from whom to whom, with a note. From and to the same: what a party does by itself.
CHAPTERS = [
    ("Enrolment", [
        ("administrator", "agent", "QR code: origin, pins, one-time token", "outside the network"),
        ("agent", "connector", "POST enrol/challenge", ""),
        ("connector", "agent", "challenge", "good for five minutes"),
        ("agent", "keystore", "make a candidate key", "the one in use stays until the end"),
        ("keystore", "agent", "attestation", "signed by the maker, over the challenge"),
        ("agent", "connector", "public key, attestation, proof, token", "the token is spent by this key alone"),
        ("connector", "agent", "identifier, epoch, connector's key, settings", "asking again: the same answer"),
        ("agent", "keystore", "adopt the candidate", "whoever signs next does it, if this breaks off"),
    ]),
    ("Scan", [
        ("agent", "agent", "number, digest of the report before, time", "all of it in one transaction:"),
        ("agent", "keystore", "sign (ES256)", "verified before it counts;"),
        ("agent", "agent", "seal and queue", "a key that is locked makes events wait"),
    ]),
    ("Delivery, over one TLS 1.3 connection", [
        ("agent", "connector", "POST set: the report, oldest first", "RFC 8935"),
        ("connector", "agent", "202, MTD-Receipt", "signed over these bytes: only now it leaves the queue"),
        ("agent", "connector", "GET settings, policy", "If-None-Match"),
        ("connector", "agent", "signed, or 304", "an older version is refused"),
        ("agent", "connector", "GET decision", ""),
        ("connector", "agent", "signed: which resources are open", "level, chain and silence are judged there"),
    ]),
    ("Otherwise", [
        ("connector", "agent", "anything without a valid receipt", "the same bytes again, later"),
        ("connector", "agent", "400, MTD-Refusal", "signed: set aside and told"),
        ("connector", "agent", "413, MTD-Refusal", "signed: told again in smaller parts"),
    ]),
]
STEP, CHAPTER, TOP = 30, 34, 58
STYLE = (
    ".party{font-weight:600;text-anchor:middle}.chapter{font-weight:600;fill:#1565c0}"
    ".line{stroke:#d5dae0;stroke-dasharray:3 3}.goes{stroke:#4a5560;fill:none}.head{fill:#4a5560}"
    ".words{text-anchor:middle}.own{fill:#eef3fa;stroke:#9db7d6}"
)


def main() -> None:
    body, y = [], TOP
    for chapter, messages in CHAPTERS:
        y += CHAPTER
        body.append(text(20, y - 8, chapter, "chapter"))
        body.append(f'<path d="M20 {y} H{NOTES + 310}" class="arrow"/>')
        for sender, receiver, words, note in messages:
            y += STEP
            body += message(PARTIES[sender], PARTIES[receiver], y, words)
            body.append(text(NOTES, y + 2, note, "note"))
        y += 8
    lines = [line for name, x in PARTIES.items() for line in party(name, x, y)]
    print(document("What agent and connector say to each other", (NOTES + 330, y + 20), STYLE, lines + body))


def party(name: str, x: float, bottom: float) -> list[str]:
    return [
        f'<path d="M{x} 44 V{bottom}" class="line"/>',
        f'<rect x="{x - 62}" y="16" width="124" height="28" rx="6" class="step"/>',
        text(x, 34, name, "party"),
    ]


def message(start: float, end: float, y: float, words: str) -> list[str]:
    if start == end:
        return [
            f'<rect x="{start - 140}" y="{y - 15}" width="280" height="21" rx="4" class="own"/>',
            text(start, y, words, "words"),
        ]
    back = -6 if end > start else 6
    return [
        f'<path d="M{start} {y} H{end}" class="goes"/>',
        f'<path d="M{end} {y} l{back} -4 v8 z" class="head"/>',
        text((start + end) / 2, y - 5, words, "words"),
    ]


main()
