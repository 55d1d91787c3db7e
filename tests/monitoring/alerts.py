#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every alert fires when it should and not before (promtool test rules), has a runbook, and asks for metrics that
the agent has.

    tests/monitoring/alerts.py     promtool is that of the PATH, or $PROMTOOL
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "helm/tollgate/files/rules.yaml"
FOREIGN = {"up"}  # metrics that Prometheus makes itself


def all_rules():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def rendered(text, labels, value):
    text = re.sub(r"{{ \$labels\.(\w+) }}", lambda match: labels.get(match[1], ""), text)
    return re.sub(r"{{ \$value[^}]* }}", value, text)


def expected(rule, case):
    labels = {"instance": "n1"} | case.get("labels", {})
    labels = {name: value for name, value in labels.items() if value is not None}
    annotations = {name: rendered(text, labels, case.get("value", "")) for name, text in rule["annotations"].items()}
    return {"exp_labels": labels | rule["labels"], "exp_annotations": annotations}


def promtool_test(rule, case):
    moments = [{"eval_time": at, "alertname": case["alert"], "exp_alerts": []} for at in case["quiet"]]
    moments.append({"eval_time": case["fires"], "alertname": case["alert"], "exp_alerts": [expected(rule, case)]})
    series = [{"series": name, "values": values} for name, values in case["series"].items()]
    return {"name": case["alert"], "interval": case.get("interval", "1m"), "input_series": series, "alert_rule_test": moments}


def missing():
    """What the rules need of other files, and is not there."""
    known = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/metrics.md").read_text(encoding="utf-8"), re.M)) | FOREIGN
    rules = all_rules()
    known |= {rule["record"] for rule in rules if "record" in rule}
    for rule in rules:
        for name in re.findall(r"\b(?:\w+:)?(?:tollgate|process)_\w+(?::\w+)*|\bup\b", rule["expr"]):
            if name not in known:
                yield f"{rule.get('alert', rule.get('record'))}: the agent has no metric {name}"
    alerts = {rule["alert"] for rule in rules if "alert" in rule}
    pages = {path.stem for path in (ROOT / "docs/runbooks").glob("Tollgate*.md")}
    yield from (f"{name}: no runbook" for name in sorted(alerts - pages))
    yield from (f"docs/runbooks/{name}.md: of no alert" for name in sorted(pages - alerts))
    for rule in rules:
        if "alert" in rule and rule["annotations"]["runbook_url"] != f"docs/runbooks/{rule['alert']}.md":
            yield f"{rule['alert']}: its runbook_url is another page"


def complaints(promtool, *command):
    done = subprocess.run([promtool, *map(str, command)], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [done.stdout + done.stderr]


def failures(promtool, tests, interval):
    """Of the tests with this interval; rules are evaluated as often."""
    chosen = [test for test in tests if test["interval"] == interval]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": interval, "tests": chosen}, file)
        file.flush()
        return complaints(promtool, "test", "rules", file.name)


def main():
    promtool = os.environ.get("PROMTOOL", "promtool")
    cases = yaml.safe_load((Path(__file__).parent / "alert_cases.yaml").read_text(encoding="utf-8"))
    alerts = {rule["alert"]: rule for rule in all_rules() if "alert" in rule}
    tests = [promtool_test(alerts[case["alert"]], case) for case in cases]
    problems = list(missing())
    problems += [f"{name}: no case" for name in sorted(alerts.keys() - {case["alert"] for case in cases})]
    problems += complaints(promtool, "check", "rules", RULES)
    for interval in sorted({test["interval"] for test in tests}):
        problems += failures(promtool, tests, interval)
    print("\n".join(problems) or f"{len(alerts)} alerts, {len(cases)} cases")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
