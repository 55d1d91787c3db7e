#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A policy file that is followed: the swap of a ConfigMap is in force within 2 s, an invalid file changes
# nothing, and a policy that cuts off what it must not is taken back.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Cases C14, C18
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
serve device 192.0.2.10 22
serve device 192.0.2.10 80
serve router 192.0.2.1 6443
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
folder=$lab/policy
version=0

# swap: what the kubelet does when a ConfigMap has changed to what is on standard input.
swap() {
    version=$((version + 1))
    mkdir -p "$folder/..$version"
    cat >"$folder/..$version/policy.yaml"
    ln -s "..$version" "$folder/..data_tmp"
    mv -T "$folder/..data_tmp" "$folder/..data"
    [[ -L $folder/policy.yaml ]] || ln -s ..data/policy.yaml "$folder/policy.yaml"
}

# policy PORT [EGRESS-PORT]: lets one service in, and one out.
policy() {
    cat <<END
apiVersion: tollgate/v1
kind: Policy
metadata: {name: port-$1}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  failsafe: [{name: api, direction: egress, ports: [tcp/${2:-6443}]}]
  allow: [{name: service, direction: ingress, ports: [tcp/$1]}]
END
}

file_state() { api status | jq -r .policyFile.state; }
reload_successful() {
    on device curl -sS http://127.0.0.1:9586/metrics | awk '/^tollgate_policy_last_reload_successful/ { print $2 }'
}
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

follow=(--policy "$folder/policy.yaml" --policy-watch apply --policy-reach 192.0.2.1:6443)
daemon_start "${follow[@]}"
[[ $(file_state) == refused && $(stage) == learn ]] || fail "without a file the agent does not learn"
policy 22 | swap
until_true 4 eval '[[ $(file_state) == inForce ]]' || fail "the first policy is not confirmed: $(api status)"
reaches router 192.0.2.10 22 || fail "what the policy allows does not pass"
reaches router 192.0.2.10 80 && fail "what the policy does not allow passes"

begin=$(milliseconds)
policy 80 | swap
until_true 4 reaches router 192.0.2.10 80 || fail "the swap is not in force"
took=$(($(milliseconds) - begin))
((took <= 2000)) || fail "the swap is in force after $took ms, not within 2000"
until_true 4 eval '[[ $(file_state) == inForce ]]' || fail "the swap is not confirmed"

echo 'spec: {mode: open}' | swap
until_true 4 eval '[[ $(file_state) == refused ]]' || fail "an invalid file is not refused"
[[ $(reload_successful) == 0 ]] || fail "the metric does not tell of the refusal"
api status | jq -r '.warnings[]' | grep -q "policy.yaml:1:" || fail "status does not say what is wrong"
grep -q 'event=policy.refused' "$lab/tollgated.log" || fail "the log does not tell of the refusal"
reaches router 192.0.2.10 80 || fail "an invalid file changes what is in force"
daemon_kill KILL
daemon_start "${follow[@]}"
[[ $(stage) == enforce ]] || fail "an invalid file opens the gate at a restart"
reaches router 192.0.2.10 80 || fail "an invalid file changes what is in force at a restart"

policy 22 443 | swap # the router's 6443 is cut off
until_true 4 reaches router 192.0.2.10 22 || fail "the policy is not tried"
[[ $(file_state) == confirming ]] || fail "a policy that cuts off its place is confirmed"
daemon_kill KILL # the deadline is the kernel's
until_true 40 reaches router 192.0.2.10 80 || fail "the policy before does not come back"
daemon_start "${follow[@]}"
until_true 4 eval '[[ $(file_state) == confirming ]]' || fail "what nobody was there to confirm is not tried again"
TOLLGATE_SOCKET=$lab/run/control.sock "$bin/tollgate" policy rollback
until_true 4 eval '[[ $(file_state) == reverted ]]' || fail "status does not say that the policy was taken back"
policy 22 | swap
until_true 4 eval '[[ $(file_state) == inForce ]]' || fail "after that, no policy is taken any more"
echo "in force after $took ms"
