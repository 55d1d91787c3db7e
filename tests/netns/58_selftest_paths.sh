#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# After the Linux kernel's WireGuard self-test, second part: behind a NAT that forgets, sockets bound to
# an interface, marks, wg-quick's policy routing, a tunnel in the same tunnel, ICMP errors for whom there
# is no peer, and which address datagrams leave from when addresses and routes change.
#
#    one  eth0 10.0.0.1  ────  10.0.0.254 router 10.9.9.254  ────  10.9.9.2 eth0  two
#         wg1  192.168.241.1       masquerades what comes from one       192.168.241.2 wg2
#         eth1 10.1.0.1  ────────────── no router ──────────────  10.1.0.2, .20 eth1
#         eth2 10.1.0.11 ────────────── no router ──────────────  10.1.0.12 eth2
#
# Not as there: the ICMP error comes from the address that is not reached. A TUN device cannot ask the
# kernel for one from the router's own.
# shellcheck disable=SC2154 # variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/selftest.sh
source "$(dirname "$0")/selftest.sh"
selftest_start
host one && host two && host router
make_keys one two three
wire one eth0 10.0.0.1/24 router eth0 10.0.0.254/24
wire two eth0 10.9.9.2/24 router eth1 10.9.9.254/24
wire one eth1 10.1.0.1/24 two eth1 10.1.0.2/24
wire one eth2 10.1.0.11/32 two eth2 10.1.0.12/32
ip -n "tg-one-$$" addr add fd01::1/64 dev eth1 nodad
ip -n "tg-two-$$" addr add fd01::2/64 dev eth1 nodad
ip -n "tg-one-$$" route add 10.9.9.0/24 via 10.0.0.254
on router sysctl -qw net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_udp_timeout=2 net.netfilter.nf_conntrack_udp_timeout_stream=2
on router nft -f - <<'NFT'
table ip lab {
    chain forward {
        type filter hook forward priority 0
        iifname eth1 ct state new drop
    }
    chain postrouting {
        type nat hook postrouting priority 100
        ip saddr 10.0.0.0/24 masquerade
    }
}
NFT
for name in one two; do
    on "$name" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.all.src_valid_mark=1
done
agent one wg1
agent two wg2 wg3
addresses one wg1 192.168.241.1/24 fd41::1/64
addresses two wg2 192.168.241.2/24 fd41::2/64
wg set wg1 private-key "$lab/one.key" listen-port 1 peer "${key[two]}" preshared-key "$lab/psk" \
    allowed-ips 192.168.241.2/32,fd41::2/128 endpoint 10.9.9.2:2
wg set wg2 private-key "$lab/two.key" listen-port 2 peer "${key[one]}" preshared-key "$lab/psk" \
    allowed-ips 192.168.241.1/32,fd41::1/128

# The endpoint is the NAT's. A keepalive each second keeps it in its table, which forgets after two.
answers_once one 192.168.241.2 || fail "no answer through the NAT"
[[ $(endpoint_of wg2 "${key[one]}") == 10.9.9.254:* ]] || fail "not the NAT's address: $(wg show wg2 endpoints)"
wg set wg1 peer "${key[two]}" persistent-keepalive 1
sleep 4
answers_once two 192.168.241.1 || fail "the NAT has forgotten us"
wg set wg1 peer "${key[two]}" persistent-keepalive 0
sleep 3
! answers_once two 192.168.241.1 || fail "the NAT does not forget: nothing is shown by that it did not"

# A socket that is bound to the interface; then its packets are routed anew for their mark.
answers_once one 192.168.241.2 -I wg1 || fail "no answer to a bound socket"
on one nft -f - <<'NFT'
table ip lab {
    chain output {
        type route hook output priority -150
        meta mark set 1
    }
}
NFT
answers_once one 192.168.241.2 || fail "no answer to marked packets"
answers_once one 192.168.241.2 -I wg1 || fail "no answer to marked packets of a bound socket"
on one nft delete table ip lab

# A peer whose endpoint is inside the tunnel to another, both of one interface. Then inside itself.
wg set wg1 peer "${key[three]}" allowed-ips 192.168.242.2/32 endpoint 192.168.241.2:5
wg set wg3 private-key "$lab/three.key" listen-port 5 peer "${key[one]}" allowed-ips 192.168.242.1/32
addresses one wg1 192.168.242.1/24
addresses two wg3 192.168.242.2/24
answers_once one 192.168.242.2 || fail "no answer from the peer behind a peer"
wg set wg1 peer "${key[three]}" endpoint 192.168.242.2:5
before=$(sent_bytes wg1)
! answers_once one 192.168.242.2 || fail "an answer from a peer that is behind itself"
(($(sent_bytes wg1) - before < 70000)) || fail "the loop feeds itself"
wg set wg1 peer "${key[three]}" remove
ip -n "tg-one-$$" addr del 192.168.242.1/24 dev wg1

# All that has not our mark goes into the tunnel, what has it does not: as wg-quick does it.
for address in 192.168.99.7/32 fd99::7/128; do
    ip -n "tg-two-$$" addr add "$address" dev wg2
done
wg set wg1 fwmark 51820 peer "${key[two]}" allowed-ips 0.0.0.0/0,::/0
for family in -4 -6; do
    ip -n "tg-one-$$" "$family" route add default dev wg1 table 51820
    ip -n "tg-one-$$" "$family" rule add not fwmark 51820 table 51820
    ip -n "tg-one-$$" "$family" rule add table main suppress_prefixlength 0
done
ip -n "tg-one-$$" route add default via 10.0.0.254
on one ping -q -c 100 -f -W 1 192.168.99.7 >/dev/null || fail "no answer by policy routing"
on one ping -q -c 100 -f -W 1 fd99::7 >/dev/null || fail "no answer by policy routing over IPv6"
for family in -4 -6; do
    ip -n "tg-one-$$" "$family" rule del table main suppress_prefixlength 0
    ip -n "tg-one-$$" "$family" rule del not fwmark 51820 table 51820
done
wg set wg1 fwmark 0 peer "${key[two]}" allowed-ips 192.168.241.2/32,fd41::2/128

# Nobody has the address: its sender is told so, here and behind a NAT.
unreachable() { # HOST ADDRESS SOURCE
    local said
    said=$(on "$1" ping -n -c 1 -W 1 "$2" 2>&1) && fail "an answer from $2"
    [[ $said == *"From $3 icmp_seq=1 Destination "*nreachable* ]] || fail "$1 does not learn that there is no $2: $said"
}
unreachable one 192.168.241.77 192.168.241.77
unreachable one fd41::77 fd41::77
wg set wg2 peer "${key[one]}" remove
unreachable two 192.168.241.1 192.168.241.1
on two sysctl -qw net.ipv4.ip_forward=1
on two nft -f - <<'NFT'
table ip lab {
    chain postrouting {
        type nat hook postrouting priority 100
        ip saddr 10.9.9.0/24 ip daddr 192.168.241.0/24 snat to 192.168.241.2
    }
}
NFT
ip -n "tg-router-$$" route add 192.168.241.0/24 via 10.9.9.2
unreachable router 192.168.241.1 192.168.241.1
wg set wg2 peer "${key[one]}" preshared-key "$lab/psk" allowed-ips 192.168.241.1/32,fd41::1/128
unreachable two 192.168.241.1 192.168.241.1 # nobody knows where it is

# Without the router. The address that we sent from goes: another takes over.
came_from() { # ADDRESS: where two has heard one from last
    [[ $(endpoint_of wg2 "${key[one]}") == "$1" ]]
}
ip -n "tg-one-$$" route flush dev eth2
wg set wg1 peer "${key[two]}" remove
wg set wg1 peer "${key[two]}" preshared-key "$lab/psk" allowed-ips 192.168.241.2/32,fd41::2/128 endpoint 10.1.0.2:2
answers_once one 192.168.241.2 || fail "no answer without the router"
came_from 10.1.0.1:1 || fail "unexpected source: $(wg show wg2 endpoints)"
ip -n "tg-one-$$" addr add 10.1.0.10/24 dev eth1
ip -n "tg-one-$$" addr del 10.1.0.1/24 dev eth1
ip -n "tg-one-$$" addr add 10.1.0.10/24 dev eth1 2>/dev/null || true # a secondary address goes with the first
answers_once one 192.168.241.2 || fail "no answer after our address is gone"
came_from 10.1.0.10:1 || fail "not from the other address: $(wg show wg2 endpoints)"
wg set wg1 peer "${key[two]}" endpoint "[fd01::2]:2"
answers_once one 192.168.241.2 || fail "no answer over IPv6"
ip -n "tg-one-$$" addr add fd01::10/64 dev eth1 nodad
ip -n "tg-one-$$" addr del fd01::1/64 dev eth1
answers_once one 192.168.241.2 || fail "no answer after our IPv6 address is gone"
came_from "[fd01::10]:1" || fail "not from the other IPv6 address: $(wg show wg2 endpoints)"

# Answers leave from the address that was asked, also if it is that of another interface.
ip -n "tg-two-$$" addr add 10.1.0.20/24 dev eth1
ip -n "tg-two-$$" addr add fd01::20/64 dev eth1 nodad
ip -n "tg-two-$$" addr add 10.50.0.1/32 dev lo
ip -n "tg-one-$$" route add 10.50.0.1/32 via 10.1.0.2
for address in 10.1.0.20:2 10.1.0.2:2 "[fd01::20]:2" "[fd01::2]:2" 10.50.0.1:2; do
    wg set wg1 peer "${key[two]}" endpoint "$address"
    answers_once one 192.168.241.2 || fail "no answer from $address"
    [[ $(endpoint_of wg1 "${key[two]}") == "$address" ]] ||
        fail "asked $address, answered from $(wg show wg1 endpoints)"
done

# A better route by another interface is taken, and so is the one before when it is gone again.
ip -n "tg-one-$$" addr flush dev eth1
ip -n "tg-one-$$" addr add 10.1.0.1/32 dev eth1
ip -n "tg-two-$$" route add 10.1.0.11/32 dev eth2
ip -n "tg-two-$$" neigh flush all
ip -n "tg-one-$$" route add 10.1.0.0/24 dev eth1 src 10.1.0.1 metric 2
wg set wg1 peer "${key[two]}" endpoint 10.1.0.2:2
answers_once one 192.168.241.2 || fail "no answer by the worse route"
came_from 10.1.0.1:1 || fail "unexpected source by the worse route: $(wg show wg2 endpoints)"
ip -n "tg-one-$$" route add 10.1.0.0/24 dev eth2 src 10.1.0.11 metric 1
until_true 5 eval 'answers_once one 192.168.241.2 && came_from 10.1.0.11:1' || fail "the better route is not taken: $(wg show wg2 endpoints)"
ip -n "tg-one-$$" route del 10.1.0.0/24 dev eth2
until_true 5 eval 'answers_once one 192.168.241.2 && came_from 10.1.0.1:1' || fail "still from the other interface: $(wg show wg2 endpoints)"
