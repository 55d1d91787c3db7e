#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks lines of JSON against the schemas of their kinds in docs/json/, as run.py does.

    lines.py FILE...    at least one line each
"""
import json
import sys

from run import validate


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        if not lines:
            sys.exit(f"{path} has no line")
        for line in lines:
            validate(json.loads(line))


if __name__ == "__main__":
    main()
