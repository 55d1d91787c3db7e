#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A scrape of the metrics with many peers and rules: how long it takes, and how long packets wait for it. A datagram each
millisecond goes through the gate, and one through the tunnel; the longest way of one tells, with scrapes four times a
second and without.

    sudo bench/scrape.py AGENT-FOLDER [--peers N] [--rules N] [--threads N]... [--seconds N]
"""
import argparse
import json
import socket
import statistics
import struct
import sys
import time
import urllib.request
from pathlib import Path

import lab as lab_module
import processes
import tunnel
import tunnel_peers

END = "target"
PORT = 7777
METRICS = "127.0.0.1:9586"
INNER = {"source": "10.98.0.1", END: "10.255.0.1"}
PACE = 0.001
BETWEEN_SCRAPES = 0.25
STAMP = struct.Struct("!d")


def send(address, seconds):
    """Each datagram holds the time at which it was sent, of a clock that is the same in all namespaces."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to:
        due = begin = time.monotonic()
        while due < begin + seconds:
            due += PACE
            time.sleep(max(0.0, due - time.monotonic()))
            to.sendto(STAMP.pack(time.monotonic()), (address, PORT))


def receive(address, seconds):
    """Milliseconds under way: the 99.9th percentile and the longest, and how many arrived."""
    ways = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as at:
        at.bind((address, PORT))
        at.settimeout(2)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                sent, = STAMP.unpack(at.recv(STAMP.size))
            except TimeoutError:
                break
            ways.append((time.monotonic() - sent) * 1000)
    ways.sort()
    print(json.dumps({"count": len(ways), "p999": ways[len(ways) * 999 // 1000], "max": ways[-1]}))


def scrape(seconds):
    """Milliseconds of each, and the size of the last."""
    taken, size = [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        with urllib.request.urlopen(f"http://{METRICS}/metrics", timeout=10) as answer:
            size = len(answer.read())
        taken.append((time.monotonic() - begin) * 1000)
        time.sleep(BETWEEN_SCRAPES)
    print(json.dumps({"median": statistics.median(taken), "max": max(taken), "bytes": size, "count": len(taken)}))


def policy(rules):
    head = ("apiVersion: tollgate/v1\nkind: Policy\nmetadata: {name: scrape}\nspec:\n  mode: learn\n"
            "  default: {ingress: drop, egress: drop}\n  allow:\n"
            f"    - {{name: bench, direction: ingress, ports: [udp/{PORT}]}}\n")
    return head + "".join(f"    - {{name: r{i}, direction: ingress, ports: [udp/{20000 + i}]}}\n" for i in range(1, rules))


def start(lab, folder, args, threads, source_key):
    config = folder / f"threads-{threads}.yaml"
    text = (folder / "tollgate.yaml").read_text(encoding="ascii")
    text = text.replace("    listenPort: 51820\n", f"    listenPort: 51820\n    threads: {threads}\n")
    config.write_text(f"{text}      - name: source\n        publicKey: '{source_key}'\n"
                      f"        allowedIPs: [{INNER['source']}/32]\n", encoding="ascii")
    (folder / "policy.yaml").write_text(policy(args.rules), encoding="ascii")
    state = folder / f"daemon-{threads}"
    child = lab.start(END, args.agent / "tollgated", "--config", config, "--state-dir", state / "state", "--run-dir",
                      state / "run", "--pin-dir", lab.pins / END, "--metrics", METRICS, "--log-level", "error", "--policy",
                      folder / "policy.yaml")
    control = state / "run/control.sock"
    tunnel_peers.wait_for(control.exists)
    tunnel.wait_for(control)
    for order, body in (("enforce", '{"confirmWithin": 600}'), ("confirm", "{}")):
        lab_module.run("curl", "-sS", "--fail-with-body", "--unix-socket", control, "-d", body, f"http://localhost/v1/{order}")
    return child


def join(lab, keys, agent):
    """The other end of one of the peers."""
    name, folder = tunnel.interface("source"), tunnel.state_folder(lab) / "source"
    child = lab.start("source", agent / "tollgated", "--interface", "veth0", "--tunnel", name, "--state-dir",
                      folder / "state", "--run-dir", folder / "run", "--pin-dir", lab.pins / "source", "--metrics", "off",
                      "--log-level", "error")
    tunnel.wait_for(Path("/var/run/wireguard") / f"{name}.sock")
    lab.inside("source", "wg", "set", name, "private-key", keys["source"][0], "peer", keys["own"], "allowed-ips",
               f"{INNER[END]}/32", "endpoint", f"{lab_module.TARGET}:51820", "persistent-keepalive", "5")
    lab.inside("source", "ip", "address", "add", f"{INNER['source']}/24", "dev", name)
    lab.inside("source", "ip", "link", "set", name, "up")
    lab.inside("source", "ip", "route", "add", f"{INNER[END]}/32", "dev", name)
    return child


def ways(lab, address, seconds, with_scrapes):
    """@return how long datagrams were under way, and scrapes if there were any"""
    me = Path(__file__)
    receiver = lab.start(END, sys.executable, me, "receive", address, seconds, stdout=-1)
    time.sleep(0.5)
    scraper = lab.start(END, sys.executable, me, "scrape", seconds, stdout=-1) if with_scrapes else None
    lab.inside("source", sys.executable, me, "send", address, seconds)
    answers = []
    for child in (receiver, scraper):
        if child:
            answers.append(json.loads(child.communicate()[0]))
            lab.children.remove(child)
    return answers


def row(lab, threads, where, address, seconds):
    quiet, = ways(lab, address, seconds, False)
    busy, scrapes = ways(lab, address, seconds, True)
    return {"threads": threads, "where": where, "quiet": quiet, "busy": busy, "scrapes": scrapes}


def measure(args):
    """@return rows, and the memory of the daemon's processes with so many peers, MiB"""
    rows, memory = [], 0
    with tunnel.laboratory(args.agent) as (lab, keys):
        folder = tunnel_peers.prepare(lab, args.peers)
        own = (folder / f"{tunnel.interface(END)}.key").read_text(encoding="ascii")
        keys["own"] = lab_module.subprocess.run(["wg", "pubkey"], input=own, text=True, capture_output=True,
                                                check=True).stdout.strip()
        for threads in args.threads:
            children = [start(lab, folder, args, threads, keys["source"][1]), join(lab, keys, args.agent)]
            lab.inside("source", "ping", "-q", "-c", "3", "-W", "5", INNER[END], check=False)
            memory = processes.family_memory(children[0].pid)
            rows.append(row(lab, threads, "the gate", lab_module.TARGET, args.seconds))
            rows.append(row(lab, threads, "gate and tunnel", INNER[END], args.seconds))
            for child in children:
                lab.stop(child)
            tunnel.take_away(lab)
    return rows, memory


def table(rows):
    lines = ["| threads | datagrams through | scrape, ms | longest | KiB | way without scrapes, 99.9 %, ms | longest |"
             " with scrapes, 99.9 %, ms | longest |", "|---|---|---|---|---|---|---|---|---|"]
    for one in rows:
        scrapes, quiet, busy = one["scrapes"], one["quiet"], one["busy"]
        lines.append(f"| {one['threads']} | {one['where']} | {scrapes['median']:.0f} | {scrapes['max']:.0f} |"
                     f" {scrapes['bytes'] // 1024} | {quiet['p999']:.2f} | {quiet['max']:.2f} | {busy['p999']:.2f} |"
                     f" {busy['max']:.2f} |")
    return "\n".join(lines)


def main():
    if sys.argv[1] in ("send", "receive"):
        return (send if sys.argv[1] == "send" else receive)(sys.argv[2], float(sys.argv[3]))
    if sys.argv[1] == "scrape":
        return scrape(float(sys.argv[2]))
    parser = argparse.ArgumentParser()
    parser.add_argument("agent", type=Path)
    parser.add_argument("--peers", type=int, default=10_000)
    parser.add_argument("--rules", type=int, default=1_000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    return print(table(measure(args)[0]))


if __name__ == "__main__":
    main()
