#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same policy on every rung (native XDP, generic XDP, TC), with and without a tunnel, in both families, with a tag and
# without, learning and enforcing: what is forbidden gets through nowhere when it is enforced, what is allowed everywhere.
# And what a neighbour or the host itself does with whole connections, large packets and a large MTU.
#
#   attacker eth0 192.0.2.7, fd00::7 ── 192.0.2.10, fd00::10 eth0 device
#
# Cases P30, P36, P37, P40, P44, L07
# shellcheck disable=SC2119,SC2154 # functions without flags; variables of lib.sh, daemon.sh and standing.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/standing.sh
source "$(dirname "$0")/standing.sh"
lab_start
LAB_NO_IPV6=0
host attacker && host device
wire attacker eth0 192.0.2.7/24 device eth0 192.0.2.10/24
mac_of() { ip -n "tg-$1-$$" -j link show eth0 | jq -r '.[0].address'; }
for pair in "attacker fd00::7 fe80::7 device 192.0.2.10 fd00::10 fe80::10" "device fd00::10 fe80::10 attacker 192.0.2.7 fd00::7 fe80::7"; do
    read -r one global link other addresses <<<"$pair"
    ip -n "tg-$one-$$" addr add "$global/64" dev eth0 nodad
    ip -n "tg-$one-$$" addr add "$link/64" dev eth0 nodad
    for address in $addresses; do
        ip -n "tg-$one-$$" neigh replace "$address" lladdr "$(mac_of "$other")" dev eth0 nud permanent
    done
done
ip -n "tg-device-$$" neigh replace 192.0.2.9 lladdr "$(mac_of attacker)" dev eth0 nud permanent
# The attacker's own host says nothing unasked: each drop is of a packet that was sent here.
on attacker nft -f - <<'END'
table inet quiet {
    chain out {
        type filter hook output priority 0;
        icmpv6 type { nd-router-solicit, mld-listener-report, mld-listener-done, mld2-listener-report } drop
        meta l4proto igmp drop
    }
}
END
witness_start
odd() { on "$1" /usr/bin/python3 "$standing_support/odd_connections.py" "${@:2}"; }
background device /usr/bin/python3 "$standing_support/odd_connections.py" echo 5002
until_true 60 listens device 5002 || fail "nobody says anything back"
policy() { # STAGE
    only_5000 "$1" | sed 's/tcp\/5000/&, tcp\/5002/
        s/^  allow:/&\n    - {name: out, direction: egress, ports: [tcp\/7000]}/'
}
policy learn >"$lab/policy.yaml"
all_cells=$'v4-plain\nv4-tagged\nv6-plain\nv6-tagged'
attach_mode() { api status | jq -r '.interfaces[0].attach.ingress'; }
sort_cells() { grep -oE 'v[46]-(plain|tagged)' | sort; }
cells() { # WHAT: what is allowed is answered; what got to the closed port is in $forbidden
    rm -f "$lab/reached"
    [[ $(odd attacker cells eth0 "$(mac_of device)" | sort_cells) == "$all_cells" ]] || fail "$1: what is allowed does not pass"
    forbidden=
    [[ ! -e $lab/reached ]] || forbidden=$(sort_cells <"$lab/reached")
    rm -f "$lab/reached"
}

cell() { # RUNG TUNNEL
    local what="$1, ${2:-no tunnel}" flags=(--xdp-mode "$1") drops
    [[ -z $2 ]] || flags+=(--tunnel "$2")
    daemon_start --policy "$lab/policy.yaml" "${flags[@]}"
    [[ $(attach_mode) == "$1" ]] || fail "$what: it is attached as $(attach_mode)"
    cells "$what, learn"
    [[ $forbidden == "$all_cells" ]] || fail "$what: learning drops, or the test sends nothing: $forbidden"

    # L07: from learn to enforce, an open connection does not notice.
    rm -f "$lab/enforced"
    odd attacker hold 192.0.2.10 5002 "$lab/enforced" >"$lab/held" &
    local holder=$!
    until_true 60 grep -q 1 "$lab/held" || fail "$what: no connection"
    api enforce '{"confirmWithin":600}' >/dev/null
    api confirm '{}' >/dev/null
    touch "$lab/enforced"
    wait "$holder" || true
    grep -q 2 "$lab/held" || fail "$what: enforcing ends an approved connection"

    cells "$what, enforce"
    [[ -z $forbidden ]] || fail "$what: this gets to the closed port: $forbidden"

    # P37: segmentation offload; every byte arrives, and no packet of it is dropped or counted twice.
    drops=$(frames_of ingress | jq .[2])
    odd attacker pour 192.0.2.10 5002 4000000 || fail "$what: a connection loses bytes"
    [[ $(frames_of ingress | jq .[2]) == "$drops" ]] || fail "$what: large packets are dropped: $(frames_of ingress)"
    api status | jq -e '.interfaces[0].ingress.passedBytes | . >= 4000000 and . < 12000000' >/dev/null ||
        fail "$what: of 4 MB, $(api status | jq '.interfaces[0].ingress.passedBytes') bytes are counted"
    standing_begin
    standing_holds "$what"
}
end_cell() {
    daemon_kill TERM
    reboot_data_path
    rm -rf "$lab/state"
}
ran=0
for rung in native generic tc; do
    for tunnel in "" "tgw$$"; do
        cell "$rung" "$tunnel"
        end_cell
        ((ran += 1))
    done
done

# P44: nothing that is forbidden leaves, by whatever way; each is counted.
policy enforce >"$lab/policy.yaml"
background attacker python3 "$standing_support/witness.py" "$lab/left" "$lab/attacker.frames" eth0
until_true 60 test -s "$lab/attacker.frames" || fail "no witness"
odd device out fe80::7 >/dev/null 2>&1
until_true 5 test -s "$lab/left" || fail "without a gate nothing leaves, either"
rm "$lab/left"
daemon_start --policy "$lab/policy.yaml"
drops=$(frames_of egress | jq .[2])
ways=$(odd device out fe80::7 2>/dev/null)
until_true 5 eval '(($(frames_of egress | jq .[2]) >= drops + ways))' || fail "of $ways ways out $(($(frames_of egress | jq .[2]) - drops)) are counted"
[[ ! -e $lab/left ]] || fail "this leaves: $(<"$lab/left")"

# P30: both ends open the connection at once. It comes up where the other end may, too.
crosses() { # PORT
    odd attacker cross eth0 "$(mac_of device)" "$1" >"$lab/crossed" 2>/dev/null &
    local neighbour=$!
    sleep 1
    on device timeout 3 python3 -c '
import socket, sys
one = socket.socket()
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
one.bind(("192.0.2.10", int(sys.argv[1])))
one.settimeout(2)
one.connect(("192.0.2.9", 7000))' "$1" 2>"$lab/said" || { kill "$neighbour" 2>/dev/null; return 1; }
    wait "$neighbour" 2>/dev/null || true
    grep -q established "$lab/crossed"
}
sed -i 's/tcp\/5002/&, tcp\/5003/' "$lab/policy.yaml"
jq -n --rawfile yaml "$lab/policy.yaml" '{yaml: $yaml, confirmWithin: 600}' >"$lab/apply.json"
api policy/apply "@$lab/apply.json" >/dev/null
crosses 5003 || fail "a connection that both may open does not come up: $(<"$lab/said")"
! crosses 5004 || fail "a neighbour's SYN comes in where only we may open a connection"
end_cell

# P36: an MTU beyond what native XDP takes: the rung is told, the verdicts are the same.
ip -n "tg-device-$$" link set eth0 mtu 9000
ip -n "tg-attacker-$$" link set eth0 mtu 9000
daemon_start --policy "$lab/policy.yaml"
api status | jq -e '.interfaces[0].attach | .ingress != "none" and (.ingress == "native" or (.fallbackReason | length > 0))' >/dev/null ||
    fail "with an MTU of 9000: $(api status | jq -c '.interfaces[0].attach')"
large() { # PORT: an answer to 8,900 bytes over IPv4, and over IPv6 behind headers of 3,000
    on attacker /usr/bin/python3 -c '
import socket, sys
from scapy.all import IPv6, IPv6ExtHdrDestOpt, PadN, UDP, Ether, Raw, raw
port, mac = int(sys.argv[1]), sys.argv[2]
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.settimeout(1)
one.sendto(bytes(8900), ("192.0.2.10", port))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.settimeout(1)
six.bind(("::", 0))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
def options(length): # PadN has at most 255 bytes
    return IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(250))] * (length // 252))
packet = options(1512) / options(1512) / UDP(sport=six.getsockname()[1], dport=port) / Raw(b"behind much")
wire.send(raw(Ether(src=wire.getsockname()[4], dst=mac) / IPv6(src="fd00::7", dst="fd00::10") / packet))
answers = 0
for socket_ in (one, six):
    try:
        answers += socket_.recv(16) == b"hello"
    except TimeoutError:
        pass
print(answers)' "$1" "$(mac_of device)"
}
echo "with an MTU of 9000: $(attach_mode), $(large 5000) of 2 large datagrams to the open port are answered"
[[ $(large 5000) -ge 1 && $(large 6000) == 0 && ! -e $lab/reached ]] || fail "large packets: $(sort "$lab/reached" | uniq -c)"
standing_begin
standing_holds "with an MTU of 9000"
echo "$((ran * 16)) cells"
