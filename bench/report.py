# SPDX-License-Identifier: MIT
"""docs/performance.md out of the results of one run."""
import statistics

GOALS = (  # what, configuration, yardstick, at least
    ("closed port against bare", "tollgate, closed port", "bare", 0.75),
    ("closed port against nft conntrack", "tollgate, closed port", "nft conntrack", 5),
    ("open port against bare", "tollgate, open port", "bare", 0.5),
    ("open port against nft conntrack", "tollgate, open port", "nft conntrack", 3.5),
)
LIMITS = (("established flow", 100), ("closed port", 70), ("open port, no rule for the source", 70))
MEANING = {
    "bare": "an XDP program that returns XDP_DROP at once: the most that can be reached",
    "tollgate, closed port": "default deny; 1,000 rules, none opens the port; 10,000 prefixes on the block list",
    "tollgate, open port": "the same; rules open the port, but to other sources",
    "tollgate, no filter": "the same, and one rule names half of all addresses: the worst case, every lookup is made",
    "xdp-filter": "xdp-tools, native mode, deny policy, one allowed port; stateless",
    "nft ingress": "nftables at the ingress hook, policy drop, no rule; stateless",
    "nft conntrack": "nftables at the input hook, established accepted, policy drop: the usual host firewall",
    "nothing": "no firewall; the stack drops what has no socket",
}


def ratios(results):
    """(what, value, goal, reached) for everything that has a goal."""
    rates = {name: figure["median"] for name, figure in results["drop_rate"].items()}
    for what, ours, other, least in GOALS:
        value = rates[ours] / rates[other]
        yield what, f"{value:.2f} ×", f"at least {least} ×", value >= least
    for case, most in LIMITS:
        value = max(figures[case] for figures in results["program_time"].values())
        yield f"{case}, one packet through the program", f"{value} ns", f"at most {most} ns", value <= most
    idle = results["daemon"]["idle_mib"]
    yield "resident memory of tollgated alone, idle", f"{idle:.1f} MiB", "at most 15 MiB", idle <= 15


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def drop_rate(results):
    rates = results["drop_rate"]
    bare, conntrack = rates["bare"]["median"], rates["nft conntrack"]["median"]
    return table(("configuration", "median Mpps", "of bare", "× conntrack", "all runs", "what it is"),
                 [(name, f"{figure['median']:.2f}", f"{figure['median'] / bare:.2f}",
                   f"{figure['median'] / conntrack:.1f}", " ".join(f"{run:.2f}" for run in figure["runs"]),
                   MEANING[name]) for name, figure in rates.items()])


def program_time(results):
    figures = results["program_time"]
    cases = list(next(iter(figures.values())))
    return table(["packet"] + [f"{rules:,} rules" for rules in figures],
                 [[case] + [f"{figures[rules][case]} ns" for rules in figures] for case in cases])


def traffic(results):
    rows = []
    for title, by_name in results["traffic"].items():
        least = by_name["bare pass"]["median"]
        for name, figure in by_name.items():
            rows.append((title, name, f"{figure['median']:,.1f}", f"{figure['median'] / least:.2f}",
                         " ".join(f"{run:,.1f}" for run in figure["runs"])))
    return table(("what", "through", "median", "of bare pass", "all runs"), rows)


def loading(results):
    def median(key):
        return f"{statistics.median(run[key] for run in results['load_time']):.0f} ms"
    user, memory = results["user_space"], results["daemon"]
    return table(("what", "figure"), [
        ("compile a policy of 10,000 rules", median("compile_ms")),
        ("fill the tables with it and switch", median("switch_ms")),
        ("load a block list of 100,000 prefixes", median("blocklist_ms")),
        ("load the programs and attach", median("attach_ms")),
        ("read and validate a file of 1,000 rules", f"{user['read/1000']:.0f} ms"),
        ("daemon, idle: resident memory", f"{memory['idle_mib']:.1f} MiB"),
        (f"daemon, {memory['flows']:,} flows in the kernel", f"{memory['busy_mib']:.1f} MiB"),
        ("maps and programs in the kernel, as accounted", f"{memory['kernel_mib']:.0f} MiB"),
    ])


def summary(results):
    return "\n".join(f"  {'ok  ' if reached else 'MISS'} {what}: {value} ({goal})"
                     for what, value, goal, reached in ratios(results))


def page(results, sections, floors=""):
    """@param floors, sections  what others have measured, behind the goals and at the end"""
    goals = table(("figure", "measured", "goal", ""),
                  [(what, value, goal, "reached" if reached else "**missed**")
                   for what, value, goal, reached in ratios(results)])
    arrived = min(figure["arrived"] for figure in results["drop_rate"].values())
    return f"""# Performance

Written by `sudo ./bench/run`; every figure is from one run on one machine: {results["machine"]}
({results["stolen_seconds"]} s of CPU time were taken by other guests of it). Absolute numbers differ from machine
to machine; the ratios are what to look at.

{goals}
{floors}## Dropping what nobody wants

64-byte UDP frames with random sources and right checksums, over a veth pair, sender and receiver on one core. The
sender is the kernel's live-frame generator. A rate is frames per second of CPU time, the cost of sending included,
so that every ratio here is nearer to 1 than that of the drops alone. Configurations alternate; the median counts. At least
{arrived:.1%} of the frames sent reached the interface.

{drop_rate(results)}
Not shown by this: a network card and its driver. Without native XDP (generic mode, or TC), Tollgate's rate is about
that of `nft ingress`; `tollgate status` says which mode is in use.

## One packet through the program

BPF_PROG_TEST_RUN: 65,536 established flows, 10,000 prefixes on the block list. One packet again and again, so caches
are warm; the call itself, 8 to 20 ns as the processor is, is included. The numbers of rules take turns; the median counts.

{program_time(results)}
## What allowed traffic pays

One client and one server on two cores, 1,000 rules. An XDP program on a veth costs by itself, because the kernel gives
up segmentation offload there; a network card with native XDP does not. The gate's own part is the difference to
`bare pass`, an XDP program that passes everything.

{traffic(results)}
## Loading, and memory

{loading(results)}
{sections}"""
