#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every source file opens with one SPDX line (behind #! or "# shellcheck shell=" in scripts); what the
# kernel loads, and the contract with it, is MIT OR GPL-2.0-only.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

check() {
    local licence=$1 file
    while read -r file; do
        head -2 "$file" | sed -E '1{/^(#!|# shellcheck shell=)/d}' | head -1 |
            grep -qE "^(//|/\*|#) SPDX-License-Identifier: $licence( \*/)?$" ||
            complain "$file: the first line must be SPDX-License-Identifier: $licence"
    done
}

kernel='^(bpf|include/tollgate/abi)/'
check 'MIT OR GPL-2.0-only' < <(ours "$cpp" bpf include/tollgate/abi)
check 'MIT( OR GPL-2.0-only)?' < <(ours "$cpp|\.(sh|bash|py)" | grep -vE "$kernel" || true)
check MIT < <(grep -rlI '^#!' tools .ci bench 2>/dev/null | grep -vE '\.(sh|bash|py)$' || true)
finish
