#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A tunnel under floods, next to wireguard-go in turns: what is left of its TCP goodput, and how long a new handshake
takes. Floods come from random sources, 148-byte messages at a given rate, made on the same machine: their own cost is
in the figures.

    sudo bench/tunnel_flood.py PROGRAMS AGENT-FOLDER [--peer NAME=PROGRAM]... [--rounds N] [--seconds N] [--kpps N]
"""
import argparse
import json
import statistics
import time
from pathlib import Path

import lab as lab_module
import tunnel

PATIENCE = 30  # seconds for a handshake
KINDS = {"junk": "no type", "bad-mac1": "initiations with a bad mac1", "mac1": "initiations with a good mac1",
         "index": "data to unknown indices"}


def flood(lab, kind, key, seconds, kpps):
    return lab.start("source", lab.programs / "tunnel_flood", "veth0", lab_module.TARGET, 51820, seconds, kpps, kind,
                     key, stdout=-1)


def finish(lab, child):
    out, _ = child.communicate()
    lab.children.remove(child)
    return json.loads(out)


def handshake_seconds(lab, keys):
    """From making the peer anew to its first answer."""
    name = tunnel.interface("source")
    key = keys["target"][1]
    lab.inside("source", "wg", "set", name, "peer", key, "remove")
    begun = time.monotonic()
    lab.inside("source", "wg", "set", name, "peer", key, "allowed-ips", f"{tunnel.INNER['target']}/32",
               "endpoint", f"{lab_module.TARGET}:51820")
    answered = lab.inside("source", "ping", "-q", "-c", "1", "-W", PATIENCE, tunnel.INNER["target"], check=False)
    return time.monotonic() - begun if "1 received" in answered else float("inf")


def goodput_under_flood(lab, kind, keys, args):
    """@return Gbit/s of one TCP stream, and what the flood cost"""
    child = flood(lab, kind, keys["target"][1], args.seconds + 2, args.kpps)
    time.sleep(0.5)
    goodput = tunnel.tcp()(lab, args.seconds)
    return goodput, finish(lab, child)


def under_flood(lab, kind, keys, args):
    goodput, cost = goodput_under_flood(lab, kind, keys, args)
    child = flood(lab, kind, keys["target"][1], 8, args.kpps)
    time.sleep(1)
    handshake = handshake_seconds(lab, keys)
    finish(lab, child)
    return {"goodput": goodput, "handshake": handshake, "kpps": cost["frames"] / cost["seconds"] / 1000,
            "generator": cost["cpu_seconds"] / cost["seconds"]}


def measure(lab, start, keys, args):
    """@return {kind: figures} of one round; `quiet` is the goodput without a flood."""
    with tunnel.tunnel(lab, start, args.agent, keys):
        figures = {"quiet": {"goodput": tunnel.tcp()(lab, args.seconds)}}
        for kind in KINDS:
            figures[kind] = under_flood(lab, kind, keys, args)
    return figures


def measure_all(args, starts):
    """@return {implementation: [figures of each round]}"""
    rounds = {name: [] for name in starts}
    with tunnel.laboratory(args.programs) as (lab, keys):
        for number in range(args.rounds):
            for name, start in starts.items():
                rounds[name].append(measure(lab, start, keys, args))
                print(f"  round {number + 1}: {name:16} {rounds[name][-1]}", flush=True)
    return rounds


def row(name, kind, rounds):
    ratio = statistics.median(figures[kind]["goodput"] / figures["quiet"]["goodput"] for figures in rounds)
    median = {what: statistics.median(figures[kind][what] for figures in rounds) for what in rounds[0][kind]}
    handshake = f"{median['handshake']:.2f} s" if median["handshake"] < PATIENCE else f"none in {PATIENCE} s"
    return (f"| {KINDS[kind]} | {name} | {ratio:.2f} | {median['goodput']:.2f} | {handshake} |"
            f" {median['kpps']:.0f} | {median['generator']:.2f} |\n")


def table(rounds):
    head = "| flood | tunnel | of quiet | Gbit/s | new handshake | kpps | cores for the flood |\n"
    rows = (row(name, kind, figures) for kind in KINDS for name, figures in rounds.items())
    return head + "|" + "---|" * 7 + "\n" + "".join(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=Path)
    parser.add_argument("agent", type=Path)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--kpps", type=int, default=500)
    args = parser.parse_args()
    starts = tunnel.implementations(args.peer)
    del starts["tollgate at TC"]
    print(table(measure_all(args, starts)))


if __name__ == "__main__":
    main()
