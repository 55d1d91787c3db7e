#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What speaks HTTP with whoever scrapes is a process without any right; it comes back when it ends, goes with the agent,
# and holds up nobody.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/confined.sh
source "$(dirname "$0")/confined.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
daemon_start

exporter() { api status | jq '.processes[] | select(.name == "exporter").pid // empty'; }
scrape() { on device curl -fsS --max-time 5 http://127.0.0.1:9586/metrics; }

first=$(exporter)
scrape >/dev/null || fail "no metrics"
is_confined "$first"
[[ $(stat -c %U "/proc/$first/environ") == root ]] || fail "others of its user can look into it"
# Standard error, the channel, the listener, two channels for pages, and what a scrape is answered on.
for descriptor in "/proc/$first/fd"/*; do
    [[ $(readlink "$descriptor") == socket:* || $descriptor == */2 ]] || fail "it holds $descriptor: $(readlink "$descriptor")"
done

kill -KILL "$first"
came_back() {
    second=$(exporter)
    [[ -n $second && $second != "$first" ]] && scrape >"$lab/metrics" 2>/dev/null
}
until_true 20 came_back || fail "it does not come back"
[[ $(api status | jq ".processes[0].restarts") == 1 ]] || fail "that is not counted"
grep -q 'event=process.ended name=exporter how="was killed by SIGKILL"' "$lab/tollgated.log" || fail "the log does not tell"
is_confined "$second"

# One that does nothing holds up neither the agent nor, once it goes on, those who wait.
kill -STOP "$second"
api status >/dev/null || fail "the agent waits for it"
on device curl -sS --max-time 20 -o "$lab/late" http://127.0.0.1:9586/livez &
waiting=$!
kill -CONT "$second"
{ wait "$waiting" && grep -qx ok "$lab/late"; } || fail "who waited for it is not answered"

# The signals to end or to reload come to all processes of a service, and are the agent's alone.
kill -TERM "$second" && kill -HUP "$second"
scrape >/dev/null || fail "it ends by a signal that is the agent's"
[[ $(exporter) == "$second" ]] || fail "it was started again"

daemon_kill KILL
gone() { ! kill -0 "$second" 2>/dev/null || [[ $(status_line "$second" State) == Z* ]]; }
until_true 10 gone || fail "it outlives the agent"
