#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# After the Linux kernel's WireGuard self-test, third part: what wg(8) sets it gets back, from one peer to
# hundreds and from one allowed IP to 130,560; a peer that is oneself, keys before they are clamped, keys
# to which nothing may be sent; and that nothing is left of tunnels that are gone.
#
#   device  a daemon with wg1 and wg2, and wg
# shellcheck disable=SC2154 # variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/selftest.sh
source "$(dirname "$0")/selftest.sh"
selftest_start
host device
make_keys one two
agent device wg1 wg2
wg set wg1 private-key "$lab/one.key"
words() { wg show wg1 allowed-ips | wc -w; }
key_of() { printf 'A%041dA=' "$1" | tr 0-9 A-J; } # a key of its own for each number
! wg show wg9 2>/dev/null || fail "a tunnel that there is not"

# Many allowed IPs for one peer.
for a in {0..254}; do
    for b in {0..255}; do
        printf '10.%s.%s.0/24,fd00:1%s:1%s::/48,' "$a" "$b" "$a" "$b"
    done
done | sed 's/,$//' >"$lab/many"
wg setconf wg1 <(printf '[Peer]\nPublicKey = %s\nAllowedIPs = %s\n' "${key[two]}" "$(<"$lab/many")")
[[ $(words) == 130561 ]] || fail "130,560 allowed IPs: $(words) words"
wg show wg1 allowed-ips | cut -f 2 | tr ' ' '\n' | sort >"$lab/got"
tr , '\n' <"$lab/many" | sort | cmp - "$lab/got" || fail "other allowed IPs"

# Many peers with some allowed IPs each, and with none.
{
    for a in {1..40}; do
        printf '[Peer]\nPublicKey = %s\nAllowedIPs = ' "$(key_of "$a")"
        seq -f "$a.%g.0.0/16" -s , 52
    done
} >"$lab/peers"
wg setconf wg1 "$lab/peers"
[[ $(words) == $((40 * 53)) ]] || fail "40 peers with 52 allowed IPs each: $(words) words"
for a in {1..30}; do
    printf '[Peer]\nPublicKey = %s\n' "$(key_of "$a")"
done | wg setconf wg1 /dev/stdin
[[ $(words) == 60 ]] || fail "30 peers without allowed IPs: $(words) words"
{
    printf '[Peer]\nPublicKey = %s\n' "$(key_of 1)"
    printf '[Peer]\nPublicKey = %s\nAllowedIPs = %s\n' "$(key_of 2)" "$(seq -f '10.0.%g.0/24' -s , 197)"
} | wg setconf wg1 /dev/stdin
mapfile -t lines < <(wg show wg1 allowed-ips)
[[ ${lines[0]} == "$(key_of 1)"$'\t(none)' && $(wc -w <<<"${lines[1]}") == 198 ]] || fail "two peers: ${lines[*]}"

# Supersets and subsets, in any order: each is kept as it is.
for set in 10.1.0.0/16,10.1.2.0/24,10.1.2.3/32 10.1.2.3/32,10.1.2.0/24,10.1.0.0/16 10.1.2.0/24,10.1.2.3/32,10.1.0.0/16 \
    fd01::/16,fd01:2::/32,fd01:2::3/128 fd01:2::3/128,fd01:2::/32,fd01::/16 fd01:2::/32,fd01::/16,fd01:2::3/128; do
    printf '[Peer]\nPublicKey = %s\nAllowedIPs = %s\n' "$(key_of 1)" "$set" | wg setconf wg1 /dev/stdin
    [[ $(wg show wg1 allowed-ips | cut -f 2 | tr ' ' '\n' | sort) == "$(tr , '\n' <<<"$set" | sort)" ]] || fail "$set became $(wg show wg1 allowed-ips)"
done
wg set wg1 peer "$(key_of 1)" allowed-ips "" peer "$(key_of 2)" allowed-ips 10.1.0.7/8,10.1.9.9/16
[[ $(wg show wg1 allowed-ips | tail -1 | cut -f 2) == "10.0.0.0/8 10.1.0.0/16" ]] || fail "bits behind the prefix"

# Keys: set, shown, cleared.
wg set wg1 private-key "$lab/one.key"
wg set wg1 peer "${key[two]}" preshared-key "$lab/psk"
[[ $(wg show wg1 preshared-keys | grep "${key[two]}" | cut -f 2) == "$(<"$lab/psk")" ]] || fail "another preshared key"
wg set wg1 peer "${key[two]}" preshared-key /dev/null
[[ $(wg show wg1 preshared-keys | grep "${key[two]}" | cut -f 2) == "(none)" ]] || fail "the preshared key stays"
[[ $(wg show wg1 private-key) == "$(<"$lab/one.key")" ]] || fail "another private key"
wg set wg1 private-key /dev/null
[[ $(wg show wg1 private-key) == "(none)" ]] || fail "the private key stays"

# Nobody is a peer of its own: neither can it be added, nor does it stay when the key is set.
wg set wg1 peer "${key[one]}"
[[ $(wg show wg1 peers) == *"${key[one]}"* ]] || fail "any key is a peer's as long as there is no private one"
wg set wg1 private-key "$lab/one.key"
[[ $(wg show wg1 peers) != *"${key[one]}"* ]] || fail "we are our own peer"
wg set wg1 peer "${key[one]}" allowed-ips 10.99.0.1/32
[[ $(wg show wg1 peers) != *"${key[one]}"* ]] || fail "we have become our own peer"
wg set wg1 private-key <(echo "/${key[two]:1}")
[[ $(wg show wg1 private-key | head -c 1) == + ]] || fail "a private key that is not clamped: $(wg show wg1 private-key | head -c 1)"

# Points of low order: the secret would be known to all. Nothing is sent to such a peer.
wg set wg2 private-key "$lab/two.key" listen-port 51820
low_order=(AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
    4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA= X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=
    7P///////////////////////////////////////38= 7f///////////////////////////////////////38=
    7v///////////////////////////////////////38=)
addresses device wg2 10.66.0.1/24
for i in "${!low_order[@]}"; do
    wg set wg2 peer "${low_order[$i]}" persistent-keepalive 1 endpoint 127.0.0.1:1111 allowed-ips "10.66.0.1$i/32"
done
for i in "${!low_order[@]}"; do
    ! answers_once device "10.66.0.1$i" -W 0.1 || fail "an answer from nowhere"
done
[[ $(wg show wg2 peers | wc -l) == 7 && $(sent_bytes wg2) == 0 ]] || fail "sent to a key of low order: $(wg show wg2 transfer)"
# The sum is one that is not always 0.
wg set wg2 peer "${key[one]}" endpoint 127.0.0.1:1111 allowed-ips 10.66.0.99/32
! answers_once device 10.66.0.99 -W 0.1 || fail "an answer from nowhere"
[[ $(sent_bytes wg2) -ge 148 ]] || fail "nothing is sent to a good key"

# What is made is given back: descriptors and memory of peers that come and go.
descriptors() {
    find "/proc/${process[device]}/fd" "/proc/$(data_process "${process[device]}" wg1)/fd" -mindepth 1 | wc -l
}
before=$(descriptors)
for port in {40001..40020}; do
    wg setconf wg1 <(printf '[Interface]\nListenPort = %s\n' "$port" && cat "$lab/peers")
done
given_back() { [[ $(descriptors) == "$before" ]]; } # the last connection is closed after its answer
until_true 5 given_back || fail "$before descriptors became $(descriptors)"
kill -TERM "${process[device]}"
until_true 20 eval '! kill -0 "${process[device]}" 2>/dev/null' || fail "the daemon does not end"
[[ -z $(ls /run/wireguard) ]] || fail "sockets are left: $(ls /run/wireguard)"
! on device ip link show wg1 2>/dev/null || fail "the interface is left"
