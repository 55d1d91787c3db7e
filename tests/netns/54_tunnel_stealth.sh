#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who has no key sees nothing of a tunnel behind an enforcing gate, whatever he sends and whether the
# daemon lives; a stock peer talks through the same gate, without a rule, after a pause and from other
# places. STEALTH_IDLE=130 makes the pause so long that keys are renewed, STEALTH_BACKEND=xsk takes
# its messages past the network stack.
#
#   device eth0 192.0.2.10 ──┐
#     peer eth0 192.0.2.20 ──┼── bridge
# stranger eth0 192.0.2.66 ──┘
#
# Cases W01, W03, W21, W31
# shellcheck disable=SC2119,SC2154 # variables of lib.sh and tunnel.sh, functions without flags
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
lab_start
LAB_NO_IPV6=0
host bridge
on bridge ip link add br0 type bridge
on bridge ip link set br0 up
plug() { # HOST ADDRESS
    host "$1"
    ip -n "tg-bridge-$$" link add "to-$1" type veth peer name eth0 netns "tg-$1-$$"
    ip -n "tg-bridge-$$" link set "to-$1" master br0 up
    on "$1" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1 # what it multicasts is no answer
    ip -n "tg-$1-$$" addr add "$2/24" dev eth0
    ip -n "tg-$1-$$" link set eth0 up
}
mac_of() { ip -n "tg-$1-$$" -j link show eth0 | jq -r '.[0].address'; }
# Nobody has to ask who has an address: that answer would be a frame, too.
knows() { # HOST OTHER ADDRESS
    ip -n "tg-$1-$$" neigh replace "$3" lladdr "$(mac_of "$2")" dev eth0 nud permanent
}
plug device 192.0.2.10
plug peer 192.0.2.20
plug stranger 192.0.2.66
for pair in "device peer 192.0.2.20" "device peer 192.0.2.21" "device stranger 192.0.2.66" \
    "peer device 192.0.2.10" "stranger device 192.0.2.10"; do
    # shellcheck disable=SC2086 # three words
    knows $pair
done
tunnel_keys

metrics=127.0.0.1:9586
pings_inside learn >"$lab/policy.yaml"
backend=${STEALTH_BACKEND:-udp}
cat >"$lab/tollgate.yaml" <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
tunnels:
  - name: $wg
    privateKeyFile: $lab/device.key
    listenPort: 51820
    addresses: [10.9.0.1/24]
    backend: $backend
YAML
daemon_start --config "$lab/tollgate.yaml" --policy "$lab/policy.yaml"
until_true 20 test -S "/run/wireguard/$wg.sock" || fail "the tunnel does not start: $(api tunnels)"
[[ $(api tunnels | jq -r '.tunnels[0].backend') == "$backend" ]] || fail "another backend: $(api tunnels)"
peer_start wireguard-go
join_tunnel
scan() {
    on stranger python3 "$(dirname "$0")/../support/stealth_scan.py" eth0 "$(mac_of device)" 192.0.2.10 "$1"
}
drops() { # REASON
    on device curl -sS "http://$metrics/metrics" |
        awk -v reason="reason=\"$1\"" '/^tollgate_drops_total/ && index($0, reason) { sum += $2 } END { print sum + 0 }'
}

# That the scan would see something: before it is enforced, a closed port answers.
[[ $(scan 9) -gt 0 ]] || fail "the scan sees no ICMP error of a closed port"
api enforce '{"confirmWithin":600}' >/dev/null
api confirm '{}' >/dev/null
[[ $(scan 51820) == 0 ]] || fail "a stranger sees frames of ours"
for reason in tunnel_message tunnel_index tunnel_unasked tunnel_mac1; do
    [[ $(drops "$reason") -gt 0 ]] || fail "nothing is counted as $reason"
done

# No rule in the clear: the peer's messages pass and ours leave.
pings peer 10.9.0.1 || fail "the peer gets no answer through the gate"
pings device 10.9.0.2 || fail "no answer the other way"
sleep "${STEALTH_IDLE:-5}"
pings device 10.9.0.2 || fail "no answer after a pause"
pings peer 10.9.0.1 || fail "the peer gets no answer after a pause"

# Roaming: to another port, then to another address.
peer_wg set listen-port 40000
pings peer 10.9.0.1 || fail "no answer after the peer moved to another port"
pings device 10.9.0.2 || fail "we do not follow to another port"
ip -n "tg-peer-$$" addr del 192.0.2.20/24 dev eth0
ip -n "tg-peer-$$" addr add 192.0.2.21/24 dev eth0
knows peer device 192.0.2.10
peer_wg set peer "$device_key" endpoint 192.0.2.10:51820
pings peer 10.9.0.1 || fail "no answer after the peer moved to another address"
pings device 10.9.0.2 || fail "we do not follow to another address"

# While the tunnel is in use, and when nobody listens any more.
background peer ping -q -i 0.05 10.9.0.1 >/dev/null
[[ $(scan 51820) == 0 ]] || fail "a stranger sees frames of ours while the tunnel is in use"
pings peer 10.9.0.1 || fail "the scan stops the tunnel"
daemon_kill KILL
[[ $(scan 51820) == 0 ]] || fail "a stranger sees frames of ours after the daemon was killed"

# The peer is in a flow of ours, and is not told either that nobody listens.
told() { # HOST DIRECTION
    on "$1" nstat -asz "Icmp$2DestUnreachs" | awk '/^Icmp/ { print $2 }'
}
before=$(told device Out)
on peer ping -q -c 15 -i 0.1 -W 1 10.9.0.1 >/dev/null && fail "something answers after the daemon was killed"
[[ $(told device Out) -gt $before ]] || fail "the device's stack does not answer a port where nobody listens"
[[ $(told peer In) == 0 ]] || fail "the peer is told that nobody listens"

daemon_start
[[ $(scan 51820) == 0 ]] || fail "a stranger sees frames of ours without the tunnel"
