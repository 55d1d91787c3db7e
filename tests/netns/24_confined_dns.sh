#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# DNS answers are parsed by a process that can do nothing else. Names are learned by its word; when it is gone they are not,
# the agent goes on, and a new one learns again. Rules by name need neither.
#
#   device eth0 198.18.0.10/24 ── 198.18.0.1 eth0 router, which has all of 198.18.4.0/24
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/confined.sh
source "$(dirname "$0")/confined.sh"
lab_start
host device && host router
wire device eth0 198.18.0.10/24 router eth0 198.18.0.1/24
on device ip route add 198.18.4.0/24 via 198.18.0.1
on router ip route add local 198.18.4.0/24 dev lo
cat >"$lab/resolver.py" <<'END'
# Answers A hN.* with 198.18.4.0 + N; A broken.* with a record that ends early.
import ipaddress, socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("198.18.0.1", 53))
while True:
    query, client = server.recvfrom(512)
    label = query[13:13 + query[12]].decode()
    number = 0 if label == "broken" else int(label[1:])
    end = query.index(b"\0", 12) + 5
    address = ipaddress.ip_address("198.18.4.0") + number
    answer = query[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, 1, 0, 0) + query[12:end]
    answer += struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + address.packed
    server.sendto(answer[:-2] if label == "broken" else answer, client)
END
cat >"$lab/ask.py" <<'END'
# ask.py NUMBER|broken [PORT]: looks up hNUMBER.for-hNUMBER.example, and connects to what was answered.
import ipaddress, socket, struct, sys
label = sys.argv[1] if sys.argv[1] == "broken" else "h" + sys.argv[1]
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.connect(("198.18.0.1", 53)); resolver.settimeout(3)
name = b"".join(bytes([len(part)]) + part.encode() for part in (label + ".for-" + label + ".example").split(".")) + b"\0"
resolver.send(struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1))
answer = resolver.recv(512)
if len(sys.argv) > 2:
    socket.create_connection((str(ipaddress.ip_address(answer[-4:])), int(sys.argv[2])), timeout=2).close()
END
background router python3 "$lab/resolver.py"
background router python3 -c '
import socket
s = socket.socket(); s.bind(("0.0.0.0", 443)); s.listen(512)
while True: s.accept()[0].close()'
until_true 10 listens router 443 || fail "nobody listens"
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
daemon_start

ask() { on device python3 "$lab/ask.py" "$@"; }
process() { api status | jq -r ".processes[] | select(.name == \"dns\").$1 // empty"; }
sample() { on device curl -fsS --max-time 5 http://127.0.0.1:9586/metrics | grep -F "$1 " | awk '{print $NF}'; }
named() { # NUMBER: whether an event tells of the name, and a candidate of the service
    local name=h$1.for-h$1.example
    api 'observe?last=1000' | jq -es --arg name "$name" 'any(.type == "dns" and .remoteName == $name)' >/dev/null &&
        api 'learn/candidates?all=1' | jq -e --arg name "$name" 'tostring | contains($name)' >/dev/null
}

first=$(process pid)
[[ -n $first ]] || fail "nobody reads DNS messages: $(api status | jq -c .processes)"
ask 1 443
until_true 20 named 1 || fail "the name is not learned"

is_confined "$first"
for descriptor in "/proc/$first/fd"/*; do
    [[ $descriptor == */[23] ]] || fail "it holds $descriptor: $(readlink "$descriptor")"
done
[[ $(readlink "/proc/$first/fd/3") == socket:* ]] || fail "it reads no socket"
grep -q 'Max file size  *0  *0' "/proc/$first/limits" || fail "it may write files: $(grep 'file size' "/proc/$first/limits")"

# What cannot be read harms nobody.
ask broken
unreadable() { [[ $(sample 'tollgate_dns_answers_total{result="unreadable"}') == 1 ]]; }
until_true 10 unreadable || fail "a broken answer is not counted"
[[ $(process pid) == "$first" ]] || fail "a broken answer ended it"

# One that stands still costs the agent an instant. Then it is replaced.
kill -STOP "$first"
ask 2
api status >/dev/null || fail "the agent waits for it"
replaced() { second=$(process pid) && [[ -n $second && $second != "$first" ]]; }
until_true 30 replaced || fail "one that does not answer stays: $(api status | jq -c .processes)"
[[ $(process restarts) == 1 && $(process lastEnd) == "did not answer" ]] || fail "status tells $(api status | jq -c .processes)"
ask 3 443
until_true 20 named 3 || fail "no name is learned after the first restart"

kill -KILL "$second"
gone() { [[ -z $(process pid) || $(process pid) != "$second" ]]; }
until_true 10 gone || fail "its end is not seen"
replaced() { third=$(process pid) && [[ -n $third && $third != "$second" ]]; }
until_true 30 replaced || fail "it does not come back"
ask 4 443
until_true 20 named 4 || fail "no name is learned after kill -9"
[[ $(process restarts) == 2 ]] || fail "restarts are not counted: $(api status | jq -c .processes)"
[[ $(sample 'tollgate_process_restarts_total{process="dns"}') == 2 ]] || fail "the metrics do not count restarts"
[[ $(sample 'tollgate_process_up{process="dns"}') == 1 ]] || fail "the metrics do not see it run"
(($(sample 'tollgate_dns_answers_total{result="read"}') >= 3)) || fail "what is read is not counted"
(($(sample 'tollgate_dns_answers_total{result="lost"}') >= 1)) || fail "what is not read is not counted"
[[ $(sample 'tollgate_dns_answers_total{result="refused"}') == 0 ]] || fail "an honest answer was refused"
is_confined "$third"
kill -0 "$daemon" || fail "the agent has ended"

daemon_kill KILL
ended() { ! kill -0 "$third" 2>/dev/null || [[ $(status_line "$third" State) == Z* ]]; }
until_true 10 ended || fail "it outlives the agent"
