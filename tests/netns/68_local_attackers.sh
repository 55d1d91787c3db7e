#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/threat-model.md, people on the host itself: who may ask and change what; that root gets past the gate on the way out
# by a raw socket, as the page admits, and that a container's root does not, nor what it sends from a tunnel's port.
#
#   container eth0 10.5.0.2 ── 10.5.0.1 veth0 device eth0 192.0.2.10 ── 192.0.2.7 eth0 outside
#
# Cases P44, S01, S08
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
if [[ -z ${IN_OWN_MOUNTS:-} && $EUID == 0 ]]; then # a group of its own in /etc/group
    IN_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0"
fi
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
lab_start
cp /etc/group "$lab/group"
sed -i '/^tollgate:/d' "$lab/group"
printf '%s\n' tollgate:x:64242: tollgate-operator:x:64243: >>"$lab/group"
mount --bind "$lab/group" /etc/group
host device && host outside && host container
wire device eth0 192.0.2.10/24 outside eth0 192.0.2.7/24
wire container eth0 10.5.0.2/24 device veth0 10.5.0.1/24
on device sysctl -qw net.ipv4.ip_forward=1
on container ip route add default via 10.5.0.1
on outside ip route add 10.5.0.0/24 via 192.0.2.10
chmod 755 "$lab"
install -d -m 0750 -g tollgate "$lab/run" # as packaging/tollgate.tmpfiles does
tunnel_keys
daemon_start --tunnel "$wg"
device_wg set private-key "$lab/device.key" listen-port 51820
as() { # UID GROUP ARGS...: the command line, and its exit code
    local code=0
    on device setpriv --reuid "$1" --regid 65534 --groups "$2" "$bin/tollgate" --socket "$lab/run/control.sock" --pin-dir "$pins" \
        "${@:3}" >"$lab/answer" 2>&1 || code=$?
    echo "$code"
}

# Who may do what.
[[ $(as 65534 65534 status) != 0 ]] || fail "anybody may read"
[[ $(as 65534 64242 status) == 0 ]] || fail "the group may not read: $(<"$lab/answer")"
[[ $(as 65534 64242 observe) == 0 ]] || fail "the group may not look: $(<"$lab/answer")"
for change in "enforce" "learn start" "confirm" "blocklist add 192.0.2.7" "policy rollback"; do
    # shellcheck disable=SC2086 # words
    [[ $(as 65534 64242 $change) == 4 ]] || fail "the group may $change: $(<"$lab/answer")"
done
[[ $(as 65534 64242 open) != 0 ]] || fail "the group may open the gate: $(<"$lab/answer")"
[[ $(stage) == learn ]] || fail "something has changed"

# An operator may block, and not unblock, by whatever call.
as_operator() { # VERB BODY: the answer
    on device setpriv --reuid 65534 --regid 65534 --groups 64242,64243 curl -s --unix-socket "$lab/run/control.sock" \
        -d "$2" "http://localhost/v1/blocklist/$1"
}
[[ $(as_operator add '{"prefixes": ["198.51.100.0/24"]}' | jq .count) == 1 ]] || fail "an operator may not block"
[[ $(as_operator add '{"prefixes": [], "replace": true}' | jq -r .error.code) == invalid ]] || fail "an operator may replace the block list"
for verb in remove load; do
    [[ $(as_operator $verb '{"prefixes": ["198.51.100.0/24"], "replace": true}' | jq -r .error.code) == forbidden ]] ||
        fail "an operator may $verb the block list"
done
[[ $(api blocklist | jq .count) == 1 ]] || fail "an operator has unblocked something: $(api blocklist)"
api blocklist/remove '{"prefixes": ["198.51.100.0/24"]}' >/dev/null

# A frame to 192.0.2.7, udp/9999, by a raw socket. raw HOST BYPASS NEXT-HOP SOURCE
raw() {
    on "$1" python3 -c '
import socket, struct, sys
bypass, target, source = int(sys.argv[1]), bytes.fromhex(sys.argv[2].replace(":", "")), sys.argv[3]
udp = struct.pack("!HHHH", 9999, 9999, 9, 0) + b"x"
head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(udp), 1, 0, 64, 17)
ends = socket.inet_aton(source) + socket.inet_aton("192.0.2.7")
total = sum(struct.unpack("!9H", head + ends))
total = (total & 0xFFFF) + (total >> 16)
packet = head + struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + ends + udp
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
PACKET_QDISC_BYPASS = 20
wire.setsockopt(263, PACKET_QDISC_BYPASS, bypass) # SOL_PACKET
wire.bind(("eth0", 0))
wire.send(target + wire.getsockname()[4] + b"\x08\x00" + packet)' "$2" "$3" "$4"
}
mac_of() { ip -n "tg-$1-$$" -j link show "$2" | jq -r '.[0].address'; }
arrived() { [[ -s $lab/arrived ]] && rm "$lab/arrived"; }
background outside python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.7", 9999))
while True:
    s.recvfrom(64)
    with open(sys.argv[1], "a") as f: f.write("x")' "$lab/arrived"
until_true 5 eval 'on outside ss -Hlun "sport = :9999" | grep -q .'
outside=$(mac_of outside eth0) router=$(mac_of device veth0)
raw device 0 "$outside" 192.0.2.10
raw container 1 "$router" 10.5.0.2
until_true 5 arrived || fail "learning drops"
api enforce '{"confirmWithin":600}' >/dev/null
sleep 0.5
rm -f "$lab/arrived"
! raw device 0 "$outside" 192.0.2.10 2>/dev/null || fail "a raw socket is not told that its frame was dropped"
raw container 0 "$router" 10.5.0.2
raw container 1 "$router" 10.5.0.2
sleep 0.5
! arrived || fail "a raw socket of the host, or a container, gets past the gate"
raw device 1 "$outside" 192.0.2.10
until_true 5 arrived || fail "docs/threat-model.md says that root on the host gets past: it does not any more"

# A tunnel's own datagrams need no rule: those of others from a port of that number do.
python3_says='import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("10.5.0.2", 51820))
s.sendto(b"x", ("192.0.2.7", 9999))'
rm -f "$lab/arrived"
on container python3 -c "$python3_says"
sleep 0.5
! arrived || fail "a container gets past the gate from the port of a tunnel"
