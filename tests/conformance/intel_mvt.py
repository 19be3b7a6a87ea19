"""Holds `mtd intel check` against MVT's own indicator code (mvt.common.indicators), on the same feeds and observations.

App identifiers, file hashes and certificates: exactly the same observations match, and the family that MVT names is one
that mtd names. Hosts and URLs: a difference needs a reason, a rule that is in the table of docs/intel.md, which says who is right
and why. A rule is no excuse by name: it has to show its reason for the very observation at hand.

MVT reads no YAML. It gets the families of the YAML feed as STIX, in the form of its own feeds.
"""

import json
import os
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from indicators import Mtd, canonical, expect, feeds
from observations import EXACT, certificates, hosts_and_urls
from rules import Rules

DOCS = Path("docs/intel.md")
TABLE_ROW = re.compile(r"\| `([a-z-]+)` \|[^|]+\|[^|]+\| (mtd|MVT): [^|]+ \|")

# Where in MVT our kinds are looked up.
CHECKS = {
    "app_id": "check_app_id",
    "file_hash": "check_file_hash",
    "certificate": "check_app_certificate_hash",
    "url": "check_url",
}

# MVT's words for an indicator without malware.
NO_FAMILY = "Default collection"


def main():
    mtd, data = sys.argv[1], Path(sys.argv[2])
    known = feeds(data / "intel")
    with tempfile.TemporaryDirectory() as folder:
        ours = Mtd(mtd, data, folder)
        theirs = load_mvt(data, known, Path(folder))
        for kind, observe in EXACT.items():
            same(kind, observe(known, data), ours, theirs)
        reasons = differing(hosts_and_urls(known), ours, theirs)
        reasons += colons(certificates(known, data), ours, theirs)
    told(reasons, dict(TABLE_ROW.findall(DOCS.read_text())))


def load_mvt(data, known, folder):
    """MVT with the same indicators, without its settings, its own indicators and the network."""
    os.environ.update(MVT_CONFIG_FOLDER=str(folder), MVT_DATA_FOLDER=str(folder), MVT_NETWORK_ACCESS_ALLOWED="False")
    from mvt.common.indicators import Indicators

    files = []
    for path in sorted((data / "intel").iterdir()):
        if path.suffix == ".yaml":
            path = folder / f"{path.stem}.stix2"
            path.write_text(json.dumps(as_stix(known[path.stem])))
        files.append(str(path))
    indicators = Indicators()
    indicators.load_indicators_files(files, load_default=False)
    return indicators


def as_stix(found):
    properties = {
        "app_id": "app:id",
        "certificate": "app:cert.sha1",
        "domain": "domain-name:value",
        "network": "ipv4-addr:value",
        "url": "url:value",
    }
    families = {it.family: f"malware--{number}" for number, it in enumerate(found)}
    objects = [{"type": "malware", "id": key, "name": name} for name, key in families.items()]
    for number, it in enumerate(found):
        kind, _ = canonical(it.kind, it.value)
        key, pattern = f"indicator--{number}", f"[{properties[kind]}='{it.value}']"
        objects.append({"type": "indicator", "id": key, "pattern": pattern})
        link = {"relationship_type": "indicates", "source_ref": key, "target_ref": families[it.family]}
        objects.append({"type": "relationship", **link})
    return {"type": "bundle", "objects": objects}


def same(kind, observations, ours, theirs):
    """Every observation of `kind` matches here and there, or neither here nor there."""
    check = getattr(theirs, CHECKS[kind])
    hits = ours.check(kind, observations)
    matched = 0
    for observation in observations:
        families, match = {hit["family"] for hit in hits[observation]}, check(observation)
        expect(bool(families) == bool(match), f"{kind} {observation}: mtd {sorted(families)}, MVT {match}")
        if match and match.ioc.name != NO_FAMILY:
            expect(match.ioc.name in families, f"{kind} {observation}: mtd {sorted(families)}, MVT {match.ioc.name}")
        matched += bool(match)
    expect(0 < matched < len(observations), f"{kind}: {matched} of {len(observations)} match, which tests nothing")
    print(f"{kind}: {len(observations)} observations, the same {matched} match in mtd and in MVT")


def differing(observations, ours, theirs):
    """The reasons for which the two differ, and how often; none where they have none."""
    from mvt.common.url import SHORTENER_DOMAINS

    rules = Rules(theirs, SHORTENER_DOMAINS)
    hits = ours.check("url", observations)
    reasons, unexplained, both, neither = Counter(), [], 0, 0
    for observation in observations:
        hit, match = hits[observation], theirs.check_url(observation)
        if bool(hit) == bool(match):
            both += bool(hit)
            neither += not hit
        elif why := rules.why_missed(observation, hit) if hit else rules.why_too_much(observation, match):
            reasons[why] += 1
        else:
            unexplained.append((observation, [it["indicator"] for it in hit], match and match.ioc.value))

    shown = "\n".join(f"  {observation}: mtd {hit}, MVT {match}" for observation, hit, match in unexplained[:20])
    expect(not unexplained, f"{len(unexplained)} differences without a reason, such as\n{shown}")
    expect(both and neither, f"{both} match in both and {neither} in neither, which tests nothing")
    print(f"url: {len(observations)} observations; {both} match in both, {neither} in neither")
    return reasons


def colons(digests, ours, theirs):
    """Digests as keytool and openssl print them: pairs with colons between them."""
    pairs = {":".join(it[at : at + 2] for at in range(0, len(it), 2)): it for it in digests}
    with_colons, without = ours.check("certificate", list(pairs)), ours.check("certificate", digests)
    differing = 0
    for text, digest in pairs.items():
        expect(bool(with_colons[text]) == bool(without[digest]), f"certificate {text}: the colons count in mtd")
        expect(not theirs.check_app_certificate_hash(text), f"certificate {text}: MVT strips colons now")
        differing += bool(with_colons[text])
    return Counter({("colons",): differing})


def told(reasons, table):
    """Every reason is in the table, and nothing else is."""
    used = {rule for why in reasons for rule in why}
    expect(used == set(table), f"the table of {DOCS} lists {sorted(table)}; the reasons are {sorted(used)}")
    for why, count in reasons.most_common():
        right = {table[rule] for rule in why}
        print(f"  {count:6} {' + '.join(why)}: {' and '.join(sorted(right))} right")


main()
