#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What was learned inside a tunnel is allowed inside the tunnel, to that peer, and nowhere else; what was
# learned in the clear is allowed in the clear. The hosts are drawn in camera.sh.
# shellcheck disable=SC2154 # variables of lib.sh and daemon.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/netns/lib.sh
source "$root/tests/netns/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$root/tests/netns/daemon.sh"
# shellcheck source=tests/netns/camera.sh
source "$root/tests/netns/camera.sh"
lab_start
camera_lab

candidate() { # SERVICE REMOTE VIA
    api 'learn/candidates?all=1' >"$lab/candidates"
    jq -re --arg service "$1" --arg remote "$2" --arg via "$3" '.candidates[] |
        select(.direction == "ingress" and .services == [$service] and .remote == $remote and .via == $via) | .id' \
        "$lab/candidates"
}
is_learned() { candidate "$@" >/dev/null || fail "$* is not learned: $(<"$lab/candidates")"; }

# Learned: the stream, by the recorder through the tunnel; the page, by the neighbour in the clear.
[[ $(stage) == learn ]] || fail "the first stage is not learn"
until_true 20 streams recorder 10.9.0.1 || fail "no tunnel: $(<"$lab/tollgated.log")"
streams neighbour 192.168.7.20 80 || fail "learning blocks something in the clear"
is_learned tcp/554 "peer nvr" tunnel
is_learned tcp/80 192.168.7.66 clear
camera learn review >"$lab/review"
grep -q "peer nvr  *tunnel  *tcp/554" "$lab/review" || fail "the review does not show the tunnel: $(<"$lab/review")"
api flows | jq -e 'any(.flows[]; .localPort == 554 and .link == "tunnel" and .peer == "nvr")' >/dev/null ||
    fail "the flows do not tell the tunnel: $(api flows)"
api flows | jq -e 'all(.flows[] | select(.localPort == 80); .link == "clear" and (has("peer") | not))' >/dev/null ||
    fail "a flow in the clear has a tunnel: $(api flows)"

# The evidence knows it after a restart.
daemon_kill TERM
camera_start
stream=$(candidate tcp/554 "peer nvr" tunnel) || fail "a restart forgets the tunnel: $(<"$lab/candidates")"
page=$(candidate tcp/80 192.168.7.66 clear) || fail "a restart forgets the clear: $(<"$lab/candidates")"

# Proposed: a rule for the peer, and one for the clear.
api learn/approve "{\"ids\":[\"$stream\",\"$page\"],\"by\":\"tester\"}" >/dev/null
api learn/export | jq -r .policy >"$lab/exported.yaml"
grep -q 'remote: {peer: \[nvr\]}' "$lab/exported.yaml" || fail "no rule for the peer: $(<"$lab/exported.yaml")"
grep -q 'via: clear' "$lab/exported.yaml" || fail "no rule for the clear: $(<"$lab/exported.yaml")"
"$bin/tollgate" policy check "$lab/exported.yaml" >"$lab/check" || fail "the proposal is refused: $(<"$lab/check")"
api enforce '{"confirmWithin":60}' >"$lab/enforced" || fail "not enforced: $(<"$lab/enforced")"
api confirm '{}' >/dev/null

# Enforced: each where it was seen, and only there.
until_true 20 streams recorder 10.9.0.1 || fail "no stream through the tunnel: $(tail -3 "$lab/tollgated.log")"
! streams recorder 192.168.7.20 || fail "the peer gets the stream in the clear"
! streams neighbour 192.168.7.20 || fail "the neighbour gets the stream in the clear"
! streams desk 10.9.0.1 || fail "another peer gets the stream"
streams neighbour 192.168.7.20 80 || fail "the page is blocked in the clear"
! streams recorder 10.9.0.1 80 || fail "the peer gets the page through the tunnel"

# The peer's inner address is no proof in the clear.
ip -n "tg-neighbour-$$" addr add 10.9.0.2/32 dev eth0
from_inside() { # HOST PORT: as 10.9.0.2, to the address in the clear
    on "$1" python3 -c '
import socket, sys
s = socket.create_connection(("192.168.7.20", int(sys.argv[1])), timeout=1.5, source_address=("10.9.0.2", 0))
sys.exit(s.recv(16) != b"hello")' "$2" 2>/dev/null
}
! from_inside neighbour 554 || fail "the inner address of the peer opens the clear"

# A drop inside the tunnel is told with its peer, and with the rule that nearly matched.
told_of() {
    api 'observe?verdict=drop&port=80&last=100' | jq -es \
        'any(.interface == "wg0" and .peer == "nvr" and any(.nearest[]?; test("remote matches, port differs")))' >/dev/null
}
until_true 10 told_of || fail "the drop in the tunnel is not told of: $(api 'observe?verdict=drop&last=100')"
