"""The programs that the lab runs: Debian packages, installed when missing, without starting any service."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .errors import LabError

# Debian package -> a file of it that tells whether it is there.
PACKAGES = {
    "iproute2": "ip",
    "iptables": "iptables",
    "ethtool": "ethtool",
    "procps": "sysctl",
    "ca-certificates": "update-ca-certificates",
    "openssl": "openssl",
    "curl": "curl",
    "bind9-dnsutils": "dig",
    "iputils-ping": "ping",
    "tcpdump": "tcpdump",
    "faketime": "faketime",
    "udhcpc": "udhcpc",
    "dnsmasq-base": "dnsmasq",
    "unbound": "unbound",
    "nginx-light": "nginx",
    "socat": "socat",
    "tayga": "tayga",
    "tinyproxy-bin": "tinyproxy",
    "radvd": "radvd",
    "hping3": "hping3",
    "dsniff": "arpspoof",
    "mitmproxy": "mitmdump",
    "python3-pil": "/usr/lib/python3/dist-packages/PIL/__init__.py",
}

# Debian's daemons and tools live in sbin, which is not in every PATH.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def ensure() -> None:
    """Checks for root and installs what is missing, saying so."""
    if os.geteuid() != 0:
        raise LabError("netlab: network namespaces need root: run it as root, or with sudo")
    missing = [
        package
        for package, file in PACKAGES.items()
        if not shutil.which(file, path=PATH) and not Path(file).is_file()
    ]
    if missing:
        print(f"netlab: installing with apt-get: {' '.join(missing)}", flush=True)
        install(missing)


def install(packages: list[str]) -> None:
    """Installs `packages`; a policy file keeps their daemons from starting on this machine meanwhile."""
    if not shutil.which("apt-get"):
        raise LabError(
            f"netlab: needs {' '.join(packages)}, and this machine has no apt-get: install them by hand"
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": PATH}
    waiting = ["-o", "DPkg::Lock::Timeout=300"]
    with no_services(), tempfile.TemporaryFile("w+") as log:
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", *waiting, *command],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
            if done.returncode != 0:
                log.seek(0)
                raise LabError(f"netlab: apt-get {command[0]} failed:\n{log.read()[-2000:]}")


@contextlib.contextmanager
def no_services() -> Iterator[None]:
    """While entered, Debian packages do not start their daemons (policy-rc.d of invoke-rc.d)."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():  # the machine has its own opinion
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
