#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The dashboards have the fields, and only the fields, of Grafana's schema, and every PromQL expression of theirs and of
# the rules can be parsed. That the check can fail is tried first.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools

check() { # FILE...
    node "$here/check_dashboards.mjs" "$tools/node_modules" "$work/types" "$@"
}

mistakes=('s/"gridPos":/"gridPosition":/' 's/"schemaVersion": 39/"schemaVersion": "39"/' 's/"displayMode": "list"/"displayMode": "lists"/'
    's/"lineWidth":/"linewidth":/' 's/"graphMode": "none"/"graphMode": 0/' 's/sum by (mode) (/sum by (mode) ((/')
wrong=()
for i in "${!mistakes[@]}"; do
    sed "${mistakes[i]}" "$chart/files/dashboards/overview.json" >"$work/wrong$i.json"
    cmp -s "$chart/files/dashboards/overview.json" "$work/wrong$i.json" && fail "nothing to make wrong by ${mistakes[i]}"
    wrong+=("$work/wrong$i.json")
done
check "$chart"/files/dashboards/*.json "${wrong[@]}" >"$work/out" 2>&1 && fail "no mistake is found"
for i in "${!mistakes[@]}"; do
    grep -q "^wrong$i.json" "$work/out" || { cat "$work/out" && fail "not found: ${mistakes[i]}"; }
done
grep -v "^wrong" "$work/out" && fail "a mistake is found where there is none"
check "$chart"/files/dashboards/*.json "$chart/files/rules.yaml"
