#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames that an enforcing gate drops, each for the reason that it is named after.

  refused_frames.py list
  refused_frames.py send INTERFACE MAC ADDRESS REASON...   from INTERFACE to the host with MAC and ADDRESS

ADDRESS is IPv4. What is of IPv6 goes from fe80::7 to fe80::1, which no host needs to have. `policy_deny` is for
tcp/23, `rate_limit` for udp/7000, `rule_expired` for tcp/9000, `fragment_overlap` for udp/7001: the policy has to say so.
"""
import socket
import struct
import sys

OWN = "192.0.2.7"
SYN, SYN_ACK, NONE = 2, 18, 0
TCP, UDP, ICMP = 6, 17, 1
MORE_FRAGMENTS = 0x2000
IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(target, payload, protocol, source=OWN, fragment=0, options=b"", ident=1, version=4):
    words = 5 + len(options) // 4
    total = words * 4 + len(payload)
    head = struct.pack("!BBHHHBB", version << 4 | words, 0, total, ident, fragment, 64, protocol)
    ends = socket.inet_aton(source) + socket.inet_aton(target) + options
    return head + struct.pack("!H", checksum(head + b"\0\0" + ends)) + ends + payload


def ipv6(payload, following, hop_limit=64, length=None):
    size = len(payload) if length is None else length
    ends = socket.inet_pton(socket.AF_INET6, "fe80::7") + socket.inet_pton(socket.AF_INET6, "fe80::1")
    return struct.pack("!IHBB", 6 << 28, size, following, hop_limit) + ends + payload


def tcp(port, flags, own=40000):
    return struct.pack("!HHIIBBHHH", own, port, 1, 1, 5 << 4, flags, 1024, 0, 0)


def udp(port, data=b"x"):
    return struct.pack("!HHHH", 40000, port, 8 + len(data), 0) + data


def ipv4_frames(target):
    route = b"\x83\x07\x04" + socket.inet_aton(OWN) + b"\0"
    wrong_sum = bytearray(ipv4(target, udp(9), UDP))
    wrong_sum[10] ^= 0xFF
    quoted = ipv4(OWN, udp(9), UDP, source=target)
    return {
        "truncated": [ipv4(target, udp(9), UDP)[:12]],
        "ipv4_header": [ipv4(target, udp(9), UDP, version=5)],
        "ipv4_source_route": [ipv4(target, tcp(80, SYN), TCP, options=route)],
        "ipv4_checksum": [bytes(wrong_sum)],
        "protocol": [ipv4(target, b"\0" * 8, 253)],
        "l4_header": [ipv4(target, udp(0), UDP)],
        "tcp_flags": [ipv4(target, tcp(80, NONE), TCP)],
        "martian": [ipv4(target, udp(9), UDP, source="127.0.0.1")],
        "fragment_tiny": [ipv4(target, tcp(80, SYN)[:8], TCP, fragment=MORE_FRAGMENTS)],
        "fragment_unknown": [ipv4(target, b"x" * 16, UDP, fragment=100, ident=2)],
        "fragment_overlap": [
            ipv4(target, udp(7001, b"x" * 16), UDP, fragment=MORE_FRAGMENTS, ident=3),
            ipv4(target, b"x" * 16, UDP, fragment=1, ident=3),
        ],
        "icmp_unrelated": [ipv4(target, struct.pack("!BBHI", 3, 3, 0, 0) + quoted[:28], ICMP)],
        "no_flow": [ipv4(target, tcp(50000, SYN_ACK, own=443), TCP)],
        "policy_default": [ipv4(target, tcp(8080, SYN), TCP)],
        "policy_deny": [ipv4(target, tcp(23, SYN), TCP)],
        "blocklist": [ipv4(target, tcp(80, SYN), TCP, source="198.51.100.9")],
        "rate_limit": [ipv4(target, udp(7000), UDP)] * 20,
        "rule_expired": [ipv4(target, tcp(9000, SYN), TCP)],
    }


def ipv6_frames():
    solicitation = struct.pack("!BBHI", 135, 0, 0, 0) + socket.inet_pton(socket.AF_INET6, "fe80::1")
    return {
        "ipv6_header": [ipv6(udp(9), UDP, length=500)],
        "ipv6_extension": [ipv6((b"\x3c" + b"\0" * 7) * 8 + b"\x11" + b"\0" * 7 + udp(9), 60)],
        "ipv6_routing": [ipv6(b"\x11" + b"\0" * 7 + udp(9), 43)],
        "ndp_invalid": [ipv6(solicitation, 58, hop_limit=64)],
    }


def frames(target):
    """{reason: [(EtherType, packet)]}"""
    found = {reason: [(IPV4, packet) for packet in some] for reason, some in ipv4_frames(target).items()}
    found |= {reason: [(IPV6, packet) for packet in some] for reason, some in ipv6_frames().items()}
    found["ethertype"] = [(0x88B5, b"\0" * 46)]
    tags = struct.pack("!HHHHH", 1, 0x8100, 1, 0x8100, 1)
    found["vlan_depth"] = [(0x8100, tags + struct.pack("!H", IPV4) + ipv4(target, udp(9), UDP))]
    found["arp_invalid"] = [(ARP, struct.pack("!HHBBH", 6, IPV4, 6, 4, 1) + b"\0" * 20)]
    return found


def main(action, *arguments):
    if action == "list":
        print("\n".join(sorted(frames("192.0.2.1"))))
        return
    interface, mac, address, *reasons = arguments
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        head = bytes.fromhex(mac.replace(":", "")) + wire.getsockname()[4]
        for reason in reasons:
            for ethertype, packet in frames(address)[reason]:
                wire.send(head + struct.pack("!H", ethertype) + packet)


if __name__ == "__main__":
    main(*sys.argv[1:])
