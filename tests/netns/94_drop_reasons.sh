#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/troubleshooting.md: what a neighbour can send is dropped for the reason that the page has a section for, counted under
# it, and told by `observe` with the rule, if one decided.
#
#   device eth0 192.0.2.10 ── 192.0.2.7 eth0 neighbour
# shellcheck disable=SC2154 # variables of lib.sh and daemon.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
frames=$(cd "$(dirname "$0")/../support" && pwd)/refused_frames.py
lab_start
host device && host neighbour
wire device eth0 192.0.2.10/24 neighbour eth0 192.0.2.7/24
soon=$(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)
cat >"$lab/policy.yaml" <<YAML
apiVersion: tollgate/v1
kind: Policy
metadata: {name: lab}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: web, direction: ingress, ports: [tcp/80]}
    - {name: limited, direction: ingress, ports: [udp/7000], limit: {packets: 5/s}}
    - {name: fragments, direction: ingress, ports: [udp/7001]}
    - {name: migration, direction: ingress, ports: [tcp/9000], expires: "$soon"}
  deny:
    - {name: no-telnet, direction: ingress, ports: [tcp/23]}
YAML
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
daemon_start --policy "$lab/policy.yaml"
device() { on device "$bin/tollgate" --socket "$lab/run/control.sock" "$@"; }
device blocklist add 198.51.100.0/24 >/dev/null
until_true 10 eval '[[ $(date -u +%Y-%m-%dT%H:%M:%SZ) > $soon ]]'

reasons=$("$frames" list)
mac=$(ip -n "tg-device-$$" -j link show eth0 | jq -r '.[0].address')
# shellcheck disable=SC2086 # words
on neighbour "$frames" send eth0 "$mac" 192.0.2.10 $reasons
observed() { device observe --last 1000 --verdict drop -o jsonl; }
told() { observed | jq -se --arg reason "$1" 'any(.[]; .reason == $reason)' >/dev/null; }
counted() {
    on device curl -sS http://127.0.0.1:9586/metrics >"$lab/metrics"
    grep -q "^tollgate_drops_total{interface=\"eth0\",direction=\"ingress\",reason=\"$1\"} [1-9]" "$lab/metrics"
}
for reason in $reasons; do
    until_true 5 told "$reason" || fail "observe does not tell of $reason: $(device observe)"
    counted "$reason" || fail "$reason is not counted"
done
for pair in policy_deny:no-telnet rate_limit:limited rule_expired:migration blocklist:web; do
    observed | jq -se --arg reason "${pair%:*}" --arg rule "${pair#*:}" 'any(.[]; .reason == $reason and .rule == $rule)' \
        >/dev/null || fail "observe does not name the rule of $pair: $(device observe)"
done
[[ $(device observe --last 1000) == *policy_default*nearest:*tcp/80* ]] || fail "no rule that nearly matched is named"
