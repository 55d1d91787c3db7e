# SPDX-License-Identifier: MIT
"""New allowed flows: a UDP datagram each, from random sources, to an open port with somebody behind it. At a rate, how many
of them arrive and are tracked; and as many as one core takes."""
import json
import time

import drop_rate
import lab as lab_module

OPEN = 9998  # bench/synthetic_policy.cpp: open to half of all addresses, those of bench/flood among them
CONNTRACK = f"""table inet bench {{
 chain input {{
    type filter hook input priority 0; policy drop; ct state established,related accept; udp dport {OPEN} accept;
 }}
}}"""
CONFIGURATIONS = {"tollgate": drop_rate.tollgate("wide", prefixes=0), "nft conntrack": drop_rate.nftables(CONNTRACK)}


def tracked(lab, name):
    """Flows that were made so far."""
    if name == "tollgate":
        pin, = lab.pins.rglob("gate_counters")
        shown = json.loads(lab_module.run("bpftool", "-j", "map", "lookup", "pinned", pin, "key", "0", "0", "0", "0"))
        return sum(cpu["value"]["embryos_created"] for cpu in shown["formatted"]["values"])
    return int(lab.inside("target", "sysctl", "-n", "net.netfilter.nf_conntrack_count"))


def flood(lab, programs, name, seconds, *more):
    """@return of the flood: frames, cpu_seconds, ...; of the target: received, tracked"""
    server = lab.start("target", programs / "datagrams", "serve", lab_module.TARGET, OPEN, stdout=-1)
    time.sleep(0.2)
    before = tracked(lab, name)
    sent = drop_rate.flood(lab, programs, OPEN, seconds, *more)
    made = tracked(lab, name) - before
    time.sleep(0.3)
    server.terminate()
    received = json.loads(server.communicate()[0])["received"]
    lab.children.remove(server)
    return sent | {"received": received, "tracked": made}


def measure(programs, kpps, seconds):
    """@return {configuration: figures at a rate}, the gate's figures with as many as one core takes"""
    at_rate = {}
    with lab_module.Lab() as lab:
        for name, load in CONFIGURATIONS.items():
            with load(lab, programs):
                at_rate[name] = flood(lab, programs, name, seconds, f"kpps={kpps}")
                if name == "tollgate":
                    most = flood(lab, programs, name, 1)
            print(f"  {name}: {at_rate[name]}", flush=True)
    print(f"  as many as one core takes: {most}", flush=True)
    return at_rate, most
