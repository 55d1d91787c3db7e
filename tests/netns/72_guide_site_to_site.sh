#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/guides/site-to-site.md, typed on two gateways: what the policies say crosses, nothing else does, nothing in the clear;
# large transfers over a narrow way; the tunnel comes back by itself after a restart.
#
#   lana eth0 10.1.0.10, .11 ── eth1 a eth0 192.0.2.10 ── internet ── 198.51.100.20 eth0 b eth1 ── 10.2.0.10, .20 eth0 lanb
#                                                         MTU 1400
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
machine a && machine b && host internet && host lana && host lanb
wire a eth0 192.0.2.10/24 internet eth0 192.0.2.1/24
wire b eth0 198.51.100.20/24 internet eth1 198.51.100.1/24
wire a eth1 10.1.0.1/24 lana eth0 10.1.0.10/24
wire b eth1 10.2.0.1/24 lanb eth0 10.2.0.10/24
ip -n "tg-lana-$$" addr add 10.1.0.11/24 dev eth0
ip -n "tg-lanb-$$" addr add 10.2.0.20/24 dev eth0
for side in a:192.0.2.1 b:198.51.100.1 lana:10.1.0.1 lanb:10.2.0.1; do
    on "${side%:*}" ip route add default via "${side#*:}"
done
on internet sysctl -qw net.ipv4.ip_forward=1
ip -n "tg-internet-$$" link set eth1 mtu 1400
ip -n "tg-b-$$" link set eth0 mtu 1400
serve lana 10.1.0.10 443
serve lana 10.1.0.10 22
# Takes a backup and says how long it was.
background lanb python3 -c '
import socket
s = socket.create_server(("10.2.0.20", 873))
while True:
    c, size = s.accept()[0], 0
    while data := c.recv(1 << 16): size += len(data)
    c.sendall(str(size).encode())
    c.close()'
until_true 10 listens lanb 873
watch_tool=$project/tests/support/plaintext_watch.py
background lana python3 "$watch_tool" send 10.2.0.20
watch() {
    background internet python3 "$watch_tool" watch eth0 "$lab/seen" >"$lab/watch"
    watcher=$background_process
    until_true 5 grep -q watching "$lab/watch" || fail "nobody watches"
}
seen() { # clear or sealed, until now: how many
    kill "$watcher" 2>/dev/null || true
    until_true 5 test -s "$lab/seen" || fail "the watcher says nothing"
    jq ".$1" "$lab/seen"
}
on a sysctl -qw net.ipv4.ip_forward=1
watch
sleep 1
(($(seen clear) > 0)) || fail "what goes in the clear is not seen"
rm "$lab/seen"
on a sysctl -qw net.ipv4.ip_forward=0

backs_up() { # SOURCE
    on lana python3 -c '
import socket, sys
s = socket.create_connection(("10.2.0.20", 873), timeout=2, source_address=(sys.argv[1], 0))
s.settimeout(10)
s.sendall(bytes(400000))
s.shutdown(socket.SHUT_WR)
sys.exit(s.recv(16) != b"400000")' "$1" 2>/dev/null
}
works() { # WHEN
    until_true 20 reaches lanb 10.1.0.10 443 || fail "$1: site b does not reach the web of site a"
    backs_up 10.1.0.10 || fail "$1: site a cannot back up to site b"
}
before() {
    case $2 in
        *'learn review') works "while it learns" ;;
    esac
}
after() {
    case $1:$2 in
        a:*'learn review') grep -Eq 'peer site-b.*tcp/443|tcp/443.*tunnel' "$lab/screen" || fail "not learned: $(<"$lab/screen")" ;;
        a:*'tunnel show wg0') grep -q 'latest handshake' "$lab/screen" || fail "no handshake: $(<"$lab/screen")" ;;
        *peer_up) grep -q '} 1$' "$lab/screen" || fail "the peer is not up: $(<"$lab/screen")" ;;
    esac
}
follow docs/guides/site-to-site.md
((followed >= 30)) || fail "only $followed commands"
is_closed() { # WHEN
    works "$1"
    none "$1" 'reaches lanb 10.1.0.10 22' 'backs_up 10.1.0.11' 'reaches internet 192.0.2.10 443'
}
watch
is_closed "when it is enforced"
for gateway in a b; do
    typed "$gateway" 'sudo systemctl restart tollgated' || fail "$(<"$lab/screen")"
done
is_closed "after a restart"
typed a 'sudo systemctl stop tollgated'
none "without the agent" 'reaches lanb 10.1.0.10 443' 'backs_up 10.1.0.10'
(($(seen sealed) > 0)) || fail "nothing went through the tunnel"
(($(seen clear) == 0)) || fail "in the clear: $(<"$lab/seen")"
