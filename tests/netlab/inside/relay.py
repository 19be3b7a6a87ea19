"""A transparent TCP relay: forwards each redirected connection to where it was going, byte for byte.

    relay.py --port 8443 [--to ADDRESS:PORT] [--refuse-tls13]

With --refuse-tls13 it resets connections whose first bytes are a ClientHello that offers TLS 1.3, as an old
or a hostile middlebox does.
"""

import argparse
import asyncio
import socket
import struct

SO_ORIGINAL_DST = 80
SUPPORTED_VERSIONS = 43
TLS13 = b"\x03\x04"


def original_destination(connection: socket.socket) -> tuple[str, int]:
    """Where a REDIRECT rule found the connection going to."""
    if connection.getpeername()[0].startswith("::ffff:"):
        _, port, address = struct.unpack("!HH4s8x", connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16))
        return socket.inet_ntop(socket.AF_INET, address), port
    raw = connection.getsockopt(socket.IPPROTO_IPV6, SO_ORIGINAL_DST, 28)
    _, port, address = struct.unpack("!HH4x16s4x", raw)
    return socket.inet_ntop(socket.AF_INET6, address), port


async def client_hello(reader: asyncio.StreamReader) -> bytes:
    """The first TLS record, or what there is of it."""
    try:
        header = await reader.readexactly(5)
        return header + await reader.readexactly(int.from_bytes(header[3:5], "big"))
    except asyncio.IncompleteReadError as error:
        return error.partial


def offers_tls13(record: bytes) -> bool:
    """Whether a ClientHello's supported_versions (RFC 8446, 4.2.1) has TLS 1.3."""
    try:
        position = 5 + 4 + 2 + 32  # record and handshake headers, version, random
        position += 1 + record[position]  # session id
        position += 2 + int.from_bytes(record[position : position + 2], "big")  # cipher suites
        position += 1 + record[position] + 2  # compression methods, length of extensions
        while position + 4 <= len(record):
            kind, length = struct.unpack_from("!HH", record, position)
            value = record[position + 4 : position + 4 + length]
            if kind == SUPPORTED_VERSIONS:
                return TLS13 in (value[at : at + 2] for at in range(1, len(value), 2))
            position += 4 + length
    except IndexError:
        pass
    return False


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
    first = b""
    if options.refuse_tls13 and offers_tls13(first := await client_hello(reader)):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, not FIN
        writer.transport.abort()
        return
    host, port = options.to.rsplit(":", 1) if options.to else original_destination(connection)
    try:
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
    except OSError:
        writer.transport.abort()
        return
    far_writer.write(first)
    await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
    far_writer.close()
    writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--to", default="")
    parser.add_argument("--refuse-tls13", action="store_true")
    options = parser.parse_args()
    listener = socket.create_server(("::", options.port), family=socket.AF_INET6, dualstack_ipv6=True)
    server = await asyncio.start_server(
        lambda reader, writer: forward(options, reader, writer), sock=listener
    )
    await server.serve_forever()


asyncio.run(main())
