#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A boot with a saved policy in enforce: traffic is there before the interface is up, the daemon starts before the
# interface is up, as its unit orders it, and from then on not one packet that the policy denies reaches a socket or
# is answered. So it is for interfaces that are there, for `auto` without a default route, and for an interface that
# comes later. docs/early-boot.md says what that leaves out.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case L12
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
support=$(dirname "$0")/../support

# The network as a boot finds it: configured, and down.
network() {
    ip -n "tg-router-$$" link add eth0 type veth peer name eth0 netns "tg-device-$$"
    on device ip link set eth0 address 02:00:00:00:00:0a
    on device ip addr add 192.0.2.10/24 dev eth0
    on device ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev eth0 nud permanent
    on router ip link set eth0 address 02:00:00:00:00:01
    on router ip addr add 192.0.2.1/24 dev eth0
    on router ip link set eth0 up
}
boot_ends() { # nothing of the kernel's state survives
    daemon_kill TERM
    reboot_data_path
    on router ip link del eth0
}

# knock COMMAND...: traffic before the command, and for a second after it. Then $open and $closed are the datagrams at
# the port that the policy allows and at the one that it does not, $answers what came back.
knock() {
    background device "$support/early_traffic.py" count 7 9 >"$lab/counted"
    local counter=$background_process
    background router "$support/early_traffic.py" send eth0 02:00:00:00:00:0a 192.0.2.1 192.0.2.10 >"$lab/answers"
    local sender=$background_process
    sleep 0.5
    "$@"
    sleep 1
    kill "$sender" "$counter"
    until_true 10 grep -q . "$lab/answers" || fail "nothing was sent"
    until_true 10 grep -q '^9 ' "$lab/counted" || fail "nothing was counted"
    open=$(sed -n 's/^7 //p' "$lab/counted")
    closed=$(sed -n 's/^9 //p' "$lab/counted")
    answers=$(<"$lab/answers")
}
device_up() { on device ip link set eth0 up; }

# boot LINE-OF-INTERFACES READY: the daemon as its unit starts it; what is ordered after it is READY.
boot() {
    printf 'apiVersion: tollgate/v1\nkind: Agent\ninterfaces: %s\npolicy: %s\n' "$1" "$lab/policy.yaml" >"$lab/tollgate.yaml"
    rm -f "$lab/notify"
    background device "$support/notify_socket.py" "$lab/notify" --ready "$2" -- "$bin/tollgated" \
        --config "$lab/tollgate.yaml" --state-dir "$lab/state" --run-dir "$lab/run" --pin-dir "$pins" \
        --metrics off 2>>"$lab/tollgated.log"
    daemon=$background_process
    until_true 20 grep -qs 'READY=1' "$lab/notify" || { cat "$lab/tollgated.log"; fail "it does not start"; }
}
closed_from_the_first_packet() {
    ((closed == 0)) || fail "$1: $closed datagrams that the policy denies came through"
    ((answers == 0)) || fail "$1: $answers answers"
    ((open > 100)) || { cat "$lab/tollgated.log"; fail "$1: only $open datagrams that the policy allows came through"; }
    echo "$1: $open datagrams allowed, $closed of as many that are not"
}
cat >"$lab/policy.yaml" <<'END'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: boot}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: open, direction: ingress, ports: [udp/7]}
END

# Without the daemon the traffic gets through: what follows can fail.
network
knock device_up
((closed > 100 && answers > 100)) || fail "the traffic of this test does not reach the device ($closed, $answers)"

# The last time before the boot: the policy is confirmed, and `auto` is the interface of the default route.
on device ip route add default via 192.0.2.1
boot '[auto]' true
api status | jq -e '.interfaces[0].name == "eth0" and .interfaces[0].stage == "enforce"' >/dev/null || fail "the lab is wrong"
boot_ends

network
knock boot '[eth0]' "ip link set eth0 up"
closed_from_the_first_packet "an interface that is there"
boot_ends

# `auto`, when there is no default route yet.
network
knock boot '[auto]' "ip link set eth0 up"
closed_from_the_first_packet "auto"
boot_ends

# A driver that is late: the daemon is ready, says that the interface is not protected, and is there when it comes.
boot '[eth0]' true
api status | jq -e 'any(.warnings[]; contains("eth0 is not protected"))' >/dev/null || fail "nobody says what is missing"
is_attached() { ip -n "tg-device-$$" -d link show eth0 | grep -q prog/xdp; }
network
until_true 5 is_attached || fail "the interface that came is not attached"
knock device_up
closed_from_the_first_packet "an interface that comes later"
boot_ends

# A start that fails leaves no folder: a network manager can ask for it.
network
code=0
on device "$bin/tollgated" --config "$lab/tollgate.yaml" --state-dir "$lab/state2" --run-dir "$lab/run" \
    --pin-dir "$pins" --policy "$lab/nowhere.yaml" --metrics off 2>/dev/null || code=$?
((code == 17)) || fail "it ends with $code, not 17"
[[ ! -e $pins ]] || fail "$(ls "$pins") is left"
