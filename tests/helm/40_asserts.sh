#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the chart asks of a node is what it needs and nothing more, in every value file; what the
# configuration and the policy in it say is what Tollgate itself reads.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
helm_tools
bin=${TOLLGATE_BIN:-$root/build/dev/agent}

# Rules and dashboards are only packed up: two stand in for those that lie there, so that the test does
# not depend on them.
cp -r "$chart" "$work/chart"
chart=$work/chart
mkdir -p "$chart/files/dashboards"
rm -f "$chart"/files/rules*.yaml "$chart"/files/dashboards/*
cat >"$chart/files/rules.yaml" <<'END'
groups:
  - name: tollgate
    rules:
      - alert: TollgateTest
        expr: tollgate_build_info == 0
        annotations: {summary: "on {{ $labels.instance }}"}
END
echo '{"title": "test", "panels": [{"legendFormat": "{{ instance }}"}]}' >"$chart/files/dashboards/test.json"

for values in $(value_files); do
    mkdir -p "$work/rendered/$values"
    render helm4 "$values" >"$work/rendered/$values/objects.yaml"
done
TOLLGATE_RENDERED=$work/rendered TOLLGATE_CHART=$chart NODE_MODULES=$tools/node_modules \
    node --test --test-reporter=spec "$here/asserts.mjs"

# It reads the configuration, and then has no folder to run in.
refuses() {
    local status=0
    "$bin/tollgated" --config "$1" --run-dir /dev/null >"$work/start.log" 2>&1 || status=$?
    ((status != 0)) || fail "tollgated has run"
    ((status == 2))
}
echo 'interfaces: [eth0' >"$work/mistyped.yaml"
refuses "$work/mistyped.yaml" || fail "tollgated reads what is no configuration"

# asserts.mjs has put the files of the ConfigMaps beside the objects.
policies=0
for values in $(value_files); do
    folder=$work/rendered/$values
    refuses "$folder/tollgate.yaml" && fail "$values: tollgated refuses its configuration"
    [[ -e $folder/policy.yaml ]] || continue
    "$bin/tollgate" policy check "$folder/policy.yaml" >"$work/check" 2>&1 || { cat "$work/check"; fail "$values: the policy is refused"; }
    policies=$((policies + 1))
done
((policies >= 8))
echo "$policies policies read"
