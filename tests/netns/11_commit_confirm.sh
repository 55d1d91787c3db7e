#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An unconfirmed enforce reverts on time: with the agent, with the agent killed, and after a reboot.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case L01
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
now() { date +%s%N; }
# The milliseconds from $1 until port 22 can be reached again.
time_until_open() {
    until_true 20 reaches router 192.0.2.10 22 || fail "the change never reverts"
    echo $((($(now) - $1) / 1000000))
}
last_outcome() { api policy/history | jq -r '.entries[0].state'; }

daemon_start
begin=$(now)
api enforce '{"confirmWithin":4}' >/dev/null
reaches router 192.0.2.10 22 && fail "enforcing an empty policy lets something in"
took=$(time_until_open "$begin")
((took >= 3900 && took < 7000)) || fail "the agent reverts after $took ms, not 4000"
until_true 5 eval '[[ $(last_outcome) == reverted ]]' || fail "the history does not tell of it"
[[ $(stage) == learn ]] || fail "the stage is not learn again"

begin=$(now)
api enforce '{"confirmWithin":4}' >/dev/null
daemon_kill KILL
reaches router 192.0.2.10 22 && fail "killing the agent opens the gate"
took=$(time_until_open "$begin")
((took >= 3900 && took < 7000)) || fail "with the agent dead the kernel reverts after $took ms, not 4000"
daemon_start
[[ $(stage) == learn && $(last_outcome) == reverted ]] || fail "the next agent does not know that it reverted"

api enforce '{"confirmWithin":600}' >/dev/null
daemon_kill KILL
reboot_data_path
daemon_start
[[ $(stage) == learn && $(last_outcome) == reverted ]] || fail "a reboot does not revert"
reaches router 192.0.2.10 22 || fail "after the reboot nothing gets in"

api enforce '{"confirmWithin":600}' >/dev/null
api confirm '{}' >/dev/null
daemon_kill KILL
reboot_data_path
daemon_start
[[ $(stage) == enforce ]] || fail "a reboot loses a confirmed enforce"
reaches router 192.0.2.10 22 && fail "after a reboot the confirmed policy does not hold"
exit 0
