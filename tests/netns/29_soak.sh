#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# All at once, for SOAK_SECONDS (60; 1800 in tools/test --full): numbered datagrams and TCP through an enforcing gate and a
# tunnel with a stock peer, forbidden packets from the same host, policy swaps, peers that come and go, scrapes of
# the metrics and questions to the agent. Nothing allowed is lost but what the peer's kernel had no room for, nothing
# forbidden arrives, and of the agent's processes neither memory nor descriptors grow: the median of the last third
# against that of the second.
# Hosts and addresses: tests/netns/tunnel.sh
#
# Case F25
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
# shellcheck source=tests/netns/losses.sh
source "$(dirname "$0")/losses.sh"
seconds=${SOAK_SECONDS:-60}
slack_kib=2048 # malloc(3) takes memory in steps of a megabyte; in half an hour a leak is more
flows=$(dirname "$0")/../support/steady_flows.py
lab_start
metrics=127.0.0.1:9586
tunnel_lab

policy() { # NUMBER: they differ in a rule that no packet here matches
    cat <<YAML
apiVersion: tollgate/v1
kind: Policy
metadata: {name: soak-$1}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  allow:
    - {name: flows-in, direction: ingress, ports: [tcp/7000, udp/7000], via: tunnel}
    - {name: ping-in, direction: ingress, protocols: [icmp/echo-request], via: tunnel}
    - {name: other, direction: ingress, remote: [198.51.100.$1], ports: [tcp/$((1000 + $1))]}
YAML
}

for i in 1 2; do
    policy "$i" >"$lab/$i.yaml"
    jq -n --rawfile yaml "$lab/$i.yaml" '{yaml: $yaml, confirmWithin: 60}' >"$lab/$i.json"
done
tunnel_start --policy "$lab/1.yaml"
peer_start wireguard-go
join_tunnel
on device nft -f - <<'END'
table inet seen { chain in { type filter hook prerouting priority raw; udp dport 9 counter drop; }; }
END

# Forbidden: some hundred datagrams a second to a port of nobody, from ever new ports.
background peer python3 -c '
import socket, time
while True:
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s: s.sendto(b"forbidden", ("192.0.2.10", 9))
    time.sleep(0.1)'
background device python3 "$flows" serve 10.9.0.1 7000
until_true 10 eval 'on device ss -Hltn "sport = :7000" | grep -q .' || fail "nobody listens"
pings peer 10.9.0.1 || fail "no answer through the tunnel"
(
    set +e
    on peer python3 "$flows" steady 10.9.0.1 7000 "$seconds" tolerant >"$lab/flows" 2>&1
    echo $? >"$lab/flows.end"
) &
lab_processes+=($!)

# The processes that stay: the agent's, its exporter's, its tunnel's and that for DNS. "KIB DESCRIPTORS"
processes() { echo "$daemon" && pgrep -P "$daemon" -f -- '--role=(exporter|dns|data)'; }
used() {
    local process kib=0 descriptors=0
    for process in $(processes); do
        kib=$((kib + $(awk '/^VmRSS/ { print $2 }' "/proc/$process/status")))
        descriptors=$((descriptors + $(find "/proc/$process/fd" -mindepth 1 | wc -l)))
    done
    echo "$kib $descriptors"
}

losses_begin
swaps=0 end=$((SECONDS + seconds)) begin=$SECONDS
[[ $(processes | wc -l) == 4 ]] || fail "not an agent, an exporter, a tunnel and one for DNS: $(processes)"
while ((SECONDS < end)); do
    swaps=$((swaps + 1))
    for request in "policy/apply @$lab/$((1 + swaps % 2)).json" "confirm {}" flows status; do
        # shellcheck disable=SC2086 # path and body
        api $request >/dev/null || fail "$request in round $swaps"
    done
    passing=$(wg genkey | wg pubkey)
    device_wg set peer "$passing" allowed-ips 10.8.0.1/32
    on device curl -sSf -o /dev/null http://127.0.0.1:9586/metrics || fail "no metrics"
    device_wg set peer "$passing" remove
    sleep 0.3 # no request is under way
    echo "$((SECONDS - begin)) $(used)" >>"$lab/used"
done
until_true 30 test -s "$lab/flows.end" || fail "the flows do not end"
[[ $(<"$lab/flows.end") == 0 ]] || fail "$(<"$lab/flows")"$'\n'"$(tell_losses)"
losses_check "$lab/flows"
((swaps > seconds / 10)) || fail "only $swaps swaps in $seconds s"

# median FROM TO COLUMN: in these thirds of the time.
median() {
    awk -v from=$(($1 * seconds / 3)) -v to=$(($2 * seconds / 3)) -v column="$3" \
        '$1 >= from && $1 < to { print $column }' "$lab/used" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}
kib=$(median 1 2 2) kib_last=$(median 2 4 2) descriptors=$(median 1 2 3) descriptors_last=$(median 2 4 3)
echo "$seconds s, $swaps swaps: $(<"$lab/flows")"
echo "memory: $kib KiB in the second third, $kib_last in the last; descriptors: $descriptors, $descriptors_last"
((kib > 0 && kib_last <= kib + slack_kib)) || fail "memory grows: $(<"$lab/used")"
((descriptors_last <= descriptors)) || fail "descriptors grow: $(<"$lab/used")"
on device nft -j list table inet seen | jq -e '[.nftables[].rule // empty | .expr[].counter // empty | .packets] == [0]' >/dev/null ||
    fail "forbidden packets arrived: $(on device nft list table inet seen)"
dropped=$(api status | jq '.interfaces[] | select(.name == "eth0").ingress.droppedPackets')
((dropped > seconds * 100)) || fail "only $dropped forbidden packets"
((seconds < 130)) || (($(date +%s) - $(handshakes) < 130)) || fail "no new keys"
