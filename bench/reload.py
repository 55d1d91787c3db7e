# SPDX-License-Identifier: MIT
"""A policy of many rules comes into force under a running daemon: from the request to the answer. Next to it, nft -f with
as many rules that say the same."""
import ipaddress
import json
import random
import statistics
import tempfile
import time

import lab as lab_module
import protected

TABLE = "table inet bench {{\n chain input {{\n  type filter hook input priority 0; policy accept;\n{rules} }}\n}}\n"


def nft_rules(rules, port):
    return TABLE.format(rules="".join(
        f"  ip saddr 11.{i >> 16}.{i >> 8 & 255}.{i & 255} tcp dport {port} accept\n" for i in range(rules)))


def nft_blocklist(prefixes):
    """As bench::synthetic_blocklist: of all lengths from 20 to 32, some within others."""
    numbers = random.Random(1)
    elements = (ipaddress.ip_network((numbers.getrandbits(32), 20 + i % 13), strict=False) for i in range(prefixes))
    return ("flush ruleset\ntable inet bench {\n set blocked {\n  type ipv4_addr; flags interval; auto-merge\n"
            f"  elements = {{ {', '.join(map(str, elements))} }}\n }}\n"
            " chain input {\n  type filter hook input priority 0; ip saddr @blocked drop\n }\n}\n")


def nft_blocklist_ms(prefixes, rounds):
    with lab_module.Lab() as lab, tempfile.NamedTemporaryFile("w") as table:
        table.write(nft_blocklist(prefixes))
        table.flush()
        taken = [milliseconds(lambda: lab.inside("target", "nft", "-f", table.name)) for _ in range(rounds)]
    print(f"  nft -f: {taken}", flush=True)
    return statistics.median(taken)


def milliseconds(action):
    begin = time.monotonic()
    action()
    return (time.monotonic() - begin) * 1000


def measure(agent, rules, rounds):
    """@return {"tollgate", "nft": median ms}"""
    taken = {"tollgate": [], "nft": []}
    with protected.protected(agent) as (lab, host):
        request, confirm, table = (host.folder / name for name in ("request.json", "confirm.json", "bench.nft"))
        confirm.write_text("{}", encoding="ascii")
        for number in range(rounds):
            request.write_text(json.dumps({"yaml": protected.policy(rules, 20 + number), "confirmWithin": 60}), encoding="ascii")
            taken["tollgate"].append(milliseconds(lambda: host.ask("policy/apply", request)))
            host.ask("confirm", confirm)
            table.write_text("flush ruleset\n" + nft_rules(rules, 20 + number), encoding="ascii")
            taken["nft"].append(milliseconds(lambda: lab.inside("source", "nft", "-f", table)))
        print(f"  {taken}", flush=True)
    return {name: statistics.median(values) for name, values in taken.items()}
