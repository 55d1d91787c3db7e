#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Looks for packets that ought to be inside a tunnel.

    plaintext_watch.py send ADDRESS...        a datagram with the mark to each, 500 times a second, for ever
    plaintext_watch.py watch INTERFACE FILE   until SIGTERM; then FILE says what came by, as JSON

`clear` counts frames with the mark, `sealed` those with transport data of WireGuard.
"""
import json
import signal
import socket
import struct
import sys
import time

MARK = b"tollgate: this is nobody else's business"
PORT = 9
ETH_P_ALL = 3
ETHERNET, IPV4, UDP = 14, 20, 8
DATA = struct.pack("<I", 4)


def send(addresses):
    sockets = {address: socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
               for address in addresses}
    while True:
        for address, sender in sockets.items():
            try:
                sender.sendto(MARK, (address, PORT))
            except OSError:
                pass  # no way there: that is what is wanted
        time.sleep(0.002)


def watch(interface, path):
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # else it hears all interfaces until it is bound
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    listener.bind((interface, ETH_P_ALL))
    counts = {"clear": 0, "sealed": 0, "which": []}

    def end(*_):
        with open(path, "w", encoding="ascii") as file:
            json.dump(counts, file)
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    print("watching", flush=True)
    while True:
        frame = listener.recv(65536)
        if MARK in frame:
            counts["clear"] += 1
            if len(counts["which"]) < 8:
                counts["which"].append(f"{time.time():.3f} {frame.hex(' ', -2)[:170]}")
        elif frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[ETHERNET + IPV4 + UDP:][:4] == DATA:
            counts["sealed"] += 1


if __name__ == "__main__":
    if sys.argv[1] == "send":
        send(sys.argv[2:])
    else:
        watch(sys.argv[2], sys.argv[3])
