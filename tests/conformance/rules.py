"""Why mtd and MVT differ about a host or a URL. The table of docs/intel.md tells each rule in words."""

import ipaddress
from collections import namedtuple
from itertools import combinations

from indicators import is_address

Parts = namedtuple("Parts", "scheme user host port rest")

# Reasons that a difference may have at once.
MOST_REASONS = 3


class Rules:
    """Finds the reasons. `shorteners` are the hosts behind which MVT looks for another URL."""

    def __init__(self, mvt, shorteners):
        self.mvt, self.shorteners = mvt, set(shorteners)

    def why_missed(self, observation, hits):
        """The rules that MVT misses `observation` by: written without what these name, MVT finds it.

        The fewest that do, so that nothing is blamed which makes no difference.
        """
        parts = split(observation)
        changes = {name: change for name, change in CHANGES.items() if change(parts, hits) != parts}
        for count in range(1, MOST_REASONS + 1):
            for names in combinations(changes, count):
                changed = parts
                for name in names:
                    changed = changes[name](changed, hits)
                if self.mvt.check_url(join(changed)):
                    return names
        return None

    def why_too_much(self, observation, match):
        """The rule that MVT finds `observation` by, which is not listed: the indicator stands somewhere in the text."""
        host, indicator = split(observation).host.lower().rstrip("."), match.ioc.value
        is_host = host == indicator or (host.endswith(f".{indicator}") and not is_address(indicator))
        if is_host or indicator not in observation.lower():
            return None
        return ("shortener",) if host in self.shorteners else ("text",)


def split(text):
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    end = min((rest.find(c) for c in "/?#" if c in rest), default=len(rest))
    authority, rest = rest[:end], rest[end:]
    user, _, place = authority.rpartition("@")
    host, _, port = (place, "", "") if ":" not in place or place.endswith("]") else place.rpartition(":")
    return Parts(scheme, user, host, port, rest)


def join(parts):
    user, port = parts.user and f"{parts.user}@", parts.port and f":{parts.port}"
    return f"{parts.scheme and parts.scheme + '://'}{user}{parts.host}{port}{parts.rest}"


def without_notation(parts, hits):
    """An address in the notation that feeds use."""
    host = parts.host.strip("[]")
    if not (host.isdigit() or ":" in host):
        return parts
    address = ipaddress.ip_address(int(host) if host.isdigit() else host)
    return parts._replace(host=str(getattr(address, "ipv4_mapped", None) or address))


def at_indicator(parts, hits):
    """The host that is listed, in the place of one below it."""
    host = parts.host.lower().rstrip(".")
    parents = [it["indicator"] for it in hits if host.endswith(f".{it['indicator']}")]
    return parts._replace(host=min(parents, key=len)) if parents else parts


def under_www(parts, hits):
    """A `www.` more, for MVT takes one away before it compares."""
    is_www = any(it["indicator"].startswith("www.") for it in hits)
    return parts._replace(host=f"www.{parts.host}") if is_www else parts


def at_path(parts, hits):
    """The path that is listed, in the place of one below it."""
    paths = [it["indicator"].partition("/")[2] for it in hits if it["kind"] == "url"]
    return parts._replace(rest=f"/{paths[0]}") if paths else parts


def in_ascii(parts, hits):
    return parts if parts.host.isascii() else parts._replace(host=parts.host.encode("idna").decode())


CHANGES = {
    "port": lambda parts, hits: parts._replace(port=""),
    "user-info": lambda parts, hits: parts._replace(user=""),
    "trailing-dot": lambda parts, hits: parts._replace(host=parts.host.rstrip(".")),
    "letter-case": lambda parts, hits: parts._replace(host=parts.host.lower()),
    "idna": in_ascii,
    "address-notation": without_notation,
    "parent-between": at_indicator,
    "www": under_www,
    "path": at_path,
}
