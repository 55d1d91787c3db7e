# SPDX-License-Identifier: MIT
"""Rows of bench/floors: the daemon, at rest, with many peers, killed and upgraded."""
import re
import tempfile
from types import SimpleNamespace

import idle
import lab as lab_module
import restart
import scrape
from floors_table import Bound, Figure

PEERS = 10_000


def at_rest(args):
    figures = idle.measure(args.agent, 40)
    ours, other = figures["tollgate"], figures["wireguard-go"]
    each = ", ".join(f"{name.rsplit(' ', 1)[0]} {mib:.1f}" for name, mib in ours["by_process"].items())
    percent, peers = ours["cpu"] * 100, other["cpu"] * 100
    return [Figure("CPU of the idle daemon", f"{percent:.3f} %", percent, Bound(0.5, 0.1, False, "% of a core"),
                   f"wireguard-go {peers:.3f} %", peers / max(percent, 0.001),
                   "40 s, all processes: one interface, 100 rules enforced, one tunnel, metrics. wireguard-go is only a"
                   " tunnel."),
            Figure("resident memory of the idle daemon", f"{ours['rss']:.1f} MiB", ours["rss"], Bound(20, 12, False, "MiB"),
                   f"wireguard-go {other['rss']:.1f} MiB", other["rss"] / ours["rss"],
                   f"The sum over its processes, MiB: {each}. What they share counts in each; shared out (PSS) they have"
                   f" {ours['pss']:.1f}, wireguard-go {other['pss']:.1f}. After five scrapes and five questions the sum is"
                   f" {ours['asked']:.1f}: the code that answers is in memory again.")]


def scraped(args):
    wish = SimpleNamespace(agent=args.agent, peers=PEERS, rules=1000, threads=[1], seconds=4)
    rows, memory = scrape.measure(wish)
    scrapes = max((row["scrapes"] for row in rows), key=lambda one: one["median"])
    return [Figure("scrape with 10,000 peers", f"{scrapes['median']:.0f} ms, the longest {scrapes['max']:.0f} ms",
                   scrapes["max"], Bound(200, least=False, unit="ms"),
                   note=f"{scrapes['bytes'] // 1024} KiB, with a datagram each millisecond through gate and tunnel. The"
                        " longest is judged."),
            Figure("resident memory with 10,000 peers", f"{memory:.1f} MiB", memory, Bound(80, 60, False, "MiB"),
                   note="All processes, 1,000 rules.")]


def events(args):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        lines = lab_module.run(args.programs / "flow_log", folder).splitlines()
    told = [re.search(r"(\d+) handed, (\d+) written, (\d+) lost, .* ([0-9]+) written a second", line) for line in lines[:3]]
    (handed, _, lost, _), (_, _, none, most) = (tuple(map(int, one.groups())) for one in told[:2])
    flood = tuple(map(int, told[2].groups()))
    exact = "exactly" if flood[0] == flood[1] + flood[2] else "NOT exactly"
    note = (f"Records to lines in files. 50,000 a second for 5 s: {lost} of {handed:,} lost. The rate is what goes through with"
            f" {none} lost; of 1,000,000 a second {flood[2]:,} of {flood[0]:,} are lost, {exact} counted.")
    return [Figure("events to the log without loss, a second", f"{most:,}", most if lost == none == 0 else 0,
                   Bound(50_000, 200_000), note=note)]


def seconds(value):
    return f"{value:.2f} s" if value < 1e6 else "not any more"


def traffic(event, rounds, quiet):
    """What all the rounds have let through, and the most that one has lost."""
    passed, sent = (sum(one[what] for one in rounds) for what in ("forbidden", "forbidden_sent"))
    lost = max(one["lost_ms"] for one in rounds)
    return [Figure(f"{event}: forbidden packets that passed", f"{passed} of {sent:,.0f}", passed, Bound(0, least=False)),
            Figure(f"{event}: allowed traffic lost", f"{lost:.1f} ms", lost, Bound(50, 0, False, "ms"),
                   f"undisturbed {quiet['lost_ms']:.1f} ms")]


def killed(args):
    rounds, quiet = restart.killed(args.programs, args.agent)
    silent = {end: max(one["silent"][end] for one in rounds) for end in ("source", "target")}
    pause, worst = restart.restart_seconds(), max(silent.values())
    figures = traffic("kill -9", rounds, quiet)
    figures[0].note = (f"{len(rounds)} kills, {restart.ALLOWED_KPPS} thousand allowed and {restart.FORBIDDEN_KPPS} thousand"
                       " forbidden datagrams a second; the worst counts.")
    return figures + [Figure(
        "kill -9: until the tunnel answers", seconds(worst), worst, Bound(2, 0.5, False, "s"),
        f"undisturbed {seconds(max(quiet['silent'].values()))}",
        note=f"The longest time without an answer to pings, one each 10 ms: {seconds(silent['target'])} for those of the killed"
             f" end, {seconds(silent['source'])} for those of the other. {pause:g} s of that are systemd's RestartSec; without"
             f" them {seconds(worst - pause)}.")]


def upgraded(args):
    rounds, quiet = restart.upgraded(args.programs, args.agent)
    silent = max(value for one in rounds for value in one["silent"].values())
    figures = traffic("upgrade", rounds, quiet)
    figures[0].note = (f"SIGTERM and the start of the next daemon, as the package's try-restart, {len(rounds)} times; the worst"
                       f" counts. The tunnel does not answer for {seconds(silent)}.")
    return figures
