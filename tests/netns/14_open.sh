#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Open lets everything through at once, stays so over a restart and a reboot, and ends with the next
# enforce; an unconfirmed enforce of an open gate reverts to open.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case L11
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
open_to() { reaches router 192.0.2.10 22 || fail "$1: not open"; }
closed() { ! reaches router 192.0.2.10 22 || fail "$1: open"; }
daemon_start
api enforce '{"confirmWithin":60}' >/dev/null
api confirm '{}' >/dev/null
closed "enforcing an empty policy"
api open '{}' | jq -e '.stage == "open"' >/dev/null
open_to "after open"
[[ $(api status | jq .open) == true ]] || fail "the status does not say that the gate is open"
daemon_kill KILL
open_to "with the agent dead"
daemon_start
[[ $(stage) == open ]] || fail "a restart closes the gate"
daemon_kill TERM
reboot_data_path
daemon_start
[[ $(stage) == open ]] || fail "a reboot closes the gate"
open_to "after a reboot"

api enforce '{"confirmWithin":3}' >/dev/null
closed "enforcing again"
daemon_kill KILL
until_true 10 reaches router 192.0.2.10 22 || fail "what was open does not revert to open"
daemon_start
[[ $(stage) == open ]] || fail "the agent does not know that it reverted to open"
api enforce '{"confirmWithin":60}' >/dev/null
api confirm '{}' >/dev/null
closed "enforcing and confirming"
[[ $(api status | jq .open) == false ]] || fail "the status still says open"
[[ $(refused learn/start '{}') == risk ]] || fail "learning opens an enforcing gate without a word"
api learn/start '{"acceptRisk":"open"}' | jq -e '.stage == "learn"' >/dev/null
open_to "learning again"
