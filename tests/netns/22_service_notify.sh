#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a service manager sees of the daemon: it is ready when the gate stands and the control socket answers, not
# before; it shows signs of life twice as often as the watchdog wants; stopped for good, it says so.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case F23
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
manager=$(dirname "$0")/../support/notify_socket.py
log=$lab/notify

service() { # MANAGER'S FLAGS...
    background device "$manager" "$log" "$@" -- "$bin/tollgated" --interface eth0 --state-dir "$lab/state" \
        --run-dir "$lab/run" --pin-dir "$pins" --metrics off 2>>"$lab/tollgated.log"
    service=$background_process
}
heard() { grep -qE "$1" "$log" 2>/dev/null; }
times_of() { awk -v what="$1" '$2 == what { print $1 }' "$log"; }

cat >"$lab/ready" <<END
ip -d link show eth0 | grep -q 'prog/xdp' && curl -sS --unix-socket $lab/run/control.sock http://localhost/v1/status >$lab/answer
END
service --watchdog 3 --ready "$(<"$lab/ready")"
until_true 20 heard 'READY=1$' || { cat "$lab/tollgated.log"; fail "it is ready before the gate stands and it answers, or never"; }
jq -e '.interfaces[0].attach.ingress == "native"' "$lab/answer" >/dev/null || fail "ready, but not attached"

alive_at() { (($(times_of WATCHDOG=1 | wc -l) >= $1)); }
until_true 15 alive_at 4 || fail "no signs of life for the watchdog"
gap=$(times_of WATCHDOG=1 | awk 'NR > 1 && $1 - last > worst { worst = $1 - last } { last = $1 } END { print worst }')
awk -v gap="$gap" 'BEGIN { exit !(gap <= 1.5) }' || fail "a watchdog of 3 s heard nothing for $gap s"

# A daemon that hangs is silent: that is what the watchdog is there to see.
daemon=$(sed -n 's/.*PID=//p' "$log")
kill -STOP "$daemon"
before=$(times_of WATCHDOG=1 | wc -l)
sleep 2.5
(($(times_of WATCHDOG=1 | wc -l) <= before + 1)) || fail "a stopped daemon shows signs of life"
kill -CONT "$daemon"
until_true 10 alive_at $((before + 2)) || fail "it does not go on"

kill "$service"
until_true 20 heard 'END=0$' || fail "it does not end"
[[ $(sed -n 's/^[0-9.]* //p' "$log" | tail -2 | tr '\n' ' ') == "STOPPING=1 END=0 " ]] || fail "it does not say that it stops"

# Without a watchdog it does not send what nobody asked for.
service
until_true 20 heard 'READY=1$' || fail "it is not ready without a watchdog"
sleep 1.5
heard WATCHDOG && fail "it feeds a watchdog that is not there"
exit 0
