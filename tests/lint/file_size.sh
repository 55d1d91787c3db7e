#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A source file has at most 400 lines.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

most=400
while read -r file; do
    lines=$(wc -l <"$file")
    ((lines <= most)) || complain "$file has $lines lines, more than $most"
done < <(
    ours "$cpp|\.(sh|bash|py)"
    ours '' tools .ci bench | grep -E '/[a-z_]+$' || true
)
finish
