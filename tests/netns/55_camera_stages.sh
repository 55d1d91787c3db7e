#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The three stages of examples/policies/camera-*.yaml with real traffic: 1 what was learned, 2 who is
# listed, 3 the tunnel only. Then: nothing opens without the daemon, nor when it comes back.
# The hosts are drawn in camera.sh.
# shellcheck disable=SC2154 # variables of lib.sh and daemon.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/netns/lib.sh
source "$root/tests/netns/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$root/tests/netns/daemon.sh"
# shellcheck source=tests/netns/camera.sh
source "$root/tests/netns/camera.sh"
lab_start
camera_lab

# Another address, and nobody remembers whose it was. becomes HOST ADDRESS
becomes() {
    ip -n "tg-$1-$$" addr flush dev eth0
    ip -n "tg-$1-$$" addr add "$2/24" dev eth0
    ip -n "tg-device-$$" neigh flush dev eth0
}

stage_of() { api status | jq -r ".interfaces[] | select(.name == \"$1\") | .stage"; }

# Before: whoever asks gets everything, in the clear and through the tunnel.
for who in recorder desk neighbour; do
    streams "$who" 192.168.7.20 || fail "$who gets no stream before anything is protected"
done
until_true 10 streams recorder 10.9.0.1 || fail "no tunnel: $(<"$lab/tollgated.log")"
until_true 10 streams desk 10.9.0.1 || fail "no tunnel for the other peer: $(<"$lab/desk.log")"
streams neighbour 192.168.7.20 80 || fail "the web page is not there"

# 1. What was learned: the stream, for the network. The page is gone.
in_force "$root/examples/policies/camera-1-learned.yaml"
[[ $(stage_of eth0) == enforce && $(stage_of wg0) == enforce ]] || fail "stages: $(api status | jq -c .interfaces)"
streams recorder 192.168.7.20 || fail "stage 1: no stream for the recorder"
streams neighbour 192.168.7.20 || fail "stage 1: no stream for the network"
! streams neighbour 192.168.7.20 80 || fail "stage 1: the web page was never learned"
! streams desk 10.9.0.1 || fail "stage 1: the tunnel is a way around the policy"

# 2. Who is listed. An address is no proof.
in_force "$root/examples/policies/camera-2-listed.yaml"
streams recorder 192.168.7.20 || fail "stage 2: no stream for the recorder"
! streams neighbour 192.168.7.20 || fail "stage 2: somebody who is not listed gets the stream"
ip -n "tg-recorder-$$" link set eth0 down
becomes neighbour 192.168.7.40
streams neighbour 192.168.7.20 || fail "stage 2: who takes the recorder's address should get the stream"

# 3. Only through the tunnel, and only for the recorder's key. While it streams, the others try.
in_force "$root/examples/policies/camera-3-tunnel.yaml"
! streams neighbour 192.168.7.20 || fail "stage 3: the recorder's address is enough"
becomes neighbour 192.168.7.66
ip -n "tg-recorder-$$" link set eth0 up
until_true 20 streams recorder 10.9.0.1 || fail "stage 3: no stream through the tunnel: $(<"$lab/tollgated.log")"
! streams recorder 192.168.7.20 || fail "stage 3: the recorder gets the stream in the clear"
! streams desk 10.9.0.1 || fail "stage 3: another peer gets the stream"
! streams recorder 10.9.0.1 80 || fail "stage 3: the recorder gets more than the stream"
api policy | jq -e '.rules[] | select(.name == "stream") | .packets > 0' >/dev/null ||
    fail "the rule does not count: $(api policy | jq -c .rules)"

# The interface of the tunnel is shown and counted as any other.
api status | jq -e '.interfaces[] | select(.name == "wg0") | .attach.ingress == "tc"' >/dev/null ||
    fail "the tunnel is not shown as protected: $(api status | jq -c .interfaces)"
api status | jq -e '.warnings | all(contains("wg0") | not)' >/dev/null || fail "a warning: $(api status | jq .warnings)"
camera trace 10.9.0.2 wg0:10.9.0.1 tcp/554 --expect pass >"$lab/trace" || fail "trace: $(<"$lab/trace")"
camera trace 10.9.0.3 wg0:10.9.0.1 tcp/554 --expect drop >"$lab/trace" || fail "trace: $(<"$lab/trace")"
camera trace 192.168.7.40 eth0:192.168.7.20 tcp/554 --expect drop >"$lab/trace" || fail "trace: $(<"$lab/trace")"
grep -q "all matches but the way: via tunnel" "$lab/trace" || fail "trace does not say why: $(<"$lab/trace")"

# Without the daemon nothing opens: the clear stays closed, and there is no tunnel.
daemon_kill KILL
! streams neighbour 192.168.7.20 || fail "the daemon's death opens the clear"
! streams recorder 192.168.7.20 || fail "the daemon's death opens the clear for the recorder"
camera_start
until_true 20 streams recorder 10.9.0.1 || fail "no stream after a restart: $(tail -5 "$lab/tollgated.log")"
! streams desk 10.9.0.1 || fail "after a restart another peer gets the stream"
[[ $(stage_of wg0) == enforce ]] || fail "a restart changes the stage of the tunnel"
