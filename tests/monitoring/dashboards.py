#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The panels of the dashboards: ids are unique, panels do not overlap, everything has a unit and a description, goes by the
variables and asks for metrics that the agent has. With a Prometheus, each must have data there, unless EMPTY says why it
has none.

    tests/monitoring/dashboards.py [http://127.0.0.1:9090]
"""
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "helm/tollgate/files/dashboards"
METRICS = Path(__file__).resolve().parents[2] / "docs/metrics.md"
# Panels of what did not happen in the lab.
EMPTY = {
    "Peers that moved": "nobody moved",
    "Not decrypted": "nobody forges",
    "Inner packets dropped": "nothing inside is dropped",
}
VALUES = {"$job": ".+", "$instance": ".+", "$interface": ".+", "$__rate_interval": "8s", "$__range": "60s"}


def filled_in(expression):
    for name, value in VALUES.items():
        expression = expression.replace(name, value)
    return expression


def series(url, expression):
    """How many there were in the last minutes; a syntax error ends the test."""
    now = time.time()
    query = urllib.parse.urlencode({"query": filled_in(expression), "start": now - 180, "end": now, "step": 1})
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query_range?{query}", timeout=10) as answer:
            return len(json.load(answer)["data"]["result"])
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{expression}: {error.read().decode()}") from error


def overlap(one, other):
    return (one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"] and
            one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def complaints_of_form(panels):
    if len({panel["id"] for panel in panels}) != len(panels):
        yield "two panels have one id"
    known = set(re.findall(r"^\| `(\w+)`", METRICS.read_text(encoding="utf-8"), re.M))
    for number, panel in enumerate(panels):
        title = panel["title"]
        if not panel["description"] or not panel["fieldConfig"]["defaults"]["unit"]:
            yield f"{title}: no description or no unit"
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
            yield f"{title}: too wide"
        if any(overlap(panel["gridPos"], other["gridPos"]) for other in panels[:number]):
            yield f"{title}: overlaps another panel"
        for target in panel["targets"]:
            if target["datasource"]["uid"] != "${datasource}" or "$instance" not in target["expr"]:
                yield f"{title}: not of the chosen data source and instance"
            for name in re.findall(r"\b(tollgate_\w+|process_\w+)\{", target["expr"]):
                if re.sub("_(bucket|sum|count)$", "", name) not in known:
                    yield f"{title}: the agent has no metric {name}"


def complaints_of_data(url, panels):
    for panel in panels:
        for target in panel["targets"]:
            count = series(url, target["expr"])
            if count == 0 and panel["title"] not in EMPTY:
                yield f"{panel['title']}: no data for {target['expr']}"
            if count > 0 and panel["title"] in EMPTY:
                yield f"{panel['title']}: has data, though {EMPTY[panel['title']]}"


def main():
    problems, asked = [], 0
    data = (lambda panels: complaints_of_data(sys.argv[1], panels)) if len(sys.argv) > 1 else lambda _: ()
    for path in sorted(FOLDER.glob("*.json")):
        panels = json.loads(path.read_text(encoding="utf-8"))["panels"]
        asked += sum(len(panel["targets"]) for panel in panels)
        problems += [f"{path.name}: {text}" for text in (*complaints_of_form(panels),
                                                         *data(panels))]
    print("\n".join(problems) or f"{asked} queries")
    return 1 if problems or asked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
