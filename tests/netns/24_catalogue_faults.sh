#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The faults of the catalogue (docs/test-catalogue.md) around a daemon whose policy is in force: it is stopped while a flood
# comes, has no memory, no time, no random numbers and no bpf(2); its interface flaps and changes; others try to take the
# gate off. The policy holds all the while, and all is well afterwards.
#
#   attacker eth0 192.0.2.7 ── 192.0.2.10 eth0 device
#
# Cases F01, F02, F03, F06, F07, F09, F11, F17, F18, F20
# shellcheck disable=SC2119,SC2154 # functions without flags; variables of lib.sh, daemon.sh and standing.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/standing.sh
source "$(dirname "$0")/standing.sh"
lab_start
host attacker && host device
wire attacker eth0 192.0.2.7/24 device eth0 192.0.2.10/24
witness_start
only_5000 >"$lab/policy.yaml"
daemon_start --policy "$lab/policy.yaml"
holds() {
    reaches attacker 192.0.2.10 5000 || fail "$1: what is allowed does not pass"
    ! reaches attacker 192.0.2.10 6000 || fail "$1: what is forbidden passes"
    [[ ! -e $lab/reached ]] || fail "$1: this got past the gate: $(sort "$lab/reached" | uniq -c)"
}
attached() { api status | jq -e '.interfaces[0].attach | .ingress != "none" and .egress != "none"' >/dev/null; }
# flood DATAGRAMS: each of another flow, none allowed
flood() {
    on attacker python3 -c '
import socket, sys
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(int(sys.argv[1])):
    one.sendto(b"x", ("192.0.2.10", 6000 + number % 50000))' "$1"
}
dropped() { api status | jq '.interfaces[0].ingress.drops.policy_default // 0'; }
flows() { api status | jq '[.tables[] | select(.table == "flows" or .table == "embryos") | .used] | add'; }
holds "at first"
standing_begin

# F07, F02: stopped, while more is dropped than the ring holds events of.
before=$(dropped) entries=$(flows)
kill -STOP "$daemon"
flood 50000
holds "stopped"
kill -CONT "$daemon"
# Those that `holds` sends: a SYN, and perhaps a second one, for each time.
until_true 5 eval '(($(dropped) >= before + 50000 && $(dropped) <= before + 50010))' || fail "of 50000 dropped, $(($(dropped) - before)) are counted"
(($(flows) <= entries + 5)) || fail "what is denied leaves $(($(flows) - entries)) flows"
standing_holds "after it was stopped"

# F09: a hundred times down and up, other MTUs and modes.
for ((i = 0; i < 100; ++i)); do
    ip -n "tg-device-$$" link set eth0 down
    ip -n "tg-device-$$" link set eth0 up
done
until_true 10 reaches attacker 192.0.2.10 5000 || fail "nothing passes after the interface flapped"
attached || fail "the gate is gone after the interface flapped"
standing_holds "after the interface flapped"
for change in "mtu 9000" "mtu 1280" "mtu 1500" "promisc on" "promisc off" "allmulticast on" "txqueuelen 10"; do
    # shellcheck disable=SC2086 # words
    ip -n "tg-device-$$" link set eth0 $change 2>"$lab/said" || echo "not taken: $change: $(<"$lab/said")"
    until_true 5 attached || fail "the gate is gone after $change"
    standing_holds "after $change"
done

# F11: what the link refuses, and what is put back.
reattached() { # COMMAND...: whether the gate is there again, or still
    "$@" >"$lab/said" 2>&1 || true
    until_true 10 eval '! reaches attacker 192.0.2.10 6000' || fail "after '$*' the gate does not come back"
    until_true 10 attached || fail "after '$*' nobody has put the gate back"
    rm -f "$lab/reached" # the moment without it is root's
    holds "after '$*'"
}
! ip -n "tg-device-$$" link set eth0 xdp off 2>/dev/null || fail "ip takes the gate off"
! on device bpftool net detach xdp dev eth0 2>/dev/null || fail "bpftool net takes the gate off"
holds "after ip and bpftool net"
mapfile -t links < <(find "$pins" -name 'link_*')
((${#links[@]} == 2)) || fail "these are not the links: ${links[*]}"
for link in "${links[@]}"; do reattached on device bpftool link detach pinned "$link"; done
reattached on device tc qdisc del dev eth0 clsact
reattached find "$pins" -name 'link_*' -delete
daemon_kill KILL
holds "after the links were removed and the agent was killed"
daemon_start
standing_begin

# F03: no memory from some moment on.
limit=$(awk '/^VmSize/ { print $2 * 1024 }' "/proc/$daemon/status")
prlimit --pid "$daemon" --as="$limit"
head -c 1000000 /dev/zero | tr '\0' '#' >"$lab/large.yaml"
jq -n --rawfile yaml "$lab/large.yaml" '{yaml: $yaml}' >"$lab/large.json"
for _ in {1..10}; do
    api policy/diff "@$lab/large.json" >/dev/null 2>&1 || true
    api flows >/dev/null 2>&1 || true
done
holds "without memory"
if kill -0 "$daemon" 2>/dev/null; then
    daemon_kill KILL
else
    grep -qE 'event=(http\.failed|log\.lost)' "$lab/tollgated.log" || fail "it ended without a word: $(tail -3 "$lab/tollgated.log")"
fi
daemon_start
holds "after it had no memory"
daemon_kill TERM
again=(on device timeout 20 "$bin/tollgated" --interface eth0 --state-dir "$lab/state" --run-dir "$lab/run" --pin-dir "$pins"
    --metrics off)
injected() { # STRACE'S INJECTION...
    local options=() code=0
    for one; do options+=(-e "inject=$one"); done
    "${again[@]:0:4}" strace -f -o /dev/null -e trace=all "${options[@]}" "${again[@]:4}" >"$lab/said" 2>&1 || code=$?
    echo "$code"
}
for nth in 40 120 250; do
    on device timeout -s KILL 3 strace -f -o /dev/null -e trace=mmap,brk -e inject=mmap,brk:error=ENOMEM:when="$nth"+ \
        "${again[@]:4}" >"$lab/said" 2>&1 || true
    holds "without memory from the ${nth}th time on"
done

# F06: bpf(2) fails at the start.
for error in EPERM ENOMEM E2BIG EINVAL; do
    for nth in 1 30; do
        code=$(injected "bpf:error=$error:when=$nth+")
        [[ $code != 0 && $code -lt 124 ]] || fail "with $error of bpf it ends with $code: $(tail -3 "$lab/said")"
        grep -q 'level=error' "$lab/said" || fail "with $error of bpf it says nothing: $(tail -3 "$lab/said")"
        holds "with $error of bpf"
    done
done

# F18: no random numbers, no key.
code=0
strace -f -o /dev/null -e inject=getrandom:error=ENOSYS -e inject=openat,open:error=ENOENT:path=/dev/urandom \
    "$bin/tollgate" tunnel genkey >"$lab/key" 2>/dev/null || code=$?
[[ $code != 0 && ! -s $lab/key ]] || fail "without random numbers there is a key: $(<"$lab/key")"

# F20: it dies at each start, ten times.
cp "$lab/state/state.json" "$lab/state.json"
echo '{' >"$lab/state/state.json"
for _ in {1..10}; do
    ! "${again[@]}" 2>/dev/null || fail "it starts with a damaged state"
done
holds "after ten vain starts"
cp "$lab/state.json" "$lab/state/state.json"
daemon_start
standing_begin

# F17, F01: no time for the agent while all CPUs are busy; then it is killed in the flood.
chrt --all-tasks --idle --pid 0 "$daemon"
for ((i = 0; i < $(nproc); ++i)); do
    background device timeout 4 sh -c 'while :; do :; done'
done
flood 20000
holds "without time"
standing_holds "after it had no time"
flood 200000 &
flooding=$!
sleep 0.2
daemon_kill KILL
holds "killed in a flood"
daemon_start
wait "$flooding"
api status | jq -e '.interfaces[0].attach.adopted' >/dev/null || fail "the gate was made anew after a kill"
holds "with the next agent"
