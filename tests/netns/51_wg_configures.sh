#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The stock wg(8) configures a userspace tunnel through its socket: show, showconf, set, setconf,
# addconf, syncconf; 130,560 allowed IPs at once; what it says when something is refused.
# wg looks into /var/run/wireguard only, so all of this happens in a mount namespace of its own.
#
#   one host: memory_tunnel (a configuration without a tunnel) ── wg0.sock ── wg
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
if [[ -z ${IN_OWN_MOUNTS:-} && $EUID == 0 ]]; then
    IN_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0"
fi
lab_start
host a
mkdir -p /run/wireguard
mount -t tmpfs -o mode=0700 tmpfs /run/wireguard
serve=("${TOLLGATE_BIN:?the folder of the programs}/../tests/netns/memory_tunnel" /run/wireguard)
wg() { on a wg "$@"; }
background a "${serve[@]}" wg0
tunnel=$background_process
until_true 5 test -S /run/wireguard/wg0.sock || fail "no socket"

# equal WHAT EXPECTED: compares with standard input.
equal() {
    local actual
    actual=$(cat)
    [[ $actual == "$2" ]] || fail "$1: expected '$2', got '$actual'"
}

[[ $(wg show interfaces) == wg0 ]] || fail "wg does not find the tunnel"
on a "${serve[@]}" wg0 2>"$lab/second" && fail "two processes serve one tunnel"
grep -q "another process serves" "$lab/second" || fail "no reason: $(<"$lab/second")"
wg show wg1 2>/dev/null && fail "wg finds a tunnel that there is not"

# Keys, the device, one peer with everything.
umask 077
for name in own peer other preshared; do
    wg genkey >"$lab/$name"
done
own=$(<"$lab/own") preshared=$(<"$lab/preshared")
own_public=$(wg pubkey <"$lab/own") peer=$(wg pubkey <"$lab/peer") other=$(wg pubkey <"$lab/other")
wg show wg0 private-key | equal "no key" "(none)"
wg set wg0 private-key "$lab/own" listen-port 51820 fwmark 0x1234
wg set wg0 peer "$peer" preshared-key "$lab/preshared" endpoint "[2001:db8::1]:51820" \
    persistent-keepalive 25 allowed-ips 10.0.0.0/8,2001:db8::/32
wg show wg0 private-key | equal "private key" "$own"
wg show wg0 public-key | equal "public key" "$own_public"
wg show wg0 listen-port | equal "port" 51820
wg show wg0 fwmark | equal "mark" 0x1234
wg show wg0 preshared-keys | equal "preshared key" "$peer"$'\t'"$preshared"
wg show wg0 endpoints | equal "endpoint" "$peer"$'\t'"[2001:db8::1]:51820"
wg show wg0 persistent-keepalive | equal "keepalive" "$peer"$'\t'25
wg show wg0 allowed-ips | equal "allowed IPs" "$peer"$'\t'"10.0.0.0/8 2001:db8::/32"
wg show wg0 latest-handshakes | equal "handshake" "$peer"$'\t'0
wg show wg0 transfer | equal "transfer" "$peer"$'\t'0$'\t'0
wg show | grep -q "preshared key: (hidden)" || fail "wg show: $(wg show)"

# What one peer gets another loses; a more specific prefix takes nothing away.
wg set wg0 peer "$other" allowed-ips 10.1.0.0/16,2001:db8::/32
wg show wg0 allowed-ips | sort | equal "moved prefix" \
    "$(printf '%s\t10.0.0.0/8\n%s\t10.1.0.0/16 2001:db8::/32\n' "$peer" "$other" | sort)"
wg set wg0 peer "$peer" preshared-key /dev/null persistent-keepalive off allowed-ips ""
wg show wg0 allowed-ips | grep "$peer" | equal "no prefix" "$peer"$'\t''(none)'
wg show wg0 persistent-keepalive | grep "$peer" | equal "no keepalive" "$peer"$'\t'off
wg show wg0 preshared-keys | grep "$peer" | equal "no preshared key" "$peer"$'\t''(none)'

# A peer that is us is no peer.
wg set wg0 peer "$own_public" allowed-ips 192.0.2.0/24
wg set wg0 private-key "$lab/other"
wg show wg0 peers | equal "we are nobody's peer" "$peer"

# showconf and setconf are each other's inverse; syncconf touches what differs only.
wg set wg0 peer "$peer" preshared-key "$lab/preshared" endpoint 192.0.2.1:1 allowed-ips 10.0.0.0/8
wg showconf wg0 >"$lab/first.conf"
wg set wg0 private-key /dev/null listen-port 0 fwmark 0 peer "$peer" remove
[[ -z $(wg show wg0 peers) ]] || fail "a removed peer is shown"
wg show wg0 private-key | equal "cleared key" "(none)"
wg setconf wg0 "$lab/first.conf"
wg showconf wg0 | equal "setconf" "$(<"$lab/first.conf")"
printf '[Peer]\nPublicKey = %s\nAllowedIPs = 192.0.2.0/24\n' "$own_public" >"$lab/more.conf"
wg addconf wg0 "$lab/more.conf"
[[ $(wg show wg0 peers | wc -l) == 2 ]] || fail "addconf does not add"
wg syncconf wg0 "$lab/first.conf"
wg showconf wg0 | equal "syncconf" "$(<"$lab/first.conf")"

# 130,560 prefixes in one operation (the kernel's own test asks for as many).
{
    printf '[Interface]\n[Peer]\nPublicKey = %s\n' "$peer"
    for ((a = 0; a < 255; ++a)); do
        printf 'AllowedIPs = '
        for ((b = 0; b < 256; ++b)); do
            printf '%s10.7.%d.%d/32,2001:db8::7:%x:%x/128' "${comma:-}" "$a" "$b" "$a" "$b"
            comma=,
        done
        comma=
        echo
    done
} >"$lab/many.conf"
begin=$SECONDS
wg setconf wg0 "$lab/many.conf"
[[ $(wg show wg0 allowed-ips | wc -w) == 130561 ]] || fail "not all of 130,560 prefixes"
((SECONDS - begin < 20)) || fail "130,560 prefixes take $((SECONDS - begin)) s"

# The answer to what is refused has words.
wg set wg0 peer "$peer" endpoint "[fe80::1]:1" 2>"$lab/refused" && fail "a link-local endpoint without interface"
grep -q "Invalid argument" "$lab/refused" || fail "no words: $(<"$lab/refused")"

kill -TERM "$tunnel"
until_true 5 test ! -e /run/wireguard/wg0.sock || fail "the socket is left"
