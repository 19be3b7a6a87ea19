"""nginx: configurations out of small pieces, and one process for each."""

from pathlib import Path

from .addresses import Host
from .network import Lab
from .places import Daemon, Place


def start(lab: Lab, place: Place, name: str, *servers: str, **port: int) -> Daemon:
    """Starts nginx with `server` blocks; it logs to the lab's folder."""
    tag = lab.path(f"{place.name}-{name}")
    temporary = [
        f"{kind}_temp_path {lab.folder}" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    ]
    common = [
        f"access_log {tag}.access.log",
        *temporary,
        "types { text/html html; application/javascript js; image/png png; }",
        "ssl_protocols TLSv1.2 TLSv1.3",
        "add_header Cache-Control no-transform",
    ]
    main = ["daemon off", "user root", "worker_processes 1", f"pid {tag}.pid", f"error_log {tag}.error.log"]
    text = lines([*main, "events {}", block("http", *common, *servers)])
    file = lab.write(f"{place.name}-{name}.conf", text + "\n")
    return place.start(name, "nginx", "-c", file, "-p", lab.folder, "-e", f"{tag}.error.log", **port)


def server(*directives: str) -> str:
    return block("server", *directives)


def location(path: str, *directives: str) -> str:
    return block(f"location {path}", *directives)


def block(name: str, *directives: str) -> str:
    inner = lines([directive for directive in directives if directive])
    return f"{name} {{\n{inner}\n}}"


def lines(directives: list[str]) -> str:
    """One to a line, with the semicolon that a directive without a block needs."""
    return "\n".join(
        directive if directive.endswith(("}", ";")) else directive + ";" for directive in directives
    )


def listen(host: Host, port: int, options: str = "") -> str:
    """On a host's addresses."""
    addresses = [f"[{address}]" if ":" in address else address for address in host if address]
    return lines([f"listen {address}:{port} {options}" for address in addresses])


def listen_everywhere(port: int, options: str = "") -> str:
    return lines([f"listen {port} {options}", f"listen [::]:{port} {options}"])


def certificate(files: tuple[Path, Path]) -> str:
    """A chain and its key, as `Pki.leaf` gives them."""
    return f"ssl_certificate {files[0]}; ssl_certificate_key {files[1]};"
