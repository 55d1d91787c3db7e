#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The secret of a site: a stock peer that knows our public key and all else meets silence in the mode
# strict, and in the kernel already; a host of the site gets through, and a reload to another secret or
# to none is felt at the next handshake. With send, the stock peer is answered and answers.
#
#   device eth0 192.0.2.10 ──  192.0.2.20 eth0 peer     wireguard-go: $other 10.9.0.2
#          eth1 198.51.100.10 ── 198.51.100.30 eth0 site   another tollgated: $wgs 10.9.0.3
#          $wg  10.9.0.1
#
# Case W31
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
host site
wire device eth1 198.51.100.10/24 site eth0 198.51.100.30/24
wgs=tgs$$
(
    umask 077
    wg genkey >"$lab/site.key"
    wg genpsk >"$lab/secret"
    wg genpsk >"$lab/other.secret"
)
site_key=$(wg pubkey <"$lab/site.key")

# config HOST INTERFACES TUNNEL PORT ADDRESS STEALTH...: its file up to the peers.
config() {
    local name=$1 interfaces=$2 tunnel=$3 port=$4 address=$5
    shift 5
    printf '%s\n' "apiVersion: tollgate/v1" "kind: Agent" "interfaces: [$interfaces]" "tunnels:" \
        "  - name: $tunnel" "    privateKeyFile: $lab/$name.key" "    listenPort: $port" \
        "    addresses: [$address/24]" "${@/#/    }" "    peers:"
}

device_config() { # STEALTH...
    config device "eth0, eth1" "$wg" 51820 10.9.0.1 "$@"
    printf '%s\n' "      - {name: stock, publicKey: $peer_key, presharedKeyFile: $lab/psk, allowedIPs: [10.9.0.2/32]}" \
        "      - {name: site, publicKey: $site_key, allowedIPs: [10.9.0.3/32]}"
}

site_config() { # STEALTH...
    config site eth0 "$wgs" 51822 10.9.0.3 "$@"
    printf '%s\n' "      - {name: device, publicKey: $device_key, endpoint: 198.51.100.10:51820, allowedIPs: [10.9.0.1/32]}"
}

start() { # HOST: its daemon, with $lab/HOST.yaml
    mkdir -p "$pins"
    background "$1" "$bin/tollgated" --config "$lab/$1.yaml" --state-dir "$lab/$1.state" \
        --run-dir "$lab/$1.run" --pin-dir "$pins/$1" --metrics 127.0.0.1:9586 "${@:2}" 2>>"$lab/$1.log"
    daemon=$background_process
    until_true 20 test -S "$lab/$1.run/control.sock" || fail "no daemon on $1: $(<"$lab/$1.log")"
}

reload_device() { # STEALTH...
    device_config "$@" >"$lab/device.yaml"
    kill -HUP "$device"
    until_true 10 shows "$1" || fail "$1 is not in force: $(<"$lab/device.log")"
}

shows() { # STEALTH
    [[ $1 == "stealth: $(TOLLGATE_SOCKET=$lab/device.run/control.sock "$bin/tollgate" tunnel show "$wg" -o json |
        jq -r '.tunnels[0].stealth // "off"')" ]]
}

# The value of a metric of the device.
sample() { # METRIC LABEL
    on device curl -sS http://127.0.0.1:9586/metrics |
        awk -v metric="$1{" -v label="$2" 'index($0, metric) == 1 && index($0, label) { sum += $2 } END { print sum + 0 }'
}

# The frames with IPv4 from the device that the peer sees in so many seconds, into $lab/frames.
watch_wire() { # SECONDS
    timeout "$1" nsenter --net="/run/netns/tg-peer-$$" python3 -c '
import socket, sys
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
wire.bind(("eth0", 3))
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
print("ready", flush=True)
while True:
    frame = wire.recv(2048)
    if frame[6:12] == mac and frame[12:14] == b"\x08\0": print(frame[:60].hex(), flush=True)' \
        "$(ip -n "tg-device-$$" -j link show eth0 | jq -r '.[0].address')" >"$lab/frames" || true
}

device_config "stealth: strict" "stealthKeyFile: $lab/secret" >"$lab/device.yaml"
site_config "stealth: send" "stealthKeyFile: $lab/secret" >"$lab/site.yaml"
pings_inside enforce >"$lab/policy.yaml"
start device --policy "$lab/policy.yaml"
device=$daemon
until_true 20 on device ip link show "$wg" >/dev/null 2>&1 || fail "no tunnel: $(<"$lab/device.log")"

# The stock peer has the right keys, and does not get a single frame back.
peer_start wireguard-go
: >"$lab/frames"
watch_wire 8 &
watcher=$!
until_true 5 grep -q ready "$lab/frames" || fail "nobody watches the wire"
peer_wg set private-key "$lab/peer.key" listen-port 51821 peer "$device_key" preshared-key "$lab/psk" \
    allowed-ips 10.9.0.1/32 endpoint 192.0.2.10:51820
! pings peer 10.9.0.1 1 || fail "a stock peer gets through strict"
wait "$watcher"
[[ $(<"$lab/frames") == ready ]] || fail "a stock peer sees: $(<"$lab/frames")"
[[ $(sample tollgate_drops_total 'reason="tunnel_stealth"') -gt 0 ]] || fail "the gate counts no tunnel_stealth"
[[ $(sample tollgate_tunnel_handshakes_total 'result="no_stealth_mac"') == 0 ]] || fail "the gate lets it through to the agent"

# A host of the site gets through, with send as with strict.
start site
site=$daemon
until_true 30 pings site 10.9.0.1 1 || fail "the site does not get through: $(<"$lab/device.log")"

# We may call the stock peer: it does not look at mac2.
device_wg set peer "$peer_key" endpoint 192.0.2.20:51821
until_true 30 pings device 10.9.0.2 1 || fail "a stock peer does not answer us"

# send: the stock peer gets its answer, too.
reload_device "stealth: send" "stealthKeyFile: $lab/secret"
peer_wg set peer "$device_key" remove
peer_wg set peer "$device_key" preshared-key "$lab/psk" allowed-ips 10.9.0.1/32 endpoint 192.0.2.10:51820
until_true 30 pings peer 10.9.0.1 1 || fail "a stock peer gets no answer from send"
pings site 10.9.0.1 || fail "the reload ended a session"

# Another secret shuts the old one out; none needs none.
reload_device "stealth: strict" "stealthKeyFile: $lab/other.secret"
kill -TERM "$site"
until_true 20 eval '! kill -0 "$site" 2>/dev/null' || fail "the daemon stays"
before=$(sample tollgate_drops_total 'reason="tunnel_stealth"')
more_are_dropped() {
    ! pings site 10.9.0.1 1 2>/dev/null || fail "the old secret gets through"
    [[ $(sample tollgate_drops_total 'reason="tunnel_stealth"') -gt $before ]]
}
start site
until_true 30 more_are_dropped || fail "the old secret is not dropped"
reload_device "stealth: off"
until_true 30 pings site 10.9.0.1 1 || fail "no answer with off"
