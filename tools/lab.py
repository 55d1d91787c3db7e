#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The people of the demo's lab: services that answer, clients that ask, and an attacker.

  lab.py serve ADDRESS tcp/PORT|udp/PORT...   answer every request, until killed
  lab.py ask ADDRESS tcp/PORT|udp/PORT        exit 0 if there is an answer within a second
  lab.py scan ADDRESS FIRST-LAST              print the open TCP ports
  lab.py attack KIND INTERFACE MAC ADDRESS PORT
                                              send crafted frames; KIND: loopback, forged-answer,
                                              source-route, tiny-fragments, stray-fragments
"""
import os
import selectors
import socket
import struct
import sys

ANSWER = b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
TIMEOUT = 1.0


def split(service):
    protocol, port = service.split("/")
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[protocol]
    return kind, int(port)


def serve(address, *services):
    ready = selectors.DefaultSelector()
    for service in services:
        kind, port = split(service)
        listener = socket.socket(socket.AF_INET, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        if kind == socket.SOCK_STREAM:
            listener.listen(64)
        ready.register(listener, selectors.EVENT_READ, kind)
    while True:
        for key, _ in ready.select():
            if key.data == socket.SOCK_DGRAM:
                _, client = key.fileobj.recvfrom(2048)
                key.fileobj.sendto(ANSWER, client)
            else:
                answer_connection(key.fileobj.accept()[0])


def answer_connection(connection):
    with connection:
        connection.settimeout(TIMEOUT)
        try:
            connection.recv(2048)
            connection.sendall(ANSWER)
        except OSError:
            pass


def ask(address, service, source=None):
    kind, port = split(service)
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(TIMEOUT)
        if source:
            client.bind((source, 0))
        try:
            client.connect((address, port))
            client.send(b"GET / HTTP/1.0\r\n\r\n")
            return 0 if client.recv(2048) else 1
        except OSError:
            return 1


def scan(address, ports):
    first, last = map(int, ports.split("-"))
    found = []
    for start in range(first, last + 1, 256):
        found += scan_some(address, range(start, min(start + 256, last + 1)))
    print(" ".join(map(str, found)) or "none")


def scan_some(address, ports):
    ready = selectors.DefaultSelector()
    found = []
    for port in ports:
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.setblocking(False)
        client.connect_ex((address, port))
        ready.register(client, selectors.EVENT_WRITE, port)
    while ready.get_map() and (events := ready.select(timeout=TIMEOUT / 2)):
        for key, _ in events:
            if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.append(key.data)
            ready.unregister(key.fileobj)
            key.fileobj.close()
    return sorted(found)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, target, payload, fragment=0, options=b"", ident=0):
    """An IPv4 packet of TCP payload; fragment: flags and offset as in the header."""
    words = 5 + len(options) // 4
    fields = [0x40 | words, 0, words * 4 + len(payload), ident, fragment, 64, socket.IPPROTO_TCP]
    ends = socket.inet_aton(source) + socket.inet_aton(target) + options
    head = struct.pack("!BBHHHBB", *fields) + b"\0\0" + ends
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def tcp(source, target, source_port, port, flags):
    head = struct.pack("!HHIIBBHHH", source_port, port, 1, 1, 5 << 4, flags, 1024, 0, 0)
    pseudo = socket.inet_aton(source) + socket.inet_aton(target) + struct.pack("!HH", 6, len(head))
    return head[:16] + struct.pack("!H", checksum(pseudo + head)) + head[18:]


SYN, SYN_ACK = 2, 18
MORE_FRAGMENTS = 0x2000


def crafted(kind, target, port, own="192.168.7.66", cloud="203.0.113.10"):
    """The packets of one attack."""
    if kind == "loopback":
        return [ipv4("127.0.0.1", target, tcp("127.0.0.1", target, 40000 + n, port, SYN))
                for n in range(20)]
    if kind == "forged-answer":  # to ports from which Linux starts no connection: none of these was asked for
        return [ipv4(cloud, target, tcp(cloud, target, 443, 20000 + n, SYN_ACK)) for n in range(20)]
    syn = tcp(own, target, 40000, port, SYN)
    if kind == "source-route":
        route = b"\x83\x07\x04" + socket.inet_aton(own) + b"\0"
        return [ipv4(own, target, syn, options=route)] * 20
    if kind == "tiny-fragments":
        return [part for n in range(10) for part in (
            ipv4(own, target, syn[:8], MORE_FRAGMENTS, ident=n), ipv4(own, target, syn[8:], 1, ident=n))]
    if kind == "stray-fragments":
        return [ipv4(own, target, syn, 100, ident=1000 + n) for n in range(20)]
    raise SystemExit(f"unknown attack {kind}")


def attack(kind, interface, mac, address, port):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        frame = bytes.fromhex(mac.replace(":", "")) + wire.getsockname()[4] + b"\x08\x00"
        packets = crafted(kind, address, int(port))
        for packet in packets:
            wire.send(frame + packet)
    print(len(packets))


if __name__ == "__main__":
    actions = {"serve": serve, "ask": ask, "scan": scan, "attack": attack}
    if len(sys.argv) < 3 or sys.argv[1] not in actions:
        sys.exit(__doc__)
    try:
        sys.exit(actions[sys.argv[1]](*sys.argv[2:]))
    except KeyboardInterrupt:
        os._exit(130)
