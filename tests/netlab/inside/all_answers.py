"""Prints the address in every answer to one DNS query that arrives within 1.5 s, one a line.

all_answers.py SERVER NAME
"""

import os
import socket
import sys
import time

import dnswire

server, name = sys.argv[1:]
query = dnswire.query(name, os.urandom(2))
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(query, (server, 53))
deadline = time.monotonic() + 1.5
while (left := deadline - time.monotonic()) > 0:
    client.settimeout(left)
    try:
        reply = client.recv(4096)
    except TimeoutError:
        break
    print(".".join(map(str, reply[-4:])) if reply[7] else f"rcode {reply[3] & 15}", flush=True)
