"""A relay on the link layer between two interfaces, which delays and loses frames.

slow_link.py A B --delay MS --loss PERCENT
"""

import argparse
import heapq
import random
import select
import socket
import struct
import time

ETH_ALL = 3
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1


def tap(interface: str) -> socket.socket:
    """Every frame of an interface."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_ALL))
    wire.bind((interface, 0))
    membership = struct.pack("IHH8s", socket.if_nametoindex(interface), PACKET_MR_PROMISC, 0, b"")
    wire.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, membership)
    return wire


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("interfaces", nargs=2)
    parser.add_argument("--delay", type=float, required=True)
    parser.add_argument("--loss", type=float, default=0)
    options = parser.parse_args()
    wires = [tap(interface) for interface in options.interfaces]
    waiting: list[tuple[float, int, socket.socket, bytes]] = []
    count = 0
    while True:
        patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        for wire in select.select(wires, [], [], patience)[0]:
            frame, origin = wire.recvfrom(65535)
            if origin[2] == socket.PACKET_OUTGOING or random.random() * 100 < options.loss:
                continue
            count += 1
            other = wires[1 - wires.index(wire)]
            heapq.heappush(waiting, (time.monotonic() + options.delay / 1000, count, other, frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, other, frame = heapq.heappop(waiting)
            try:
                other.send(frame)
            except OSError:
                pass  # as a wire: what does not fit is lost


main()
