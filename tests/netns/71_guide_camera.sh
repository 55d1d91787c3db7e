#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/guides/camera.md, typed on a board in front of a camera: a bridge whose port to the network is gated, then the stream
# through a tunnel. Who gets what is tried at each step, and with the agent dead.
#
#   gateway 192.168.7.1, 192.0.2.99 ┐
#   recorder  192.168.7.40          ├─ lan ── eth0 board eth1 ── eth0 camera 192.168.7.21
#   admin .10, neighbour .66        ┘              192.168.7.20
# shellcheck disable=SC2154 # variables of the files below
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/page.sh
source "$(dirname "$0")/page.sh"
# shellcheck source=tests/netns/machine.sh
source "$(dirname "$0")/machine.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host lan && machine board && machine recorder && host camera && host neighbour && host gateway
on lan ip link add br0 type bridge
on lan ip link set br0 up
plug() { # HOST ADDRESS...
    ip -n "tg-lan-$$" link add "to-$1" type veth peer name eth0 netns "tg-$1-$$"
    ip -n "tg-lan-$$" link set "to-$1" master br0 up
    local address
    for address in "${@:2}"; do
        ip -n "tg-$1-$$" addr add "$address" dev eth0
    done
    ip -n "tg-$1-$$" link set eth0 up
}
plug board 192.168.7.20/24 && plug recorder 192.168.7.40/24 && plug neighbour 192.168.7.66/24 192.168.7.10/24
plug gateway 192.168.7.1/24 192.0.2.99/32
ip -n "tg-board-$$" link add eth1 type veth peer name eth0 netns "tg-camera-$$"
ip -n "tg-camera-$$" addr add 192.168.7.21/24 dev eth0
ip -n "tg-camera-$$" link set eth0 up
ip -n "tg-board-$$" link set eth1 up
on camera ip route add default via 192.168.7.1
serve camera 0.0.0.0 554
serve camera 0.0.0.0 80
serve board 0.0.0.0 2222
serve gateway 0.0.0.0 443
background gateway python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 123))
while True:
    query, client = s.recvfrom(64)
    s.sendto(query, client)'
until_true 5 eval 'on gateway ss -Hlun "sport = :123" | grep -q .'

gets_the_time() {
    on camera python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.sendto(b"time", ("192.168.7.1", 123))
s.recv(64)' 2>/dev/null
}
administers() { # by the address .10 of the same machine
    on neighbour python3 -c '
import socket
s = socket.create_connection(("192.168.7.20", 2222), timeout=1, source_address=("192.168.7.10", 0))
assert s.recv(16) == b"hello"' 2>/dev/null
}
works() { # WHEN
    until_true 10 reaches recorder 192.168.7.21 554 || fail "$1: no stream for the recorder"
    gets_the_time || fail "$1: no time for the camera"
    administers || fail "$1: no way to the board"
}
is_closed() { # WHEN PROBE...
    works "$1"
    none "$@" 'reaches neighbour 192.168.7.21 554' 'reaches recorder 192.168.7.21 80' 'reaches neighbour 192.168.7.20 2222' \
        'reaches camera 192.0.2.99 443'
}
# Somebody takes the recorder's address while it is away. impostor_gets_stream
impostor_gets_stream() {
    ip -n "tg-recorder-$$" link set eth0 down
    ip -n "tg-neighbour-$$" addr add 192.168.7.40/24 dev eth0
    on camera ip neigh flush dev eth0
    on board ip neigh flush dev br0
    local result=0
    on neighbour python3 -c '
import socket
s = socket.create_connection(("192.168.7.21", 554), timeout=1, source_address=("192.168.7.40", 0))
assert s.recv(16) == b"hello"' 2>/dev/null || result=1
    ip -n "tg-neighbour-$$" addr del 192.168.7.40/24 dev eth0
    ip -n "tg-recorder-$$" link set eth0 up
    on camera ip neigh flush dev eth0
    on board ip neigh flush dev br0
    return "$result"
}

before() {
    case $2 in
        *'learn review')
            works "while it learns"
            reaches camera 192.0.2.99 443 || fail "learning drops"
            reaches neighbour 192.168.7.21 80 || fail "learning drops"
            ;;
    esac
}
after() {
    case $2 in
        *'ip link set br0 up') works "with the bridge" ;;
        *'learn review') grep -q 'tcp/554' "$lab/screen" || fail "the stream is not learned: $(<"$lab/screen")" ;;
        *'policy diff'*) grep -q 'would DROP' "$lab/screen" || fail "$2: $(<"$lab/screen")" ;;
        *'tollgate confirm')
            confirmed=$((confirmed + 1))
            if ((confirmed == 1)); then
                is_closed "when it is enforced"
                impostor_gets_stream || fail "an address is proof enough, suddenly"
            else
                is_closed "through the tunnel"
                on recorder ip route get 192.168.7.21 | grep -q 'dev wg0' || fail "the recorder takes another way"
                ! impostor_gets_stream || fail "through the tunnel: the recorder's address is enough"
            fi
            ;;
    esac
}
confirmed=0
follow docs/guides/camera.md
((followed >= 35)) || fail "only $followed commands"
kill -KILL "$(agent_of board)"
none "without the agent" 'reaches neighbour 192.168.7.21 554' 'reaches recorder 192.168.7.21 80' 'reaches camera 192.0.2.99 443'
