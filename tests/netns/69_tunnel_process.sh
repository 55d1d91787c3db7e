#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A tunnel is a process without rights. When it is killed, the daemon goes on, the gate drops what it dropped, the
# host's packets for the tunnel leave nowhere else, and the stock peer is reached again through the next process, of
# which the daemon says why it had to be. When the daemon is killed, no process of a tunnel stays.
#
#   device eth0 192.0.2.10 ── 192.0.2.20 eth0 peer     wireguard-go: $other 10.9.0.2
#          $wg  10.9.0.1
# shellcheck disable=SC2154 # variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
# shellcheck source=tests/netns/confined.sh
source "$(dirname "$0")/confined.sh"
lab_start
tunnel_lab
tunnel_of_peer stock >"$lab/tollgate.yaml"
daemon_start --config "$lab/tollgate.yaml"
peer_start wireguard-go
peer_wg set private-key "$lab/peer.key" listen-port 51820 peer "$device_key" allowed-ips 10.9.0.1/32
answers() { on device ping -q -c 1 -W 1 10.9.0.2 >/dev/null; }
until_true 20 answers || fail "no tunnel: $(<"$lab/tollgated.log")"

process=$(data_process "$daemon" "$wg")
is_confined "$process"
way() { ip -n "tg-device-$$" route get 10.9.0.2; }
for round in 1 2; do
    kill -KILL "$process"
    [[ $(way) == *"dev $wg "* ]] || fail "the host's packets take another way: $(way)"
    until_true 20 answers || fail "round $round: no tunnel again: $(<"$lab/tollgated.log")"
    next=$(data_process "$daemon" "$wg")
    [[ -n $next && $next != "$process" ]] || fail "the same process"
    process=$next
done
daemon_is_gone && fail "the daemon is gone"
grep -q "tunnel.failed.*was killed by SIGKILL" "$lab/tollgated.log" || fail "it does not say why: $(<"$lab/tollgated.log")"
[[ $(device_wg show peers) == "$peer_key" ]] || fail "wg(8): $(device_wg show)"

# One that stands still is replaced.
kill -STOP "$process"
until_true 20 answers || fail "a process that stands still stays"
[[ $(data_process "$daemon" "$wg") != "$process" ]] || fail "it was not replaced"

process=$(data_process "$daemon" "$wg")
daemon_kill KILL
process_is_gone() { ! kill -0 "$process" 2>/dev/null; }
until_true 5 process_is_gone || fail "a process without a daemon"
