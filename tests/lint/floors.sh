#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/performance.md has the table of bench/floors as that has written it, with the figures that there are now.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

grep -q '^## Against the floors$' docs/performance.md || complain "docs/performance.md has no table of bench/floors"
bench/floors --check || complain "sudo bench/floors BUILD [--only ROW...] writes it anew"
finish
