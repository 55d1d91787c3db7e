#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A killed agent leaves the gate closed; `tollgate open` opens it all the same; cleanup removes it.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Cases F26, L11
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
bin=${TOLLGATE_BIN:?the folder of the programs}
cat >"$lab/policy.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: closed}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  failsafe:
    - {name: nobody, direction: ingress, remote: [198.51.100.1], ports: [tcp/22]}
YAML
background device "$bin/tollgated" --interface eth0 --state-dir "$lab/state" --run-dir "$lab/run" \
    --pin-dir "$pins" --metrics off 2>"$lab/tollgated.log"
agent=$background_process
tollgate() {
    on device env SSH_CONNECTION= "$bin/tollgate" --socket "$lab/run/control.sock" --pin-dir "$pins" "$@"
}
pings() { on router ping -c 1 -W 1 192.0.2.10 >/dev/null; }
until_true 20 tollgate status --quiet 2>/dev/null || { cat "$lab/tollgated.log"; fail "no answer"; }
pings || fail "learning must let everything through"
tollgate policy apply "$lab/policy.yaml"
tollgate confirm
pings && fail "the policy lets a ping through"

kill -KILL "$agent"
until_true 5 bash -c "! kill -0 $agent 2>/dev/null"
pings && fail "without its agent the gate lets a ping through"
code=0
tollgate status 2>"$lab/err" || code=$?
((code == 3)) || fail "status without an agent exits with $code"
grep -q 'is tollgated running' "$lab/err" || fail "status does not say what to do"
tollgate doctor >"$lab/doctor" && fail "doctor finds nothing wrong without an agent"
grep -q 'the last confirmed policy is in force' "$lab/doctor" || fail "doctor does not see the gate"

# After an upgrade that does not start, the gate is that of another version.
on device mv "$pins"/v{2,1}
tollgate open >"$lab/open"
on device mv "$pins"/v{1,2}
grep -q "$pins" "$lab/open" || fail "open does not say what it wrote"
pings || fail "open without an agent does not open"

tollgate cleanup --dry-run >"$lab/dry" 2>&1
pings || fail "a dry run changed something"
[[ -d $pins ]] || fail "a dry run removed the pins"
tollgate cleanup >"$lab/removed" 2>&1
[[ ! -e $pins ]] || fail "cleanup left pins"
on device ip link show eth0 | grep -q xdp && fail "cleanup left the program on eth0"
code=0
tollgate open 2>"$lab/err" || code=$?
((code == 1)) || fail "open without a gate exits with $code"
grep -q 'no gate is loaded' "$lab/err" || fail "open does not say that there is no gate"
