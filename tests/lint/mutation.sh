#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every fault of tests/mutation is in one place of the tree as it is, and on the page docs/mutation.md, caught.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

/usr/bin/python3 tools/mutate --check || complain "move the fault with the code, run tools/mutate ID and tools/mutate --write"
finish
