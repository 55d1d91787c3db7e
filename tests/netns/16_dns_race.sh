#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A thousand lookups of names that the policy allows, each followed at once by a connection to the
# address that was answered: no first SYN is lost, also with the agent dead; and what no allowed
# resolver answered is not let out.
#
#   device eth0 198.18.0.10/15 ── 198.18.0.1 eth0 router, which has all of 198.18.4.0–198.18.7.255
# shellcheck disable=SC2119 # the daemon has no more flags here
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 198.18.0.10/24 router eth0 198.18.0.1/24
on device ip route add 198.18.4.0/22 via 198.18.0.1
on router ip route add local 198.18.4.0/22 dev lo
cat >"$lab/policy.yaml" <<'END'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: names}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: dns, direction: egress, remote: [198.18.0.1], ports: [udp/53]}
    - {name: web, direction: egress, remote: ["*.example.com"], ports: [tcp/443]}
END
cat >"$lab/resolver.py" <<'END'
# Answers A hN.any.name with 198.18.4.0 + N.
import ipaddress, re, socket, struct
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("198.18.0.1", 53))
while True:
    query, client = server.recvfrom(512)
    number = int(re.match(rb"h(\d+)", query[13:]).group(1))
    end = query.index(b"\0", 12) + 5
    address = ipaddress.ip_address("198.18.4.0") + number
    answer = query[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, 1, 0, 0) + query[12:end]
    server.sendto(answer + struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + address.packed, client)
END
cat >"$lab/race.py" <<'END'
# race.py FIRST LAST DOMAIN: looks up each name and connects in the same breath. Prints how many
# connections needed more than their first SYN, which the kernel repeats after a second.
import ipaddress, socket, struct, sys, time
first, last, domain = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.connect(("198.18.0.1", 53)); resolver.settimeout(3)
late = 0
for n in range(first, last):
    name = b"".join(bytes([len(p)]) + p for p in f"h{n}.{domain}".encode().split(b".")) + b"\0"
    resolver.send(struct.pack("!HHHHHH", n, 0x100, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1))
    answer = resolver.recv(512)
    connection = socket.socket(); connection.settimeout(0.9)
    try:
        connection.connect((str(ipaddress.ip_address(answer[-4:])), 443))
    except OSError:
        late += 1
    connection.close()
print(late)
END
background router python3 "$lab/resolver.py"
background router python3 -c '
import socket
s = socket.socket(); s.bind(("0.0.0.0", 443)); s.listen(512)
while True: s.accept()[0].close()'
until_true 10 listens router 443 || fail "nobody listens"
daemon_start --policy "$lab/policy.yaml"
late=$(on device python3 "$lab/race.py" 0 500 any.example.com)
((late == 0)) || fail "$late of 500 first SYNs were lost with the agent alive"
daemon_kill KILL
late=$(on device python3 "$lab/race.py" 500 1000 example.com)
((late == 0)) || fail "$late of 500 first SYNs were lost with the agent dead"
late=$(on device python3 "$lab/race.py" 1000 1003 example.org)
((late == 3)) || fail "a name that no rule allows was let out"
! on device python3 -c '
import socket
socket.create_connection(("198.18.7.250", 443), timeout=1)' 2>/dev/null || fail "an address without a name was let out"
daemon_start
api status | jq -e '[.tables[] | select(.table == "resolved")][0].used >= 1000' >/dev/null ||
    fail "the admitted addresses are not counted"
late=$(on device python3 "$lab/race.py" 1003 1010 any.example.com)
((late == 0)) || fail "$late of 7 first SYNs were lost after the restart"
