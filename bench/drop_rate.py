# SPDX-License-Identifier: MIT
"""How many unwanted 64-byte frames per second one core drops: Tollgate against the alternatives.

Frames have random sources and correct checksums. Sender and receiver share one core, so a rate is
1 / (cost to send + cost to drop), and it is taken per second of CPU time, in which the receiver's softirqs
are counted, so that other load on the machine matters little. Configurations are compared within one run
only, interleaved; the figure is the median over the rounds. `bare` is an XDP program that returns XDP_DROP
at once."""
import json
import statistics
from contextlib import contextmanager

import lab as lab_module
import processes

CPU = 1
CLOSED, OPEN = 9999, 2222  # bench/load_gate.cpp: no rule opens 9999; 2222 is open to other sources
INGRESS = """table netdev bench {
 chain ingress {
    type filter hook ingress device veth0 priority 0; policy drop;
 }
}"""
CONNTRACK = """table inet bench {
 chain input {
    type filter hook input priority 0; policy drop; ct state established,related accept;
 }
}"""


def xdp(program):
    """One of the programs of bench/flood.bpf.c"""
    @contextmanager
    def loaded(lab, programs):
        lab.inside("target", "ip", "link", "set", "veth0", "xdpdrv", "object", programs / "flood.bpf.o",
                   "program", program)
        yield
        lab.inside("target", "ip", "link", "set", "veth0", "xdpdrv", "off")
    return loaded


bare = xdp("bare_drop")


@contextmanager
def xdp_filter(lab, _):
    lab.inside("target", "xdp-filter", "load", "veth0", "-m", "native", "-p", "deny", "-f", "udp")
    lab.inside("target", "xdp-filter", "port", "22", "-m", "dst")
    yield
    lab.inside("target", "xdp-filter", "unload", "veth0")


@contextmanager
def nothing(_lab, _programs):
    yield


def nftables(rules):
    @contextmanager
    def loaded(lab, _):
        lab.inside("target", "nft", rules)
        yield
        lab.inside("target", "nft", "flush", "ruleset")
    return loaded


def tollgate(*more, prefixes=10000):
    @contextmanager
    def loaded(lab, programs):
        lab.inside("target", programs / "load_gate", lab.pins, "veth0", 1000, prefixes, *more)
        yield
        lab_module.run("rm", "-rf", lab.pins)
        # The kernel takes a link away a moment later, and refuses another program until then.
        processes.wait_for(lambda: "xdp" not in lab.inside("target", "ip", "link", "show", "dev", "veth0"), 5,
                           "the gate is gone")
    return loaded


gate = tollgate()


CONFIGURATIONS = {  # name: (loaded by, destination port)
    "bare": (bare, CLOSED),
    "tollgate, closed port": (gate, CLOSED),
    "tollgate, open port": (gate, OPEN),
    "tollgate, no filter": (tollgate("wide"), OPEN),
    "xdp-filter": (xdp_filter, CLOSED),
    "nft ingress": (nftables(INGRESS), CLOSED),
    "nft conntrack": (nftables(CONNTRACK), CLOSED),
    "nothing": (nothing, CLOSED),
}


def flood(lab, programs, port, seconds, *more):
    """@return what bench/flood tells; the CPU time of its CPU's softirqs is in "cpu_seconds", whoever has done them"""
    softirqs = processes.softirq_thread(CPU)
    before = processes.cpu_seconds(softirqs)
    sent = json.loads(lab.inside("source", "taskset", "-c", CPU, programs / "flood", "veth0", lab_module.TARGET, port,
                                 seconds, *more))
    return sent | {"cpu_seconds": sent["cpu_seconds"] + processes.cpu_seconds(softirqs) - before}


def once(lab, programs, port, seconds, *more):
    """One flood. @return frames per second, in millions, and the part of them that arrived"""
    before = lab.received()
    sent = flood(lab, programs, port, seconds, *more)
    return sent["frames"] / sent["cpu_seconds"] / 1e6, (lab.received() - before) / sent["frames"]


def measure(programs, rounds, seconds, only=None):
    """@return {configuration: {"runs": [Mpps], "median": Mpps, "arrived": least part}}"""
    runs = {name: [] for name in only or CONFIGURATIONS}
    with lab_module.Lab() as lab:
        for number in range(rounds):
            for name, results in runs.items():
                load, port = CONFIGURATIONS[name]
                with load(lab, programs):
                    results.append(once(lab, programs, port, seconds))
                print(f"  round {number + 1}: {name:24} {results[-1][0]:6.2f} Mpps", flush=True)
    return {name: {"runs": [round(rate, 3) for rate, _ in results],
                   "median": statistics.median(rate for rate, _ in results),
                   "arrived": min(part for _, part in results)} for name, results in runs.items()}
