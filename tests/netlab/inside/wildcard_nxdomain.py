"""A resolver that answers names that do not exist with an advertiser's address.

wildcard_nxdomain.py --port 5300 --upstream 198.51.100.53 --answer 192.0.2.99
"""

import argparse
import socket
import threading

import dnswire


def resolve(query: bytes, upstream: str, advertiser: str) -> bytes | None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forward:
        forward.settimeout(3)
        forward.sendto(query, (upstream, 53))
        try:
            reply = forward.recv(4096)
        except OSError:
            return None
    asked = dnswire.question(query)
    if asked and asked[1] == dnswire.A and reply[3] & 15 == dnswire.NXDOMAIN:
        return dnswire.answer(query, asked[2], advertiser)
    return reply


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--answer", required=True)
    options = parser.parse_args()
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", options.port))

    def serve(query: bytes, client: tuple) -> None:
        if reply := resolve(query, options.upstream, options.answer):
            server.sendto(reply, client)

    while True:
        threading.Thread(target=serve, args=server.recvfrom(4096), daemon=True).start()


main()
