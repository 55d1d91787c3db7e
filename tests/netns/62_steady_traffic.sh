#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Steady traffic through the tunnel with a stock peer: 200 datagrams a second with numbers and 4 Mbit/s of TCP, each way,
# and nothing is lost but what the peer's kernel had no room for. The peer makes the keypairs, then we do.
# STEADY_SECONDS=600 is long enough for four rekeys in each role; without it, one keypair has to do.
# WIREGUARD_GO names another wireguard-go, which is tried, too.
# Hosts and addresses: tests/netns/tunnel.sh
#
# Case F25
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
# shellcheck source=tests/netns/losses.sh
source "$(dirname "$0")/losses.sh"
steady_flows=$(dirname "$0")/../support/steady_flows.py
seconds=${STEADY_SECONDS:-5}
lab_start
metrics=127.0.0.1:9586
tunnel_lab
tunnel_start

serves() { on "$1" ss -Hltn "sport = :7000" | grep -q .; }

# steady FROM TO ADDRESS: FROM is the initiator, since it is the first to have something to say.
steady() {
    local handshake begin=$SECONDS
    background "$2" python3 "$steady_flows" serve "$3" 7000
    local server=$background_process
    until_true 10 serves "$2" || fail "nobody listens"
    pings "$1" "$3" || fail "no answer from $3"
    handshake=$(handshakes)
    losses_begin
    on "$1" python3 "$steady_flows" steady "$3" 7000 "$seconds" tolerant >"$lab/flows" 2>&1 ||
        fail "from $1: $(<"$lab/flows")"$'\n'"$(tell_losses)"
    losses_check "$lab/flows"
    kill "$server"
    echo "$1 began, $((SECONDS - begin)) s, last handshake $(($(handshakes) - handshake)) s after the first: $(<"$lab/flows")"
    ((seconds < 130)) || (($(handshakes) - handshake >= 115)) || fail "no rekey in $seconds s"
}

for program in wireguard-go ${WIREGUARD_GO:+"$WIREGUARD_GO"}; do
    peer_start "$program"
    peer_process=$background_process
    join_tunnel
    steady peer device 10.9.0.1
    device_wg set peer "$peer_key" remove
    peer_wg set peer "$device_key" remove
    join_tunnel
    device_wg set peer "$peer_key" endpoint 192.0.2.20:51821
    steady device peer 10.9.0.2
    kill "$peer_process"
    until_true 10 eval '! ip -n "tg-peer-$$" link show "$other" >/dev/null 2>&1' || fail "the peer stays"
done
