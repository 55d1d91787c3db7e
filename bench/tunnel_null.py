#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a tunnel without cryptography reaches (tunnel_null), next to the bare veth pair in the same run:
one TCP stream each way through iperf3. Both ends and iperf3 share the machine.

    sudo bench/tunnel_null.py PROGRAMS [SECONDS]      PROGRAMS: the folder of tunnel_null and flood.bpf.o
"""
import json
import sys
import time
from pathlib import Path

import lab as lab_module

PORT = 7777
INNER = {"source": "10.98.0.1", "target": "10.98.0.2"}


def stream(lab, address, seconds):
    server = lab.start("target", "iperf3", "--server", "--one-off", "--port", PORT, "--json", stdout=-3)
    time.sleep(0.3)
    out = lab.inside("source", "iperf3", "--client", address, "--port", PORT, "--time", seconds, "--json")
    lab.stop(server)
    end = json.loads(out)["end"]
    return end["sum_received"]["bits_per_second"] / 1e9, end["sum_sent"]["retransmits"]


def tunnel(lab, programs, seconds, *mode):
    outer = {"source": lab_module.TARGET, "target": lab_module.SOURCE}
    forwarders = [lab.start(end, programs / "tunnel_null", "tun0", 51820, f"{outer[end]}:51820", *mode)
                  for end in INNER]
    time.sleep(0.3)
    for end, address in INNER.items():
        lab.inside(end, "ip", "address", "add", f"{address}/24", "dev", "tun0")
    result = stream(lab, INNER["target"], seconds)
    for forwarder in forwarders:
        lab.stop(forwarder)
    return result


def main():
    programs, seconds = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with lab_module.Lab() as lab:
        def show(name, result):
            print(f"{name:44} {result[0]:6.2f} Gb/s {result[1]:6} retransmitted", flush=True)
        show("veth", stream(lab, lab_module.TARGET, seconds))
        show("tunnel", tunnel(lab, programs, seconds))
        show("tunnel, no UDP_SEGMENT", tunnel(lab, programs, seconds, "single"))
        for end in INNER:
            lab.inside(end, "ip", "link", "set", "veth0", "xdpdrv", "object", programs / "flood.bpf.o",
                       "program", "bare_pass")
        show("veth, XDP program at both ends", stream(lab, lab_module.TARGET, seconds))
        show("tunnel, XDP program at both ends", tunnel(lab, programs, seconds))


if __name__ == "__main__":
    main()
