#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hostile_files.py FOLDER: files of the cases C that must be refused, as FOLDER/CASE-NAME.policy and .config.

A policy and a configuration that are sound but for one thing each; sound.policy and sound.config have nothing wrong.
"""
import sys
from pathlib import Path

POLICY = """apiVersion: tollgate/v1
kind: Policy
metadata: {name: sound}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
"""
CONFIG = """apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
"""
RULE = "    - {{name: {name}, direction: ingress, ports: [{ports}]{more}}}\n"


def rule(name="a", ports="tcp/80", more=""):
    return "  allow:\n" + RULE.format(name=name, ports=ports, more=more)


def rules(count):
    return "  allow:\n" + "".join(RULE.format(name=f"r{i}", ports=f"tcp/{i % 65535 + 1}", more="") for i in range(count))


def laughs():
    lines = ["x0: &x0 [lol]"] + [f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(lines) + "\n"


BOTH = {  # appended to either
    "C01-lists": "x: " + "[" * 499 + "\n", "C01-more-lists": "x: " + "[" * 600 + "]" * 600 + "\n", "C01-deep": "[" * 100000 + "\n",
    "C01-dashes": "x:\n" + "- " * 600 + "\n", "C01-keys": "? " * 20000 + "\n", "C01-maps": "x: " + "{a: " * 20000 + "\n",
    "C02-laughs": laughs(), "C02-alias": "x: &a [1]\ny: *a\n",
    "C04-latin": "x: caf\udce9\n", "C04-nul": "x: a\0b\n", "C04-bidi": "x: a\u202eb\n", "C04-tab": "x:\ty\n", "C04-return": "x: y\r\n",
    "C04-escape": "x: \x1b[31mred\n", "C04-name": '"\\e[2J": 1\n',
    "C06-document": "---\nkind: Policy\n", "C06-late": "#" * 900000 + "\n---\nx: 1\n", "C06-merge": "<<: {kind: Policy}\n",
    "C06-tag": "x: !!binary aGVsbG8=\n", "C06-key": "? [a, b]\n: c\n", "C06-directive": "%YAML 1.2\n",
    "C08-unknown": "polices: []\n", "C08-case": "Kind: Policy\n", "C08-twice": "kind: Policy\n",
}
POLICIES = {
    "C07-port": POLICY + rule(ports="tcp/70000"), "C07-octal": POLICY + rule(ports="tcp/0777"), "C07-hex": POLICY + rule(ports="tcp/0x1388"),
    "C07-space": POLICY + rule(ports='"tcp/80 "'), "C07-exponent": POLICY + rule(ports="tcp/5e3"), "C07-sexagesimal": POLICY + rule(ports="1:30"),
    "C07-yes": POLICY + rule(ports="yes"), "C07-negative": POLICY + rule(ports="tcp/-1"),
    "C07-prefix": POLICY + rule(more=", remote: [192.0.2.0/33]"), "C07-bits": POLICY + rule(more=", remote: [10.0.0.1/8]"),
    "C07-mapped": POLICY + rule(more=', remote: ["::ffff:0:0/96"]'), "C07-zeros": POLICY + rule(more=", remote: [010.0.0.1]"),
    "C08-empty": "", "C08-nothing": "~\n", "C08-section": "apiVersion: tollgate/v1\nkind: Policy\nmetadata: {name: a}\n",
    "C08-null": POLICY + "  allow: ~\n", "C08-remote": POLICY + rule(more=", remote: []"),
    "C10-rules": POLICY + rules(100000), "C10-long": POLICY + rule(name="n" * 4096), "C10-dots": POLICY + rule(name="../../etc/passwd"),
    "C10-slash": POLICY + rule(name="a/b"),
}
CONFIGS = {
    "C07-size": CONFIG + "tables: {flows: 0x1000}\n", "C07-yes": CONFIG + "policyWatch: yes\n",
    "C08-empty": "", "C08-null": CONFIG + "metrics: ~\n",
    "C10-interfaces": "apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [" + ", ".join(f"e{i}" for i in range(20000)) + "]\n",
    "C10-long": "apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [" + "e" * 4096 + "]\n",
    "C10-dots": "apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [../eth0]\n",
    "C10-slash": "apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [a/b]\n",
}


def main(folder):
    files = {f"{name}.policy": POLICY + text for name, text in BOTH.items()}
    files |= {f"{name}.config": CONFIG + text for name, text in BOTH.items()}
    files |= {f"{name}.policy": text for name, text in POLICIES.items()}
    files |= {f"{name}.config": text for name, text in CONFIGS.items()}
    files |= {"sound.policy": POLICY + rule(), "sound.config": CONFIG}
    for name, text in files.items():
        (Path(folder) / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    (Path(folder) / "C04-utf16.policy").write_bytes((POLICY + rule()).encode("utf-16"))
    (Path(folder) / "C04-mark.config").write_bytes(CONFIG.encode("utf-8-sig"))
    for size, name in ((50 << 20, "large"), (1 << 40, "sparse")):
        for kind in ("policy", "config"):
            with open(Path(folder) / f"C03-{name}.{kind}", "wb") as file:
                file.truncate(size)


if __name__ == "__main__":
    main(*sys.argv[1:])
