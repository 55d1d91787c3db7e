#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Traffic that is there before an interface is up, and what comes of it.

    early_traffic.py send INTERFACE MAC SOURCE TARGET
        UDP datagrams to the ports 7 and 9 and echo requests, up to 1000 of each in a second, as frames to MAC. Prints
        how many IP frames of TARGET came back meanwhile: answers.
    early_traffic.py count PORT...
        Takes datagrams at these ports and prints "PORT PACKETS" for each.

Both go on until SIGTERM, for a minute at most.
"""
import select
import signal
import socket
import struct
import sys
import time

stopped = False


def goes_on():
    return not stopped and time.monotonic() < END


def stop(*_):
    global stopped
    stopped = True


END = time.monotonic() + 60
signal.signal(signal.SIGTERM, stop)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ipv4(source, target, protocol, body):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0,
                         socket.inet_aton(source), socket.inet_aton(target))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def udp(port):
    return struct.pack("!HHHH", 40000, port, 12, 0) + b"knock"[:4]


def echo():
    body = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
    return body[:2] + struct.pack("!H", checksum(body)) + body[4:]


def send(interface, mac, source, target):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
    wire.bind((interface, 0))
    ethernet = bytes.fromhex(mac.replace(":", "")) + wire.getsockname()[4] + b"\x08\x00"
    frames = [ethernet + ipv4(source, target, protocol, body)
              for protocol, body in ((17, udp(7)), (17, udp(9)), (1, echo()))]
    answers = 0
    while goes_on():
        for frame in frames:
            try:
                wire.send(frame)
            except OSError:
                pass  # no carrier: the other end is down
        if select.select([wire], [], [], 0.001)[0]:
            frame, address = wire.recvfrom(2048)
            incoming = address[2] != socket.PACKET_OUTGOING
            answers += incoming and frame[12:14] == b"\x08\x00" and frame[26:30] == socket.inet_aton(target)
    print(answers)


def count(*ports):
    packets = {}
    for port in ports:
        taker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        taker.bind(("", int(port)))
        packets[taker] = 0
    while goes_on():
        for taker in select.select(list(packets), [], [], 0.1)[0]:
            taker.recv(64)
            packets[taker] += 1
    for taker, taken in packets.items():
        print(taker.getsockname()[1], taken)


{"send": send, "count": count}[sys.argv[1]](*sys.argv[2:])
