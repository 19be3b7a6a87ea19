"""Draws how a verdict on the network is reached (docs/network-checks.md) as an SVG, on standard output."""

from svg import document, text

# Question, its note, and where it leads when the answer is yes: verdict and words, one or more.
STEPS = [
    ("Did the network change while it was measured?", "name, gateway, transport before and after",
     [("inconclusive", "nothing is concluded, nothing is learned")]),
    ("Did a canary see something else than was sent?",
     "TLS exporter and ClientHello; page and script over clear HTTP",
     [("confirmed", "TLS interception, content tampering: proof by itself"),
      ("benign", "managed inspection, where the root is declared")]),
    ("Does a sign-in page hold the network?", "HTTP and HTTPS probes, the system's flag, RFC 8908",
     [("benign", "captive portal: what it can cause waits until it clears")]),
    ("Were the packets lost?", "three attempts at each endpoint",
     [("inconclusive", "never clean, never an alarm")]),
    ("Is the clock wrong by the canaries' signed time?", "more than five minutes",
     [("benign", "clock skew; certificates are judged by the signed time")]),
    ("Does nobody vouch for a certificate chain?", "public roots, the organisation's, the device's own",
     [("confirmed", "in two networks: interception; a system root: trust store"),
      ("suspicious", "in one network; pins, transparency logs and downgrade alike")]),
    ("Are the canary's names answered wrongly?", "derived answers, two answers to one query",
     [("confirmed", "the address has no valid TLS: DNS spoofing"),
      ("suspicious", "two answers, or one from where no server is"),
      ("benign", "valid TLS there, NAT64, declared split horizon, wildcard")]),
    ("Did the same place change?", "gateway's hardware address, first hops, DHCP, routers, access point",
     [("confirmed", "together with another, independent layer"),
      ("suspicious", "alone: ARP, path, DHCP, router, twin"),
      ("clean", "new access point, other site, fail-over: learned")]),
]
COLOURS = {"clean": "#2e7d32", "benign": "#1565c0", "inconclusive": "#757575", "suspicious": "#e67e00",
           "confirmed": "#c62828"}
LEFT, BOX, GAP, RIGHT, VERDICT = 20, 430, 26, 500, 510
LINE = 27
STYLE = ".question{font-weight:600}.pill{fill:#fff;font-weight:600;font-size:11.5px;text-anchor:middle}"


def main() -> None:
    body, top = [], 20
    for number, (question, note, exits) in enumerate(STEPS, 1):
        height = max(58, LINE * len(exits) + 8)
        body.append(f'<rect x="{LEFT}" y="{top}" width="{BOX}" height="{height}" rx="6" class="step"/>')
        middle = top + height / 2
        body.append(text(LEFT + 14, middle - 6, f"{number}  {question}", "question"))
        body.append(text(LEFT + 32, middle + 14, note, "note"))
        first = middle - LINE * len(exits) / 2
        for row, (verdict, words) in enumerate(exits):
            y = first + LINE * row + LINE / 2
            body.append(f'<path d="M{LEFT + BOX} {middle} H{RIGHT - 25} V{y} H{RIGHT}" class="arrow"/>')
            body.append(pill(RIGHT, y, verdict))
            body.append(text(RIGHT + 108, y + 4, words, "words"))
        bottom = top + height
        body.append(f'<path d="M{LEFT + 40} {bottom} V{bottom + GAP}" class="arrow"/>')
        body.append(text(LEFT + 48, bottom + GAP - 8, "no", "note"))
        top = bottom + GAP
    body.append(pill(LEFT, top + 13, "clean"))
    body.append(text(LEFT + 108, top + 17, "looked at, and in order", "words"))
    print(document("How a verdict on the network is reached", (RIGHT + VERDICT, top + 40), STYLE, body))


def pill(x: float, y: float, verdict: str) -> str:
    shape = f'<rect x="{x}" y="{y - 11}" width="98" height="22" rx="11" fill="{COLOURS[verdict]}"/>'
    return shape + f'<text x="{x + 49}" y="{y + 4}" class="pill">{verdict}</text>'


main()
