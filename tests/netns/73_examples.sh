#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every policy of examples/policies is taken by an agent, and does what it says: the `tollgate trace` lines of its
# comments. The other examples of examples/README.md are taken, too.
#
#   device eth0 192.0.2.10 ── 192.0.2.7 eth0 neighbour
# shellcheck disable=SC2154 # variables of the files below
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
examples=$(cd "$(dirname "$0")/../../examples" && pwd)
lab_start
host device && host neighbour
wire device eth0 192.0.2.10/24 neighbour eth0 192.0.2.7/24
peers=
for peer in nvr:10.9.0.2/32 desk:10.9.0.3/32 recorder:10.9.0.4/32 site-b:10.2.0.0/24 site-a:10.1.0.0/24; do
    peers+="      - {name: ${peer%%:*}, publicKey: \"$(wg genkey | wg pubkey)\", allowedIPs: [${peer#*:}]}"$'\n'
done
(umask 077 && wg genkey >"$lab/wg0.key")
cat >"$lab/tollgate.yaml" <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
tunnels:
  - name: wg0
    privateKeyFile: $lab/wg0.key
    addresses: [10.9.0.1/24]
    peers:
$peers
YAML
daemon_start --config "$lab/tollgate.yaml" --uapi-dir "$lab/uapi"
until_true 10 eval '[[ $(api status | jq ".interfaces | length") == 2 ]]' || fail "no tunnel: $(<"$lab/tollgated.log")"
tollgate() { on device env -u SSH_CONNECTION "$bin/tollgate" --socket "$lab/run/control.sock" "$@" >"$lab/out" 2>&1; }

traces=0
for policy in "$examples"/policies/*.yaml; do
    name=$(basename "$policy")
    tollgate policy apply "$policy" || fail "$name is not taken: $(<"$lab/out")"
    tollgate confirm || fail "$(<"$lab/out")"
    tollgate policy export nft "$policy" || fail "$name is not exported: $(<"$lab/out")"
    before=$traces
    while read -r -u 9 arguments; do
        # shellcheck disable=SC2086 # words
        tollgate trace $arguments || fail "$name: $arguments: $(<"$lab/out")"
        traces=$((traces + 1))
    done 9< <(grep -oP '^#   tollgate trace \K.*' "$policy")
    ((traces >= before + 2)) || fail "$name has no traces"
done
((traces >= 35)) || fail "only $traces traces"

tollgate blocklist load "$examples/blocklist.txt" || fail "$(<"$lab/out")"
[[ $(api status | jq '[.tables[] | select(.table == "blocklist")][0].used') == 3 ]] || fail "not all of the block list is there"
tollgate policy import mud "$examples/lamp.mud.json" --define dns=192.168.7.1 --define local-networks=192.168.7.0/24 \
    --strict -o "$lab/lamp.yaml" || fail "the MUD file: $(<"$lab/out")"
echo "$traces traces"
