# SPDX-License-Identifier: MIT
"""open_flows.py ADDRESS NUMBER: sends one UDP datagram in each of NUMBER flows to ADDRESS."""
import socket
import sys

number = int(sys.argv[2])
PORTS = 50000
sent = 0
for source in range(10000, 60000, 1000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("0.0.0.0", source))
        for port in range(1024, 1024 + PORTS):
            if sent == number:
                sys.exit()
            try:
                sender.sendto(b"x", (sys.argv[1], port))
            except OSError:  # the answer to an earlier one: port unreachable
                sender.sendto(b"x", (sys.argv[1], port))
            sent += 1
