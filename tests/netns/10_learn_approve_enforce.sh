#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job through the control socket: what was learned and approved passes after enforce, by
# address, port and direction; everything else is dropped and told of.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case L07
# shellcheck disable=SC2119 # the daemon has no more flags here
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
serve device 192.0.2.10 22
serve device 192.0.2.10 23
serve router 192.0.2.1 443
serve router 192.0.2.1 80
daemon_start
[[ $(stage) == learn ]] || fail "the first stage is not learn"

for _ in 1 2 3; do
    reaches device 192.0.2.1 443 || fail "learning blocks something outwards"
    reaches router 192.0.2.10 22 || fail "learning blocks something inwards"
done
candidate() { # PROTOCOL/PORT DIRECTION
    api learn/candidates | jq -re --arg service "$1" --arg direction "$2" \
        '.candidates[] | select(.direction == $direction and (.services | index($service))) | .id'
}
out=$(candidate tcp/443 egress) || fail "tcp/443 is not learned"
in=$(candidate tcp/22 ingress) || fail "tcp/22 is not learned"
api learn/approve "{\"ids\":[\"$out\",\"$in\"],\"by\":\"tester\"}" >/dev/null
api learn/export | jq -r .policy >"$lab/exported.yaml"
grep -q 'tcp/443' "$lab/exported.yaml" || fail "the export lacks what was approved"

api enforce '{"confirmWithin":60}' | jq -e '.stage == "enforce" and .deadline and .effect.flows > 0' \
    >/dev/null || fail "the change does not say what it does"
[[ $(refused enforce '{}') == pending ]] || fail "a second change is not refused"
reaches device 192.0.2.1 443 || fail "what was approved outwards is blocked"
reaches router 192.0.2.10 22 || fail "what was approved inwards is blocked"
reaches device 192.0.2.1 80 && fail "what was not approved leaves"
reaches router 192.0.2.10 23 && fail "what was not approved enters"
api confirm '{}' | jq -e '.stage == "enforce"' >/dev/null

told_of() {
    api 'observe?verdict=drop&port=23&last=100' | jq -es \
        'any(.reason == "policy_default" and .direction == "ingress" and (.nearest | length > 0))' >/dev/null
}
until_true 10 told_of || fail "the drop is not told of"
api status | jq -e '.interfaces[0].ingress.drops.policy_default > 0' >/dev/null || fail "no drop is counted"
api policy | jq -e 'any(.rules[]; .packets > 0 and .learned.approvedBy == "tester")' >/dev/null ||
    fail "the rules do not count"
api policy/history | jq -e '.entries[0].state == "active"' >/dev/null || fail "the history is wrong"
[[ $(refused confirm '{}') == notFound ]] || fail "it can be confirmed twice"
