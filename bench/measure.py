# SPDX-License-Identifier: MIT
"""bench/run's second half: measure, write the raw numbers to build/bench, the page to docs/."""
import json
import statistics
import sys
from pathlib import Path

import daemon
import drop_rate
import floors_table
import lab as lab_module
import report
import traffic
import tunnel_section
from learning import section


def program_time(programs, rounds):
    """@return {rules: {packet: median of the rounds, ns}}"""
    runs = {10: [], 1000: [], 10000: []}
    for _ in range(rounds):
        for rules, taken in runs.items():
            with lab_module.Lab() as lab:
                out = lab.inside("target", programs / "program_time", lab.pins, "veth0", rules, 10000, 65536)
            taken.append(json.loads(out))
    figures = {rules: {packet: statistics.median(run[packet]["median"] for run in taken) for packet in taken[0]}
               for rules, taken in runs.items()}
    for rules, costs in figures.items():
        print(f"  {rules:5} rules: " + ", ".join(f"{packet} {cost} ns" for packet, cost in costs.items()), flush=True)
    return figures


def load_time(programs, rounds):
    runs = []
    for _ in range(rounds):
        with lab_module.Lab() as lab:
            runs.append(json.loads(lab.inside("target", programs / "load_gate", lab.pins, "veth0", 10000, 100000)))
    print(f"  {runs[-1]}", flush=True)
    return runs


def user_space(programs):
    out = lab_module.run(programs / "policy_bench", "--benchmark_format=json")
    return {case["name"]: round(case["cpu_time"], 3) for case in json.loads(out)["benchmarks"]}


def main(build, quick):
    root = Path(__file__).resolve().parent.parent
    rounds, seconds = (1, 0.5) if quick else (5, 2)
    programs, agent = Path(build) / "bench", Path(build) / "agent"
    before = lab_module.stolen()
    results = {"machine": lab_module.machine()}
    for name, action in (("drop_rate", lambda: drop_rate.measure(programs, rounds, seconds)),
                         ("program_time", lambda: program_time(programs, rounds)),
                         ("traffic", lambda: traffic.measure(programs, rounds, max(1, seconds))),
                         ("load_time", lambda: load_time(programs, rounds)),
                         ("user_space", lambda: user_space(programs)),
                         ("daemon", lambda: daemon.measure(programs, agent))):
        print(name.replace("_", " "), flush=True)
        results[name] = action()
    results["stolen_seconds"] = round(lab_module.stolen() - before, 1)
    raw = root / "build/bench/results.json"
    raw.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    present = root / "docs/performance.md"
    learning = section.measured(programs, section.default_corpus()) or section.kept(present)
    others = tunnel_section.kept(present) + tunnel_section.kept(present, "## Flow log\n") + tunnel_section.kept(
        present, "## A scrape of the metrics\n")
    page = report.page(results, others + learning, tunnel_section.kept(present, floors_table.HEAD))
    (root / "build/bench/performance.md").write_text(page, encoding="utf-8")
    if not quick:
        (root / "docs/performance.md").write_text(page, encoding="utf-8")
    print(report.summary(results))


if __name__ == "__main__":
    main(sys.argv[1], "--quick" in sys.argv)
