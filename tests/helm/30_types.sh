#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every object that the chart renders has the fields, and only the fields, that Kubernetes and the
# Prometheus operator define. That the check can fail is tried first.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools

check() { # LIST of files to check
    node "$here/check_types.mjs" "$tools/node_modules" "$work/types" "$@"
}

render helm4 monitoring-values.yaml >"$work/right.yaml"
mistakes=('s/livenessProbe:/livenesProbe:/' 's/interval: 15s/intervall: 15s/' 's/runAsUser: 0/runAsUser: "0"/'
    's/clusterIP: None/clusterIp: None/' 's/mountPath: .etc.tollgate.config/mountpath: x/'
    's/interval: 15s/interval: fifteen/')
wrong=()
for i in "${!mistakes[@]}"; do
    sed "${mistakes[i]}" "$work/right.yaml" >"$work/wrong$i.yaml"
    cmp -s "$work/right.yaml" "$work/wrong$i.yaml" && fail "nothing to make wrong by ${mistakes[i]}"
    wrong+=("$work/wrong$i.yaml")
done
check "$work/right.yaml" "${wrong[@]}" >"$work/out" 2>&1 && fail "no mistake is found"
for i in "${!mistakes[@]}"; do
    grep -q "^wrong$i.yaml:" "$work/out" || fail "not found: ${mistakes[i]}"
done
grep "^right.yaml:" "$work/out" && fail "a mistake is found where there is none"

files=()
for values in $(value_files); do
    render helm4 "$values" --kube-version 1.30.0 >"$work/$values"
    files+=("$work/$values")
done
check "${files[@]}"
