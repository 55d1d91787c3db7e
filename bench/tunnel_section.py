#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The section "Tunnel" of docs/performance.md: measures all of it and puts it into the page. About half an hour.

    sudo bench/tunnel_section.py BUILD-FOLDER --peer NAME=PROGRAM... [--rounds N]

BUILD-FOLDER is of the preset release, with -DTOLLGATE_BENCH=ON. Each peer is a wireguard-go.
"""
import argparse
import json
import statistics
from pathlib import Path

import lab as lab_module
import tunnel
import tunnel_flood
import tunnel_peers
import tunnel_stages

HEAD = "## Tunnel\n"
PAGE = Path(__file__).resolve().parent.parent / "docs/performance.md"
TEXT = """
`sudo bench/tunnel_section.py` on {machine}: two namespaces on a veth pair, both
tunnels and both ends of the traffic on the same two CPUs; both ends of ours enforce a policy, on veth and in the tunnel.
Implementations alternate, {rounds} rounds; medians. A veth pair keeps UDP_SEGMENT's large datagrams whole, as a NIC
with `tx-udp-segmentation` does, but not with an XDP program: "segments" is that, for the others and for ours with the
gate at TC (`--xdp-mode tc`). "One by one" is without segmentation for all (`tso`, `gso`, `tx-udp-segmentation` off);
"no GRO" is also without GRO, as veth is made, which an XDP program switches on. By xsk: AF_XDP, which copies every frame
on veth; `auto` takes UDP there.
"""
FLOODS = """
Under a flood: {kpps} thousand messages of 148 bytes a second from random sources, made on the same two CPUs, so that
what making them costs is in every row. Of quiet: goodput of one TCP stream through the tunnel against that of the same
tunnel without a flood. New handshake: from adding the peer to its first answer.
"""
STAGES = """
Where the time goes: CPU time of the tunnel's thread at both ends of one TCP stream, for each packet of the stream. What
the kernel does in a system call is in the stage that calls it; no gate is attached.
"""
PEERS = """
{peers} peers in one tunnel: until all of them are there, and the resident memory of each while it is idle.
"""
GATE = """
What the gate takes for a message to a tunnel (BPF_PROG_TEST_RUN, warm caches, the call's own 20 ns included), and the
handshakes that one core answers:
"""


def kept(page, head=HEAD):
    """A section as the page has it, or nothing."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    begin = text.find(head)
    end = text.find("\n## ", begin + len(head))
    return "" if begin < 0 else text[begin:] if end < 0 else text[begin:end + 1]


def put(page, section, before="## Learning\n", head=HEAD):
    text = page.read_text(encoding="utf-8")
    old = kept(page, head)
    if old:
        text = text.replace(old, section)
    else:
        place = text.find(before)
        text = text + "\n" + section if place < 0 else text[:place] + section + text[place:]
    page.write_text(text, encoding="utf-8")


def traffic_table(by_wire, names):
    others = [name for name in names if not name.startswith("tollgate")]
    ours = ["tollgate", "tollgate at TC"]
    lines = ["| what | on the wire | " + " | ".join(names) + " | " +
             " | ".join(f"{own} ÷ {name}" for own in ours for name in others) + " |",
             "|" + "---|" * (2 + len(names) + len(ours) * len(others))]
    for title in next(iter(by_wire.values())):
        for wire, results in by_wire.items():
            if title not in results:
                continue
            medians = {name: statistics.median(results[title][name]) for name in names}
            ratios = [f"{medians[own] / medians[name]:.2f}" for own in ours for name in others]
            lines.append(f"| {title.replace(' (less)', ', less is better')} | {wire} | " +
                         " | ".join(f"{medians[name]:.2f}" for name in names) + " | " + " | ".join(ratios) + " |")
    return "\n".join(lines) + "\n"


def measure_traffic(args, starts):
    wires = {"segments": (), "one by one": (tunnel.switch_segmentation_off,),
             "one by one, no GRO": (tunnel.switch_segmentation_off, tunnel.switch_gro_off)}
    by_wire = {}
    for wire, switches in wires.items():
        with tunnel.laboratory(args.programs) as (lab, keys):
            for switch in switches:
                switch(lab)
            by_wire[wire] = tunnel.measure(lab, keys, starts, args, only="" if wire == "segments" else "TCP")
    return by_wire


def measure_gate(programs):
    with lab_module.Lab() as lab:
        return lab.inside("target", programs / "tunnel_time", lab.pins, "veth0")


def measure_handshakes(programs):
    out = json.loads(lab_module.run(programs / "handshake_bench", "--benchmark_format=json"))
    return "".join(f"{case['name']:<36} {case['cpu_time']:>8.1f} {case['time_unit']}\n" for case in out["benchmarks"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--kpps", type=int, default=500)
    parser.add_argument("--peers", type=int, default=10_000)
    args = parser.parse_args()
    args.programs, args.agent = args.build / "bench", args.build / "agent"
    starts = tunnel.implementations(args.peer)
    section = HEAD + TEXT.format(machine=lab_module.machine(), rounds=args.rounds) + "\n"
    traffic = starts | {"tollgate by xsk": tunnel.start_backend("xsk")}
    section += traffic_table(measure_traffic(args, traffic), list(traffic))
    del starts["tollgate at TC"]
    section += FLOODS.format(kpps=args.kpps) + "\n" + tunnel_flood.table(tunnel_flood.measure_all(args, starts))
    section += STAGES + "\n" + tunnel_stages.table(args.programs, args.seconds)
    section += PEERS.format(peers=args.peers) + "\n" + tunnel_peers.table(args, starts)
    section += GATE + "\n```\n" + measure_gate(args.programs) + measure_handshakes(args.programs) + "```\n\n"
    put(PAGE, section)
    print(section)


if __name__ == "__main__":
    main()
