# SPDX-License-Identifier: MIT
"""Rows of bench/floors: what the gate drops, passes and holds."""
import statistics
from pathlib import Path

import daemon
import drop_rate
import hard_frames
import lab as lab_module
import new_flows
import reload
import under_attack
from floors_table import Bound, Figure
from measure import load_time

GATE = "tollgate, closed port"
NEW_FLOWS_KPPS = 25  # more than the floor, of which the generator may fall short


def denied(args):
    rates = drop_rate.measure(args.programs, args.rounds, 2, ("bare", GATE, "nft conntrack"))
    ours, bare, nft = (rates[name]["median"] for name in (GATE, "bare", "nft conntrack"))
    peer = f"bare XDP_DROP {bare:.2f} Mpps, nft conntrack {nft:.2f}"
    note = "64-byte UDP to a closed port, one core, sending included, 1,000 rules and 10,000 prefixes."
    return [Figure("denied packets, of bare XDP_DROP", f"{ours / bare:.2f} ×", ours / bare, Bound(0.75, 0.85, unit="×"), peer,
                   ours / bare, note),
            Figure("denied packets a second, one core", f"{ours:.2f} Mpps", ours, Bound(1.5, 2.5, unit="Mpps"), peer,
                   ours / bare)]


def hard(args):
    rates = hard_frames.measure(args.programs, args.rounds, 1.5)
    mix = rates.pop("mix")
    ours, bare = mix[GATE], mix["bare"]
    alone = ", ".join(f"{shape} {by_name[GATE]:.2f} of {by_name['bare']:.2f} Mpps" for shape, by_name in rates.items())
    note = ("144-byte frames to a closed port. The parser reads two VLAN tags and eight IPv6 extension headers: the mix has"
            " both limits, both at once, four tags and nine headers (refused), first and later fragments, each dropped for"
            f" its own reason, which is checked. Each alone, one round, of bare XDP_DROP: {alone}.")
    peer = f"bare XDP_DROP {bare:.2f} Mpps, nft ingress {mix['nft ingress']:.2f}"
    return [Figure("hard frames denied, of bare XDP_DROP", f"{ours / bare:.2f} × ({ours:.2f} Mpps)", ours / bare,
                   Bound(0.5, 0.6, unit="×"), peer, ours / bare, note)]


def attack(args):
    figures = under_attack.measure(args.programs, 3, 2)
    ours, bare, made = figures["tollgate"], figures["bare"], figures["made, not sent"]
    peers = ", ".join(f"{name} {figures[name]['ratio']:.2f} × at {figures[name]['kpps']:,.0f} thousand a second"
                      for name in ("bare", "nft ingress", "nft conntrack"))
    note = (f"{ours['kpps']:,.0f} thousand denied frames a second, {ours['arrived']:.1%} of which arrived (bare:"
            f" {bare['kpps']:,.0f}), made on the server's CPU. The generator costs: its frames made and not sent, the rate is"
            f" {made['ratio']:.2f} × of quiet and {made['cores']:.2f} of a core is taken; made, sent and dropped it is"
            f" {ours['cores']:.2f} of a core (bare: {bare['cores']:.2f}). Of the rate beside \"made, not sent\" ours keeps"
            f" {ours['flooded'] / made['flooded']:.2f} ×. bare: an XDP program that drops UDP and passes the rest.")
    return [Figure("round trips under a flood, of quiet", f"{ours['ratio']:.2f} × ({ours['flooded']:,.0f} a second)",
                   ours["ratio"], Bound(0.8, 0.9, unit="×"), peers,
                   ours["ratio"] / bare["ratio"], note)]


def conntrack_bytes():
    """Of one entry of the kernel's own table."""
    lab_module.run("modprobe", "--quiet", "nf_conntrack", check=False)  # it may be built in
    return int(Path("/sys/kernel/slab/nf_conntrack/slab_size").read_text(encoding="ascii"))


def flows(args):
    figures = daemon.measure(args.programs, args.agent)
    held = f"{figures['flows']:,} flows: {figures['flows_mib']:.0f} MiB"
    note = (f"The table of flows by itself, as the kernel accounts it; all maps and programs have"
            f" {figures['kernel_mib']:.0f} MiB, the daemon's processes {figures['busy_mib']:.0f} MiB.")
    conntrack = figures["flows"] * conntrack_bytes() / (1 << 20)
    return [Figure("memory of 262,144 tracked flows", held, figures["flows_mib"], Bound(64, least=False, unit="MiB"),
                   f"nf_conntrack {conntrack:.0f} MiB", conntrack / figures["flows_mib"],
                   note + " nf_conntrack: as many entries of its slab, without its hash table and extensions.")]


def opened(args):
    seconds = 5
    at_rate, most = new_flows.measure(args.programs, NEW_FLOWS_KPPS, seconds)
    ours, nft = at_rate["tollgate"], at_rate["nft conntrack"]
    kept = min(ours["received"], ours["tracked"]) / ours["seconds"]
    cost = {name: figures["cpu_seconds"] / figures["frames"] * 1e6 for name, figures in at_rate.items()}
    note = (f"Of {ours['frames']:,.0f} in {ours['seconds']:.1f} s {ours['received']:,} arrived and {ours['tracked']:,} were"
            f" tracked. As many as one core takes, all a flow of their own: {most['tracked'] / most['cpu_seconds']:,.0f} a"
            " second. The ratio is of CPU time for each, sending and the socket included.")
    return [Figure("new allowed flows a second", f"{kept:,.0f} of {ours['frames'] / ours['seconds']:,.0f} offered",
                   kept, Bound(20_000, unit="a second"),
                   f"nft conntrack: {nft['received'] / nft['seconds']:,.0f} of {nft['frames'] / nft['seconds']:,.0f}",
                   cost["nft conntrack"] / cost["tollgate"], note)]


def rules(args):
    taken = reload.measure(args.agent, 10_000, 3)
    loaded = statistics.median(run["blocklist_ms"] for run in load_time(args.programs, 3))
    nft = reload.nft_blocklist_ms(100_000, 3)
    note = "From the request at the control socket to its answer: read, checked, compiled, filled in and in force."
    return [Figure("10,000 rules come into force", f"{taken['tollgate']:.0f} ms", taken["tollgate"],
                   Bound(500, least=False, unit="ms"), f"nft -f {taken['nft']:.0f} ms", taken["nft"] / taken["tollgate"],
                   note),
            Figure("100,000 prefixes on the block list", f"{loaded:.0f} ms", loaded, Bound(500, least=False, unit="ms"),
                   f"nft -f, a set of as many {nft:.0f} ms", nft / loaded,
                   "Ours without the reading of a file, which nft -f does, too.")]


def refused_by_tunnel(args):
    """What the gate takes for messages to a tunnel, {case: ns}"""
    with lab_module.Lab() as lab:
        lines = lab.inside("target", args.programs / "tunnel_time", lab.pins, "veth0").splitlines()
    return {line[:36].strip(): int(line[36:].split()[0]) for line in lines}
