#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# After the Linux kernel's WireGuard self-test, first part: pings, streams and datagrams through IPv4 and
# IPv6 with small and large packets, exact counters, padding, roaming, routing by key, a change of key,
# WireGuard in WireGuard, and a routing loop that must not feed itself.
#
# The sockets stay where the interfaces were made. Both tunnels are of one daemon:
#
#   device  127.0.0.1:1 ── lo ── 127.0.0.1:2
#           the sockets of wg1   the sockets of wg2
#      one  wg1 192.168.241.1    wg2 192.168.241.2  two
#           fd41::1   fd41::2
#           win1 192.168.242.1 ── inside wg1 and wg2 ── win2 192.168.242.2
#
# Not as there: a TUN device does not learn the MTU of a route, so that padding is held to the MTU of the
# interface only; and its own counters are of inner packets, so that wg's are looked at.
# shellcheck disable=SC2154 # variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/selftest.sh
source "$(dirname "$0")/selftest.sh"
selftest_start
host device && host one && host two
make_keys one two other new inner1 inner2
agent device wg1 wg2
for pair in "one wg1 1" "two wg2 2"; do
    read -r name tunnel number <<<"$pair"
    ip -n "tg-device-$$" link set "$tunnel" netns "tg-$name-$$"
    addresses "$name" "$tunnel" "192.168.241.$number/24" "fd41::$number/64"
done

join_tunnels() { # ADDRESS: where their sockets find each other
    wg set wg1 private-key "$lab/one.key" listen-port 1 peer "${key[two]}" preshared-key "$lab/psk" \
        allowed-ips 192.168.241.2/32,fd41::2/128 endpoint "$1:2"
    wg set wg2 private-key "$lab/two.key" listen-port 2 peer "${key[one]}" preshared-key "$lab/psk" \
        allowed-ips 192.168.241.1/32,fd41::1/128 endpoint "$1:1"
}

set_mtu() {
    ip -n "tg-one-$$" link set wg1 mtu "$1"
    ip -n "tg-two-$$" link set wg2 mtu "$1"
}

everything_passes() {
    answers two 192.168.241.1 || fail "$1: two gets no answer"
    answers one 192.168.241.2 || fail "$1: one gets no answer"
    answers two fd41::1 || fail "$1: two gets no answer over IPv6"
    answers one fd41::2 || fail "$1: one gets no answer over IPv6"
}

join_tunnels 127.0.0.1
answers one 192.168.241.2 || fail "no first answer"
# One initiation or one response, and ten pings of 84 bytes padded to 96 in messages of 128. There may
# have been a keepalive.
exact() { # TUNNEL COLUMN ALLOWED...
    local bytes allowed
    bytes=$(wg show "$1" transfer | cut -f "$2")
    for allowed in "${@:3}"; do
        [[ $bytes != "$allowed" ]] || return 0
    done
    fail "$1 counted $bytes bytes in column $2, not ${*:3}"
}
exact wg1 2 1372 1404
exact wg1 3 1428 1460
exact wg2 2 1428 1460
exact wg2 3 1372 1404
[[ $(wg show wg1 latest-handshakes | cut -f 2) -gt 0 && $(wg show wg2 latest-handshakes | cut -f 2) -gt 0 ]] ||
    fail "a handshake without its time"

set_mtu 1420
everything_passes "over IPv4"
flows two one 192.168.241.1
join_tunnels "[::1]"
everything_passes "over IPv6"
flows one two fd41::2
set_mtu $((34816 - 1500 + 1420))
everything_passes "over IPv6 with large packets"
flows one two 192.168.241.2
join_tunnels 127.0.0.1
everything_passes "over IPv4 with large packets"
flows two one fd41::1

# Padding never makes a packet larger than one that is full.
set_mtu 1299
on device nft -f - <<'NFT'
table inet lab {
    chain input {
        type filter hook input priority 0
        meta length > 1359 drop
    }
}
NFT
on one ping -q -c 1 -W 1 -s 1269 192.168.241.2 >/dev/null || fail "1297 bytes were padded to more than the MTU"
on one ping -q -c 1 -W 1 -s 1271 192.168.241.2 >/dev/null || fail "a full packet does not pass"
on device nft delete table inet lab
set_mtu 1420

# Roaming: the other side follows to another port, over IPv4 and then over IPv6.
wg set wg1 listen-port 1001
answers_once one 192.168.241.2 || fail "no answer from another port"
[[ $(endpoint_of wg2 "${key[one]}") == 127.0.0.1:1001 ]] || fail "wg2 does not follow: $(wg show wg2 endpoints)"
wg set wg1 peer "${key[two]}" endpoint "[::1]:2"
answers_once one 192.168.241.2 || fail "no answer over the other IP version"
[[ $(endpoint_of wg2 "${key[one]}") == "[::1]:1001" ]] || fail "wg2 does not follow to IPv6: $(wg show wg2 endpoints)"
wg set wg1 listen-port 1
wg set wg1 peer "${key[two]}" endpoint 127.0.0.1:2
answers_once one 192.168.241.2 || fail "no answer after the way back"

# An inner address belongs to the peer with the longest prefix, also of what arrives. Where the sender
# is, is believed nevertheless: the message was authentic.
wg set wg1 peer "${key[two]}" allowed-ips 192.168.241.0/24
answers_once two 192.168.241.1 || fail "a wider prefix does not do"
wg set wg1 peer "${key[other]}" allowed-ips 192.168.241.2/32
wg set wg2 listen-port 9997
! answers_once two 192.168.241.1 || fail "a peer uses the address of another"
[[ $(endpoint_of wg1 "${key[two]}") == 127.0.0.1:9997 ]] || fail "wg1 does not follow: $(wg show wg1 endpoints)"
wg set wg1 peer "${key[other]}" remove
wg set wg1 peer "${key[two]}" allowed-ips 192.168.241.2/32,fd41::2/128
wg set wg2 listen-port 2
answers_once two 192.168.241.1 || fail "no answer when the address is its own again"

# Another key, and the handshake under it, at once.
wg set wg1 private-key "$lab/new.key"
wg set wg2 peer "${key[new]}" preshared-key "$lab/psk" allowed-ips 192.168.241.1/32,fd41::1/128 endpoint 127.0.0.1:1 \
    peer "${key[one]}" remove
answers_once two 192.168.241.1 || fail "no answer under the new key"
wg set wg1 private-key "$lab/one.key"
wg set wg2 peer "${key[new]}" remove
join_tunnels 127.0.0.1
answers_once one 192.168.241.2 || fail "no answer under the old key again"
wg set wg1 peer "${key[two]}" remove
! answers_once two 192.168.241.1 || fail "a peer that was removed gets an answer"
join_tunnels 127.0.0.1
answers_once one 192.168.241.2 || fail "no answer after the peer was added again"

# WireGuard in WireGuard: the sockets of these are where wg1 and wg2 are.
agent one win1
agent two win2
wg set win1 private-key "$lab/inner1.key" listen-port 5 peer "${key[inner2]}" allowed-ips 192.168.242.2/32,192.168.243.0/24 \
    endpoint 192.168.241.2:5
wg set win2 private-key "$lab/inner2.key" listen-port 5 peer "${key[inner1]}" allowed-ips 192.168.242.1/32 \
    endpoint 192.168.241.1:5
addresses one win1 192.168.242.1/24
addresses two win2 192.168.242.2/24
ip -n "tg-one-$$" link set win1 mtu 1340
ip -n "tg-two-$$" link set win2 mtu 1340
answers one 192.168.242.2 || fail "no answer in the inner tunnel"
flows one two 192.168.242.2

# The way to the endpoint leads into the tunnel itself: each message would be sealed again, and again.
ip -n "tg-one-$$" route add 192.168.243.0/24 dev win1
before=$(sent_bytes win1)
wg set win1 peer "${key[inner2]}" endpoint 192.168.243.1:5
on one ping -q -c 10 -i 0.1 -W 1 -s 1000 192.168.242.2 >/dev/null && fail "an answer by a way that leads nowhere"
sleep 1
grown=$(($(sent_bytes win1) - before))
((grown > 0 && grown < 70000)) || fail "a loop of $grown bytes"
wg set win1 peer "${key[inner2]}" endpoint 192.168.241.2:5
answers_once one 192.168.242.2 || fail "no answer after the loop"
for name in device one two; do
    kill -0 "${process[$name]}" || fail "the daemon on $name has ended"
done
