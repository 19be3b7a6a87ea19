"""A transparent TCP relay: forwards each redirected connection to where it was going, byte for byte.

    relay.py --port 8443 [--to HOST=ADDRESS:PORT]... [--refuse-tls13]

With --to it forwards by the name that the client asks for: that of its ClientHello (RFC 6066, 3) or its Host field.
With --refuse-tls13 it resets connections whose first bytes are a ClientHello that offers TLS 1.3, as an old
or a hostile middlebox does.
"""

import argparse
import asyncio
import re
import socket
import struct

SO_ORIGINAL_DST = 80
SERVER_NAME, SUPPORTED_VERSIONS = 0, 43
HANDSHAKE = 22
TLS13 = b"\x03\x04"


def original_destination(connection: socket.socket) -> tuple[str, int]:
    """Where a REDIRECT rule found the connection going to."""
    if connection.getpeername()[0].startswith("::ffff:"):
        _, port, address = struct.unpack("!HH4s8x", connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16))
        return socket.inet_ntop(socket.AF_INET, address), port
    raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
    _, port, address = struct.unpack("!HH4x16s4x", raw)
    return socket.inet_ntop(socket.AF_INET6, address), port


async def first_words(reader: asyncio.StreamReader) -> bytes:
    """The first TLS record or the head of the first HTTP request, or what there is of it."""
    try:
        header = await reader.readexactly(5)
        if header[0] != HANDSHAKE:
            return header + await reader.readuntil(b"\r\n\r\n")
        return header + await reader.readexactly(int.from_bytes(header[3:5], "big"))
    except asyncio.IncompleteReadError as error:
        return error.partial


def offers_tls13(record: bytes) -> bool:
    """Whether a ClientHello's supported_versions (RFC 8446, 4.2.1) has TLS 1.3."""
    value = extension(record, SUPPORTED_VERSIONS)
    return TLS13 in (value[at : at + 2] for at in range(1, len(value), 2))


def asked_name(first: bytes) -> str:
    """The host that a client asks for in its first words."""
    if first[:1] == bytes([HANDSHAKE]):
        return extension(first, SERVER_NAME)[5:].decode("ascii", "replace")
    host = re.search(rb"\r\nhost: *([^:\r]+)", first, re.IGNORECASE)
    return host.group(1).decode("ascii", "replace") if host else ""


def extension(record: bytes, wanted: int) -> bytes:
    """The value of an extension of a ClientHello; empty where it has none."""
    try:
        position = 5 + 4 + 2 + 32  # record and handshake headers, version, random
        position += 1 + record[position]  # session id
        position += 2 + int.from_bytes(record[position : position + 2], "big")  # cipher suites
        position += 1 + record[position] + 2  # compression methods, length of extensions
        while position + 4 <= len(record):
            kind, length = struct.unpack_from("!HH", record, position)
            value = record[position + 4 : position + 4 + length]
            if kind == wanted:
                return value
            position += 4 + length
    except IndexError:
        pass
    return b""


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


async def forward(
    options: argparse.Namespace, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    connection = writer.get_extra_info("socket")
    first = await first_words(reader) if options.refuse_tls13 or options.to else b""
    if options.refuse_tls13 and offers_tls13(first):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
        writer.transport.abort()
        return
    try:
        host, port = (
            dict(options.to)[asked_name(first)].rsplit(":", 1)
            if options.to
            else original_destination(connection)
        )
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
    except (OSError, KeyError):
        writer.transport.abort()
        return
    far_writer.write(first)
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    far_writer.close()
    writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--to", action="append", type=lambda text: text.split("=", 1))
    parser.add_argument("--refuse-tls13", action="store_true")
    options = parser.parse_args()
    listener = socket.create_server(("::", options.port), family=socket.AF_INET6, dualstack_ipv6=True)
    server = await asyncio.start_server(
        lambda reader, writer: forward(options, reader, writer), sock=listener
    )
    await server.serve_forever()


asyncio.run(main())
