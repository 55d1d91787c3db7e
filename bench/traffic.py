# SPDX-License-Identifier: MIT
"""What allowed traffic pays: round trips, new connections and a TCP stream through the gate, through an
XDP program that passes everything, and with nothing. An XDP program on a veth costs by itself (the
kernel gives up segmentation offload there), which a NIC does not: the gate's own part is the difference to
`bare pass`."""
import json
import statistics
import time

import lab as lab_module
from drop_rate import gate, nothing, xdp

PORT = 7777  # bench/synthetic_policy.hpp: kLabPort
CLIENT, SERVER = ("taskset", "-c", "0"), ("taskset", "-c", "1")  # where the scheduler puts them changes figures by 3 ×


CONFIGURATIONS = {"nothing": nothing, "bare pass": xdp("bare_pass"), "tollgate": gate}


def ping_pong(kind):
    def once(lab, programs, seconds):
        server = lab.start("target", *SERVER, programs / "ping_pong", "serve", lab_module.TARGET, PORT)
        time.sleep(0.2)
        out = lab.inside("source", *CLIENT, programs / "ping_pong", kind, lab_module.TARGET, PORT, seconds)
        lab.stop(server)
        return json.loads(out)["per_second"]
    return once


def stream(lab, _, seconds):
    server = lab.start("target", *SERVER, "iperf3", "--server", "--one-off", "--port", PORT, "--json", stdout=-3)
    time.sleep(0.3)
    out = lab.inside("source", *CLIENT, "iperf3", "--client", lab_module.TARGET, "--port", PORT, "--time", seconds,
                     "--json")
    lab.stop(server)
    return json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e9


MEASURES = {"round trips per second": ping_pong("ask"),
            "new connections per second": ping_pong("connect"),
            "stream, Gbit/s": stream}


def measure(programs, rounds, seconds):
    """@return {measure: {configuration: {"runs": [...], "median": ...}}}"""
    runs = {measure: {name: [] for name in CONFIGURATIONS} for measure in MEASURES}
    with lab_module.Lab() as lab:
        for number in range(rounds):
            for name, load in CONFIGURATIONS.items():
                with load(lab, programs):
                    for title, once in MEASURES.items():
                        runs[title][name].append(once(lab, programs, seconds))
                        print(f"  round {number + 1}: {name:10} {title:28} {runs[title][name][-1]:10.2f}", flush=True)
    return {title: {name: {"runs": [round(value, 2) for value in values],
                           "median": statistics.median(values)} for name, values in results.items()}
            for title, results in runs.items()}
