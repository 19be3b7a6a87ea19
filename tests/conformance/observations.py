"""What mtd and MVT are asked about: every indicator, its variants, what only looks like it, and what is benign."""

import plistlib
import re

from indicators import canonical

BENIGN_HOSTS = (
    "google.com www.google.com maps.google.com youtube.com apple.com icloud.com wikipedia.org ko.wikipedia.org "
    "amazon.com amazonaws.com s3.amazonaws.com microsoft.com login.microsoftonline.com office.com live.com github.com "
    "github.io gitlab.com cloudflare.com fastly.net akamai.net mozilla.org debian.org kernel.org rust-lang.org "
    "python.org w3.org ietf.org iana.org example.com example.org facebook.com instagram.com whatsapp.com whatsapp.net "
    "telegram.org t.me signal.org x.com twitter.com linkedin.com reddit.com netflix.com spotify.com zoom.us slack.com "
    "dropbox.com paypal.com ebay.com booking.com bbc.co.uk co.uk gov.uk naver.com kakao.com daum.net samsung.com "
    "go.kr yonhapnews.co.kr yahoo.co.jp baidu.com qq.com weibo.com alibaba.com taobao.com yandex.ru vk.com "
    "blogspot.com wordpress.com herokuapp.com appspot.com duckdns.org no-ip.org bit.ly goo.gl tinyurl.com "
    "localhost router.lan 127.0.0.1 192.168.1.1 10.0.0.1 8.8.8.8 1.1.1.1"
).split()


def app_ids(known, data):
    """Listed ones in several notations, near misses, and the apps of real devices."""
    listed = values(known, "app_id")
    near = [f"{it}.x" for it in listed] + [f"x{it}" for it in listed] + [it.rpartition(".")[0] for it in listed]
    return distinct([*listed, *map(str.upper, listed), *near, *installed(data)])


def installed(data):
    for path in sorted((data / "inventory/android").glob("*.txt")):
        yield from re.findall(r"Package \[([\w.]+)\]", path.read_text(errors="replace"))
    listing = plistlib.loads((data / "inventory/apple-mdm/installed_application_list.plist").read_bytes())
    for app in listing["InstalledApplicationList"]:
        yield app.get("Identifier", "")


def file_hashes(known, data):
    # Certificates are among the near misses: a digest of a certificate is none of a file.
    return digests(values(known, "file_hash")) + digests(values(known, "certificate"))


def certificates(known, data):
    return digests(values(known, "certificate")) + digests(values(known, "file_hash"))


def digests(listed):
    altered = [it[:-1] + ("0" if it[-1] != "0" else "1") for it in listed]
    return distinct([*map(str.lower, listed), *map(str.upper, listed), *altered])


# Kinds in which mtd and MVT must agree, and what both are asked.
EXACT = {"app_id": app_ids, "file_hash": file_hashes, "certificate": certificates}


def hosts_and_urls(known):
    """Hosts and URLs about every host that is listed."""
    found = [*BENIGN_HOSTS, *(f"https://{host}/p?q=1" for host in BENIGN_HOSTS)]
    for value in values(known, "domain"):
        kind, text = canonical("domain", value)
        found.append(value)
        if kind == "url":
            found += [f"{value}/p", f"{value}x", value.rpartition("/")[0]]
        else:
            found += around(text)
            found += of_address(text) if kind == "network" else of_name(text)
    return distinct(found)


def around(host):
    """URLs at `host`, and URLs that only mention it."""
    return [
        f"https://{host}/p",
        f"https://{host}:8443/p",
        f"http://{host}?x=1=2#f",
        f"https://user:secret@{host}/",
        f"https://{host}@example.com/",
        f"https://example.com/{host}",
        f"https://example.com/?u=https://{host}/",
        f"http://192.0.2.77/?u={host}",
        f"https://bit.ly/{host}",
        f"{host}.example.com",
    ]


def of_name(host):
    found = [
        host.upper(),
        f"{host}.",
        f"https://{host}.:8443/",
        f"www.{host}",
        f"https://a.{host}/",
        f"https://a.b.{host}/p",
        f"https://a.b.{host}:8443/p",
        f"not{host}",
        f"{host}x",
        host.partition(".")[2],
    ]
    if "xn--" in host:
        found.append(host.encode().decode("idna"))
    return [it for it in found if "." in it]


def of_address(host):
    parts = [int(part) for part in host.split(".")]
    longer = [f"{host}{digit}" for digit in range(10) if parts[-1] * 10 + digit < 256]
    return [str(int.from_bytes(bytes(parts), "big")), f"[::ffff:{host}]", *longer]


def values(known, kind):
    return distinct(it.value for found in known.values() for it in found if it.kind == kind)


def distinct(some):
    return list(dict.fromkeys(it for it in some if it))
