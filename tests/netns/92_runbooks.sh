#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The commands of docs/runbooks and docs/troubleshooting.md exist, and are understood by an agent that runs. systemd's own
# are left out: the lab has no service.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
# shellcheck disable=SC2119 # no more flags
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/page.sh
source "$(dirname "$0")/page.sh"
docs=$(cd "$(dirname "$0")/../../docs" && pwd)
pages=("$docs"/runbooks/*.md "$docs/troubleshooting.md")
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
(umask 077 && wg genkey >"$lab/wg0.key")
cat >"$lab/tollgate.yaml" <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
tunnels: [{name: wg0, privateKeyFile: $lab/wg0.key, addresses: [10.9.0.1/24]}]
YAML
daemon_start --config "$lab/tollgate.yaml" --uapi-dir "$lab/uapi"
cat >"$lab/policy.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: lab}
spec:
  mode: learn
YAML

# What stands for something else in a page.
filled_in() {
    sed -e "s|FILE|$lab/policy.yaml|; s|INTERFACE|eth0|; s|ADDRESS|192.0.2.99|; s|\bID\b|c1|" \
        -e 's|SOURCE DESTINATION PROTOCOL/PORT|192.0.2.1 192.0.2.10 tcp/22|'
}

commands() {
    {
        page_commands "${pages[@]}"
        page_phrases "${pages[@]}"
    } | grep -vE '^sudo (systemctl|journalctl) ' | sed 's/^sudo //' | filled_in | sort -u
}

count=0
while read -r command; do
    status=0
    on device env TOLLGATE_SOCKET="$lab/run/control.sock" PATH="$bin:$PATH" \
        timeout 30 bash -c "$command" >"$lab/out" 2>&1 </dev/null || status=$?
    case $status:$command in # not understood, no agent, too slow, no such program
        2:'ip link set '*) ;;  # the kernel does not let ip(8) take off a gate that is well
        [237]:* | 124:* | 126:* | 127:*) cat "$lab/out" && fail "'$command' exited with $status" ;;
    esac
    count=$((count + 1))
done < <(commands)
((count > 40)) || fail "only $count commands were found"
echo "$count commands"
