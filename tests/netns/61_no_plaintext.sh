#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No inner packet is ever on the wire in the clear: while the daemon is killed, started, stopped, restarted
# and reloaded, while keys change, a peer is removed and the tunnel is down, with a default route by which
# it could leave. What the kernel keeps for that goes with the tunnel.
#
#   device eth0 192.0.2.10 ── watched ── 192.0.2.20 eth0 peer, the default router of device
#          $wg  10.9.0.1      tunnel     10.9.0.2 $other, and 10.77.0.0/16 and fd77::/64 behind it
#
# Cases W30, F01
# shellcheck disable=SC2119,SC2154 # variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
plaintext_watch=$(dirname "$0")/../support/plaintext_watch.py
lab_start
tunnel_lab
ip -n "tg-device-$$" route add default via 192.0.2.20
ip -n "tg-device-$$" route add default via fd00::20
device_file() {
    tunnel_numbered
    cat <<YAML
    peers:
      - name: peer
        publicKey: $peer_key
        presharedKeyFile: $lab/psk
        endpoint: 192.0.2.20:51821
        allowedIPs: [10.9.0.2/32, 10.77.0.0/16, fd77::/64]
interfaces: [eth0]
YAML
}
device_file >"$lab/tollgate.yaml"
start() {
    daemon_start --config "$lab/tollgate.yaml"
    [[ -z ${1:-} ]] || until_true 20 pings device 10.9.0.2 1 || fail "no answer through the tunnel: $(tail -3 "$lab/tollgated.log")"
}
watch() {
    background peer python3 "$plaintext_watch" watch eth0 "$lab/seen" >"$lab/watch"
    watcher=$background_process
    until_true 5 grep -q watching "$lab/watch" || fail "nobody watches"
}
seen() { # FIELD: ends the watch
    kill "$watcher"
    until_true 5 test -s "$lab/seen" || fail "the watch says nothing"
    jq ".$1" "$lab/seen"
}
has_tunnel() { ip -n "tg-device-$$" link show "$wg" >/dev/null 2>&1; }
addresses_of() { ip -n "tg-device-$$" -j addr show "$wg" | jq -c '[.[].addr_info[].local] | sort'; }
peer_start wireguard-go
peer_wg set private-key "$lab/peer.key" listen-port 51821 \
    peer "$device_key" preshared-key "$lab/psk" allowed-ips 10.9.0.1/32 endpoint 192.0.2.10:51820

# Without a tunnel they are in the clear, and are seen.
background device python3 "$plaintext_watch" send 10.9.0.2 10.77.0.1 fd77::1
watch
sleep 0.5
[[ $(seen clear) -gt 100 ]] || fail "packets in the clear are not seen: $(<"$lab/seen")"
rm "$lab/seen"

start wait
addresses=$(addresses_of)
watch
sleep 0.5
daemon_kill KILL
sleep 1
has_tunnel || fail "the interface goes with a daemon that is killed"
start wait
[[ $(addresses_of) == "$addresses" ]] || fail "other addresses after the restart: $(addresses_of), not $addresses"
daemon_kill TERM
sleep 0.5
start wait
daemon_kill TERM # an upgrade: the next one is there at once
start wait
kill -HUP "$daemon"
# Keys: the peer begins anew; then it is removed, and added again.
peer_wg set peer "$device_key" remove
peer_wg set peer "$device_key" preshared-key "$lab/psk" allowed-ips 10.9.0.1/32 endpoint 192.0.2.10:51820
pings peer 10.9.0.1 || fail "no answer to the peer that begins anew"
device_wg set peer "$peer_key" remove
sleep 0.5
kill -HUP "$daemon"
until_true 30 pings device 10.9.0.2 1 || fail "no answer after the peer was added again"
TOLLGATE_SOCKET=$lab/run/control.sock "$bin/tollgate" tunnel down "$wg"
sleep 0.5
TOLLGATE_SOCKET=$lab/run/control.sock "$bin/tollgate" tunnel up "$wg"
until_true 30 pings device 10.9.0.2 1 || fail "no answer after up"
[[ $(seen clear) == 0 ]] || fail "inner packets in the clear: $(<"$lab/seen")"
[[ $(jq .sealed "$lab/seen") -gt 300 ]] || fail "too few messages were seen: $(<"$lab/seen")"

# A route that is not wanted any more goes, also if that was said while there was no daemon.
daemon_kill TERM
device_file | sed 's/, 10.77.0.0\/16//' >"$lab/tollgate.yaml"
start
until_true 5 eval '[[ $(ip -n "tg-device-$$" route) != *10.77* ]]' || fail "the route stays: $(ip -n "tg-device-$$" route)"
[[ $(ip -n "tg-device-$$" -6 route) == *"fd77::/64 dev $wg"* ]] || fail "a route that is wanted is gone"
! grep -q "level=error" "$lab/tollgated.log" || fail "$(grep level=error "$lab/tollgated.log")"

# So does the interface, with the daemon there or not.
printf 'apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [eth0]\n' >"$lab/none.yaml"
cp "$lab/none.yaml" "$lab/tollgate.yaml"
kill -HUP "$daemon"
until_true 5 eval '! has_tunnel' || fail "the interface of a tunnel that was removed stays"
device_file >"$lab/tollgate.yaml"
kill -HUP "$daemon"
until_true 5 has_tunnel || fail "no interface after reload"
daemon_kill KILL
cp "$lab/none.yaml" "$lab/tollgate.yaml"
start
until_true 5 eval '! has_tunnel' || fail "the interface of a tunnel that was removed meanwhile stays"
