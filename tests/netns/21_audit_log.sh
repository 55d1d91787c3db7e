#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every change of the gate is a record with its maker and its outcome: by people, by the deadline, by wg(8),
# by a signal; refused ones, too. What is changed, removed or cut off afterwards is found; kill -9 loses
# nothing that was answered.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Cases L11, S07, S08
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
log=$lab/state/audit
cli() { "$bin/tollgate" --socket "$lab/run/control.sock" "$@"; }
records() { # ACTION: outcome and maker of each, the process left out
    cli -o jsonl audit-log show --last 1000 "$log" |
        jq -r --arg action "$1" 'select(.action == $action) | "\(.outcome), \(.actor)" | sub(", pid [0-9]+$"; "")'
}
told() { # ACTION COUNT EXPECTED: the last of as many
    [[ $(records "$1" | wc -l) == "$2" ]] || fail "$1: not $2 records: $(records "$1")"
    [[ $(records "$1" | tail -1) == "$3" ]] || fail "$1: the last is not '$3': $(records "$1")"
}
whole() { cli audit-log verify "$log" >"$lab/said" || fail "$1: $(<"$lab/said")"; }
wrong() { # EXPECTED: verify fails with exit code 5 and says so
    local code=0
    cli audit-log verify "$log" >/dev/null 2>"$lab/said" || code=$?
    [[ $code == 5 ]] || fail "exit code $code, not 5: $(<"$lab/said")"
    grep -qF "$1" "$lab/said" || fail "it does not say '$1': $(<"$lab/said")"
}

daemon_start --tunnel "tga$$" --uapi-dir "$lab/uapi"
root="uid 0$(awk '$1 != 4294967295 { print ", login uid " $1 }' /proc/self/loginuid)"
told agent/start 1 "done, agent"
api enforce '{"confirmWithin":60}' >/dev/null
api confirm '{}' >/dev/null
told enforce 1 "done, $root"
told confirm 1 "done, $root"
refused confirm '{}' >/dev/null
[[ $(records confirm | wc -l) == 2 && $(records confirm | tail -1) != done* ]] || fail "a refusal is not told: $(records confirm)"
api audit '{"confirmWithin":2}' >/dev/null
until_true 10 eval '[[ -n $(records policy/revert) ]]' || fail "the deadline's revert is not told"
told policy/revert 1 "done, deadline"
kill -HUP "$daemon"
until_true 10 eval '[[ -n $(records tunnels/reload) ]]' || fail "a reload is not told"
if on device unshare -m bash -c "mkdir -p /run/wireguard; mount --bind $lab/uapi /run/wireguard; wg set tga$$ fwmark 7"; then
    until_true 10 eval '[[ -n $(records tunnels/set) ]]' || fail "what wg does is not told"
    told tunnels/set 1 "done, wg"
else
    fail "wg does not reach the tunnel"
fi

# People without the right leave a record, and cannot fill the log.
chmod 755 "$lab" "$lab/run" && chmod 666 "$lab/run/control.sock"
for _ in {1..50}; do
    setpriv --reuid=65534 --regid=65534 --clear-groups \
        curl -sS --unix-socket "$lab/run/control.sock" -d '{}' http://localhost/v1/open >/dev/null
done
told open 1 "takes the role admin, uid 65534$(awk '$1 != 4294967295 { print ", login uid " $1 }' /proc/self/loginuid)"
[[ $(stage) == enforce ]] || fail "somebody without the right has opened the gate"
whole "with the agent alive"
grep -q "none is missing up to" "$lab/said" || fail "the agent was not asked: $(<"$lab/said")"

# What was answered is on the disk.
api open '{}' >/dev/null
daemon_kill KILL
told open 2 "done, $root"
whole "after kill -9"
daemon_start --tunnel "tga$$" --uapi-dir "$lab/uapi"
told agent/start 2 "done, agent"
[[ $(cli -o jsonl audit-log show "$log" --last 1 | jq -r .details.open) == yes ]] || fail "the open gate is not told"
whole "after a restart"

# Somebody covers up.
file=$(echo "$log"/*.jsonl)
cp "$file" "$lab/copy"
sed -i '3s/uid 0/uid 1/' "$file"
wrong "$file:3: its hash does not fit it: it was changed"
sed '3d' "$lab/copy" >"$file"
wrong "$file:3: it is record 4, and 3 is expected"
sed '3{h;d};4{G}' "$lab/copy" >"$file"
wrong "$file:3: it is record 4"
head -n -1 "$lab/copy" >"$file"
wrong "the end was cut off"
head -c -20 "$lab/copy" >"$file"
wrong "it is no record"
cp "$lab/copy" "$file"
whole "with everything as it was"

# Without the agent, a head that is known elsewhere tells.
daemon_kill TERM
whole "after the end"
head=$(sed -n 's/^head //p' "$lab/said")
cli audit-log verify "$log" --head "$head" | grep -q "none is missing up to" || fail "--head is not looked at"
head -n -1 "$lab/copy" >"$file"
! cli audit-log verify "$log" --head "$head" 2>/dev/null || fail "--head does not find a missing end"
