#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The tunnel with a stock peer: handshakes in both roles, data both ways, IPv4 and IPv6 inside and
# outside, a preshared key, roaming, a change of key and the removal of a peer in traffic.
#   TUNNEL_PEER=kernel   with the kernel's own WireGuard, as tests/kernels/run.sh does
#   TRANSFER_BYTES=N     how much each transfer carries
# Hosts and addresses: tests/netns/tunnel.sh
#
# Case W28
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
lab_start
tunnel_lab
tunnel_start
peer_start "${TUNNEL_PEER:-wireguard-go}"
join_tunnel

pings peer 10.9.0.1 || fail "no answer through the tunnel, the peer being the initiator"
until_true 10 pings peer fd09::1 || fail "no answer over IPv6 inside" # a busy kernel takes its time to make the route
pings device 10.9.0.2 || fail "no answer the other way"
[[ $(handshakes) -gt 0 ]] || fail "wg shows no handshake"

device_wg set peer "$peer_key" remove
! pings peer 10.9.0.1 1 || fail "a peer that was removed gets an answer"
device_wg set peer "$peer_key" preshared-key "$lab/psk" allowed-ips 10.9.0.2/32,fd09::2/128 \
    endpoint 192.0.2.20:51821
pings device 10.9.0.2 || fail "no answer with us as the initiator"

device_wg set peer "$peer_key" endpoint "[fd00::20]:51821"
pings device 10.9.0.2 || fail "no answer over IPv6 outside"
pings peer fd09::1 || fail "no answer over IPv6 in IPv6"
[[ $(peer_wg show endpoints) == *"[fd00::10]:51820" ]] || fail "the peer does not follow to IPv6"

# Roaming: the peer moves to another port, then to another address.
peer_wg set listen-port 40000
pings peer 10.9.0.1 || fail "no answer after the peer moved to another port"
[[ $(device_wg show endpoints) == *":40000"* ]] || fail "we do not follow to another port"
ip -n "tg-peer-$$" addr del 192.0.2.20/24 dev eth0
ip -n "tg-peer-$$" addr add 192.0.2.21/24 dev eth0
peer_wg set peer "$device_key" endpoint 192.0.2.10:51820
pings peer 10.9.0.1 || fail "no answer after the peer moved to another address"
[[ $(device_wg show endpoints) == *"192.0.2.21:40000"* ]] || fail "we do not follow to another address"

# TCP both ways, whole.
head -c "${TRANSFER_BYTES:-50000000}" /dev/urandom >"$lab/sent"
transfer peer device 10.9.0.1
transfer device peer 10.9.0.2
transfer peer device fd09::1
transfer device peer fd09::2

# A new key of ours: the old one is worth nothing, the new one works at once.
wg genkey >"$lab/device.key"
new_key=$(wg pubkey <"$lab/device.key")
device_wg set private-key "$lab/device.key"
peer_wg set peer "$device_key" remove
peer_wg set peer "$new_key" preshared-key "$lab/psk" allowed-ips 10.9.0.1/32,fd09::1/128 \
    endpoint 192.0.2.10:51820
pings peer 10.9.0.1 || fail "no answer under the new key"
