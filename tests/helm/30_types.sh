#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every object that the chart renders has the fields, and only the fields, that Kubernetes and the
# Prometheus operator define. That the check can fail is tried first.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools

render helm4 monitoring-values.yaml >"$work/right.yaml"
mistakes=('s/livenessProbe:/livenesProbe:/' 's/interval: 15s/intervall: 15s/' 's/runAsUser: 0/runAsUser: "0"/'
    's/clusterIP: None/clusterIp: None/' 's/mountPath: .etc.tollgate.config/mountpath: x/'
    's/interval: 15s/interval: fifteen/')
finds_mistakes "$work/right.yaml" "${mistakes[@]}"

files=()
for values in $(value_files); do
    render helm4 "$values" --kube-version 1.30.0 >"$work/$values"
    files+=("$work/$values")
done
check_types "${files[@]}"
