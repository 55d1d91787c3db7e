#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tables of docs/kernels-and-nics.md, out of build/kernels/NAME/results (guest.sh says what is in there).

    matrix.py [--write] NAME...

Prints them. Fails if a test failed in a kernel, or if the page says something else of it. An empty cell says nothing, and
numbers may be others: they are what was counted when the page was written. --write puts it into the page, and the counts of instructions into
tests/bpf/verifier_insns.txt, which bpf_tests hold against what the kernel says.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/kernels-and-nics.md"
RECORD = ROOT / "tests/bpf/verifier_insns.txt"
MODES = {"native": "native XDP", "generic": "generic XDP", "tc": "TC"}
ROWS = {
    "release": "kernel",
    "loads": "programs load",
    "virtio_net": "`virtio_net`, one queue",
    "veth": "`veth`",
    "dummy": "`dummy`",
    "bpf_tests": "frames through the programs",
    "datapath_tests": "every hook, adoption, tunnel queues",
    "gate": "rules, counters, `kill -9`",
    "50_tunnel_interop": "tunnel with the kernel's WireGuard",
}


def cell_of(kind, words):
    """(key of ROWS, cell, whether it is a failure) of a line of results."""
    if kind == "release":
        return "release", words[0], False
    if kind == "loads":
        return "loads", "yes" if words[0] == "yes" else "no: " + " ".join(words[1:]), False
    if kind == "attach":
        return words[0], f"{MODES.get(words[1], words[1])}, {words[2]}", False
    if kind == "script":
        return words[0], "passes" if words[1] == "yes" else "fails", words[1] != "yes"
    passed, failed, skipped = map(int, words[1:])
    if failed > 0 or passed == 0:
        return words[0], f"{failed} of {passed + failed} fail", True
    return words[0], f"pass, {skipped} do not apply" if skipped else "pass", False


def read_results(name):
    """({row: cell}, {program: instructions}, what failed) of a kernel."""
    cells, counts, failures = {}, {}, []
    for line in (ROOT / "build/kernels" / name / "results").read_text(encoding="utf-8").splitlines():
        kind, *words = line.split()
        if kind == "insns":
            counts[words[0]] = words[1]
        elif words:
            key, cell, failed = cell_of(kind, words)
            cells[ROWS[key]] = cell
            failures += [f"{name}: {key}: {cell}"] * failed
    return cells, counts, failures


def read_table(text):
    """{column: {row: cell}} of a Markdown table."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line]
    return {column: {row[0]: row[i + 1] for row in lines[2:]} for i, column in enumerate(lines[0][1:])}


def write_table(table, rows):
    def line(first, cells):
        return "| " + " | ".join([first, *cells]) + " |\n"
    return (line("", table) + "|---" * (len(table) + 1) + "|\n" +
            "".join(line(row, [column.get(row, "") for column in table.values()]) for row in rows))


def by_version(kernel):
    return [int(part) for part in kernel.split(".")]


def read_record():
    """{kernel: {program: instructions}}"""
    record = {}
    for line in RECORD.read_text(encoding="utf-8").splitlines():
        kernel, program, count = line.split()
        record.setdefault(kernel, {})[program] = count
    return {kernel: record[kernel] for kernel in sorted(record, key=by_version)}


def write_record(record):
    RECORD.write_text("".join(f"{kernel} {program} {count}\n" for kernel, counts in record.items()
                              for program, count in sorted(counts.items())), encoding="utf-8")


def split_page(text, part):
    """What is before, in and behind a generated part of the page."""
    begin = text.index("-->\n", text.index(f"<!-- {part}")) + 4
    end = text.index("<!-- end -->", begin)
    return text[:begin], text[begin:end], text[end:]


def main(write, names):
    text = PAGE.read_text(encoding="utf-8")
    _, old, _ = split_page(text, "kernels")
    table, record, complaints = read_table(old), read_record(), []
    for name in names:
        cells, counts, failures = read_results(name)
        complaints += failures
        before = {row: re.sub(r"\d+", "N", cell) for row, cell in table.get(name, {}).items() if cell}
        now = {row: re.sub(r"\d+", "N", cell) for row, cell in cells.items()}
        complaints += [f"{name}: {row}: {cells.get(row)}, which is not what the page says"
                       for row in before if before[row] != now.get(row) and not write]
        table[name] = cells
        if counts:
            record[".".join(cells[ROWS["release"]].split(".")[:2])] = counts
    record = {kernel: record[kernel] for kernel in sorted(record, key=by_version)}
    tables = {"kernels": write_table(table, ROWS.values()),
              "instructions": write_table(record, sorted(set().union(*record.values())))}
    for part, lines in tables.items():
        print(lines)
        before, _, after = split_page(text, part)
        text = before + lines + after
    if write and not complaints:
        PAGE.write_text(text, encoding="utf-8")
        write_record(record)
    print("\n".join(complaints))
    return bool(complaints)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    sys.exit(main("--write" in arguments, [name for name in arguments if name != "--write"]))
