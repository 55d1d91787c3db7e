#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Frames of the cases P of tests/catalogue/frames.yaml, each with what the gate has to say to it.

    catalogue_frames.py list
    catalogue_frames.py INTERFACE MAC      reads one case a line, sends its frames from INTERFACE to the host with MAC,
                                           and answers with {verdict: frames} as one line of JSON

A verdict is "pass", a reason to drop, or "drop" for any reason. The policy has to allow udp/5000 and tcp/5000 in, and
nothing else; what gets to port 6000 has got past the gate. No two frames that pass are of one flow.
"""
import collections
import itertools
import json
import logging
import random
import socket
import struct
import sys

logging.getLogger("scapy").setLevel(logging.ERROR)  # it looks for a default route
from scapy.all import (AH, ARP, GRE, ICMP, IP, LLC, SNAP, TCP, UDP, Dot1AD, Dot1Q, Dot3, Ether, ICMPv6MLReport2,
                       ICMPv6ND_RA, ICMPv6ND_Redirect, ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS,
                       IPOption_LSRR, IPOption_RR, IPOption_Router_Alert, IPOption_SSRR, IPOption_Timestamp, IPv6,
                       IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, Jumbo, PPPoED, Raw, raw)

OPEN, CLOSED = 5000, 6000
OWN, HOST, BEHIND = "192.0.2.7", "192.0.2.10", "198.51.100.7"
OWN6, HOST6 = "fd00::7", "fd00::10"
LINK6, LINK_HOST6 = "fe80::7", "fe80::10"
ports = itertools.count(10000)
destination = "02:00:00:00:00:10"  # the host's; set by main
source = "02:00:00:00:00:07"


def ether(packet, **fields):
    return Ether(**{"src": source, "dst": destination} | fields) / packet


def udp(port, data=b"catalogue", **fields):
    return UDP(sport=next(ports), dport=port, **fields) / Raw(data)


def tcp(port, flags="S", **fields):
    return TCP(sport=next(ports), dport=port, flags=flags, **fields)


def ip4(payload, **fields):
    return IP(**{"src": OWN, "dst": HOST} | fields) / payload


def ip6(payload, **fields):
    return IPv6(**{"src": OWN6, "dst": HOST6} | fields) / payload


def services(port):
    """One packet of every kind to a port."""
    return [ip4(udp(port)), ip4(tcp(port)), ip6(udp(port)), ip6(tcp(port))]


def all_of(verdict, packets, **fields):
    return [(verdict, raw(ether(packet, **fields))) for packet in packets]


def of_type(ethertype, payload):
    return raw(Ether(src=source, dst=destination, type=ethertype) / Raw(payload))


def truncations():
    whole = services(OPEN) + [Dot1Q(vlan=10) / ip4(udp(OPEN)), ip6(IPv6ExtHdrDestOpt() / udp(OPEN))]
    frames = [raw(ether(packet)) for packet in whole]
    return [("drop", frame[:size]) for frame in frames for size in range(14, len(frame))]


def tags():
    single = [Dot1Q(vlan=10) / packet for packet in services(CLOSED)]
    return all_of("policy_default", single) + all_of("pass", [Dot1Q(vlan=10) / packet for packet in services(OPEN)])


def stacked_tags():
    two = [outer / Dot1Q(vlan=10) / packet for packet in services(CLOSED) for outer in (Dot1AD(vlan=5), Dot1Q(vlan=5))]
    three = [Dot1AD(vlan=5) / Dot1Q(vlan=6) / Dot1Q(vlan=7) / packet for packet in services(CLOSED) + services(OPEN)]
    return all_of("policy_default", two) + all_of("vlan_depth", three)


def priority_tags():
    zero = [tag(vlan=0, prio=5) / packet for packet in services(CLOSED) for tag in (Dot1Q, Dot1AD)]
    return all_of("policy_default", zero) + all_of("policy_default", [Dot1Q(vlan=0) / packet for packet in zero])


def ethertypes():
    inner = raw(ip4(udp(CLOSED)))
    found = [of_type(kind, inner) for kind in (0x8863, 0x8864, 0x8847, 0x8848, 0x8137, 0x88B5, 0x88CC, 0x888E, 0x22F0)]
    snap = Dot3(src=source, dst=destination) / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800) / Raw(inner)
    return [("ethertype", frame) for frame in found + [raw(snap)]]


def ipv4_options():
    """The bytes where a parser of 20 bytes would look for ports say the other port."""
    def looks_like(port, words):
        return b"\0\0" + struct.pack("!H", port) + bytes(4 * words - 4)

    judged = []
    for words in range(1, 11):
        for port, disguise, verdict in ((CLOSED, OPEN, "policy_default"), (OPEN, CLOSED, "pass")):
            header = bytearray(raw(IP(src=OWN, dst=HOST, ihl=5 + words, proto=17, len=20 + 4 * words + 17)))
            options = looks_like(disguise, words)
            whole = bytes(header[:20]) + options
            summed = struct.pack("!H", checksum(whole[:10] + b"\0\0" + whole[12:]))
            judged.append((verdict, raw(ether(Raw(whole[:10] + summed + whole[12:] + raw(udp(port, chksum=0))), type=0x0800))))
    for option in (IPOption_LSRR(routers=[BEHIND]), IPOption_SSRR(routers=[BEHIND])):
        judged += all_of("ipv4_source_route", [ip4(udp(port), options=[option]) for port in (OPEN, CLOSED)])
    for option in (IPOption_RR(routers=["0.0.0.0"]), IPOption_Timestamp(), IPOption_Router_Alert()):
        judged += all_of("policy_default", [ip4(udp(CLOSED), options=[option])])
        judged += all_of("pass", [ip4(udp(OPEN), options=[option])])
    return judged


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def lengths():
    bad = [ip4(udp(OPEN), ihl=4), ip4(udp(OPEN), ihl=15), ip4(udp(OPEN), ihl=0), ip4(udp(OPEN), len=500),
           ip4(udp(OPEN), len=19), ip4(udp(OPEN), version=6), ip4(udp(OPEN), version=0)]
    trailer = Raw(raw(UDP(sport=1, dport=OPEN)) * 2)
    return (all_of("ipv4_header", bad)
            + all_of("policy_default", [ip4(udp(CLOSED, len=17), len=37) / trailer])
            + all_of("pass", [ip4(udp(OPEN, len=17), len=37) / trailer])
            + all_of("drop", [ip4(udp(OPEN), len=24), ip6(udp(OPEN), plen=4)])
            + all_of("ipv6_header", [ip6(udp(OPEN), plen=500), ip6(udp(OPEN), version=4)])
            + [("ipv6_header", of_type(0x86DD, raw(ip4(udp(OPEN, bytes(40)))))), ("ipv4_header", of_type(0x0800, raw(ip6(udp(OPEN)))))])


def padding():
    return [(verdict, raw(ether(ip4(udp(port, b"pad")))) + random.randbytes(15))
            for _ in range(20) for port, verdict in ((CLOSED, "policy_default"), (OPEN, "pass"))]


def extension_orders():
    kinds = {"hop": lambda: IPv6ExtHdrHopByHop(), "options": lambda: IPv6ExtHdrDestOpt(),
             "routing": lambda: IPv6ExtHdrRouting(type=0, segleft=0, addresses=[]), "more": lambda: IPv6ExtHdrDestOpt()}
    orders = {order for count in range(1, 5) for order in itertools.permutations(kinds, count)}
    judged = []
    for order in sorted(orders):
        for port, verdict in ((CLOSED, "policy_default"), (OPEN, "pass")):
            for place, name in enumerate(order):
                if name == "routing" or (name == "hop" and place > 0):
                    verdict = "ipv6_routing" if name == "routing" else "ipv6_extension"
                    break
            packet = udp(port)
            for name in reversed(order):
                packet = kinds[name]() / packet
            judged += all_of(verdict, [ip6(packet)])
    return judged


def long_chains():
    def chain(count, port):
        packet = udp(port)
        for _ in range(count):
            packet = IPv6ExtHdrDestOpt() / packet
        return ip6(packet)

    long = [chain(count, OPEN) for count in (9, 10, 16, 31, 60)]
    beyond = [ip6(IPv6ExtHdrDestOpt(len=255) / udp(OPEN)), ip6(IPv6ExtHdrDestOpt() / IPv6ExtHdrDestOpt(len=9) / udp(OPEN))]
    return (all_of("ipv6_extension", long) + all_of("truncated", beyond) + all_of("pass", [chain(8, OPEN)])
            + all_of("policy_default", [chain(8, CLOSED)]))


def nothing_next():
    jumbo = ip6(IPv6ExtHdrHopByHop(options=[Jumbo(jumboplen=100)]) / udp(OPEN), plen=0)
    return (all_of("protocol", [ip6(Raw(raw(udp(OPEN))), nh=59), ip6(Raw(raw(udp(OPEN))), nh=253)])
            + all_of("policy_default", [ip6(Raw(bytes(40)), nh=50)]) + all_of("ipv6_header", [jumbo]))


def tiny_fragments():
    segment = raw(tcp(OPEN))
    return all_of("fragment_tiny", [ip4(Raw(segment[:8]), proto=6, flags="MF", id=1), ip4(Raw(segment[:16]), proto=6, flags="MF", id=2),
                                    ip4(Raw(segment[8:]), proto=6, frag=1, id=1), ip4(Raw(raw(udp(OPEN))[:4]), proto=17, flags="MF", id=3)])


def later_fragments():
    shaped = raw(UDP(sport=1, dport=OPEN) / Raw(bytes(16)))
    return all_of("fragment_unknown", [ip4(Raw(shaped), proto=17, frag=offset, flags=flags, id=40 + offset)
                                       for offset in (1, 185) for flags in ("", "MF")])


def overlapping_fragments():
    first = raw(udp(OPEN, bytes(16)))
    rewritten = raw(UDP(sport=1, dport=CLOSED) / Raw(bytes(16)))
    return (all_of("pass", [ip4(Raw(first), proto=17, flags="MF", id=77)])
            + all_of("policy_default", [ip4(Raw(rewritten), proto=17, flags="MF", id=77)])
            + all_of("fragment_overlap", [ip4(Raw(rewritten), proto=17, frag=1, id=77), ip4(Raw(rewritten[2:]), proto=17, frag=2, id=77)]))


def ipv6_fragments():
    def piece(port, more, offset, number):
        return ip6(IPv6ExtHdrFragment(nh=17, offset=offset, m=more, id=number) / Raw(raw(udp(port, bytes(16)))))

    return (all_of("policy_default", [piece(CLOSED, 0, 0, 1), piece(CLOSED, 1, 0, 2)])
            + all_of("pass", [piece(OPEN, 1, 0, 4)])
            + all_of("fragment_overlap", [piece(CLOSED, 0, 1, 4), piece(CLOSED, 1, 2, 4)])
            + all_of("fragment_unknown", [piece(OPEN, 0, 185, 5), piece(OPEN, 0, 1, 6)]))


def pings():
    asked = [ip4(ICMP(type=kind)) for kind in (8, 13, 5, 9, 10, 17)]
    return all_of("policy_default", asked) + all_of("no_flow", [ip4(ICMP(type=kind)) for kind in (0, 14)])


def icmp_errors():
    quotes = [raw(IP(src=HOST, dst=OWN) / UDP(sport=3333, dport=4444)), raw(IP(src=BEHIND, dst=OWN) / UDP(sport=OPEN, dport=1)),
              raw(IP(src=OWN, dst=HOST) / UDP(sport=1, dport=OPEN)), raw(IP(src=HOST, dst=OWN))[:12], b"\x4f" + bytes(23)]
    return all_of("icmp_unrelated", [ip4(ICMP(type=kind, code=0) / Raw(quote)) for kind in (3, 11, 12) for quote in quotes])


def advertisement(**fields):
    options = (ICMPv6NDOptMTU(mtu=1280) / ICMPv6NDOptRDNSS(dns=[LINK6], lifetime=60)
               / ICMPv6NDOptPrefixInfo(prefix="fd66::", prefixlen=64))
    return ICMPv6ND_RA(routerlifetime=1800, **fields) / options


def advertisements():
    there = {"src": LINK6, "dst": "ff02::1"}
    redirect = ICMPv6ND_Redirect(tgt=LINK6, dst="fd00::99")
    return all_of("ndp_invalid", [ip6(advertisement(), hlim=limit, **there) for limit in (255, 254)], dst="33:33:00:00:00:01") + \
        all_of("ndp_invalid", [ip6(redirect, hlim=limit, src=LINK6) for limit in (255, 254)])


def hidden_advertisements():
    there = {"src": LINK6, "dst": "ff02::1", "hlim": 255}
    message = raw(ip6(advertisement(), **there))[40:]
    pieces = [ip6(IPv6ExtHdrFragment(nh=58, offset=0, m=1, id=8) / Raw(message[:64]), **there),
              ip6(IPv6ExtHdrFragment(nh=58, offset=0, m=0, id=9) / Raw(message), **there),
              ip6(IPv6ExtHdrFragment(nh=60, offset=0, m=1, id=10) / Raw(b"\x3a\0" + bytes(6) + message[:40]), **there)]
    behind = [ip6(IPv6ExtHdrDestOpt() / Raw(message), nh=60, **there), ip6(IPv6ExtHdrHopByHop() / Raw(message), **there)]
    for packet in behind:
        packet[1].nh = 58
    later = ip6(IPv6ExtHdrFragment(nh=58, offset=8, m=0, id=8) / Raw(message[64:]), **there)
    return all_of("drop", pieces + behind + [later], dst="33:33:00:00:00:01")


def odd_arp():
    return all_of("drop", [ARP(plen=16)]) + \
        all_of("arp_invalid", [ARP(hwlen=8, op=2, psrc="192.0.2.1"), ARP(hwtype=6, op=2), ARP(op=3),
                               ARP(op=2, hwsrc="01:00:5e:00:00:01", psrc="192.0.2.1")])


def martians():
    wrong = ["127.0.0.1", "127.255.255.254", "0.0.0.0", "255.255.255.255", "224.1.2.3", "240.0.0.1"]
    found = [ip4(payload(OPEN), src=address) for address in wrong for payload in (udp, tcp)]
    found += [ip4(udp(OPEN), dst=address) for address in ("127.0.0.1", "0.0.0.0")]
    found += [ip6(udp(OPEN), src=address) for address in ("::1", "ff02::9", "::ffff:127.0.0.1", "::ffff:192.0.2.7", "::")]
    found += [ip6(udp(OPEN), dst=address) for address in ("::1", "::ffff:192.0.2.10")]
    return all_of("martian", found) + all_of("policy_default", [ip4(udp(CLOSED), src=address) for address in (HOST, "169.254.9.9")])


def odd_macs():
    closed = [ip4(udp(CLOSED)), ip6(udp(CLOSED))]
    return (all_of("policy_default", closed, src=destination) + all_of("policy_default", closed, src="00:00:00:00:00:00")
            + all_of("policy_default", closed, dst="02:00:00:00:00:99") + all_of("martian", [ip4(udp(OPEN))], src="03:00:00:00:00:07")
            + all_of("martian", [ip4(udp(OPEN)), ip4(udp(CLOSED)), ip4(tcp(OPEN))], dst="ff:ff:ff:ff:ff:ff"))


def tcp_flags():
    impossible = [ip4(tcp(OPEN, flags)) for flags in ("SF", "", "FPU", "SR", "F", "SFRPAU", "P", "U")]
    broken = [ip4(tcp(OPEN, dataofs=words)) for words in (0, 1, 4, 6, 15)] + [ip4(tcp(0)), ip4(TCP(sport=0, dport=OPEN, flags="S"))]
    # To the open port, all but SYN+ACK are picked up for a while after a policy comes into force.
    stray = [ip4(tcp(CLOSED, flags)) for flags in ("SA", "A", "PA", "UA", "FA", "R", "RA")] + [ip4(tcp(OPEN, "SA"))]
    return (all_of("tcp_flags", impossible) + all_of("l4_header", broken) + all_of("no_flow", stray)
            + all_of("policy_default", [ip4(tcp(CLOSED) / Raw(b"data"))]))


def checksums():
    return (all_of("l4_header", [ip4(udp(OPEN, len=size)) for size in (0, 7, 18, 65535)] + [ip6(udp(OPEN, len=0))])
            + all_of("policy_default", [ip4(udp(CLOSED, chksum=1)), ip6(udp(CLOSED, chksum=0)), ip4(tcp(CLOSED, chksum=1))])
            + all_of("ipv4_checksum", [ip4(udp(OPEN), chksum=1), ip4(tcp(OPEN), chksum=1)])
            + all_of("pass", [ip4(udp(OPEN, b"forged", chksum=1)), ip6(udp(OPEN, b"forged", chksum=1)), ip4(tcp(OPEN, chksum=1))]))


def groups():
    found = []
    for address, mac in (("255.255.255.255", "ff:ff:ff:ff:ff:ff"), ("224.0.0.251", "01:00:5e:00:00:fb"),
                         ("239.255.255.250", "01:00:5e:7f:ff:fa")):
        found += all_of("policy_default", [ip4(udp(port), dst=address) for port in (CLOSED, 5353, 1900)], dst=mac)
    for address in ("ff02::1", "ff02::2", "ff02::fb"):
        found += all_of("policy_default", [ip6(udp(port), dst=address, src=LINK6) for port in (CLOSED, 5353)], dst="33:33:00:00:00:01")
    found += all_of("martian", [ip4(udp(CLOSED), dst="192.0.2.255")], dst="ff:ff:ff:ff:ff:ff")  # the gate knows no networks
    report = ip6(ICMPv6MLReport2(), src=LINK6, dst="ff02::16", hlim=1)
    return found + all_of("policy_default", [ip4(Raw(b"\x16\0" + bytes(6)), proto=2, dst="224.0.0.22")], dst="01:00:5e:00:00:16") + \
        all_of("policy_default", [report], dst="33:33:00:00:00:16")


def encapsulations():
    inner = ip4(udp(CLOSED))
    frame = raw(Ether(dst=destination) / inner)
    vxlan, geneve = b"\x08\0\0\0\0\0\x2a\0" + frame, b"\0\0\x65\x58\0\0\x2a\0" + frame
    closed = [ip4(inner, proto=4), ip4(ip6(udp(CLOSED)), proto=41), ip4(GRE() / inner), ip4(GRE(key_present=1, key=7) / inner),
              ip4(GRE(proto=0x6558) / Raw(frame)), ip6(inner, nh=4), ip6(GRE() / inner), ip4(udp(4789, vxlan)), ip4(udp(6081, geneve))]
    return all_of("policy_default", closed) + all_of("pass", [ip4(udp(OPEN, vxlan)), ip4(udp(OPEN, geneve))])


def other_links():
    inner = b"\0\x21" + raw(ip4(udp(CLOSED)))
    session = raw(Ether(src=source, dst=destination, type=0x8864) / PPPoED(code=0, sessionid=1) / Raw(inner))
    return ([("ethertype", session)] + [("ethertype", of_type(kind, inner)) for kind in (0x88E5, 0x890D, 0x8926)]
            + all_of("policy_default", [ip4(udp(1701, inner))]) + all_of("protocol", [ip4(Raw(inner), proto=115)]))


def other_protocols():
    body = Raw(struct.pack("!HH", 4000, OPEN) + bytes(28))
    known = [ip4(body, proto=number) for number in (132, 136, 50)] + [ip6(body, nh=number) for number in (132, 136, 50)]
    unknown = [ip4(body, proto=number) for number in (0, 33, 255, 253)] + [ip6(body, nh=33)]
    return all_of("policy_default", known + [ip4(AH() / udp(CLOSED))]) + all_of("protocol", unknown)


def half_datagrams():
    """60,000 first fragments whose rest never comes."""
    frame = bytearray(raw(ether(ip4(Raw(raw(udp(OPEN, bytes(16), chksum=0))), proto=17, flags="MF", id=0))))
    for number in range(60000):
        frame[18:20], frame[24:26] = struct.pack("!H", number), b"\0\0"
        frame[24:26] = struct.pack("!H", checksum(bytes(frame[14:34])))
        yield "pass", bytes(frame)


CASES = {
    "P01": truncations, "P02": tags, "P03": stacked_tags, "P04": priority_tags, "P06": ethertypes, "P07": ipv4_options,
    "P08": lengths, "P09": padding, "P10": extension_orders, "P11": long_chains, "P13": nothing_next, "P14": tiny_fragments,
    "P15": later_fragments, "P16": overlapping_fragments, "P18": ipv6_fragments, "P20": half_datagrams, "P21": pings,
    "P22": icmp_errors, "P24": advertisements, "P25": hidden_advertisements, "P26": odd_arp, "P27": martians, "P28": odd_macs,
    "P29": tcp_flags, "P32": checksums, "P33": groups, "P34": encapsulations, "P35": other_links, "P38": other_protocols,
}


def main(interface, mac=""):
    global source, destination
    if interface == "list":
        print("\n".join(CASES))
        return
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((interface, 0))
        source = ":".join(f"{byte:02x}" for byte in wire.getsockname()[4])
        destination = mac
        for line in sys.stdin:
            verdicts = collections.Counter()
            for verdict, frame in CASES[line.strip()]():
                wire.send(frame)
                verdicts[verdict] += 1
            print(json.dumps(verdicts), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
