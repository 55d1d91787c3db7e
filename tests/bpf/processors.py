#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The BPF objects have nothing that a kernel for ARM takes amiss (docs/kernels-and-nics.md, "Processors"): no atomic operation
of 64 bits, and no tail call in a program that calls functions of its own.

    processors.py OBJECT...
"""
import struct
import sys
from pathlib import Path

from loop_shape import CALL, WIDE_LOAD, functions

ATOMIC = 0xDB  # of 64 bits
OWN_FUNCTION = 1  # the source register of a call
TAIL_CALL = 12  # the number of a helper


def instructions(code):
    """(operation, source register, constant) of each."""
    position = 0
    while position + 8 <= len(code):
        operation, registers, _, constant = struct.unpack_from("<BBhi", code, position)
        yield operation, registers >> 4, constant
        position += 16 if operation == WIDE_LOAD else 8


def complaints_about(code):
    told = list(instructions(code))
    calls = [(source, number) for operation, source, number in told if operation == CALL]
    if any(operation == ATOMIC for operation, _, _ in told):
        yield "has an atomic operation of 64 bits"
    if (0, TAIL_CALL) in calls and any(source == OWN_FUNCTION for source, _ in calls):
        yield "has a tail call, and calls a function"


def main(objects):
    seen = 0
    bad = []
    for path in objects:
        for name, code in functions(Path(path).read_bytes()):
            seen += 1
            bad += [f"{path}: {name} {complaint}" for complaint in complaints_about(code)]
    if not seen:
        bad.append("there are no functions: the test cannot read the objects")
    print("\n".join(bad) or f"{seen} functions")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
