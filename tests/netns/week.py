#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replays the capture of one device's week through a live agent.

        world                      device
    w0 (the network) ── veth ── eth0 (gate)    tollgated --interface eth0

Six days teach (time-compressed), the proposal is approved and enforced, and every frame of the
seventh day is sent one at a time: what a tap behind the gate sees has passed. Then scans and flows
to places the device never spoke to are injected; none may pass.

usage: week.py BIN_DIR CAPTURE DEVICE_MAC
"""
import ctypes
import json
import os
import random
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

SEVENTH_DAY = 6
ETH_P_ALL = 3
PACKET_OUTGOING = 4
CLONE_NEWNET = 0x40000000


def read_capture(path):
    """[(seconds, frame)] of a classic pcap file of Ethernet frames. What the capture cut off is
    filled up with zeroes, so that lengths in headers hold."""
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    frames, at = [], 24
    while at + 16 <= len(data):
        seconds, _, captured, length = struct.unpack_from(order + "IIII", data, at)
        frames.append((seconds, data[at + 16:at + 16 + captured].ljust(length, b"\0")))
        at += 16 + captured
    return frames


def tuple_of(frame, egress):
    """(protocol, remote, remote port, local port) of an IPv4 TCP or UDP frame, or None."""
    at = 12
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        at += 4
    if frame[at:at + 2] != b"\x08\x00" or len(frame) < at + 2 + 28:
        return None
    ip = frame[at + 2:]
    if ip[9] not in (6, 17) or struct.unpack_from(">H", ip, 6)[0] & 0x1fff:
        return None
    source, destination = struct.unpack_from(">HH", ip, (ip[0] & 15) * 4)
    if egress:
        return ip[9], socket.inet_ntoa(ip[16:20]), destination, source
    return ip[9], socket.inet_ntoa(ip[12:16]), source, destination


class Lab:
    """Two namespaces, one veth, the agent in `device`."""

    def __init__(self, bin_dir, mac):
        self.bin_dir = bin_dir
        self.tag = f"tgw{os.getpid()}"
        self.dir = tempfile.mkdtemp(prefix="tollgate-week-")
        self.pins = f"/sys/fs/bpf/{self.tag}"
        self.agent = None
        for side in ("d", "w"):
            run("ip", "netns", "add", self.tag + side)
        run("ip", "-n", self.tag + "d", "link", "add", "eth0", "address", mac, "type", "veth",
            "peer", "name", "w0", "netns", self.tag + "w")
        for side, link in (("d", "eth0"), ("w", "w0")):
            self.inside(side, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
            run("ip", "-n", self.tag + side, "link", "set", link, "mtu", "3000", "up")
        self.wire = self.open_socket("w", "w0")
        self.device = self.open_socket("d", "eth0")
        self.tap = self.open_socket("d", "eth0")  # a socket does not see what it sends itself

    def inside(self, side, *command):
        return run("nsenter", f"--net=/run/netns/{self.tag}{side}", *command)

    def open_socket(self, side, link):
        libc = ctypes.CDLL(None, use_errno=True)
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.tag}{side}", os.O_RDONLY)
        assert libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            packet = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            packet.bind((link, ETH_P_ALL))
        finally:
            assert libc.setns(home, CLONE_NEWNET) == 0
            os.close(home)
            os.close(there)
        packet.setblocking(False)
        return packet

    def start_agent(self):
        self.log = open(f"{self.dir}/agent.log", "w")
        self.agent = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{self.tag}d", f"{self.bin_dir}/tollgated",
             "--interface", "eth0", "--state-dir", f"{self.dir}/state", "--run-dir",
             f"{self.dir}/run", "--pin-dir", self.pins, "--metrics", "off"],
            stderr=self.log, stdout=self.log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if subprocess.run(self.command("status"), capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        sys.exit("the agent does not start:\n" + open(f"{self.dir}/agent.log").read())

    def command(self, *words):
        return [f"{self.bin_dir}/tollgate", "--socket", f"{self.dir}/run/control.sock", *words]

    def tollgate(self, *words):
        return run(*self.command(*words))

    def drain(self):
        for packet in (self.tap, self.device, self.wire):
            while True:
                try:
                    packet.recv(65536)
                except BlockingIOError:
                    break

    def send(self, frame, egress):
        (self.device if egress else self.wire).send(frame)

    def passes(self, frame, egress):
        """Sends one frame and says whether the tap behind the gate saw it."""
        self.drain()
        try:
            self.send(frame, egress)
        except OSError:  # ENOBUFS: dropped on egress
            return False
        while select.select([self.tap], [], [], 0.004)[0]:
            _, address = self.tap.recvfrom(65536)
            if (address[2] == PACKET_OUTGOING) == egress:
                return True
        return False

    def close(self):
        if self.agent:
            self.agent.kill()
            self.agent.wait()
        for packet in (self.tap, self.device, self.wire):
            packet.close()
        for side in ("d", "w"):
            subprocess.run(["ip", "netns", "del", self.tag + side], check=False)
        shutil.rmtree(self.pins, ignore_errors=True)
        shutil.rmtree(self.dir, ignore_errors=True)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp_syn(macs, source, destination, source_port, port):
    """A whole SYN frame with right checksums; `macs` is destination + source."""
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    tcp = struct.pack(">HHIIBBHHH", source_port, port, 1, 0, 5 << 4, 2, 65535, 0, 0)
    pseudo = addresses + struct.pack(">BBH", 0, 6, len(tcp))
    tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40, 7, 0, 64, 6, 0) + addresses
    ip = ip[:10] + struct.pack(">H", checksum(ip)) + ip[12:]
    return macs + b"\x08\x00" + ip + tcp


def injected(device_mac, device_ip, known):
    """Scans of the device, and flows of the device to places it never spoke to."""
    rng = random.Random(7)
    mac, other = bytes.fromhex(device_mac.replace(":", "")), bytes.fromhex("020000000099")
    for port in list(range(1, 513)) + [554, 1900, 2323, 3389, 5555, 8080, 8443]:
        yield tcp_syn(mac + other, "198.51.100.66", device_ip, 40000, port), False
    for _ in range(500):
        remote = f"203.0.113.{rng.randrange(1, 255)}"
        port = rng.choice([22, 23, 25, 80, 443, 445, 1883, 6667, 8443, 8883])
        if (6, remote, port) not in known:
            yield tcp_syn(other + mac, device_ip, remote, rng.randrange(32768, 61000), port), True


def main(bin_dir, capture, mac):
    wire_mac = bytes.fromhex(mac.replace(":", ""))
    frames = [(s, f, f[6:12] == wire_mac) for s, f in read_capture(capture)]
    frames = [(s, f, out) for s, f, out in frames if out or f[:6] == wire_mac or f[0] & 1]
    first_day = frames[0][0] // 86400
    learned = [(f, out) for s, f, out in frames if s // 86400 - first_day < SEVENTH_DAY]
    judged = [(f, out) for s, f, out in frames if s // 86400 - first_day == SEVENTH_DAY]
    assert learned and judged, "the capture holds no seven days"
    lab = Lab(bin_dir, mac)
    try:
        lab.start_agent()
        for count, (frame, egress) in enumerate(learned):
            lab.send(frame, egress)
            if count % 256 == 0:
                lab.drain()
                time.sleep(0.01)
        time.sleep(8)  # a sweep of the flow tables
        print(lab.tollgate("learn", "review"))
        lab.tollgate("learn", "approve", "--all")
        lab.tollgate("enforce", "--accept-risk=lose-session")
        run("setsid", "--wait", *lab.command("confirm"))  # another session than enforce's
        policy = json.loads(lab.tollgate("policy", "show", "-o", "json"))["yaml"]
        print(policy)
        flows, blocked = set(), set()
        for frame, egress in judged:
            key = tuple_of(frame, egress)
            passed = lab.passes(frame, egress)
            if key:
                flows.add(key)
                if not passed:
                    blocked.add(key)
        answered = {tuple_of(f, True) for f, out in judged if out}
        flows, blocked = flows & answered, blocked & answered
        share = 100 * len(blocked) / len(flows)
        print(f"seventh day: {len(flows)} flows, {len(blocked)} blocked ({share:.2f} %)")
        for key in sorted(blocked):
            print("  blocked:", key)
        known = {(k[0], k[1], k[2]) for k in flows}
        device_ip = next(socket.inet_ntoa(f[26:30]) for f, out in learned
                         if out and f[12:14] == b"\x08\x00" and f[26] not in (0, 169))
        let_in = sum(lab.passes(f, out) for f, out in injected(mac, device_ip, known))
        print(f"injected scans and foreign flows that passed: {let_in}")
        rules = policy.count("- name:") + policy.count("{name:")
        print(f"rules: {rules}, lines: {len(policy.splitlines())}")
        assert share <= 2, "more than 2 % of the seventh day's flows are blocked"
        assert let_in == 0, "an injected flow passed"
        assert rules <= 30, "the policy is not short"
        day = time.strftime("%Y-%m-%d", time.gmtime((first_day + SEVENTH_DAY) * 86400))
        assert simulate(lab, policy, capture, mac, day) == blocked, "simulate judges otherwise"
    finally:
        lab.close()


def simulate(lab, policy, capture, mac, day):
    """What the offline judge finds blocked on the seventh day: (protocol, remote, port, port)."""
    with open(f"{lab.dir}/policy.yaml", "w") as file:
        file.write(policy)
    report = json.loads(lab.tollgate("simulate", "--policy", f"{lab.dir}/policy.yaml", "--pcap",
                                     capture, "--device", mac, "-o", "json"))
    print("simulate, the whole week:", report["flows"], report["packets"])
    protocols = {"tcp": 6, "udp": 17}
    return {(protocols[f["protocol"]], f["remote"], f["remotePort"], f["localPort"])
            for f in report["blockedFlows"]
            if f["protocol"] in protocols and f["time"].startswith(day)}


if __name__ == "__main__":
    main(*sys.argv[1:4])
