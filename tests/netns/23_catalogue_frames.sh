#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The frames of the catalogue (docs/test-catalogue.md) from a neighbour: each has the verdict and the reason that it must
# have, is counted once, and behind the gate is seen what passed and nothing else. After each case the standing checks.
#
#   attacker eth0 192.0.2.7, fd00::7 ── 192.0.2.10, fd00::10 eth0 device eth1 198.51.100.1 ── 198.51.100.7 eth0 behind
#
# Cases P01, P02, P03, P04, P06, P07, P08, P09, P10, P11, P13, P14, P15, P16, P18, P20, P21, P22
# Cases P24, P25, P26, P27, P28, P29, P32, P33, P34, P35, P38
# shellcheck disable=SC2119,SC2154 # functions without flags; variables of lib.sh, daemon.sh and standing.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/standing.sh
source "$(dirname "$0")/standing.sh"
lab_start
host attacker
LAB_NO_IPV6=0 host device
host behind
wire attacker eth0 192.0.2.7/24 device eth0 192.0.2.10/24
wire device eth1 198.51.100.1/24 behind eth0 198.51.100.7/24
on device sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.eth0.accept_ra=2 net.ipv4.conf.eth0.rp_filter=0 net.ipv6.conf.eth1.disable_ipv6=1
on behind sysctl -qw net.ipv4.icmp_echo_ignore_all=1
for address in fd00::10/64 fe80::10/64; do ip -n "tg-device-$$" addr add "$address" dev eth0 nodad; done
mac_of() { ip -n "tg-$1-$$" -j link show eth0 | jq -r '.[0].address'; }
# Nobody has to ask for an address, so that all that comes in was sent here.
ip -n "tg-device-$$" neigh add 192.0.2.7 lladdr "$(mac_of attacker)" dev eth0
ip -n "tg-device-$$" neigh add fd00::7 lladdr "$(mac_of attacker)" dev eth0
ip -n "tg-attacker-$$" neigh add 192.0.2.10 lladdr "$(mac_of device)" dev eth0
# Nor do the attacker's own host and its answers to answers say anything.
on attacker nft -f - <<'END'
table inet quiet {
    chain out {
        type filter hook output priority 0;
        meta l4proto icmp drop
        tcp flags & rst == rst drop
    }
}
END
witness_start
background behind python3 "$standing_support/witness.py" "$lab/reached" "$lab/behind.frames" eth0 "$(
    ip -n "tg-device-$$" -j link show eth1 | jq -r '.[0].address')"
only_5000 >"$lab/policy.yaml"
daemon_start --policy "$lab/policy.yaml"
coproc sender { on attacker /usr/bin/python3 "$standing_support/catalogue_frames.py" eth0 "$(mac_of device)"; }

routes() { ip -n "tg-device-$$" -6 route show; ip -n "tg-device-$$" -j link show eth0 | jq '.[0].mtu'; }
routes >"$lab/routes"
reaches attacker 192.0.2.10 5000 || fail "what is allowed does not pass"
standing_begin

# The capture has seen all that has passed so far. It also saw what came before the gate was there: $early frames.
settle() {
    local seen=
    until_true 10 ended || fail "connections do not end: $(on device ss -Htan)"
    until [[ $(<"$witness_frames") == "$seen" ]]; do
        seen=$(<"$witness_frames")
        sleep 0.5
    done
    early=$((seen - $(frames_of ingress | jq '.[1]')))
}
# The connections of the checks are at an end, and the capture has seen all of them.
ended() {
    local name
    for name in attacker device; do
        [[ -z $(on "$name" ss -Htan exclude listening exclude time-wait exclude syn-recv) ]] || return 1
    done
}
is_settled() { ended && (($(<"$witness_frames") == $(frames_of ingress | jq '.[1]') + early)); }
# What has come in since: passed, dropped by reason, and captured behind the gate.
before() {
    until_true 10 is_settled || fail "connections do not end: $(on device ss -Htan)"
    counters=$(frames_of ingress) && captured=$(($(jq '.[1]' <<<"$counters") + early))
}
since() {
    frames_of ingress | jq -c --argjson was "$counters" --argjson captured "$(($(<"$witness_frames") - captured))" '
        {pass: (.[1] - $was[1]), captured: $captured,
         drops: (.[3] | with_entries(.value -= ($was[3][.key] // 0)) | with_entries(select(.value > 0)))}'
}
as_expected() { # EXPECTED: exact, but that "drop" stands for any reason
    since | jq -e --argjson expected "$1" '
        . as $found | ($expected | del(.pass, .drop)) as $named | ($expected.drop // 0) as $others |
        .pass == ($expected.pass // 0) and .captured == .pass and
        ([.drops[]] | add // 0) == ([$named[]] | add // 0) + $others and
        all($named | to_entries[]; if $others > 0 then $found.drops[.key] >= .value else $found.drops[.key] == .value end)' >/dev/null
}
run() { # CASE
    local expected
    before
    echo "$1" >&"${sender[1]}"
    read -r -t 60 expected <&"${sender[0]}" || fail "case $1: the frames cannot be sent"
    until_true 5 as_expected "$expected" || fail "case $1: wanted $expected, got $(since)"
    standing_holds "case $1"
    routes | cmp -s - "$lab/routes" || fail "case $1: other routes: $(routes)"
    ((ran += 1))
}

settle
ran=0
wanted=$(grep -oP '^# Cases \K.*' "$0" | tr -d ',' | tr ' ' '\n')
[[ $(/usr/bin/python3 "$standing_support/catalogue_frames.py" list | sort) == "$(sort <<<"$wanted")" ]] || fail "these are not all cases"
for case in $wanted; do run "$case"; done

# P20: the table of fragments is bounded, and what it forgot is counted.
api status | jq -e '.tables[] | select(.table == "fragments") | .used <= .limit and .limit > 0' >/dev/null ||
    fail "the table of fragments: $(api status | jq -c .tables)"
(($(<"$lab/behind.frames") == 0)) || fail "$(<"$lab/behind.frames") frames got through to the host behind"
echo "$ran cases, $(frames_of ingress | jq -c '{frames: .[0], passed: .[1], dropped: .[2]}')"
