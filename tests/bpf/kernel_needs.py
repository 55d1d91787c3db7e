#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the BPF objects ask of a kernel is what docs/kernels-and-nics.md says: every helper and every kind of map is in its
tables, nothing else is, and no row asks for a kernel newer than the oldest that the agent accepts.

    kernel_needs.py OBJECT...
"""
import re
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALL, HELPER, WIDE_LOAD = 0x85, 0, 0x18
EXECUTABLE = 0x4


def sections(elf):
    """(name, flags, bytes) of each section of a 64-bit little-endian ELF file."""
    table, = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + i * size) for i in range(count)]
    strings = headers[names][4]
    for name, _, flags, _, offset, length in headers:
        start = strings + name
        yield elf[start:elf.index(b"\0", start)].decode(), flags, elf[offset:offset + length]


def helpers_called(code):
    """Numbers of the helpers: calls whose source register does not say "a function of this program"."""
    position = 0
    while position + 8 <= len(code):
        operation, registers, _, number = struct.unpack_from("<BBhi", code, position)
        if operation == CALL and registers >> 4 == HELPER:
            yield number
        position += 16 if operation == WIDE_LOAD else 8


def helper_names():
    text = Path("/usr/include/bpf/bpf_helper_defs.h").read_text(encoding="utf-8")
    return {int(number): name for name, number in re.findall(r"\(\*(bpf_\w+)\).*= \(void \*\) (\d+);", text)}


def documented(pattern):
    """From the page's tables: what matches in the first column, and the kernel in the second."""
    text = (ROOT / "docs/kernels-and-nics.md").read_text(encoding="utf-8")
    return {name: tuple(map(int, kernel.split(".")))
            for name, kernel in re.findall(rf"^\| `({pattern})` \| (\d+\.\d+) \|", text, re.MULTILINE)}


def oldest_kernel():
    text = (ROOT / "agent/datapath/requirements.hpp").read_text(encoding="utf-8")
    return tuple(map(int, re.search(r"kOldestKernel\{(\d+), (\d+)\}", text).groups()))


def main(objects):
    names = helper_names()
    helpers = {names[number] for path in objects for _, flags, code in sections(Path(path).read_bytes())
               if flags & EXECUTABLE for number in helpers_called(code)}
    maps = {kind for path in (ROOT / "bpf").glob("*.[ch]")
            for kind in re.findall(r"BPF_MAP_TYPE_(\w+)", path.read_text(encoding="utf-8"))}
    complaints = []
    for used, table in ((helpers, documented(r"bpf_\w+")), (maps, documented(r"[A-Z_]+"))):
        complaints += [f"docs/kernels-and-nics.md does not have {name}" for name in sorted(used - table.keys())]
        complaints += [f"docs/kernels-and-nics.md has {name}, which nothing uses" for name in sorted(table.keys() - used)]
        complaints += [f"{name} needs a kernel newer than the oldest that is accepted"
                       for name in sorted(used & table.keys()) if table[name] > oldest_kernel()]
    if not helpers or not maps:
        complaints.append("the objects call nothing: the test cannot read them")
    print("\n".join(complaints) or f"{len(helpers)} helpers, {len(maps)} kinds of maps")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
