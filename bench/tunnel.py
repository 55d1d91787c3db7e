#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tunnel next to wireguard-go, in turns, both ends and iperf3 on the same machine.

    sudo bench/tunnel.py PROGRAMS AGENT-FOLDER [--peer NAME=PROGRAM]... [--rounds N] [--seconds N] [--single]
                         [--only WHAT] [--backend xsk|udp]...

PROGRAMS is the folder of ping_pong, AGENT-FOLDER holds tollgated. Each peer is a wireguard-go; without one, that of the
PATH. --single switches segmentation off on the wire (`tso`, `gso`, `tx-udp-segmentation`). Ours enforces a policy at both
ends, once with the gate in XDP and once at TC, because veth has no segmentation with an XDP program. It takes the backend
that it finds best; with --backend those that are named, one after the other. The first is compared with all.
"""
import argparse
import json
import os
import shutil
import socket
import statistics
import time
from contextlib import contextmanager
from pathlib import Path

import lab as lab_module
import processes

PORT = 7777
OUTER = {"source": lab_module.SOURCE, "target": lab_module.TARGET}
INNER = {"source": "10.98.0.1", "target": "10.98.0.2"}
SEGMENTATION = ("tso", "gso", "tx-udp-segmentation")
OTHER = {"source": "target", "target": "source"}
CONFIG = """apiVersion: tollgate/v1
kind: Agent
interfaces: [veth0]
tunnels:
  - {{name: {name}, privateKeyFile: {key}, backend: {backend}}}
"""
# What the benches send, both ways, and only through the tunnel.
POLICY = f"""apiVersion: tollgate/v1
kind: Policy
metadata: {{name: bench}}
spec:
  mode: learn
  default: {{ingress: drop, egress: drop}}
  allow:
    - {{name: in, direction: ingress, ports: [tcp/{PORT}, udp/{PORT}], via: tunnel}}
    - {{name: out, direction: egress, ports: [tcp/{PORT}, udp/{PORT}], via: tunnel}}
    - {{name: ping-in, direction: ingress, protocols: [icmp/echo-request], via: tunnel}}
    - {{name: ping-out, direction: egress, protocols: [icmp/echo-request], via: tunnel}}
"""


def interface(end):
    return f"tgb{os.getpid() % 100000}{end[0]}"


def wait_for(path):
    """Until somebody answers at a socket of the file system; one may be there from before."""
    for _ in range(200):
        with socket.socket(socket.AF_UNIX) as client:
            if client.connect_ex(str(path)) == 0:
                break
        time.sleep(0.05)


def state_folder(lab):
    return Path("/run") / lab.pins.name


def key_file(lab, end):
    return state_folder(lab) / f"{end}.key"


def start_daemon(lab, end, agent, *more):
    """A daemon that enforces POLICY."""
    folder = state_folder(lab) / end
    policy = state_folder(lab) / "policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    child = lab.start(end, agent / "tollgated", *more, "--state-dir", folder / "state", "--run-dir", folder / "run",
                      "--pin-dir", lab.pins / end, "--metrics", "off", "--log-level", "error", "--policy", policy)
    control = folder / "run" / "control.sock"
    wait_for(control)
    for order, body in (("enforce", '{"confirmWithin": 600}'), ("confirm", "{}")):
        lab_module.run("curl", "-sS", "--fail-with-body", "--unix-socket", control, "-d", body,
                       f"http://localhost/v1/{order}")
    return child


def start_tollgate(lab, end, agent):
    return start_daemon(lab, end, agent, "--interface", "veth0", "--tunnel", interface(end))


def start_at_tc(lab, end, agent):
    return start_daemon(lab, end, agent, "--interface", "veth0", "--tunnel", interface(end), "--xdp-mode", "tc")


def start_backend(backend):
    def start(lab, end, agent):
        config = state_folder(lab) / f"{end}.yaml"
        config.write_text(CONFIG.format(name=interface(end), key=key_file(lab, end), backend=backend), encoding="utf-8")
        return start_daemon(lab, end, agent, "--config", config)
    return start


def start_wireguard_go(program):
    def start(lab, end, _agent):
        # Where the kernel has WireGuard, it says so in ten lines.
        return lab.start(end, "env", "LOG_LEVEL=silent", program, "-f", interface(end), stderr=-3)
    return start


def set_segmentation(lab):
    for end in INNER:
        lab.inside(end, "ethtool", "-K", "veth0", *(word for name in SEGMENTATION for word in (name, lab.segmentation)))


def take_away(lab):
    """What the daemon leaves on purpose: interfaces of a configuration file, and the gate, without which veth can segment
    again. The next one is to find the lab as the first did."""
    for end in INNER:
        lab.inside(end, "ip", "link", "delete", interface(end), check=False)
        shutil.rmtree(lab.pins / end, ignore_errors=True)
        for _ in range(50):
            if "xdp" not in lab.inside(end, "ip", "link", "show", "dev", "veth0"):
                break
            time.sleep(0.1)
    set_segmentation(lab)


@contextmanager
def tunnel(lab, start, agent, keys):
    processes = [start(lab, end, agent) for end in INNER]
    for end in INNER:
        wait_for(Path("/var/run/wireguard") / f"{interface(end)}.sock")
        lab.inside(end, "wg", "set", interface(end), "private-key", keys[end][0], "listen-port", "51820",
                   "peer", keys[OTHER[end]][1], "allowed-ips", f"{INNER[OTHER[end]]}/32",
                   "endpoint", f"{OUTER[OTHER[end]]}:51820")
        lab.inside(end, "ip", "address", "add", f"{INNER[end]}/24", "dev", interface(end))
        lab.inside(end, "ip", "link", "set", interface(end), "up")
    lab.inside("source", "ping", "-q", "-c", "2", "-i", "0.2", INNER["target"])
    lab.tunnels = processes
    yield
    for process in processes:
        lab.stop(process)
    take_away(lab)
    time.sleep(0.3)


def iperf(lab, seconds, *more):
    server = lab.start("target", "iperf3", "--server", "--one-off", "--port", PORT, "--json", stdout=-3)
    time.sleep(0.3)
    out = lab.inside("source", "iperf3", "--client", INNER["target"], "--port", PORT, "--time", seconds, "--json",
                     *more)
    server.wait()  # iperf3 is not safe against a signal while it reports
    lab.children.remove(server)
    return json.loads(out)["end"]


def tcp(*more):
    return lambda lab, seconds: iperf(lab, seconds, *more)["sum_received"]["bits_per_second"] / 1e9


def cpu(process):
    """Seconds of CPU time that a process and its children have used."""
    return processes.cpu_seconds(process.pid)


def cpu_per_gigabit(lab, seconds):
    """CPU time of both tunnels for what one stream carries in a second at 1 Gbit/s."""
    before = sum(map(cpu, lab.tunnels))
    gigabits = iperf(lab, seconds)["sum_received"]["bytes"] * 8 / 1e9
    return (sum(map(cpu, lab.tunnels)) - before) / gigabits


def send_datagrams(lab, seconds, kpps):
    """@return thousands sent and received a second"""
    server = lab.start("target", lab.programs / "datagrams", "serve", INNER["target"], PORT, stdout=-1)
    time.sleep(0.2)
    sent = json.loads(lab.inside("source", lab.programs / "datagrams", "send", INNER["target"], PORT, seconds, kpps,
                                 128))
    time.sleep(0.2)
    server.terminate()
    received = json.loads(server.communicate()[0])["received"]
    lab.children.remove(server)
    return sent["sent"] / sent["seconds"] / 1000, received / sent["seconds"] / 1000


def datagrams(lab, _):
    """128-byte datagrams: the greatest rate at which less than 1 in 1,000 is lost, kpps."""
    def arrives_whole(rate):
        sent, received = send_datagrams(lab, 1, rate)
        return received >= sent * 0.999 and sent > rate * 0.95

    least, most = 0, 20
    while arrives_whole(most):
        least, most = most, 2 * most
    for _ in range(6):
        middle = (least + most) / 2
        least, most = (middle, most) if arrives_whole(middle) else (least, middle)
    return least


def round_trip(which):
    """One byte there and back on one TCP connection, microseconds."""
    def once(lab, seconds):
        server = lab.start("target", lab.programs / "ping_pong", "serve", INNER["target"], PORT)
        time.sleep(0.2)
        out = lab.inside("source", lab.programs / "ping_pong", "ask", INNER["target"], PORT, seconds)
        lab.stop(server)
        return json.loads(out)[which]
    return once


# What is less if it is better has "less" in its name.
MEASURES = {"TCP, Gbit/s": tcp(), "TCP reverse, Gbit/s": tcp("--reverse"), "TCP, 16 streams, Gbit/s": tcp("-P", "16"),
            "TCP, CPU s per Gbit (less)": cpu_per_gigabit, "128-byte datagrams, kpps": datagrams,
            "round trip p50, µs (less)": round_trip("p50_us"), "round trip p99, µs (less)": round_trip("p99_us")}


def make_keys(lab):
    keys = {}
    for end in INNER:
        path = key_file(lab, end)
        private = lab.inside(end, "wg", "genkey")
        path.write_text(private, encoding="utf-8")
        path.chmod(0o600)
        keys[end] = (path, os.popen(f"wg pubkey < {path}").read().strip())
    return keys


def implementations(peers, backends=()):
    """{name: how to start it}, ours first. @param peers  NAME=PROGRAM, each a wireguard-go; none: that of the PATH"""
    ours = {f"tollgate by {name}": start_backend(name) for name in backends}
    ours = ours or {"tollgate": start_tollgate, "tollgate at TC": start_at_tc}
    named = dict(peer.split("=", 1) for peer in peers) or {"wireguard-go": shutil.which("wireguard-go")}
    return ours | {name: start_wireguard_go(path) for name, path in named.items()}


@contextmanager
def laboratory(programs):
    """A lab with a key for each end."""
    with lab_module.Lab() as lab:
        lab.programs = programs
        lab.segmentation = "on"
        folder = state_folder(lab)
        folder.mkdir(mode=0o700)
        lab.pins.mkdir()
        try:
            yield lab, make_keys(lab)
        finally:
            shutil.rmtree(folder)


def switch_segmentation_off(lab):
    lab.segmentation = "off"
    set_segmentation(lab)


def switch_gro_off(lab):
    """As veth is made. With an XDP program it has GRO all the same."""
    for end in INNER:
        lab.inside(end, "ethtool", "-K", "veth0", "gro", "off")


def measure(lab, keys, starts, args, only=""):
    """@return {measure: {implementation: [figure of each round]}}"""
    measures = {name: once for name, once in MEASURES.items() if only in name}
    results = {title: {name: [] for name in starts} for title in measures}
    for number in range(args.rounds):
        for name, start in starts.items():
            with tunnel(lab, start, args.agent, keys):
                for title, once in measures.items():
                    results[title][name].append(once(lab, args.seconds))
                    print(f"  round {number + 1}: {name:16} {title:28} {results[title][name][-1]:8.2f}", flush=True)
    return results


def show(results):
    for title, runs in results.items():
        ours = next(iter(runs))
        mine = statistics.median(runs[ours])
        for name, values in runs.items():
            median = statistics.median(values)
            print(f"{title:28} {name:16} {median:8.2f}   {ours} is {mine / median:.2f} ×   "
                  f"({' '.join(f'{value:.2f}' for value in values)})")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=Path)
    parser.add_argument("agent", type=Path)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--backend", action="append", choices=("xsk", "udp"), default=[])
    args = parser.parse_args()
    with laboratory(args.programs) as (lab, keys):
        if args.single:
            switch_segmentation_off(lab)
        show(measure(lab, keys, implementations(args.peer, args.backend), args, args.only))


if __name__ == "__main__":
    main()
