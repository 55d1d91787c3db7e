#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The data path outlives the agent: SIGTERM and SIGKILL open nothing and close nothing, the next agent
# adopts what is there, also of an agent with other maps, and links that are removed by force are put back.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Cases C15, F01
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/ssh_only.sh
source "$(dirname "$0")/ssh_only.sh"
lab_start
ssh_only_start
daemon_start --policy "$lab/policy.yaml"
holds "with the first policy"
generation=$(api status | jq .generation)
for signal in TERM KILL KILL; do
    daemon_kill "$signal"
    holds "after SIG$signal"
    daemon_start
    holds "after the restart"
    api status | jq -e --argjson generation "$generation" \
        '.interfaces[0].attach.adopted and .generation == $generation and .policyName == "ssh-only"' >/dev/null ||
        fail "the restart does not adopt"
done

# An upgrade to another version of the maps: the new agent takes the gate over, and where it cannot start, it leaves it shut.
daemon_kill TERM
for version in "$pins"/v*; do mv "$version" "$pins/v1"; done
cp "$lab/state/state.json" "$lab/state.json"
echo '{' >"$lab/state/state.json"
! on device timeout 20 "$bin/tollgated" --interface eth0 --state-dir "$lab/state" --run-dir "$lab/run" --pin-dir "$pins" \
    --metrics off 2>/dev/null || fail "it starts with a damaged state"
holds "after a vain start of another version"
mv "$lab/state.json" "$lab/state/state.json"
daemon_start
holds "after an upgrade to another version"
api status | jq -e '.interfaces[0].attach.adopted and .policyName == "ssh-only"' >/dev/null || fail "the gate was made anew"
[[ ! -e $pins/v1 ]] || fail "the other version is still there"

# A second agent does not disturb the first.
code=0
on device "$bin/tollgated" --interface eth0 --state-dir "$lab/state2" --run-dir "$lab/run" \
    --pin-dir "$pins" --metrics off 2>/dev/null || code=$?
((code == 18)) || fail "a second agent exits with $code, not 18"
holds "beside a second agent"

# An interface that goes away and comes back is protected again.
ip -n "tg-router-$$" link del eth0
until_true 10 eval 'api status | jq -e "any(.warnings[]; contains(\"not protected\"))" >/dev/null' ||
    fail "nobody notices that the interface is gone"
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
protected() { api status | jq -e '.interfaces[0].attach.ingress != "none"' >/dev/null; }
until_true 10 protected || fail "the interface that came back is not protected"
holds "on the interface that came back"
