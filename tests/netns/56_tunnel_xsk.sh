#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The backend xsk (AF_XDP, copying) with a stock peer: handshakes both ways, IPv4 and IPv6 inside and
# outside, TCP both ways with every byte intact, and the frames do go past the network stack; it says
# what it is and why. Nothing of it is left open when the daemon is killed, and it starts again.
#
#   device eth0 192.0.2.10, fd00::10  ──────  192.0.2.20, fd00::20 eth0 peer
#          $wg  10.9.0.1, fd09::1      tunnel  10.9.0.2, fd09::2  $other
#
# Cases W21, F19
# shellcheck disable=SC2154 # variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
lab_start
tunnel_lab
config() { # BACKEND
    cat >"$lab/tollgate.yaml" <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
tunnels:
  - name: $wg
    privateKeyFile: $lab/device.key
    listenPort: 51820
    addresses: [10.9.0.1/24, 'fd09::1/64']
    backend: $1
    peers:
      - name: peer
        publicKey: "$peer_key"
        presharedKeyFile: $lab/psk
        allowedIPs: [10.9.0.2/32, 'fd09::2/128']
        endpoint: 192.0.2.20:51821
YAML
}
metrics=127.0.0.1:9586
pings_inside learn >"$lab/policy.yaml"
start() {
    daemon_start --config "$lab/tollgate.yaml" --policy "$lab/policy.yaml"
    until_true 20 runs || fail "no tunnel: $(api tunnels)"
}
tunnel() { api tunnels | jq ".tunnels[0].$1"; }
runs() { [[ $(tunnel state) == '"running"' ]]; }
metric() { # NAME LABEL
    on device curl -sS "http://$metrics/metrics" |
        awk -v name="$1" -v label="$2" 'index($0, name "{") == 1 && index($0, label) { sum += $NF } END { print sum + 0 }'
}
# received, sent: datagrams past the network stack.
received() { metric tollgate_tunnel_xsk_datagrams_total 'direction="ingress"'; }
sent() { metric tollgate_tunnel_xsk_datagrams_total 'direction="egress"'; }

# auto: a veth has no zero-copy, and copying is slower than UDP.
config auto
start
[[ $(tunnel backend) == '"udp"' ]] || fail "auto chose $(tunnel backend)"
[[ $(tunnel backendReason) == *"not on eth0: "*"slower than UDP"* ]] || fail "auto: $(tunnel backendReason)"
daemon_kill
config xsk
start
[[ $(tunnel backend) == '"xsk"' ]] || fail "the backend is $(tunnel backend)"
[[ $(tunnel backendReason) == '"copy on eth0; as configured"' ]] || fail "$(tunnel backendReason)"
"$bin/tollgate" --socket "$lab/run/control.sock" tunnel show "$wg" | grep -qF "backend: xsk (copy on eth0" ||
    fail "tunnel show does not say it"
grep 'tunnel.started' "$lab/tollgated.log" | grep -qF 'xsk (copy on eth0' || fail "the log does not say it"
[[ $(metric tollgate_tunnel_info 'backend="xsk",backend_reason="copy on eth0; as configured"') == 1 ]] ||
    fail "the metrics do not say it"

peer_start wireguard-go
peer_wg set private-key "$lab/peer.key" listen-port 51821
# know_device [ENDPOINT]: the peer forgets its keypairs, too.
know_device() {
    peer_wg set peer "$device_key" remove
    peer_wg set peer "$device_key" preshared-key "$lab/psk" allowed-ips 10.9.0.1/32,fd09::1/128 \
        ${1:+endpoint "$1"}
}
know_device
pings device 10.9.0.2 || fail "no answer, with us as the initiator"
pings peer fd09::1 || fail "no answer over IPv6 inside"
[[ $(received) -gt 5 && $(sent) -gt 5 ]] || fail "past the stack came $(received) and went $(sent)"
of_queue() { metric "tollgate_xsk_$1" 'interface="eth0",queue="0"'; }
[[ $(of_queue receive_packets_total) -gt 5 && $(of_queue transmit_packets_total) -gt 5 ]] ||
    fail "of the queue: $(of_queue receive_packets_total) and $(of_queue transmit_packets_total)"
[[ $(of_queue zero_copy) == 0 && $(of_queue drops_total) == 0 && $(of_queue wakeups_total) -gt 0 ]] ||
    fail "the socket: $(on device curl -sS "http://$metrics/metrics" | grep _xsk_)"
[[ $(metric tollgate_xsk_batch_packets_count 'interface="eth0",direction="ingress"') -gt 0 ]] || fail "no batches"
daemon_kill
start
know_device 192.0.2.10:51820
pings peer 10.9.0.1 || fail "no answer, with the peer as the initiator"

head -c 20000000 /dev/urandom >"$lab/sent" # for transfer
both_ways() {
    local before_received before_sent
    before_received=$(received)
    before_sent=$(sent)
    transfer peer device "$1"
    transfer device peer "$2"
    # 20 MB are 14,000 packets of 1420 bytes.
    [[ $(received) -gt $((before_received + 13000)) && $(sent) -gt $((before_sent + 13000)) ]] ||
        fail "of 20 MB each way to $1 and $2, $(received) and $(sent) datagrams went past the stack"
}
both_ways 10.9.0.1 10.9.0.2
both_ways fd09::1 fd09::2
peer_wg set peer "$device_key" endpoint "[fd00::10]:51820"
pings peer 10.9.0.1 || fail "no answer over IPv6 outside"
[[ $(device_wg show endpoints) == *"[fd00::20]:51821" ]] || fail "we do not follow to IPv6"
both_ways fd09::1 10.9.0.2

# A neighbour with another address is found again, and nothing hangs when the way is gone for a time.
peer_wg set peer "$device_key" endpoint 192.0.2.10:51820
pings peer 10.9.0.1 || fail "no answer back over IPv4"
ip -n "tg-peer-$$" link set eth0 address 02:00:00:00:00:77
until_true 20 pings device 10.9.0.2 1 || fail "a neighbour that changed its address is not found"
ip -n "tg-device-$$" link set eth0 down
! pings peer 10.9.0.1 1 || fail "an answer without a wire"
ip -n "tg-device-$$" link set eth0 up
until_true 20 pings peer 10.9.0.1 1 || fail "no answer when the wire is back"

# Killed in full traffic: nothing answers, and it starts again, on the same queues.
api enforce '{"confirmWithin":600}' >/dev/null
api confirm '{}' >/dev/null
pings peer 10.9.0.1 || fail "no answer through an enforcing gate"
background device ping -q -i 0.01 10.9.0.2 >/dev/null
background peer ping -q -i 0.01 10.9.0.1 >/dev/null
sleep 0.3
daemon_kill KILL
leaks=$(on peer timeout 5 python3 -c '
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
s.settimeout(0.1)
end = time.time() + 1.5
while time.time() < end:
    try:
        frame, address = s.recvfrom(2048)
    except TimeoutError:
        continue
    if address[2] != socket.PACKET_OUTGOING:
        print(frame.hex())')
[[ -z $leaks ]] || fail "a dead tunnel sends: $leaks"
start
[[ $(tunnel backendReason) == '"copy on eth0; as configured"' ]] || fail "after a kill: $(tunnel backendReason)"
know_device 192.0.2.10:51820
until_true 20 pings peer 10.9.0.1 1 || fail "no answer after a kill and a start"
[[ $(received) -gt 0 ]] || fail "after a kill nothing goes past the stack"

# Where it cannot be had, it says so and why, and does nothing else.
daemon_kill
daemon_start --config "$lab/tollgate.yaml" --xdp-mode tc
[[ $(tunnel state) == '"failed"' && $(tunnel reason) == *"use the backend xsk: not on eth0: find its XDP program"* ]] ||
    fail "without XDP: $(api tunnels)"
