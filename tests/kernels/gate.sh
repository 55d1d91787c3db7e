#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The daemon in a kernel under test: on which rung each kind of interface stands, what passes, that drops are counted, and
# that SIGKILL opens nothing. Prints RESULT lines (guest.sh).
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router       device also has the NIC of the machine, and dummy0
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/../netns/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/../netns/daemon.sh"
# shellcheck source=tests/netns/ssh_only.sh
source "$(dirname "$0")/../netns/ssh_only.sh"
# It takes the machine's NIC: nothing for another machine than the one of run.sh.
grep -q ' guest=' /proc/cmdline || fail "this is no kernel that run.sh has booted"
nic=$(basename "$(dirname /sys/class/net/*/device)")
lab_start
ssh_only_start
ip link set "$nic" netns "tg-device-$$" name nic0
ip -n "tg-device-$$" link add dummy0 type dummy

daemon_start --policy "$lab/policy.yaml" --interface nic0 --interface dummy0
echo "RESULT loads yes"
api status | jq -r '.interfaces[] |
    "RESULT attach \({nic0: "virtio_net", eth0: "veth", dummy0: "dummy"}[.name]) \(.attach.ingress) \(.attach.egress)"'
holds "with the daemon"
drops=$(api status | jq '.interfaces[] | select(.name == "eth0").ingress.drops.policy_default')
((drops > 0)) || fail "drops are not counted: $(api status)"
daemon_kill KILL
holds "without the daemon"
