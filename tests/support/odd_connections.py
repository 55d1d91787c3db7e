#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a neighbour does with whole connections.

    odd_connections.py cells INTERFACE MAC         a datagram to ports 5000 and 6000 of the host with MAC over IPv4 and IPv6, with a
                                                   priority tag and without; prints those to port 5000 that are answered
    odd_connections.py cross INTERFACE MAC PORT    answers SYN by SYN, and so on, as 192.0.2.9 to a connection from PORT; prints
                                                   "established" when it is
    odd_connections.py echo PORT                   a TCP server that says back what it hears
    odd_connections.py hold ADDRESS PORT FILE      a connection to it that says something, and again when FILE is there; prints
                                                   how often it was answered
    odd_connections.py pour ADDRESS PORT BYTES     says so much at once and hears it all back
    odd_connections.py out ADDRESS6                what a host can send to port 6000 of its neighbour 192.0.2.7, in every way;
                                                   prints in how many
"""
import os
import socket
import struct
import sys
import threading
import time

HOST, HOST6, OWN, OWN6, GHOST = "192.0.2.10", "fd00::10", "192.0.2.7", "fd00::7", "192.0.2.9"


def wire_of(interface):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    wire.bind((interface, 3))
    return wire, ":".join(f"{byte:02x}" for byte in wire.getsockname()[4])


def cells(interface, mac):
    from scapy.all import IP, UDP, Dot1Q, Ether, IPv6, Raw, raw

    wire, own = wire_of(interface)
    asked = {}
    for port in (5000, 6000):
        for family, head in ((4, IP(src=OWN, dst=HOST)), (6, IPv6(src=OWN6, dst=HOST6))):
            for tag in ("plain", "tagged"):
                one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
                one.bind(("::", 0))
                one.settimeout(1)
                name = f"v{family}-{tag}"
                packet = head / UDP(sport=one.getsockname()[1], dport=port) / Raw(name.encode())
                link = Ether(src=own, dst=mac)
                wire.send(raw(link / Dot1Q(vlan=0, prio=3) / packet if tag == "tagged" else link / packet))
                if port == 5000:
                    asked[name] = one
    for name, one in asked.items():
        try:
            if one.recv(16) == b"hello":
                print(name)
        except TimeoutError:
            pass


def cross(interface, mac, port):
    from scapy.all import IP, TCP, Ether, raw

    wire, own = wire_of(interface)
    wire.settimeout(5)
    ours, theirs = 7000, 0

    def say(flags, number):
        head = Ether(src=own, dst=mac) / IP(src=GHOST, dst=HOST)
        wire.send(raw(head / TCP(sport=ours, dport=int(port), flags=flags, seq=number, ack=theirs)))

    while True:
        packet = Ether(wire.recv(2048))
        if TCP not in packet or packet[IP].dst != GHOST or packet[TCP].sport != int(port):
            continue
        heard = packet[TCP]
        theirs = heard.seq + 1
        if heard.flags == "S":
            say("S", 100)
        elif heard.flags == "SA":
            say("SA", 100)
            say("A", 101)
        elif heard.flags == "A" and heard.ack == 101:
            print("established", flush=True)
            return


def echo(port):
    server = socket.create_server(("0.0.0.0", int(port)))

    def serve(one):
        with one:
            while data := one.recv(1 << 16):
                one.sendall(data)

    while True:
        threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


def hold(address, port, file):
    one, answered = socket.create_connection((address, int(port)), timeout=5), 0
    for _ in range(2):
        one.sendall(b"still there?")
        answered += one.recv(64) == b"still there?"
        print(answered, flush=True)
        while not os.path.exists(file):
            time.sleep(0.05)


def pour(address, port, count):
    one, left = socket.create_connection((address, int(port)), timeout=60), int(count)
    one.settimeout(60)
    threading.Thread(target=one.sendall, args=(bytes(left),), daemon=True).start()
    while left > 0 and (data := one.recv(1 << 16)):
        left -= len(data)
    sys.exit(left)


def out(address6):
    from scapy.all import IP, UDP, Ether, Raw, raw

    packet = raw(IP(src=HOST, dst=OWN) / UDP(sport=1, dport=6000) / Raw(b"raw"))
    neighbour = socket.if_nametoindex("eth0")

    def datagram(family, target, data):
        socket.socket(family, socket.SOCK_DGRAM).sendto(data, target)

    def raw_ip():
        one = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        one.sendto(packet, (OWN, 0))

    def frame():
        wire, own = wire_of("eth0")
        with open("/proc/net/arp", encoding="ascii") as table:
            mac = next(line.split()[3] for line in table if line.startswith(OWN + " "))
        wire.send(raw(Ether(src=own, dst=mac, type=0x0800) / Raw(packet)))

    ways = [lambda: datagram(socket.AF_INET, (OWN, 6000), b"udp"), raw_ip, frame,
            lambda: datagram(socket.AF_INET6, (address6, 6000, 0, neighbour), b"link-local"),
            lambda: datagram(socket.AF_INET, (OWN, 6000), bytes(4000)),
            lambda: datagram(socket.AF_INET, (OWN, 53), struct.pack("!6H", 1, 0x100, 1, 0, 0, 0) + b"\1a\0\0\1\0\1")]
    for way in ways:
        try:
            way()
        except OSError as error:  # told that it was dropped
            print(error, file=sys.stderr)
    print(len(ways))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
