#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/guides/cloud-vm.md and docs/audit-log.md, typed on a VM: what it promises passes and nothing else, DHCP goes on, a policy without a
# way in is refused, a change that nobody confirms goes, and neither a restart nor the agent's death opens anything.
#
#   vm eth0 203.0.113.80 ── cloud eth0 203.0.113.1, which is also: the bastion 203.0.113.10, monitoring 198.51.100.2,
#                           everybody 198.51.100.77, DNS 192.0.2.53, DHCP, packages.example.org 192.0.2.80,
#                           the metadata service 169.254.169.254, somebody's 192.0.2.99
# shellcheck disable=SC2154 # variables of the files below
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/page.sh
source "$(dirname "$0")/page.sh"
# shellcheck source=tests/netns/machine.sh
source "$(dirname "$0")/machine.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
machine vm && host cloud
wire vm eth0 203.0.113.80/24 cloud eth0 203.0.113.1/24
on vm ip route add default via 203.0.113.1
for address in 203.0.113.10 198.51.100.2 198.51.100.77 192.0.2.53 192.0.2.80 192.0.2.99 169.254.169.254; do
    on cloud ip addr add "$address/32" dev eth0
done
on vm ip route add 169.254.0.0/16 dev eth0
for port in 22 80 443 8080 9100; do
    serve vm 0.0.0.0 "$port"
done
for port in 80 443; do
    serve cloud 0.0.0.0 "$port"
done
# No ping before an offer: it takes three seconds.
background cloud dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file= --user=root \
    --no-ping --dhcp-range=203.0.113.200,203.0.113.250,1h --dhcp-leasefile="$lab/leases" --bind-interfaces --interface=eth0 \
    --address=/packages.example.org/192.0.2.80 2>"$lab/dnsmasq.log"
until_true 10 eval 'on cloud ss -Hlun "sport = :53" | grep -q .'

# from SOURCE PORT: whether this source gets an answer of the VM.
from() {
    on cloud python3 -c '
import socket, sys
s = socket.create_connection(("203.0.113.80", int(sys.argv[2])), timeout=1, source_address=(sys.argv[1], 0))
sys.exit(s.recv(16) != b"hello")' "$1" "$2" 2>/dev/null
}
# The VM asks DNS at 192.0.2.53 and connects to what it is told. fetches NAME PORT
fetches() {
    on vm python3 -c '
import socket, struct, sys
question = b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[1].split(".")) + b"\0" + struct.pack("!HH", 1, 1)
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.settimeout(2)
resolver.connect(("192.0.2.53", 53))
resolver.send(struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0) + question)
address = socket.inet_ntoa(resolver.recv(512)[-4:])
s = socket.create_connection((address, int(sys.argv[2])), timeout=1)
sys.exit(s.recv(16) != b"hello")' "$1" "$2" 2>/dev/null
}
# A DHCP server offers the VM an address.
is_offered_an_address() {
    on vm python3 -c '
import socket, struct, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
client.bind(("0.0.0.0", 68))
client.settimeout(3)
mac = b"\x02\0\0\0\0\x07"
head = struct.pack("!BBBBIHH", 1, 1, 6, 0, 0x1234, 0, 0x8000) + bytes(16) + mac + bytes(10 + 192)
client.sendto(head + b"\x63\x82\x53\x63\x35\x01\x01\xff", ("255.255.255.255", 67))
sys.exit(client.recv(2048)[:1] != b"\x02")' 2>/dev/null
}
works() { # WHEN
    from 203.0.113.10 22 || fail "$1: no SSH from the bastion"
    from 198.51.100.77 443 || fail "$1: no web for everybody"
    from 198.51.100.2 9100 || fail "$1: no metrics for the monitoring"
    fetches packages.example.org 443 || fail "$1: no updates"
    is_offered_an_address || fail "$1: no DHCP"
}
is_closed() { # WHEN
    works "$1"
    none "$1" 'from 198.51.100.77 22' 'from 198.51.100.77 9100' 'from 203.0.113.10 8080' \
        'reaches vm 192.0.2.99 443' 'reaches vm 169.254.169.254 80'
}

before() {
    ssh="203.0.113.10 50000 203.0.113.80 22"
    case $2 in
        *'learn review') works "while it learns" ;;
        *'policy apply'*)
            works "before it is applied"
            sed -e '/failsafe:/,/tcp.22/d' "$project/examples/policies/cloud-vm.yaml" >"$lab/no-ssh.yaml"
            ! typed vm "sudo tollgate policy apply $lab/no-ssh.yaml" || fail "a policy without a way in is taken: $(<"$lab/screen")"
            grep -q 'your own connection' "$lab/screen" || fail "it does not say why: $(<"$lab/screen")"
            ;;
        *'tollgate confirm')
            ! typed vm "$2" || fail "the connection of the change confirms it"
            ssh="203.0.113.10 50001 203.0.113.80 22"
            ;;
    esac
}

after() {
    case $2 in
        *'learn review') grep -q 'tcp/443' "$lab/screen" || fail "the web was not learned: $(<"$lab/screen")" ;;
        *'policy diff'*)
            grep -q 'your ssh 203.0.113.10:50000 → pass' "$lab/screen" || fail "$2: $(<"$lab/screen")"
            grep -Eq ' 0 would be dropped|: all ' "$lab/screen" || fail "it would drop something: $(<"$lab/screen")"
            ;;
        *'policy apply'*)
            # Nobody comes back: with 2 seconds in place of 5 minutes.
            typed vm 'sudo tollgate policy rollback' || fail "$(<"$lab/screen")"
            typed vm "sudo tollgate policy apply /etc/tollgate/policy.yaml --confirm-within 2s" || fail "$(<"$lab/screen")"
            ! from 198.51.100.77 22 || fail "it is not in force"
            until_true 6 from 198.51.100.77 22 || fail "a change that nobody confirms stays"
            until_true 10 typed vm "$2" || fail "it cannot be applied again: $(<"$lab/screen")"
            ;;
        *'tollgate confirm') is_closed "when it is enforced" ;;
        *'systemctl restart tollgated') is_closed "after a restart" ;;
    esac
}

follow docs/guides/cloud-vm.md vm
((followed >= 18)) || fail "only $followed commands"
follow docs/audit-log.md vm
grep -q 'none is missing up to' "$lab/screen" || fail "the audit log: $(<"$lab/screen")"
kill -KILL "$(agent_of vm)"
is_closed "without the agent"
