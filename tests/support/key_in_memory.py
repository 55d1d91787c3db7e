#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""key_in_memory.py PID KEY-FILE: where the memory of a process has the key of a file, raw, in base64 or in hexadecimal.

Prints one line for each place: "locked" if it is in memory that is locked and left out of cores, else its mapping and form.
"""
import base64
import re
import sys


def mappings(pid):
    """(first, last, name, flags)"""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as lines:
        head = None
        for line in lines:
            if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line):
                head = (int(match[1], 16), int(match[2], 16), match[3], match[4])
            elif line.startswith("VmFlags:") and head:
                yield (*head[:2], head[3] or "anonymous", head[2], line.split()[1:])


def main(pid, key_file):
    with open(key_file, "rb") as file:
        text = file.read().strip()
    key = base64.b64decode(text)
    forms = {"raw": key, "base64": text.rstrip(b"="), "hex": key.hex().encode()}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for first, last, name, rights, flags in mappings(pid):
            if "r" not in rights or name in ("[vvar]", "[vvar_vclock]", "[vsyscall]"):
                continue
            memory.seek(first)
            try:
                content = memory.read(last - first)
            except OSError:
                continue
            for form, needle in forms.items():
                for _ in range(content.count(needle)):
                    print("locked" if form == "raw" and {"dd", "lo"} <= set(flags) else f"{name}: {form}")


if __name__ == "__main__":
    main(*sys.argv[1:])
