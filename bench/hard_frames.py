# SPDX-License-Identifier: MIT
"""Denied frames that take long to read, as many as one core drops: all of bench/hard_frames.cpp in turns, and each alone.
A frame has 144 bytes with every configuration. The gate's counters say that each was dropped for the reason that it is
about."""
import json
import re
import statistics
from pathlib import Path

import drop_rate
import lab as lab_module

REASONS = Path(__file__).resolve().parent.parent / "include/tollgate/abi/drop_reason.h"
SHAPES = {  # name: why the gate drops it
    "2-tags": "policy_default",
    "4-tags": "vlan_depth",
    "8-extensions": "policy_default",
    "2-tags-8-extensions": "policy_default",
    "9-extensions": "ipv6_extension",
    "first-fragment": "policy_default",
    "later-fragment": "fragment_unknown",
    "later-fragment-ipv6": "fragment_unknown",
}
GATE = "tollgate, closed port"
CONFIGURATIONS = ("bare", GATE, "nft ingress")


def drops(lab):
    """{reason: frames} that the gate has dropped on the way in, over all CPUs"""
    names = re.findall(r"X\([A-Z0-9_]+, ([a-z0-9_]+),", REASONS.read_text(encoding="ascii"))
    pin, = lab.pins.rglob("interface_counters")
    shown = json.loads(lab_module.run("bpftool", "-j", "map", "lookup", "pinned", pin, "key", "0", "0", "0", "0"))
    counts = [cpu["value"]["drops"] for cpu in shown["formatted"]["values"]]
    return {reason: sum(cpu[number] for cpu in counts) for number, reason in enumerate(names)}


def flood(lab, programs, name, shape, seconds):
    """@return million frames per second of CPU time, and {reason: part of the drops} if it is the gate's"""
    load, port = drop_rate.CONFIGURATIONS[name]
    with load(lab, programs):
        rate, arrived = drop_rate.once(lab, programs, port, seconds, f"shape={shape}")
        counted = drops(lab) if name == GATE else {}
    if arrived < 0.99:
        raise SystemExit(f"{shape}: only {arrived:.1%} of the frames arrived")
    return rate, {reason: frames / sum(counted.values()) for reason, frames in counted.items() if frames}


def expect(shape, parts):
    """Half of the shapes of the mix have one reason."""
    wanted = set(SHAPES.values()) if shape == "mix" else {SHAPES[shape]}
    others = 1 - sum(parts.get(reason, 0) for reason in wanted)
    if others > 0.001 or any(parts.get(reason, 0) < 0.05 for reason in wanted):
        raise SystemExit(f"{shape}: dropped for other reasons than {wanted}: {parts}")


def measure(programs, rounds, seconds):
    """@return {"mix" or a shape: {configuration: median Mpps}}"""
    runs = {shape: {name: [] for name in CONFIGURATIONS} for shape in ("mix", *SHAPES)}
    with lab_module.Lab() as lab:
        for shape, by_name in runs.items():
            for _ in range(rounds if shape == "mix" else 1):
                for name, rates in by_name.items():
                    if shape != "mix" and name == "nft ingress":
                        continue
                    rate, parts = flood(lab, programs, name, shape, seconds if shape == "mix" else seconds / 2)
                    if parts:
                        expect(shape, parts)
                    rates.append(rate)
                    print(f"  {shape:20} {name:24} {rate:6.2f} Mpps", flush=True)
    return {shape: {name: statistics.median(rates) for name, rates in by_name.items() if rates}
            for shape, by_name in runs.items()}
