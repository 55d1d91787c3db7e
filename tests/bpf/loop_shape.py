#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No loop of a BPF program is closed by falling through: kernels up to 6.1 at least refuse a program in which the way back
to the head of a loop is no jump ("back-edge from insn …", before a single instruction is verified). Walks each
function as check_cfg() of the kernel's verifier does.

    loop_shape.py OBJECT...
"""
import struct
import sys
from pathlib import Path

SYMBOL_TABLE, FUNCTION = 2, 2
JUMP_CLASSES = (5, 6)
CALL, EXIT, GOTO = 0x85, 0x95, 0x05
WIDE_LOAD = 0x18


def functions(elf):
    """(name, code) of each function of a 64-bit little-endian ELF file."""
    table, = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", elf, table + i * size) for i in range(count)]
    for _, kind, _, _, offset, length, link, _, _, entry in headers:
        if kind != SYMBOL_TABLE:
            continue
        strings = headers[link][4]
        for at in range(offset, offset + length, entry):
            name, bits, _, section, value, bytes_ = struct.unpack_from("<IBBHQQ", elf, at)
            if bits & 0xF == FUNCTION:
                start = headers[section][4] + value
                text = elf[strings + name:elf.index(b"\0", strings + name)].decode()
                yield text, elf[start:start + bytes_]


def next_of(code, at):
    """Where instruction `at` leads, as (instruction, is a jump), the fall-through first."""
    operation, _, offset, _ = struct.unpack_from("<BBhi", code, at * 8)
    if operation == EXIT:
        return []
    if operation & 7 in JUMP_CLASSES and operation != CALL:
        target = (at + 1 + offset, True)
        return [target] if operation == GOTO else [(at + 1, True), target]
    return [(at + (2 if operation == WIDE_LOAD else 1), False)]


def falls_back(code):
    """The instructions that lead to one which is still being explored, without a jump."""
    explored, path, found = set(), [0], []
    on_path, ways = {0}, [next_of(code, 0)]
    while path:
        if not ways[-1]:
            ways.pop()
            explored.add(path[-1])
            on_path.discard(path.pop())
            continue
        target, is_jump = ways[-1].pop(0)
        if target in on_path and not is_jump:
            found.append(path[-1])
        elif target not in explored and target not in on_path:
            path.append(target)
            on_path.add(target)
            ways.append(next_of(code, target))
    return found


def main(objects):
    seen = 0
    bad = []
    for path in objects:
        for name, code in functions(Path(path).read_bytes()):
            seen += 1
            bad += [f"{path}: {name} falls back from instruction {at} to {at + 1}" for at in falls_back(code)]
    if not seen:
        bad.append("there are no functions: the test cannot read the objects")
    print("\n".join(bad) or f"{seen} functions")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
