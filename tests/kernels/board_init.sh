#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# The first process of a kernel that board.sh boots: what a host behind a veth reaches while a policy is in force, what is
# dropped, what of it is learned, how the processes of the daemon are confined, and whether its tunnel reaches the kernel's own
# WireGuard. Says what came of it in lines that begin with RESULT.
#
#   this kernel veth0 192.0.2.1 ── 192.0.2.2 veth1 other      this kernel also has the NIC of the machine
#               tg0   10.9.0.1    tunnel    10.9.0.2 wg0
# shellcheck shell=sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t bpf bpf /sys/fs/bpf
mount -t tmpfs tmp /tmp

result() { echo "RESULT $*"; }
failed() { result "FAILED: $*"; }

# wait_until SECONDS COMMAND...: as long as the daemon lives
wait_until() {
    left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$left" -gt 0 ] && kill -0 "$daemon" 2>/dev/null || return 1
        left=$((left - 1))
        sleep 1
    done
}

other() { nsenter -t "$other" -n "$@"; }

make_network() {
    nic=$(basename "$(dirname /sys/class/net/*/device)")
    ip link set lo up
    ip link add veth0 type veth peer name veth1
    unshare -n sleep 86400 &
    other=$!
    sleep 1
    ip link set veth1 netns "$other"
    ip addr add 192.0.2.1/24 dev veth0
    ip link set veth0 up
    other ip link set veth1 up
    other ip addr add 192.0.2.2/24 dev veth1
    echo 'here' >/tmp/index.html
    httpd -h /tmp -p 192.0.2.1:80
    httpd -h /tmp -p 192.0.2.1:81
}

write_files() {
    umask 077
    wg genkey >/etc/own.key
    wg genkey >/etc/other.key
    cat >/etc/policy.yaml <<END
apiVersion: tollgate/v1
kind: Policy
metadata: {name: board}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: web, direction: ingress, ports: [tcp/80]}
    - {name: ping-in, direction: ingress, protocols: [icmp/echo-request], via: tunnel}
    - {name: ping-out, direction: egress, protocols: [icmp/echo-request], via: tunnel}
END
    cat >/etc/tollgate.yaml <<END
apiVersion: tollgate/v1
kind: Agent
interfaces: [$nic, veth0]
tunnels:
  - name: tg0
    privateKeyFile: /etc/own.key
    listenPort: 51820
    addresses: [10.9.0.1/24]
    peers:
      - {name: other, publicKey: $(wg pubkey </etc/other.key), endpoint: "192.0.2.2:51821", allowedIPs: [10.9.0.2/32]}
END
    other ip link add wg0 type wireguard
    other ip addr add 10.9.0.2/24 dev wg0
    other wg set wg0 listen-port 51821 private-key /etc/other.key \
        peer "$(wg pubkey </etc/own.key)" endpoint 192.0.2.1:51820 allowed-ips 10.9.0.1/32
    other ip link set wg0 up
}

# get PATH ADDRESS PORT: by HTTP. wget(1) of this busybox crashes on 32-bit ARM; nc(1) says when its input ends, and
# who is asked takes that for the end of it all.
get() { { printf 'GET %s HTTP/1.0\r\n\r\n' "$1" && sleep 3; } | timeout 30 nc -w 20 "$2" "$3"; }
get_from_other() { { printf 'GET %s HTTP/1.0\r\n\r\n' "$1" && sleep 3; } | other timeout 30 nc -w 20 "$2" "$3"; }

fetches() { get_from_other /index.html 192.0.2.1 "$1" | grep -qx here; }
pings_other() { ping -c 1 -W 10 10.9.0.2; }
pings_us() { other ping -c 1 -W 10 10.9.0.1; }

# drops REASON: of this reason, on all interfaces
drops() {
    get /metrics 127.0.0.1 9586 |
        awk -v reason="reason=\"$1\"" '/^tollgate_drops_total/ && index($0, reason) { n += $NF } END { print n + 0 }'
}

check_gate() {
    fetches 80 || failed "what is allowed does not pass"
    ! fetches 81 || failed "what is forbidden passes"
    dropped=$(drops policy_default)
    [ "$dropped" -gt 0 ] || failed "drops are not counted"
    result "  enforces: what is allowed passes, $dropped packets of the rest dropped"
}

check_tunnel() {
    wait_until 60 pings_other || failed "no answer through the tunnel"
    pings_us || failed "no answer through the tunnel, the other way"
    result "  tunnel: answers both ways"
}

# field PID NAME: of /proc/PID/status
field() { sed -n "s/^$2:[^0-9a-f]*\([0-9a-f]*\).*/\1/p" "/proc/$1/status"; }

# The processes that stay: those for metrics and DNS, and that of the tunnel. That for YAML has read the files above.
check_processes() {
    confined=0
    for status in /proc/[0-9]*/status; do
        process=$(basename "${status%/status}")
        [ "$(field "$process" PPid)" = "$daemon" ] || continue
        confined=$((confined + 1))
        [ "$(field "$process" Seccomp)" = 2 ] || failed "no system call filter: $(cat "$status")"
        [ "$(field "$process" Uid)" = 65534 ] || failed "has a user: $(cat "$status")"
        [ "$(field "$process" CapEff)" = 0000000000000000 ] || failed "has capabilities: $(cat "$status")"
    done
    [ "$confined" = 3 ] || failed "$confined processes instead of 3"
    ! grep -E 'event=(process.ended|tunnel.failed)' /tmp/log || failed "a confined process ended"
    result "  $confined processes with filters of system calls"
}

learned_of() { tollgate learn status | grep "^seen .*$1 flows"; }

check_learning() {
    tollgate --timeout 120 learn start --accept-risk=open >/dev/null || failed "it does not learn"
    fetches 81 || failed "does not pass while it learns"
    wait_until 60 learned_of '[1-9][0-9]*' || failed "$(tollgate learn status | grep '^seen')"
    result "  learned: $(tollgate learn status | sed -n 's/^seen *//p')"
}

try() {
    tollgated --config /etc/tollgate.yaml --policy /etc/policy.yaml --state-dir "/tmp/state$1" 2>/tmp/log &
    daemon=$!
    if ! wait_until 300 tollgate status; then
        cat /tmp/log
        if [ "$(uname -m) $1" = 'armv7l 1' ] && grep -q 'net.core.bpf_jit_enable=0' /tmp/log; then
            result '  does not load, and says that it has to be 0'
        else
            failed "$(tail -n 1 /tmp/log)"
        fi
        return
    fi
    bpftool prog show >/tmp/programs
    result "  $(grep -c ' jited' /tmp/programs) programs, $(grep -c 'not jited' /tmp/programs) of them interpreted"
    tollgate status -o json | tr -d ' \n' | sed -E 's/"attach":\{([^}]*)\}/\n\1\n/g' | grep '^"' | sed 's/^/RESULT   /'
    check_gate
    check_tunnel
    check_learning
    check_processes
    cat /tmp/log
    kill "$daemon"
    wait "$daemon"
    tollgate cleanup >/dev/null || failed "tollgate cleanup"
}

# check_tests PROGRAM [FILTER]
check_tests() {
    "$1" --gtest_brief=1 --gtest_filter="${2:-*}" >/tmp/unit 2>&1 || failed "$1: $(grep '^\[  FAILED  \] .*)' /tmp/unit)"
    cat /tmp/unit
    result "$1: $(sed -n 's/^\[  PASSED  \] //p' /tmp/unit)"
}

while read -r module; do
    insmod "/modules/$module" || failed "no module $module"
done </modules/order
echo "root:x:0:0::/:" >/etc/passwd
make_network
write_files
for jit in 0 1; do
    echo "$jit" >/proc/sys/net/core/bpf_jit_enable
    result "kernel $(uname -r) $(uname -m), net.core.bpf_jit_enable $(cat /proc/sys/net/core/bpf_jit_enable)"
    try "$jit"
done
# What qemu-user cannot run: the confinement's own tests, every filter, and those of the list.
check_tests unit_confine
for program in unit_system unit_support unit_cli unit_flowlog unit_tunnel unit_tunnel_process; do
    check_tests "$program" "$(cat /not_emulated)"
done
result 'done'
sync
poweroff -f
