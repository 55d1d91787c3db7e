#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/kubernetes.md and the chart's README can be followed: each Helm command renders, each values example
# is taken with a policy that Tollgate reads, and kubectl's objects are those that the chart makes.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools
bin=${TOLLGATE_BIN:-$root/build/dev/agent}
export REGISTRY=registry.example.com

# fenced PAGE LANGUAGE: the contents of its blocks, each to $work/block-N; the number is in $blocks.
fenced() {
    rm -f "$work"/block-*
    awk -v fence="\`\`\`$2" -v prefix="$work/block-" '
        /^```/ { inside = !inside; on = inside && $0 == fence; n += on; next }
        on { print > (prefix n) }' "$1"
    blocks=$(find "$work" -name 'block-*' | wc -l)
}

fenced "$root/docs/kubernetes.md" yaml
((blocks == 3)) || fail "$blocks examples of values"
for values in "$work"/block-* "$root/examples/kubernetes-values.yaml"; do
    "$tools/helm4" template tollgate "$chart" --namespace tollgate --values "$values" >"$work/objects"
    python3 -c '
import sys, yaml
for item in yaml.safe_load_all(sys.stdin):
    if item and item["kind"] == "ConfigMap" and "policy.yaml" in item["data"]:
        print(item["data"]["policy.yaml"], end="")' <"$work/objects" >"$work/policy.yaml"
    "$bin/tollgate" policy check "$work/policy.yaml" >"$work/check" || { cat "$work/check"; fail "$(basename "$values") is refused"; }
done
cp "$work/block-1" "$work/values.yaml"

cd "$root"
commands=0
for page in docs/kubernetes.md helm/tollgate/README.md; do
    fenced "$root/$page" ''
    while read -r command; do
        case $command in
            'helm install '* | 'helm upgrade '*)
                rendering=$(sed -E 's/^helm (install|upgrade) /template /; s/--reuse-values|--create-namespace//; s|values.yaml|'"$work"'/&|' <<<"$command")
                eval "\"$tools/helm4\" $rendering" >"$work/objects" || fail "$page: $command"
                ;;
            'helm uninstall '* | 'kubectl create namespace '* | 'kubectl label namespace '*) ;;
            'kubectl -n tollgate rollout '* | 'kubectl -n tollgate exec ds/tollgate '*)
                grep -A2 '^kind: DaemonSet' "$work/objects" | grep -qx '  name: tollgate' || fail "$page: no DaemonSet for: $command"
                if [[ $command == *' -- '* ]]; then
                    eval "\"$bin\"/${command#* -- } --help" >/dev/null || fail "$page: $command"
                fi
                ;;
            'kubectl -n tollgate create secret generic tollgate-keys '*)
                grep -q 'existingSecret: tollgate-keys' docs/kubernetes.md || fail "$page: $command"
                ;;
            'kubectl -n tollgate create secret generic flow-log-token --from-file=token')
                grep -q 'tokenSecret: {name: flow-log-token}' docs/kubernetes.md || fail "$page: $command"
                ;;
            'kubectl -n tollgate create configmap flow-log-ca --from-file=ca.crt')
                grep -q 'caConfigMap: {name: flow-log-ca}' docs/kubernetes.md || fail "$page: $command"
                ;;
            './tools/image'*) tools/image --help >/dev/null || fail "$page: $command" ;;
            'skopeo copy '*) [[ $command == *:$(sed -nE 's/^version: //p' "$chart/Chart.yaml")* ]] || fail "$page: $command" ;;
            *) fail "$page has a command that this test does not know: $command" ;;
        esac
        commands=$((commands + 1))
    done < <(cat "$work"/block-*)
done
((commands >= 13)) || fail "only $commands commands were found"
echo "$commands commands"
