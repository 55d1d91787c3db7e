# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A camera with a tunnel, its recorder, another peer and a neighbour on one network: source it after
# daemon.sh, then
#
#     camera_lab            the hosts, their daemons, and the tunnel with the peers nvr and desk
#     in_force FILE         applies a policy on the camera, and confirms it
#     camera ARGS...        the command line on the camera
#     reload_camera PEERS   goes over to other peers: lines of YAML, as peer_yaml prints them
#     streams HOST ADDRESS  true if it gets the stream
#
#   device    192.168.7.20 ┐               wg0 10.9.0.1
#   recorder  192.168.7.40 ├─ lan  tunnel  wg0 10.9.0.2  (nvr)
#   desk      192.168.7.50 │               wg0 10.9.0.3  (desk)
#   neighbour 192.168.7.66 ┘
#
# shellcheck disable=SC2034,SC2154 # lib.sh and daemon.sh set $lab and others, and read $daemon
plug() { # HOST ADDRESS
    host "$1"
    ip -n "tg-lan-$$" link add "to-$1" type veth peer name eth0 netns "tg-$1-$$"
    ip -n "tg-lan-$$" link set "to-$1" master br0 up
    ip -n "tg-$1-$$" addr add "$2/24" dev eth0
    ip -n "tg-$1-$$" link set eth0 up
}

new_key() { # NAME
    (umask 077 && wg genkey >"$lab/$1.key")
    wg pubkey <"$lab/$1.key" >"$lab/$1.pub"
}

peer_yaml() { # NAME KEYS-OF ALLOWED-IPS
    printf '      - {name: %s, publicKey: "%s", allowedIPs: [%s]}\n' "$1" "$(<"$lab/$2.pub")" "$3"
}

camera_yaml() { # PEERS
    cat <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
tunnels:
  - name: wg0
    privateKeyFile: $lab/device.key
    listenPort: 51820
    addresses: [10.9.0.1/24]
    peers:
$1
YAML
}

# The other end of the tunnel. far_end HOST ADDRESS
far_end() {
    cat >"$lab/$1.yaml" <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
tunnels:
  - name: wg0
    privateKeyFile: $lab/$1.key
    addresses: [$2/24]
    peers: [{name: camera, publicKey: "$(<"$lab/device.pub")", allowedIPs: [10.9.0.1/32], endpoint: 192.168.7.20:51820}]
YAML
    background "$1" "$bin/tollgated" --config "$lab/$1.yaml" --state-dir "$lab/$1/state" \
        --run-dir "$lab/$1/run" --pin-dir "$pins/$1" --uapi-dir "$lab/$1/uapi" --metrics off 2>>"$lab/$1.log"
    until_true 20 test -S "$lab/$1/run/control.sock" || fail "no daemon on $1: $(<"$lab/$1.log")"
}

camera_start() {
    daemon_start --config "$lab/device.yaml" --uapi-dir "$lab/device/uapi"
}

camera_lab() {
    host lan
    on lan ip link add br0 type bridge
    on lan ip link set br0 up
    plug device 192.168.7.20 && plug recorder 192.168.7.40 && plug desk 192.168.7.50 && plug neighbour 192.168.7.66
    mkdir -p "$pins" "$lab/device" "$lab/recorder" "$lab/desk"
    new_key device && new_key recorder && new_key desk
    both_peers=$(peer_yaml nvr recorder 10.9.0.2/32 && peer_yaml desk desk 10.9.0.3/32)
    camera_yaml "$both_peers" >"$lab/device.yaml"
    camera_start
    far_end recorder 10.9.0.2
    far_end desk 10.9.0.3
    serve device 0.0.0.0 554
    serve device 0.0.0.0 80
}

camera() {
    on device "$bin/tollgate" --socket "$lab/run/control.sock" "$@"
}

in_force() {
    jq -n --rawfile yaml "$1" '{yaml: $yaml, confirmWithin: 60}' >"$lab/apply.json"
    api policy/apply "@$lab/apply.json" >"$lab/applied.json" || fail "$1 is refused: $(<"$lab/applied.json")"
    api confirm '{}' >/dev/null
}

reload_camera() {
    camera_yaml "$1" >"$lab/device.yaml"
    local before
    before=$(grep -c event=tunnels.reloaded "$lab/tollgated.log" || true)
    kill -HUP "$daemon"
    until_true 10 eval "(( \$(grep -c event=tunnels.reloaded '$lab/tollgated.log') > $before ))" ||
        fail "not reloaded: $(tail -3 "$lab/tollgated.log")"
}

streams() {
    reaches "$1" "$2" "${3:-554}"
}
