"""One network namespace: commands and daemons in it.

A place has its own /etc/resolv.conf (and, for the phone, its own trust store) by bind mounts that only its own
processes see. Daemons are ended by their process ids, never by name.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

from .errors import LabError
from .tools import PATH

START_SECONDS = 20  # until a daemon listens; mitmproxy takes one or two, more on a busy machine
STOP_SECONDS = 8  # until a daemon has ended; arpspoof repairs the neighbours' tables for about five
COMMAND_SECONDS = 60


class Daemon:
    """A running program of the lab. As a context it is stopped at the end."""

    def __init__(self, place: "Place", name: str, process: subprocess.Popen, log: Path):
        self.place, self.name, self.process, self.log = place, name, process, log

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def running(self) -> bool:
        return self.process.poll() is None

    def wait_until(self, ready, what: str) -> None:
        """Waits until `ready()`, as long as the program runs."""
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if not self.running():
                raise LabError(f"{self.name} ended at once in {self.place.name}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise LabError(
                    f"{self.name} in {self.place.name}: {what} not seen in {START_SECONDS} s:\n{self.log_tail()}"
                )
            time.sleep(0.01)

    def listens(self, protocol: str, port: int) -> bool:
        """Whether the place of this program has a socket on `port` of `tcp` or `udp`."""
        try:
            if os.stat(f"/proc/{self.process.pid}/ns/net").st_ino != os.stat(self.place.file).st_ino:
                return False  # it has not entered its namespace yet
            tables = [
                Path(f"/proc/{self.process.pid}/net/{protocol}{family}").read_text() for family in ("", "6")
            ]
        except FileNotFoundError:
            return False
        rows = [line.split() for table in tables for line in table.splitlines()[1:]]
        listening = ("0A",) if protocol == "tcp" else ("07", "01")
        return any(row[1].endswith(f":{port:04X}") and row[3] in listening for row in rows)

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]

    def send(self, number: int) -> None:
        if self.running():
            os.killpg(self.process.pid, number)

    def stop(self) -> None:
        """Asks the program to end, and ends it if it does not."""
        try:
            self.send(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.process.wait()


class Place:
    """A network namespace called `<prefix>-<name>`."""

    def __init__(self, prefix: str, name: str, folder: Path):
        self.name, self.folder = name, folder
        self.namespace = f"{prefix}-{name}"
        self.file = Path("/run/netns") / self.namespace
        self.enter = folder / f"enter-{name}.sh"
        self.resolver = folder / f"resolv-{name}"
        self.environment = {"PATH": PATH, "HOME": str(folder), "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": "1"}
        self.mounts: list[tuple[Path, str]] = []

    def create(self, nameserver: str = "") -> None:
        subprocess.run(["ip", "netns", "add", self.namespace], check=True, capture_output=True)
        self.set_resolver(nameserver)
        files = {
            "/etc/nsswitch.conf": "hosts: files dns\n",
            "/etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        }
        self.mounts = [(self.resolver, "/etc/resolv.conf")]
        for target, text in files.items():
            source = self.folder / f"{Path(target).name}-{self.name}"
            source.write_text(text)
            self.mounts.append((source, target))
        self.write_enter()

    def write_enter(self) -> None:
        """The script that puts the place's own files over the machine's and becomes the command."""
        lines = [f"[ -e {target} ] && mount --bind {source} {target}" for source, target in self.mounts]
        self.enter.write_text("\n".join(["#!/bin/sh", *lines, 'exec "$@"', ""]))
        self.enter.chmod(0o755)

    def set_resolver(self, *nameservers: str) -> None:
        """Written in place, so that running programs see it too."""
        self.resolver.write_text("".join(f"nameserver {server}\n" for server in nameservers if server))

    def command(self, *words: object) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, str(self.enter), *map(str, words)]

    def run(
        self, *words: object, check: bool = True, seconds: float = COMMAND_SECONDS, text: str | None = None
    ) -> subprocess.CompletedProcess:
        """Runs a command to its end. One string is split like a shell's words."""
        if len(words) == 1:
            words = tuple(shlex.split(str(words[0])))
        try:
            done = subprocess.run(
                self.command(*words),
                input=text or "",
                text=True,
                errors="replace",
                capture_output=True,
                timeout=seconds,
                env=self.environment,
            )
        except subprocess.TimeoutExpired:
            raise LabError(f"{self.name}: {shlex.join(map(str, words))}: not done in {seconds} s") from None
        if check and done.returncode != 0:
            raise LabError(
                f"{self.name}: {shlex.join(map(str, words))}: {done.stderr.strip() or done.stdout.strip()}"
            )
        return done

    def ip(self, *lines: str) -> None:
        """Runs ip(8) commands in this namespace, all in one process."""
        batch = "\n".join(lines)
        done = subprocess.run(
            ["ip", "-n", self.namespace, "-batch", "-"],
            input=batch,
            text=True,
            capture_output=True,
            env=self.environment,
        )
        if done.returncode != 0:
            raise LabError(f"{self.name}: ip: {done.stderr.strip()}\nof:\n{batch}")

    def sysctl(self, **values: object) -> None:
        """Sets net.* keys; dots are written as double underscores."""
        self.run("sysctl", "-qw", *(f"net.{key.replace('__', '.')}={value}" for key, value in values.items()))

    def start(
        self, name: str, *words: object, tcp: int | None = None, udp: int | None = None, **environment: str
    ) -> Daemon:
        """Starts a daemon and waits until it listens, where a port is given."""
        log = self.folder / f"{self.name}-{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                self.command(*words),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**self.environment, **environment},
                start_new_session=True,
            )
        daemon = Daemon(self, name, process, log)
        try:
            if tcp:
                daemon.wait_until(lambda: daemon.listens("tcp", tcp), f"TCP port {tcp}")
            if udp:
                daemon.wait_until(lambda: daemon.listens("udp", udp), f"UDP port {udp}")
        except BaseException:
            daemon.stop()
            raise
        return daemon

    def destroy(self) -> None:
        """Ends what still runs in the namespace and removes it."""
        if not self.file.exists():
            return
        for _ in range(20):
            pids = subprocess.run(
                ["ip", "netns", "pids", self.namespace], capture_output=True, text=True
            ).stdout.split()
            if not pids:
                break
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.02)
        subprocess.run(["ip", "netns", "del", self.namespace], capture_output=True)
