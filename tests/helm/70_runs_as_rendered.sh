#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The chart as it is by default, run by runc with the image's root file system and exactly the rights that
# the rendered pod has: it attaches and learns, a ConfigMap-style swap of the policy is in force within 2 s,
# a bad policy harms neither the gate nor the probes, an upgrade keeps enforcing, and detaching leaves
# nothing in the kernel.
#
# Cases C18, F24
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helm/pod.sh
source "$(dirname "$0")/pod.sh"
pod_lab

milliseconds() { echo $(($(date +%s%N) / 1000000)); }
status() { inside "$running" tollgate status -o json; }
stage() { status | jq -r '.interfaces[] | select(.name == "eth0") | .stage'; }
file_state() { status | jq -r .policyFile.state; }
reaches() { # PORT of the node, from outside
    on control python3 -c '
import socket, sys
s = socket.create_connection(("192.0.2.10", int(sys.argv[1])), timeout=1)
s.settimeout(1)
sys.exit(s.recv(16) != b"hello")' "$1" 2>/dev/null
}
all_pass() { reaches 22 && reaches 80; }
only_ssh_passes() { reaches 22 && ! reaches 80; }

for port in 22 80; do
    serve node 192.0.2.10 "$port"
done
until_true 10 reaches 80 || fail "the lab does not work"

# --- learning, by default ---
rendered default.yaml
start first default.yaml tollgate
running=first
until_true 20 ready || { cat "$lab/first.log"; fail "not ready"; }
[[ $(probe /livez) == 200 ]] || fail "not alive"
pid=$(runc --root "$lab/runc" state first | jq .pid)
# BPF, PERFMON, NET_ADMIN, NET_RAW, IPC_LOCK are the bits 39, 38, 12, 13, 14.
expected=$(printf '%016x' $(((1 << 39) | (1 << 38) | (1 << 12) | (1 << 13) | (1 << 14))))
for kind in CapPrm CapEff CapBnd; do
    grep -q "^$kind:.*$expected" "/proc/$pid/status" || fail "$kind is $(grep "$kind" "/proc/$pid/status")"
done
grep -q '^NoNewPrivs:.*1' "/proc/$pid/status" || fail "it may gain privileges"
grep -q '^Seccomp:.*2' "/proc/$pid/status" || fail "no seccomp profile"
awk '$5 == "/" { exit $6 !~ /(^|,)ro(,|$)/ }' "/proc/$pid/mountinfo" || fail "the root file system can be written"
[[ $(stage) == learn ]] || fail "the stage is not learn: $(status)"
until_true 5 eval '[[ $(file_state) == inForce ]]' || fail "the policy is $(file_state)"
all_pass || fail "learning blocks"
learned() { inside first tollgate learn review -a -o json | jq -e '[.candidates[].services[]] | contains(["tcp/80"])' >/dev/null; }
until_true 20 learned || fail "nothing is learned: $(inside first tollgate learn review -a -o json)"

# Of the limit: the agent, and the gate's tables, which count as the container's where the kernel does so.
group=$(awk -F: '$2 == "memory" || $2 == "" { print $3; exit }' "/proc/$pid/cgroup")
used=$(cat "/sys/fs/cgroup/memory$group/memory.usage_in_bytes" 2>/dev/null || cat "/sys/fs/cgroup$group/memory.current")

# --- the policy, swapped live ---
rendered enforce.yaml --set mode=enforce --set 'policy.allow[0].name=ssh' --set 'policy.allow[0].direction=ingress' \
    --set 'policy.allow[0].ports={tcp/22}'
begin=$(milliseconds)
swap "$lab/enforce.yaml"
until_true 5 eval '[[ $(stage) == enforce ]]' || fail "the swap is not taken"
took=$(($(milliseconds) - begin))
reaches 80 && fail "what the policy does not allow passes"
reaches 22 || fail "what the policy allows does not pass"
((took <= 2000)) || fail "the swap is in force after $took ms, not within 2000"
until_true 5 eval '[[ $(file_state) == inForce ]]' || fail "the API server does not confirm it: $(status)"

# --- a bad policy ---
sed 's/default:/defaults:/' "$lab/enforce.yaml" >"$lab/bad.yaml"
swap "$lab/bad.yaml"
until_true 5 eval '[[ $(file_state) == refused ]]' || fail "a bad policy is not refused"
[[ $(probe /livez) == 200 && $(probe /readyz) == 200 ]] || fail "a bad policy fails a probe"
only_ssh_passes || fail "a bad policy changes the gate"
[[ $(state first) == running ]] || fail "a bad policy ends the container"

# --- the container dies and another one comes, with the bad policy still there ---
runc --root "$lab/runc" kill first KILL
until_true 10 stopped first || fail "the container does not end"
reaches 80 && fail "the gate opens when the container dies"
rendered logging.yaml --set flowLog.enabled=true --set flowLog.interval=5
rm -r "$lab/volumes/config" # of another ConfigMap
start second logging.yaml tollgate
running=second
until_true 20 ready || { cat "$lab/second.log"; fail "the next one is not ready"; }
[[ $(stage) == enforce ]] || fail "the next one forgets"
only_ssh_passes || fail "the next one does not keep the gate as it was"
swap "$lab/enforce.yaml"
until_true 5 eval '[[ $(file_state) == inForce ]]' || fail "the good policy does not come back"
reaches 22 || fail "no connection to tell of"
told() { grep '^{' "$lab/second.log" | jq -se 'any(.kind == "FlowLog" and .localPort == 22 and .verdict == "pass")' >/dev/null; }
until_true 20 told || fail "the flow log does not tell of it: $(cat "$lab/second.log")"
memory=$(($(on node curl -sS http://192.0.2.10:9586/metrics | awk '/^process_resident_memory_bytes/ { printf "%d", $2 }') / 1048576))

# --- detach, the step before helm uninstall ---
attached() {
    ip -n "tg-node-$$" -j -d link show eth0 | jq -e '.[0].xdp != null' >/dev/null ||
        on node tc filter show dev eth0 egress | grep -q . || [[ -e $lab/bpf/tollgate ]]
}
attached || fail "the test cannot tell that something is attached"
runc --root "$lab/runc" kill second TERM
until_true 10 stopped second || fail "the container does not end by TERM"
rendered detach.yaml --set detach=true
start detach detach.yaml detach
until_true 10 stopped detach || fail "the detaching container does not end"
attached && fail "something is left: $(ls "$lab/bpf") $(ip -n "tg-node-$$" -d link show eth0)"
reaches 80 || fail "the node is not open after detaching"
start idle detach.yaml tollgate
sleep 0.5
[[ $(state idle) == running ]] || { cat "$lab/idle.log"; fail "the pod would restart for ever"; }
runc --root "$lab/runc" kill idle TERM
until_true 5 stopped idle || fail "the idle container does not end by TERM"
attached && fail "the idle container attaches something"
echo "the swap was in force after $took ms; the agent has $memory MiB, the container $((used >> 20)) MiB"
