# SPDX-License-Identifier: MIT
"""Round trips of allowed traffic while denied frames come in, against the same without them. The flood is made on the
server's CPU, so that the target pays for all of it; "made, not sent" is what making it costs by itself. It comes in bursts,
which can fill a queue of veth (256 frames): flood and client have queues of their own, as a NIC has for each CPU, else what
is lost there of the round trips would be the figure."""
import json
import statistics
import time
from contextlib import contextmanager

import drop_rate
import lab as lab_module
import processes
import traffic

KPPS = 2000
CONNTRACK = f"""table inet bench {{
 chain input {{
    type filter hook input priority 0; policy drop; ct state established,related accept; tcp dport {traffic.PORT} accept;
 }}
}}"""
INGRESS = """table netdev bench {
 chain ingress {
    type filter hook ingress device veth0 priority 0; policy accept; meta l4proto udp drop;
 }
}"""
# The gate's quiet rate is that of "made, not sent", too.
CONFIGURATIONS = {"tollgate": drop_rate.gate, "bare": drop_rate.xdp("bare_drop_udp"),
                  "nft ingress": drop_rate.nftables(INGRESS), "nft conntrack": drop_rate.nftables(CONNTRACK)}


@contextmanager
def flood(lab, programs, seconds, *more):
    """@return a list that has the flood's own figures afterwards"""
    told = []
    child = lab.start("source", *traffic.SERVER, programs / "flood", "veth0", lab_module.TARGET, drop_rate.CLOSED, seconds,
                      f"kpps={KPPS}", *more, stdout=-1)
    time.sleep(0.5)
    yield told
    out, _ = child.communicate()
    lab.children.remove(child)
    told.append(json.loads(out))


def once(lab, programs, seconds, *more):
    """@return round trips a second, thousands of frames a second, cores that the flood took, part of it that arrived"""
    softirqs, before = processes.softirq_thread(drop_rate.CPU), lab.received()
    begun = processes.cpu_seconds(softirqs)
    with flood(lab, programs, seconds + 1.5, *more) as told:
        rate = traffic.ping_pong("ask")(lab, programs, seconds)
    cost = told[0]
    cpu = cost["cpu_seconds"] + processes.cpu_seconds(softirqs) - begun
    return (rate, cost["frames"] / cost["seconds"] / 1000, cpu / cost["seconds"],
            min(1.0, (lab.received() - before) / cost["frames"]))


def measure(programs, rounds, seconds):
    """@return {configuration: medians of "quiet", "flooded" (round trips a second), "ratio", "kpps", "cores", "arrived"}"""
    runs = {name: [] for name in (*CONFIGURATIONS, "made, not sent")}
    with lab_module.Lab(queues=2) as lab:
        for _ in range(rounds):
            for name, load in CONFIGURATIONS.items():
                with load(lab, programs):
                    quiet = traffic.ping_pong("ask")(lab, programs, seconds)
                    runs[name].append((quiet, *once(lab, programs, seconds)))
                    if name == "tollgate":
                        runs["made, not sent"].append((quiet, *once(lab, programs, seconds, "stay=1")))
                print(f"  {name:16} {runs[name][-1]}", flush=True)
    return {name: {"ratio": statistics.median(flooded / quiet for quiet, flooded, *_ in taken)} |
            {what: statistics.median(one[i] for one in taken) for i, what in
             enumerate(("quiet", "flooded", "kpps", "cores", "arrived"))} for name, taken in runs.items()}
