#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The flow log of a real daemon under real traffic: what a flow carried, to the packet and the byte; drops;
# new files that lose no line; a disk that is full; a restart.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lines_check=$(dirname "$0")/../golden/lines.py
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
# What leaves is what the gate sees: no segments that the kernel joins or cuts.
for end in device router; do
    on "$end" ethtool -K eth0 tso off gso off gro off >/dev/null 2>&1 || true
done
log=$lab/log/flows.jsonl
# A disk of its own, small.
mkdir "$lab/log"
mount -t tmpfs -o size=3m tmpfs "$lab/log"
# shellcheck disable=SC2154 # it is, there
trap 'code=$?; umount -l "$lab/log" || true; (exit "$code") || lab_end; lab_end' EXIT
cat >"$lab/tollgate.yaml" <<EOF
apiVersion: tollgate/v1
kind: Agent
flowLog:
  interval: 5
  sinks:
    - {type: file, path: $log, rotateMebibytes: 1, rotateCount: 999}
EOF
metrics=127.0.0.1:9586
daemon_start --config "$lab/tollgate.yaml"

sample() { # NAME{LABELS}: its value
    on device curl -sS --max-time 5 http://127.0.0.1:9586/metrics | grep -F "$1 " | awk '{print $NF}'
}
select_lines() { # JQ CONDITION: lines of all files, oldest first
    find "$lab/log" -name 'flows.jsonl*' -size +0 | sort -rV | xargs cat | jq -c "select($1)"
}
count() { select_lines "$1" | wc -l; }
some() { (($(count "$1") > 0)); }

# A conversation over UDP: every datagram and every byte of it is in the log.
background router python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.1", 5000))
while True:
    text, peer = s.recvfrom(2000)
    s.sendto(text * 2, peer)'
until_true 10 eval 'on router ss -Hlun "sport = :5000" | grep -q .' || fail "no echo"
talk() { # DATAGRAMS BYTES: from port 6000
    on device python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.10", 6000)); s.settimeout(5)
for _ in range(int(sys.argv[1])):
    s.sendto(b"x" * int(sys.argv[2]), ("192.0.2.1", 5000)); s.recv(2000)' "$1" "$2"
}
udp='.protocol == "udp" and .localPort == 6000'
talk 40 100
until_true 20 some "$udp" || fail "no line of a conversation"
talk 60 100
told() { # JQ EXPRESSION: its sum over the lines of the conversation
    select_lines "$udp" | jq -s "[.[] | $1] | add // 0"
}
until_true 20 eval '(( $(told .egress.packets) == 100 ))' || fail "$(told .egress.packets) of 100 datagrams are told"
# 14 bytes of Ethernet, 20 of IPv4, 8 of UDP.
(($(told .egress.bytes) == 100 * 142)) || fail "$(told .egress.bytes) bytes out"
(($(told .ingress.packets) == 100)) || fail "$(told .ingress.packets) datagrams in"
(($(told .ingress.bytes) == 100 * 242)) || fail "$(told .ingress.bytes) bytes in"
select_lines "$udp" | jq -se '.[-1].total == {ingress: {packets: 100, bytes: 24200}, egress: {packets: 100, bytes: 14200}}' \
    >/dev/null || fail "the total is wrong: $(select_lines "$udp" | tail -1)"

# A connection: as much as an independent count of the frames on the wire.
serve router 192.0.2.1 80
on device nft -f - <<'EOF'
table netdev count {
    counter in {}
    counter out {}
    chain in { type filter hook ingress device eth0 priority 0; tcp sport 80 counter name in; }
}
table inet count {
    counter out {}
    chain out { type filter hook postrouting priority 0; tcp dport 80 counter name out; }
}
EOF
reaches device 192.0.2.1 80 || fail "no connection"
tcp='.protocol == "tcp" and .remotePort == 80 and .type == "end"'
until_true 20 some "$tcp" || fail "no end of a connection"
select_lines "$tcp" | jq -se 'length == 1 and .[0].end == "closed" and .[0].answered and .[0].direction == "egress"' \
    >/dev/null || fail "not one closed connection: $(select_lines "$tcp")"
counted() { on device nft -j list counter "$1" count "$2" | jq '.nftables[] | .counter? // empty | .packets'; }
[[ $(select_lines "$tcp" | jq .total.ingress.packets) == $(counted netdev in) ]] || fail "packets in differ"
[[ $(select_lines "$tcp" | jq .total.egress.packets) == $(counted inet out) ]] || fail "packets out differ"

# What is dropped, with its reason.
api enforce '{"confirmWithin":300}' >/dev/null
reaches router 192.0.2.10 23 && fail "an empty policy lets something in"
drop='.type == "drop" and .localPort == 23'
until_true 10 some "$drop" || fail "no line of a drop"
select_lines "$drop" | jq -se 'all(.verdict == "drop" and .reason == "policy_default" and .direction == "ingress")' \
    >/dev/null || fail "a drop is told wrongly"
# The conversation goes on, but no rule allows it any more.
talk 1 100 2>/dev/null && fail "no rule, and still an answer"
until_true 20 some "$udp and .end == \"revoked\"" || fail "a flow that was revoked has no end"
api policy/rollback '{}' >/dev/null

# Many flows: new files begin under traffic, and every flow has one end.
many() { # FLOWS FIRST-PORT: one datagram each way
    on device python3 -c '
import socket, sys
for port in range(int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[1])):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("192.0.2.10", port)); s.settimeout(5)
    s.sendto(b"x", ("192.0.2.1", 5000)); s.recv(10); s.close()' "$1" "$2"
}
many 2500 10000
stopped='.end == "stopped" and .localPort >= 10000 and .localPort < 12500'
daemon_kill TERM
(($(count "$stopped") == 2500)) || fail "$(count "$stopped") of 2500 flows were told at the stop"
[[ -s $log.1 ]] || fail "no file was full"
"$lines_check" "$lab/log"/flows.jsonl*
no_lines=$(select_lines '.type == "lost"')
[[ -z $no_lines ]] || fail "something was lost: $no_lines"

# The next agent goes on in the same file; what was told is not told again.
first='.localPort >= 10000 and .localPort < 12500'
before=$(count "$first")
daemon_start --config "$lab/tollgate.yaml"
many 1 20000
until_true 20 some '.localPort == 20000' || fail "the next agent does not go on"
(($(count "$first") == before)) || fail "of $before lines there are $(count "$first") after a restart"

# On a full disk lines are lost, and counted; with room again, the log goes on and says how many.
lost() { sample 'tollgate_flow_log_records_total{sink="file",result="lost"}'; }
dd if=/dev/zero of="$lab/log/full" bs=64k 2>/dev/null || true
many 300 21000
until_true 20 eval '(( $(lost) > 0 ))' || fail "nothing is lost on a full disk"
rm "$lab/log/full"
until_true 20 some '.type == "lost"' || fail "the log does not say what was lost"
many 1 22000
until_true 20 some '.localPort == 22000' || fail "the log does not go on"
"$lines_check" "$lab/log"/flows.jsonl*
daemon_kill TERM
told_lost=$(select_lines '.type == "lost"' | jq -s '[.[].lost.records] | add')
grep -q 'event=flow_log.failed sink=file' "$lab/tollgated.log" || fail "the agent's log does not tell of the full disk"
grep -q "event=flow_log.recovered sink=file" "$lab/tollgated.log" || fail "nor that it is over"
((told_lost > 0)) || fail "no record of $told_lost lost ones"
