#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Packing the chart twice, from two copies made at different times, gives the same files, and no others
# than the chart's.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools

# Helm 3 writes the time of packing into the archive and Helm 4 that of the files; what is in it counts.
content() { # ARCHIVE
    mkdir "$1.d"
    tar -xzf "$1" -C "$1.d"
    (cd "$1.d" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}
for helm in helm3 helm4; do
    for copy in 1 2; do
        mkdir -p "$work/$helm-$copy"
        cp -r "$chart" "$work/$helm-$copy/tollgate"
        find "$work/$helm-$copy" -exec touch -d "2001-01-0$copy" {} +
        "$tools/$helm" package "$work/$helm-$copy/tollgate" --destination "$work/$helm-$copy" >/dev/null
        content "$work/$helm-$copy"/tollgate-*.tgz >"$work/$helm-$copy.sums"
    done
    cmp "$work/$helm-1.sums" "$work/$helm-2.sums" || fail "$helm packs two charts out of one"
done
cmp "$work/helm3-1.sums" "$work/helm4-1.sums" || fail "Helm 3 and Helm 4 pack different charts"
grep -q 'tollgate/ci/' "$work/helm4-1.sums" && fail "the value files of the tests are packed"
for file in Chart.yaml values.yaml values.schema.json README.md templates/daemonset.yaml; do
    grep -q " ./tollgate/$file\$" "$work/helm4-1.sums" || fail "$file is not packed"
done
"$tools/helm4" template gate "$work"/helm3-1/tollgate-*.tgz >"$work/packed"
"$tools/helm4" template gate "$chart" >"$work/tree"
cmp "$work/packed" "$work/tree" || fail "the packed chart renders something else"
version=$(sed -nE 's/^project\(tollgate VERSION ([0-9.]+).*/\1/p' "$root/CMakeLists.txt")
grep -qx "appVersion: $version" "$chart/Chart.yaml" || fail "Chart.yaml is for another version than $version"
wc -l <"$work/helm4-1.sums"
