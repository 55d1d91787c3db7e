# SPDX-License-Identifier: MIT
"""The second half of bench/floors, which says how it is called: measures the rows and puts them into the page."""
import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import floors_daemon
import floors_gate
import floors_table
import floors_tunnel

PAGE = Path(__file__).resolve().parent.parent / "docs/performance.md"


@dataclass
class Row:
    measure: Callable
    figures: tuple  # the names of what it measures, in the order of the table


ROWS = {
    "denied": Row(floors_gate.denied, ("denied packets, of bare XDP_DROP", "denied packets a second, one core")),
    "hard": Row(floors_gate.hard, ("hard frames denied, of bare XDP_DROP",)),
    "attack": Row(floors_gate.attack, ("round trips under a flood, of quiet",)),
    "goodput": Row(floors_tunnel.goodput, ("tunnel goodput, one TCP stream",)),
    "flooded": Row(floors_tunnel.flooded, ("tunnel goodput under a flood, of quiet",)),
    "refused": Row(floors_tunnel.refused, ("messages to unknown indices refused, in the kernel",
                                           "initiations with a bad mac1 refused, in the kernel",
                                           "initiations with a bad mac1 refused, in user space")),
    "handshakes": Row(floors_tunnel.handshakes, ("handshakes answered a second, one core",)),
    "budget": Row(floors_tunnel.budget, ("CPU for handshakes in a flood with good mac1",)),
    "new-tunnels": Row(floors_tunnel.new_tunnels, ("new tunnel, the 99th of 100", "new tunnel under a flood")),
    "peers": Row(floors_tunnel.peers, ("memory of a peer, of 10,000", "start with 10,000 peers")),
    "flows": Row(floors_gate.flows, ("memory of 262,144 tracked flows",)),
    "new-flows": Row(floors_gate.opened, ("new allowed flows a second",)),
    "rules": Row(floors_gate.rules, ("10,000 rules come into force", "100,000 prefixes on the block list")),
    "events": Row(floors_daemon.events, ("events to the log without loss, a second",)),
    "scrape": Row(floors_daemon.scraped, ("scrape with 10,000 peers", "resident memory with 10,000 peers")),
    "idle": Row(floors_daemon.at_rest, ("CPU of the idle daemon", "resident memory of the idle daemon")),
    "kill": Row(floors_daemon.killed, ("kill -9: forbidden packets that passed", "kill -9: allowed traffic lost",
                                       "kill -9: until the tunnel answers")),
    "upgrade": Row(floors_daemon.upgraded, ("upgrade: forbidden packets that passed", "upgrade: allowed traffic lost")),
}
ORDER = [what for row in ROWS.values() for what in row.figures]


def measured(name, args):
    """@return [(figure, when)]: none, if the row cannot be measured here"""
    begun, when = time.monotonic(), floors_table.when()
    print(name, flush=True)
    try:
        figures = ROWS[name].measure(args)
    except SystemExit as failed:
        print(f"  not measured: {failed}", flush=True)
        return []
    if tuple(figure.what for figure in figures) != ROWS[name].figures:
        raise SystemExit(f"{name} measures other figures than ROWS says")
    for figure in figures:
        print(f"  {figure.bound.judge(figure.value):8} {figure.what}: {figure.measured}", flush=True)
    print(f"  {time.monotonic() - begun:.0f} s", flush=True)
    return [(figure, when) for figure in figures]


def main():
    parser = argparse.ArgumentParser(prog="bench/floors")
    parser.add_argument("build", type=Path, nargs="?")
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS), metavar="ROW")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PROGRAM", help="a wireguard-go")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true", help="that the page has the table as it was written")
    args = parser.parse_args()
    if args.check:
        if not floors_table.is_as_written(args.page, ORDER):
            raise SystemExit(f"{args.page}: the table of bench/floors has other rows, or was changed by hand")
        return
    if args.list or args.build is None:
        print("\n".join(ROWS))
        return
    args.programs, args.agent = args.build / "bench", args.build / "agent"
    for name in args.only:
        figures = measured(name, args)
        if figures:
            floors_table.put(args.page, figures, ORDER)
    missing = [name for name in args.only if not set(ROWS[name].figures) <= set(floors_table.kept(args.page)[0])]
    if missing:
        raise SystemExit(f"not measured: {' '.join(missing)}")


if __name__ == "__main__":
    main()
