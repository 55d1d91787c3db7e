#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The drops before a silence are told, too: `observe` accounts for every dropped packet, none twice.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Cases F02, L09
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
# shellcheck disable=SC2119 # the daemon has no more flags here
daemon_start
api enforce '{"confirmWithin":300}' >/dev/null

# burst PACKETS PORT: datagrams to the device that nothing allows.
burst() {
    on router python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[1])):
    s.sendto(b"x", ("192.0.2.10", int(sys.argv[2])))' "$1" "$2"
}
told() { # packets of the drops to a port, as observe tells them
    "$bin/tollgate" --socket "$lab/run/control.sock" observe --last 1000 -o jsonl |
        jq -s "[.[] | select(.type == \"drop\" and .localPort == $1) | .packets] | add // 0"
}
all_told() { (($(told "$1") == $2)); }
dropped() {
    api status | jq '[.interfaces[] | (.ingress, .egress) | .droppedPackets] | add'
}
all_dropped_told() {
    local sum
    sum=$("$bin/tollgate" --socket "$lab/run/control.sock" observe --last 1000 -o jsonl |
        jq -s '[.[] | select(.type == "drop" or .type == "lost") | .packets] | add // 0')
    (($(dropped) == sum))
}

burst 50 7
until_true 10 all_told 7 50 || fail "50 datagrams were dropped, $(told 7) are told"
sleep 2
all_told 7 50 || fail "told again: $(told 7) of 50"
# The next burst sends what was told: it must not be told twice.
burst 20 7
until_true 10 all_told 7 70 || fail "70 datagrams were dropped, $(told 7) are told"
burst 30 9
until_true 10 all_told 9 30 || fail "30 datagrams were dropped, $(told 9) are told"
sleep 2
all_told 7 70 || fail "told again: $(told 7) of 70"
until_true 10 all_dropped_told || fail "observe does not account for $(dropped) drops"
