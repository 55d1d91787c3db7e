#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ten thousand peers: how long until all are there, and the memory of each, next to wireguard-go in the same run.

    sudo bench/tunnel_peers.py AGENT-FOLDER [--peer NAME=PROGRAM]... [--peers N]
"""
import argparse
import sys
import time
from pathlib import Path

import lab as lab_module
import processes
import tunnel

GENERATOR = Path(__file__).resolve().parent.parent / "tests/support/many_peers.py"
END = "target"
SECONDS_MAX = 60


def resident_bytes(process):
    return processes.family_memory(process.pid) * (1 << 20)


def are_there(lab, folder):
    """All, in whatever order."""
    shown = lab.inside(END, "wg", "show", tunnel.interface(END), "allowed-ips", check=False)
    return sorted(shown.splitlines()) == sorted((folder / "expected").read_text(encoding="ascii").splitlines())


def wait_for(condition):
    end = time.monotonic() + SECONDS_MAX
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not in {SECONDS_MAX} s")
        time.sleep(0.02)


def by_wg(lab, start, args, folder):
    """@return seconds of `wg setconf`, bytes per peer"""
    process = start(lab, END, args.agent)
    wait_for(lambda: lab.inside(END, "wg", "show", tunnel.interface(END), check=False))
    time.sleep(0.5)
    before = resident_bytes(process)
    begin = time.monotonic()
    lab.inside(END, "wg", "setconf", tunnel.interface(END), folder / "wg.conf")
    taken = time.monotonic() - begin
    if not are_there(lab, folder):
        raise SystemExit("other peers than those of the file")
    each = (resident_bytes(process) - before) / args.peers
    lab.stop(process)
    time.sleep(0.3)
    return taken, each


def by_file(lab, args, folder):
    """@return seconds from the start of tollgated until all peers of tollgate.yaml are there"""
    begin = time.monotonic()
    process = lab.start(END, args.agent / "tollgated", "--config", folder / "tollgate.yaml",
                        "--state-dir", folder / "state", "--run-dir", folder / "run", "--pin-dir", lab.pins / END,
                        "--metrics", "off", "--log-level", "error")
    wait_for(lambda: are_there(lab, folder))
    taken = time.monotonic() - begin
    lab.stop(process)
    return taken


def prepare(lab, count):
    folder = tunnel.state_folder(lab)
    key = folder / f"{tunnel.interface(END)}.key"
    key.touch(mode=0o600)
    key.write_text(lab.inside(END, "wg", "genkey"), encoding="ascii")
    lab_module.run(sys.executable, GENERATOR, count, folder, tunnel.interface(END))
    config = folder / "tollgate.yaml"
    config.write_text(config.read_text(encoding="ascii").replace("[eth0]", "[veth0]"), encoding="ascii")
    return folder


def measure(args, starts):
    """@return {implementation: (seconds, bytes per peer)} by wg, seconds by tollgate.yaml"""
    with tunnel.laboratory(args.programs) as (lab, _):
        folder = prepare(lab, args.peers)
        return ({name: by_wg(lab, start, args, folder) for name, start in starts.items()}, by_file(lab, args, folder))


def table(args, starts):
    lines = ["| tunnel | by | seconds | bytes a peer |", "|---|---|---|---|"]
    by_name, file_seconds = measure(args, starts)
    for name, (taken, each) in by_name.items():
        lines.append(f"| {name} | `wg setconf` | {taken:.2f} | {each:.0f} |")
    lines.append(f"| tollgate | tollgate.yaml, from the start of the daemon | {file_seconds:.2f} | |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("agent", type=Path)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--peers", type=int, default=10_000)
    args = parser.parse_args()
    args.programs = args.agent
    print(table(args, tunnel.implementations(args.peer)))


if __name__ == "__main__":
    main()
