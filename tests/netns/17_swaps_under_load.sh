#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Under 100,000 allowed and 100,000 forbidden packets a second: policy swaps, restarts and kill -9 of
# the agent. No forbidden packet is delivered and no allowed packet is lost, counted exactly: by
# nftables behind the gate, and by the gate itself, which knows two kinds of forbidden packets apart
# from allowed ones (5001 is denied by a rule, 5002 by default).
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# SWAPS, RESTARTS, KILLS and RATE (packets a second) change how much; the defaults are the promise.
#
# Cases C13, F01
# shellcheck disable=SC2119 # the daemon has no more flags here
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
swaps=${SWAPS:-1000} restarts=${RESTARTS:-20} kills=${KILLS:-5} rate=${RATE:-200000}
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
mac=$(on device ip -j link show eth0 | jq -r '.[0].address')
on device nft -f - <<'END'
table inet seen {
    counter allowed {}
    counter forbidden {}
    chain in {
        type filter hook prerouting priority raw;
        udp dport 5000 counter name allowed drop
        udp dport { 5001, 5002 } counter name forbidden drop
    }
}
END
seen() { on device nft -j list counter inet seen "$1" | jq '.nftables[1].counter.packets'; }
policy() { # NUMBER: the policies differ in a rule that no packet here matches
    cat <<END
apiVersion: tollgate/v1
kind: Policy
metadata: {name: lab-$1}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: service, direction: ingress, ports: [udp/5000]}
    - {name: other-$1, direction: ingress, remote: [198.51.100.$1], ports: [tcp/$((1000 + $1))]}
  deny:
    - {name: forbidden, direction: ingress, ports: [udp/5001]}
END
}
policy 1 >"$lab/1.yaml"
for i in 1 2; do jq -n --arg yaml "$(policy "$i")" '{yaml: $yaml, confirmWithin: 60}' >"$lab/$i.json"; done
daemon_start --policy "$lab/1.yaml"
[[ $(stage) == enforce ]] || fail "the first policy is not in force"

# One counter of the gate on the way in, e.g. .passedPackets
count() { api status | jq ".interfaces[0].ingress | $1"; }
background router "$bin/../tests/netns/mixed_traffic" eth0 "$mac" 100000000 "$rate" 2>"$lab/sender.log"
sender=$background_process
until_true 10 eval '(($(seen allowed) > 0))' || { cat "$lab/sender.log"; fail "no traffic"; }

begin=$SECONDS
swap() { api policy/apply "@$lab/$1.json" >/dev/null && api confirm '{}' >/dev/null; }
events=$((restarts + kills))
for ((i = 1; i <= swaps; ++i)); do
    swap $((1 + i % 2)) || fail "swap $i failed"
    if ((events > 0 && i % (swaps / events) == 0)); then
        if ((i / (swaps / events) % (events / kills) == 0)); then daemon_kill KILL; else daemon_kill TERM; fi
        daemon_start
    fi
done
kill -STOP "$sender"
sleep 1
passed=$(count .passedPackets) denied=$(count .drops.policy_deny) default=$(count .drops.policy_default)
others=$(count '[.drops | to_entries[] | select(.key != "policy_deny" and .key != "policy_default") | .value] | add // 0')
allowed=$(seen allowed) forbidden=$(seen forbidden)
kill -KILL "$sender"
echo "$swaps swaps, $events restarts in $((SECONDS - begin)) s under traffic:"
echo "  allowed: $allowed passed; forbidden: $denied denied by a rule, $default by default; delivered: $forbidden"
((forbidden == 0)) || fail "$forbidden forbidden packets were delivered"
((others == 0)) || fail "$others packets were dropped for another reason: $(count .drops)"
# The sender takes turns: 5000, 5001, 5000, 5002. What the gate did not count as allowed was lost there.
((passed - allowed < 50 && passed >= allowed)) || fail "of $passed passed packets $allowed were delivered"
lost=$((denied + default - allowed))
((lost <= 64 && lost >= -64)) || fail "$lost allowed packets were lost"
((default - denied <= 64 && denied - default <= 64)) || fail "$denied were denied, but $default dropped by default"
((allowed > 100000)) || fail "only $allowed packets: too little traffic to prove anything"
