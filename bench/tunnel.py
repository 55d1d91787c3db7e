#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tunnel next to wireguard-go, in turns, both ends and iperf3 on the same machine.

    sudo bench/tunnel.py AGENT-FOLDER [--peer NAME=PROGRAM]... [--rounds N] [--seconds N] [--single]

AGENT-FOLDER holds tollgated. Each peer is a wireguard-go; without one, that of the PATH. --single switches
segmentation off on the wire (`tso`, `gso`, `tx-udp-segmentation`).
"""
import argparse
import json
import os
import shutil
import statistics
import time
from contextlib import contextmanager
from pathlib import Path

import lab as lab_module

PORT = 7777
OUTER = {"source": lab_module.SOURCE, "target": lab_module.TARGET}
INNER = {"source": "10.98.0.1", "target": "10.98.0.2"}
OTHER = {"source": "target", "target": "source"}


def interface(end):
    return f"tgb{os.getpid() % 100000}{end[0]}"


def state_folder(lab):
    return Path("/run") / lab.pins.name


def start_tollgate(lab, end, agent):
    folder = state_folder(lab) / end
    return lab.start(end, agent / "tollgated", "--interface", "veth0", "--tunnel", interface(end),
                     "--state-dir", folder / "state", "--run-dir", folder / "run", "--pin-dir", lab.pins / end,
                     "--metrics", "off", "--log-level", "error")


def start_wireguard_go(program):
    def start(lab, end, _agent):
        return lab.start(end, "env", "LOG_LEVEL=silent", program, "-f", interface(end))
    return start


@contextmanager
def tunnel(lab, start, agent, keys):
    processes = [start(lab, end, agent) for end in INNER]
    for end in INNER:
        socket = Path("/var/run/wireguard") / f"{interface(end)}.sock"
        for _ in range(200):
            if socket.exists():
                break
            time.sleep(0.05)
        lab.inside(end, "wg", "set", interface(end), "private-key", keys[end][0], "listen-port", "51820",
                   "peer", keys[OTHER[end]][1], "allowed-ips", f"{INNER[OTHER[end]]}/32",
                   "endpoint", f"{OUTER[OTHER[end]]}:51820")
        lab.inside(end, "ip", "address", "add", f"{INNER[end]}/24", "dev", interface(end))
        lab.inside(end, "ip", "link", "set", interface(end), "up")
    lab.inside("source", "ping", "-q", "-c", "2", "-i", "0.2", INNER["target"])
    yield
    for process in processes:
        lab.stop(process)
    time.sleep(0.3)


def iperf(lab, seconds, *more):
    server = lab.start("target", "iperf3", "--server", "--one-off", "--port", PORT, "--json", stdout=-3)
    time.sleep(0.3)
    out = lab.inside("source", "iperf3", "--client", INNER["target"], "--port", PORT, "--time", seconds, "--json",
                     *more)
    lab.stop(server)
    return json.loads(out)["end"]


def tcp(*more):
    return lambda lab, seconds: iperf(lab, seconds, *more)["sum_received"]["bits_per_second"] / 1e9


def datagrams(lab, seconds):
    """128-byte datagrams: the greatest rate at which less than 1 in 1,000 is lost, kpps."""
    best, rate = 0, 40
    while rate < 2000:
        end = iperf(lab, 1, "--udp", "--length", "128", "--bitrate", f"{rate * 1024}K")["sum"]
        sent = end["packets"] / end["seconds"] / 1000
        if end["lost_percent"] > 0.1 or sent < rate * 0.9:
            break
        best, rate = rate, rate * 1.25
    return best


MEASURES = {"TCP, Gbit/s": tcp(), "TCP reverse, Gbit/s": tcp("--reverse"), "TCP, 16 streams, Gbit/s": tcp("-P", "16"),
            "128-byte datagrams, kpps": datagrams}


def make_keys(lab, folder):
    keys = {}
    for end in INNER:
        path = folder / f"{end}.key"
        private = lab.inside(end, "wg", "genkey")
        path.write_text(private, encoding="utf-8")
        path.chmod(0o600)
        keys[end] = (path, os.popen(f"wg pubkey < {path}").read().strip())
    return keys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("agent", type=Path)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--only")
    args = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in args.peer) or {"wireguard-go": shutil.which("wireguard-go")}
    starts = {"tollgate": start_tollgate} | {name: start_wireguard_go(path) for name, path in peers.items()}
    measures = {name: once for name, once in MEASURES.items() if not args.only or args.only in name}
    runs = {measure: {name: [] for name in starts} for measure in measures}
    with lab_module.Lab() as lab:
        folder = state_folder(lab)
        folder.mkdir(mode=0o700)
        lab.pins.mkdir()
        keys = make_keys(lab, folder)
        if args.single:
            for end in INNER:
                lab.inside(end, "ethtool", "-K", "veth0", "tso", "off", "gso", "off", "tx-udp-segmentation", "off")
        for number in range(args.rounds):
            for name, start in starts.items():
                with tunnel(lab, start, args.agent, keys):
                    for title, once in measures.items():
                        runs[title][name].append(once(lab, args.seconds))
                        print(f"  round {number + 1}: {name:16} {title:28} {runs[title][name][-1]:8.2f}", flush=True)
        shutil.rmtree(folder)
    for title, results in runs.items():
        mine = statistics.median(results["tollgate"])
        for name, values in results.items():
            print(f"{title:28} {name:16} {statistics.median(values):8.2f}   tollgate is "
                  f"{mine / statistics.median(values):.2f} ×")


if __name__ == "__main__":
    main()
