#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the time of a tunnel goes: nanoseconds of its own CPU time per packet, by stage, at both ends of one TCP stream.

    sudo bench/tunnel_stages.py PROGRAMS [SECONDS]      PROGRAMS: the folder of tunnel_stages
"""
import json
import sys
import time
from pathlib import Path

import tunnel

FROM_HOST = ("read from the host", "seal", "send")
TO_HOST = ("receive", "open", "write to the host")
# What the stream's packets pass at an end; the other way go acknowledgements.
DATA = {"source": ("fromHost", FROM_HOST, TO_HOST), "target": ("toHost", TO_HOST, FROM_HOST)}
ENDS = {"source": "sending", "target": "receiving"}


def start(lab, keys, end):
    other = tunnel.OTHER[end]
    return lab.start(end, lab.programs / "tunnel_stages", tunnel.interface(end), keys[end][0], keys[other][1],
                     f"{tunnel.OUTER[other]}:51820", stdout=-1)


def finish(lab, process):
    process.terminate()
    out = process.communicate()[0]
    lab.children.remove(process)
    return json.loads(out)


def per_packet(end, figures):
    """{stage: nanoseconds for each packet of the stream}"""
    count, there, back = DATA[end]
    ns = figures["ns"]
    stages = {stage: ns[stage] for stage in there}
    stages["acknowledgements, all stages"] = sum(ns[stage] for stage in back)
    stages["everything else"] = ns["all"] - sum(stages.values())
    stages["in all"] = ns["all"]
    return {stage: time / figures[count] for stage, time in stages.items()}


def measure(programs, seconds):
    """@return {end: {stage: nanoseconds per packet}}, Gbit/s"""
    with tunnel.laboratory(programs) as (lab, keys):
        processes = {end: start(lab, keys, end) for end in tunnel.INNER}
        time.sleep(0.5)
        for end, address in tunnel.INNER.items():
            lab.inside(end, "ip", "address", "add", f"{address}/24", "dev", tunnel.interface(end))
        lab.inside("source", "ping", "-q", "-c", "2", "-i", "0.2", tunnel.INNER["target"])
        rate = tunnel.tcp()(lab, seconds)
        return {end: per_packet(end, finish(lab, process)) for end, process in processes.items()}, rate


def table(programs, seconds):
    ends, rate = measure(programs, seconds)
    rows = [f"| {ENDS[end]} | {stage} | {time:.0f} |" for end, stages in ends.items() for stage, time in stages.items()]
    return f"| end, at {rate:.2f} Gbit/s | stage | ns per packet |\n|---|---|---|\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5))
