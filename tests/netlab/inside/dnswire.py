"""As much of the DNS wire format (RFC 1035) as a forger needs."""

import struct

A = 1
NXDOMAIN = 3


def question(message: bytes) -> tuple[str, int, int] | None:
    """Name and type of a query's only question, and where it ends; `None` if there is no such thing."""
    labels, position = [], 12
    try:
        if struct.unpack_from("!H", message, 4)[0] != 1:
            return None
        while length := message[position]:
            if length > 63:
                return None
            labels.append(message[position + 1 : position + 1 + length].decode("ascii", "replace").lower())
            position += 1 + length
        kind = struct.unpack_from("!H", message, position + 1)[0]
    except (IndexError, struct.error):
        return None
    return ".".join(labels), kind, position + 5


def answer(query: bytes, end: int, address: str, ttl: int = 300) -> bytes:
    """A response to `query`, whose question ends at `end`, with one A record."""
    header = query[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, ttl, 4) + bytes(map(int, address.split(".")))
    return header + query[12:end] + record


def query(name: str, identifier: bytes, kind: int = A) -> bytes:
    """A recursive query without EDNS."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return (
        identifier
        + b"\x01\x00"
        + struct.pack("!HHHH", 1, 0, 0, 0)
        + labels
        + b"\0"
        + struct.pack("!HH", kind, 1)
    )
