# SPDX-License-Identifier: MIT
"""Rows of bench/floors: tunnels."""
import json
import re
import statistics
import time
from types import SimpleNamespace

import lab as lab_module
import processes
import tunnel
import tunnel_flood
import tunnel_peers
from floors_gate import refused_by_tunnel
from floors_table import Bound, Figure

FLOOD_KPPS = 500
FLOOD_SECONDS = 8  # while new tunnels are made
PEERS = 10_000
DH_OF_RESPONDER = 4  # es, ee, se and the ephemeral key; ss is computed once per peer
SET_UP_PAUSE = 0.1  # one source may begin 20 handshakes a second


def in_turns(args, starts, rounds, once):
    """@return {implementation: [once(lab, keys)]}"""
    taken = {name: [] for name in starts}
    with tunnel.laboratory(args.programs) as (lab, keys):
        for _ in range(rounds):
            for name, start in starts.items():
                with tunnel.tunnel(lab, start, args.agent, keys):
                    taken[name].append(once(lab, keys))
                print(f"  {name:16} {taken[name][-1]}", flush=True)
    return taken


def implementations(args):
    """@return ours, and the others by name"""
    starts = tunnel.implementations(args.peer)
    del starts["tollgate at TC"]
    return starts, [name for name in starts if name != "tollgate"]


def goodput(args):
    starts, others = implementations(args)
    taken = in_turns(args, starts, 3, lambda lab, _: tunnel.tcp()(lab, 3))
    rates = {name: statistics.median(runs) for name, runs in taken.items()}
    best = max(others, key=rates.get)
    return [Figure("tunnel goodput, one TCP stream", f"{rates['tollgate']:.2f} Gbit/s", rates["tollgate"],
                   Bound(1, 2, unit="Gbit/s"), ", ".join(f"{name} {rates[name]:.2f}" for name in others),
                   rates["tollgate"] / rates[best], "Both ends and the traffic on the machine's CPUs.")]


def goodput_of_floods(args):
    wish = SimpleNamespace(seconds=2, kpps=FLOOD_KPPS)

    def once(lab, keys):
        quiet = tunnel.tcp()(lab, wish.seconds)
        return {kind: tunnel_flood.goodput_under_flood(lab, kind, keys, wish)[0] / quiet for kind in tunnel_flood.KINDS}
    return once


def flooded(args):
    starts, others = implementations(args)
    taken = {name: runs[0] for name, runs in in_turns(args, starts, 1, goodput_of_floods(args)).items()}
    ours = taken["tollgate"]
    worst = min(ours, key=ours.get)
    best = max(others, key=lambda name: taken[name][worst])
    each = ", ".join(f"{tunnel_flood.KINDS[kind]} {ratio:.2f}" for kind, ratio in ours.items())
    note = f"{FLOOD_KPPS} thousand messages a second, made on the same CPUs; the worst of: {each}."
    return [Figure("tunnel goodput under a flood, of quiet", f"{ours[worst]:.2f} × ({tunnel_flood.KINDS[worst]})", ours[worst],
                   Bound(0.8, 0.9, unit="×"), ", ".join(f"{name} {taken[name][worst]:.2f} ×" for name in others),
                   ours[worst] / max(taken[best][worst], 0.01), note)]


def user_space(args, program, name):
    """Microseconds of one of our benchmarks of user space."""
    out = lab_module.run(args.programs / program, "--benchmark_format=json", f"--benchmark_filter=^{name}$")
    scale = {"ns": 1e-3, "us": 1, "ms": 1e3}
    case, = json.loads(out)["benchmarks"]
    return case["cpu_time"] * scale[case["time_unit"]]


def refused(args):
    cost = refused_by_tunnel(args)
    index, mac1, busy, closed = (1e3 / cost[case] for case in
                                 ("unknown index", "initiation, bad mac1", "no time for MACs", "port of nobody"))
    per_second = 1 / user_space(args, "handshake_bench", "refuse_bad_mac1")
    mac_alone = 1 / user_space(args, "crypto_bench", "mac1")
    million, peer = Bound(1, 2, unit="M/s"), f"a closed port {closed:.1f} M/s"
    return [Figure("messages to unknown indices refused, in the kernel", f"{index:.1f} M/s", index, million, peer,
                   index / closed),
            Figure("initiations with a bad mac1 refused, in the kernel", f"{mac1:.2f} M/s", mac1, million, peer, mac1 / closed,
                   f"One core, BPF_PROG_TEST_RUN. In a flood, MACs are given an eighth of a CPU's time; what is over that"
                   f" is refused without one, {busy:.1f} M/s."),
            Figure("initiations with a bad mac1 refused, in user space", f"{per_second:.2f} M/s", per_second,
                   Bound(0.3, 0.6, unit="M/s"), f"its BLAKE2s alone {mac_alone:.2f} M/s", per_second / mac_alone)]


def handshakes(args):
    answered = 1e6 / user_space(args, "handshake_bench", "respond")
    bare = 1e6 / user_space(args, "crypto_bench", "x25519") / DH_OF_RESPONDER
    return [Figure("handshakes answered a second, one core", f"{answered:,.0f}", answered, Bound(2500, 5000),
                   f"its {DH_OF_RESPONDER} X25519 alone {bare:,.0f}", answered / bare)]


def budget(args):
    """CPU time of our processes while initiations with a good mac1 come from everywhere."""
    def once(lab, keys):
        target = lab.tunnels[list(tunnel.INNER).index("target")]
        child = tunnel_flood.flood(lab, "mac1", keys["target"][1], 7, FLOOD_KPPS)
        time.sleep(1)
        before, begin = processes.cpu_seconds(target.pid), time.monotonic()
        time.sleep(5)
        used = (processes.cpu_seconds(target.pid) - before) / (time.monotonic() - begin)
        tunnel_flood.finish(lab, child)
        return used
    starts, others = implementations(args)
    taken = {name: runs[0] * 100 for name, runs in in_turns(args, starts, 1, once).items()}
    return [Figure("CPU for handshakes in a flood with good mac1", f"{taken['tollgate']:.1f} % of a core", taken["tollgate"],
                   Bound(10, least=False, unit="%"), ", ".join(f"{name} {taken[name]:.0f} %" for name in others),
                   min(taken[name] for name in others) / max(taken["tollgate"], 0.1),
                   f"{FLOOD_KPPS} thousand a second from random sources; all processes of the daemon.")]


def set_up(lab, keys):
    """From the first packet for a peer that was just made until its answer, ms: infinite, if there is none."""
    name, key = tunnel.interface("source"), keys["target"][1]
    lab.inside("source", "wg", "set", name, "peer", key, "remove")
    lab.inside("source", "wg", "set", name, "peer", key, "allowed-ips", f"{tunnel.INNER['target']}/32", "endpoint",
               f"{lab_module.TARGET}:51820")
    out = lab.inside("source", "ping", "-n", "-c", "1", "-W", tunnel_flood.PATIENCE, tunnel.INNER["target"], check=False)
    answered = re.search(r" time=([0-9.]+) ms", out)
    return float(answered[1]) if answered else float("inf")


def set_ups(quiet, busy):
    """@param quiet, busy  how many: as many of the busy ones as there is time for while the flood lasts"""
    def paced(lab, keys):
        time.sleep(SET_UP_PAUSE)
        return set_up(lab, keys)

    def once(lab, keys):
        calm = sorted(paced(lab, keys) for _ in range(quiet))
        child = tunnel_flood.flood(lab, "mac1", keys["target"][1], FLOOD_SECONDS, FLOOD_KPPS)
        time.sleep(1)
        hard, end = [], time.monotonic() + FLOOD_SECONDS - 2
        while len(hard) < busy and (not hard or time.monotonic() < end):
            hard.append(paced(lab, keys))
        tunnel_flood.finish(lab, child)
        return calm[len(calm) * 99 // 100 - 1], max(hard) / 1000, len(hard)
    return once


def new_tunnels(args):
    starts, others = implementations(args)
    ours = in_turns(args, {"tollgate": starts["tollgate"]}, 1, set_ups(100, 20))["tollgate"][0]
    theirs = in_turns(args, {name: starts[name] for name in others[:1]}, 1, set_ups(100, 1))[others[0]][0]
    peer, shown = others[0], [f"none in {tunnel_flood.PATIENCE} s" if value >= tunnel_flood.PATIENCE
                              else f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms" for value in (ours[1], theirs[1])]
    return [Figure("new tunnel, the 99th of 100", f"{ours[0]:.1f} ms", ours[0], Bound(10, 3, False, "ms"),
                   f"{peer} {theirs[0]:.1f} ms", theirs[0] / ours[0], "The first ping through a peer that was just made."),
            Figure("new tunnel under a flood", shown[0], ours[1], Bound(5, 2, False, "s"), f"{peer} {shown[1]}",
                   theirs[1] / ours[1] if theirs[1] < tunnel_flood.PATIENCE else None,
                   f"The longest of {ours[2]} (of the other: {theirs[2]}) under {FLOOD_KPPS} thousand initiations a second with a"
                   " good mac1.")]


def peers(args):
    starts, others = implementations(args)
    by_name, seconds = tunnel_peers.measure(SimpleNamespace(programs=args.programs, agent=args.agent, peers=PEERS), starts)
    taken, each = by_name["tollgate"]
    other = others[0]
    return [Figure("memory of a peer, of 10,000", f"{each / 1024:.1f} KiB", each / 1024, Bound(6, least=False, unit="KiB"),
                   f"{other} {by_name[other][1] / 1024:.1f} KiB", by_name[other][1] / each),
            Figure("start with 10,000 peers", f"{seconds:.2f} s", seconds, Bound(2, least=False, unit="s"),
                   f"`wg setconf`: {other} {by_name[other][0]:.2f} s, ours {taken:.2f} s", by_name[other][0] / seconds,
                   "From the start of tollgated, its configuration file included; the others only take `wg setconf`.")]
