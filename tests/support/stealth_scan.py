#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""stealth_scan.py INTERFACE MAC ADDRESS PORT: scans a UDP port with everything that a stranger has.

Sends every type of message (0 to 6, and with reserved bytes set) in every length from 0 to 256, and
handshake messages and data with random contents. Prints how many frames came from MAC meanwhile, and
in the second after: of any protocol, seen below the IP stack.
"""
import os
import socket
import sys
import threading
import time

interface, mac, address, port = sys.argv[1], bytes.fromhex(sys.argv[2].replace(":", "")), sys.argv[3], int(sys.argv[4])
ETH_P_ALL = 3
PACE = 64  # datagrams between two pauses: so that no queue overflows

seen = 0
over = threading.Event()
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.bind((interface, ETH_P_ALL))
wire.settimeout(0.1)


def listen():
    global seen
    while not over.is_set():
        try:
            if wire.recv(2048)[6:12] == mac:
                seen += 1
        except TimeoutError:
            pass


def messages():
    for length in range(257):
        for kind in range(7):
            for reserved in (b"\0\0\0", b"\0\0\1"):
                yield (bytes([kind]) + reserved + os.urandom(256))[:length]
    for kind, length in ((1, 148), (2, 92), (3, 64), (4, 32), (4, 1452)):
        for _ in range(200):
            yield bytes([kind, 0, 0, 0]) + os.urandom(length - 4)


listener = threading.Thread(target=listen)
listener.start()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sent = 0
for message in messages():
    try:
        sender.sendto(message, (address, port))
    except ConnectionRefusedError:
        pass  # the answer that we look for: it was seen on the wire
    sent += 1
    if sent % PACE == 0:
        time.sleep(0.005)
time.sleep(1)
over.set()
listener.join()
print(seen)
