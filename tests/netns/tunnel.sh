# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A tunnel between the daemon and wireguard-go in a lab of lib.sh: source it after daemon.sh, then
#
#     tunnel_lab                      hosts `device` and `peer`, and their keys
#     tunnel_keys                     the keys alone, for a lab of the test's own
#     tunnel_start [FLAGS...]         the daemon on `device` with the tunnel $wg
#     tunnel_bare                     prints a configuration of the daemon that ends with the tunnel $wg and its key
#     tunnel_numbered                 … and its port and address
#     tunnel_of_peer NAME             … and `peer` as its one peer NAME
#     pings_inside STAGE               prints a policy: pings through tunnels, and nothing else
#     peer_start PROGRAM              a wireguard-go, or the kernel's (`kernel`), on `peer` with the tunnel $other
#     join_tunnel                     makes each the peer of the other; only `peer` is told where
#     device_wg ARGS...               wg(8) on the daemon; peer_wg on the peer
#     transfer FROM TO ADDRESS        a file, $lab/sent, over TCP: every byte arrives
#     handshakes                      when the last handshake of the daemon with the peer was
#
# TUNNEL_THREADS=3 gives the daemon's tunnel three threads; the peer is then the last one's, since two others
# come before it.
#
#   device eth0 192.0.2.10, fd00::10  ──────  192.0.2.20, fd00::20 eth0 peer
#          $wg  10.9.0.1, fd09::1      tunnel  10.9.0.2, fd09::2  $other
#
# shellcheck disable=SC2034,SC2154 # lib.sh sets $lab and others, and reads $LAB_NO_IPV6
wg=tgw$$
other=tgo$$

tunnel_keys() {
    (
        umask 077
        wg genkey >"$lab/device.key"
        wg genkey >"$lab/peer.key"
        wg genpsk >"$lab/psk"
    )
    device_key=$(wg pubkey <"$lab/device.key")
    peer_key=$(wg pubkey <"$lab/peer.key")
}

tunnel_lab() {
    LAB_NO_IPV6=0
    host device && host peer
    wire device eth0 192.0.2.10/24 peer eth0 192.0.2.20/24
    ip -n "tg-device-$$" addr add fd00::10/64 dev eth0 nodad
    ip -n "tg-peer-$$" addr add fd00::20/64 dev eth0 nodad
    tunnel_keys
}

# wg(8) reaches the sockets of every network namespace: they are files. The kernel's interfaces it finds in its own.
device_wg() {
    local verb=$1
    shift
    wg "$verb" "$wg" "$@"
}

peer_wg() {
    local verb=$1
    shift
    on peer wg "$verb" "$other" "$@"
}

tunnel_bare() {
    cat <<YAML
apiVersion: tollgate/v1
kind: Agent
tunnels:
  - name: $wg
    privateKeyFile: $lab/device.key
YAML
}

tunnel_numbered() {
    tunnel_bare
    cat <<YAML
    listenPort: 51820
    addresses: [10.9.0.1/24]
YAML
}

tunnel_of_peer() {
    tunnel_numbered
    cat <<YAML
    peers:
      - {name: $1, publicKey: $peer_key, endpoint: "192.0.2.20:51820", allowedIPs: [10.9.0.2/32]}
YAML
}

tunnel_start() {
    local threads=${TUNNEL_THREADS:-1} i
    if ((threads == 1)); then
        daemon_start --tunnel "$wg" "$@"
    else
        # What wg(8) may set, it sets; only a file gives a tunnel threads.
        {
            tunnel_bare
            echo "    threads: $threads"
        } >"$lab/tollgate.yaml"
        daemon_start --config "$lab/tollgate.yaml" "$@"
        until_true 10 test -S "/var/run/wireguard/$wg.sock" || fail "no tunnel: $(<"$lab/tollgated.log")"
        [[ $(api tunnels | jq '.tunnels[0].threads') == "$threads" ]] || fail "threads: $(api tunnels)"
        for ((i = 1; i < threads; ++i)); do
            device_wg set peer "$(wg genkey | wg pubkey)" allowed-ips "10.8.0.$i/32"
        done
    fi
    ip -n "tg-device-$$" addr add 10.9.0.1/24 dev "$wg"
    ip -n "tg-device-$$" addr add fd09::1/64 dev "$wg" nodad
}

pings_inside() {
    cat <<YAML
apiVersion: tollgate/v1
kind: Policy
metadata: {name: pings-inside}
spec:
  mode: $1
  default: {ingress: drop, egress: drop}
  allow:
    - {name: ping-in, direction: ingress, protocols: [icmp/echo-request], via: tunnel}
    - {name: ping-out, direction: egress, protocols: [icmp/echo-request], via: tunnel}
YAML
}

peer_start() {
    if [[ $1 == kernel ]]; then
        on peer ip link add "$other" type wireguard || fail "this kernel has no WireGuard"
    else
        background peer env WG_PROCESS_FOREGROUND=1 "$1" -f "$other" 2>>"$lab/peer.log"
        until_true 10 test -S "/var/run/wireguard/$other.sock" || fail "the peer does not start"
    fi
    ip -n "tg-peer-$$" addr add 10.9.0.2/24 dev "$other"
    ip -n "tg-peer-$$" addr add fd09::2/64 dev "$other" nodad
    ip -n "tg-peer-$$" link set "$other" up
}

join_tunnel() {
    device_wg set private-key "$lab/device.key" listen-port 51820 \
        peer "$peer_key" preshared-key "$lab/psk" allowed-ips 10.9.0.2/32,fd09::2/128
    peer_wg set private-key "$lab/peer.key" listen-port 51821 \
        peer "$device_key" preshared-key "$lab/psk" allowed-ips 10.9.0.1/32,fd09::1/128 \
        endpoint "${1:-192.0.2.10:51820}"
}

handshakes() {
    device_wg show latest-handshakes | grep "^$peer_key" | cut -f 2
}

# pings HOST ADDRESS [COUNT]: every one is answered.
pings() {
    on "$1" ping -q -i 0.05 -c "${3:-5}" -W "${LAB_ANSWER_SECONDS:-2}" "$2" >/dev/null
}

transfer() { # FROM TO ADDRESS
    background "$2" python3 -c '
import socket, sys
s = socket.create_server((sys.argv[1], 7777), family=socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
c, _ = s.accept()
with open(sys.argv[2], "wb") as f:
    while data := c.recv(1 << 20): f.write(data)' "$3" "$lab/received"
    local receiver=$background_process
    until_true 10 listens "$2" 7777 || fail "nobody listens"
    on "$1" python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 7777), timeout=20)
with open(sys.argv[2], "rb") as f: s.sendfile(f)' "$3" "$lab/sent"
    until_true 20 eval "! kill -0 $receiver 2>/dev/null" || fail "the transfer does not end"
    cmp "$lab/sent" "$lab/received" || fail "from $1 to $2 at $3: other bytes arrive"
}
