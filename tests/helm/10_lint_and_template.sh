#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Helm 3 and Helm 4 lint the chart without a complaint and render every value file for every supported
# Kubernetes, both alike.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools

for helm in helm3 helm4; do
    "$tools/$helm" version --short
    for values in $(value_files); do
        "$tools/$helm" lint --strict "$chart" --values "$chart/ci/$values" >"$work/lint" 2>&1 ||
            { cat "$work/lint"; fail "$helm lint: $values"; }
        grep -qE '^\[(WARNING|ERROR)\]' "$work/lint" && { cat "$work/lint"; fail "$helm lint: $values"; }
    done
done

rendered=0
for version in 1.27.0 1.29.15 1.30.0 1.32.0 1.35.0; do
    for values in $(value_files); do
        for helm in helm3 helm4; do
            render "$helm" "$values" --kube-version "$version" >"$work/$helm.yaml"
        done
        cmp "$work/helm3.yaml" "$work/helm4.yaml" || fail "Helm 3 and Helm 4 differ: $values, Kubernetes $version"
        rendered=$((rendered + 2))
    done
    render helm4 default-values.yaml --kube-version "$version" | grep -q appArmorProfile && field=true || field=false
    [[ $field == "$([[ $version == 1.2* ]] && echo false || echo true)" ]] ||
        fail "Kubernetes $version: AppArmor by the wrong means"
done
"$tools/helm4" template gate "$chart" --kube-version 1.26.0 >/dev/null 2>&1 && fail "Kubernetes 1.26 is not refused"

for values in $(value_files); do
    "$tools/helm4" install gate "$chart" --namespace security --values "$chart/ci/$values" --dry-run=client \
        >"$work/install" 2>&1 || { cat "$work/install"; fail "the notes of $values"; }
    sed -n '/^NOTES:/,$p' "$work/install" >"$work/notes"
    [[ $(wc -l <"$work/notes") -gt 4 ]] || fail "$values: no notes"
    grep -q '<no value>\|{{' "$work/notes" && fail "$values: the notes have holes"
done
echo "$rendered renderings"
