# SPDX-License-Identifier: MIT
"""Builds small captures: frames of IPv4, with documentation addresses, in a pcap file."""
import socket
import struct

DEVICE = "02:00:00:00:00:10"
ROUTER = "02:00:00:00:00:01"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(header):
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(source, destination, protocol, payload):
    def header(check):
        return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, check,
                           socket.inet_aton(source), socket.inet_aton(destination))
    return header(checksum(header(0))) + payload


def udp(source_port, destination_port, payload=b"x"):
    return struct.pack("!HHHH", source_port, destination_port, 8 + len(payload), 0) + payload


def tcp(source_port, destination_port, flags, sequence=1, acknowledgement=0):
    return struct.pack("!HHIIBBHHH", source_port, destination_port, sequence, acknowledgement,
                       0x50, flags, 65535, 0, 0)


class Capture:
    """A pcap file (nanoseconds apart from each other do not matter here: a frame every 10 ms)."""

    def __init__(self, path, begin):
        self.time = begin * 1000000
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def add(self, sent_by_device, packet):
        ends = (ROUTER, DEVICE) if sent_by_device else (DEVICE, ROUTER)
        frame = mac(ends[0]) + mac(ends[1]) + b"\x08\x00" + packet
        seconds, micros = divmod(self.time, 1000000)
        self.file.write(struct.pack("<IIII", seconds, micros, len(frame), len(frame)) + frame)
        self.time += 10000

    def tcp_flow(self, initiator_is_device, ends, ports, answered=True):
        """SYN, SYN+ACK, ACK; or the SYN alone."""
        (source, destination), (from_port, to_port) = ends, ports
        self.add(initiator_is_device, ipv4(source, destination, 6, tcp(from_port, to_port, 0x02)))
        if answered:
            self.add(not initiator_is_device,
                     ipv4(destination, source, 6, tcp(to_port, from_port, 0x12, 5, 2)))
            self.add(initiator_is_device,
                     ipv4(source, destination, 6, tcp(from_port, to_port, 0x10, 2, 6)))

    def udp_flow(self, initiator_is_device, ends, ports, answered=True):
        (source, destination), (from_port, to_port) = ends, ports
        self.add(initiator_is_device, ipv4(source, destination, 17, udp(from_port, to_port)))
        if answered:
            self.add(not initiator_is_device,
                     ipv4(destination, source, 17, udp(to_port, from_port)))
