#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ten thousand peers: by wg setconf and from tollgate.yaml, each where it ought to be; how long that takes,
# and what a peer costs in memory. With a thousand rules beside them, a scrape of the metrics stays small, and says all.
# MANY_PEERS is another number.
#
#   device  tollgated with $wg, by wg; then with the tunnel of a file     eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# shellcheck disable=SC2119,SC2154 # daemon_kill without a signal; variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
peers=${MANY_PEERS:-10000}
seconds_max=20   # on a busy machine, with a build for debugging; the goal is 2
bytes_max=4096   # of memory for each peer
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
promtool=${PROMTOOL:-$(command -v promtool || echo /usr/bin/promtool)}
(umask 077 && wg genkey >"$lab/$wg.key")
python3 "$(dirname "$0")/../support/many_peers.py" "$peers" "$lab" "$wg"

resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$(data_process "$daemon" "$wg")/status"; }
milliseconds() { echo $((${EPOCHREALTIME/./} / 1000)); }
all_are_there() { wg show "$wg" allowed-ips | cmp -s - "$lab/expected"; }

daemon_start --tunnel "$wg"
before=$(resident_kib)
begin=$(milliseconds)
wg setconf "$wg" "$lab/wg.conf"
taken=$(($(milliseconds) - begin))
all_are_there || fail "other peers than those of the file: $(wg show "$wg" allowed-ips | diff - "$lab/expected" | head -5)"
each=$((($(resident_kib) - before) * 1024 / peers))
echo "$peers peers by wg setconf: $taken ms, $each bytes of memory each"
((each <= bytes_max)) || fail "$each bytes of memory for each peer"
((taken <= seconds_max * 1000)) || fail "$taken ms"
wg syncconf "$wg" "$lab/wg.conf"
all_are_there || fail "wg syncconf changes what is there already"
daemon_kill

begin=$(milliseconds)
daemon_start --config "$lab/tollgate.yaml"
until_true "$seconds_max" all_are_there || fail "other peers than those of tollgate.yaml: $(wg show "$wg" allowed-ips | wc -l)"
echo "$peers peers from tollgate.yaml: $(($(milliseconds) - begin)) ms from the start of tollgated to the last peer, $(resident_kib) KiB"

rules=1000
{
    cat <<'YAML'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: large}
spec:
  mode: learn
  default: {ingress: drop, egress: drop}
  allow:
YAML
    for ((i = 1; i <= rules; i++)); do
        echo "    - {name: r$i, direction: ingress, ports: [udp/$((20000 + i))]}"
    done
} >"$lab/policy.yaml"
tollgate() { on device "$bin/tollgate" --socket "$lab/run/control.sock" "$@"; }
tollgate policy apply "$lab/policy.yaml" >/dev/null
tollgate confirm >/dev/null
# The last rule is the busiest, and one packet each for 300 others.
on router python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in [21000] * 5 + list(range(20001, 20301)):
    s.sendto(b"x", ("192.0.2.10", port))'
scrape() { on device curl -sS --max-time 10 "http://127.0.0.1:9586/metrics"; }
# On a busy machine a tunnel may be late for one, which is then without it.
whole() { scrape >"$lab/metrics" && grep -q "^tollgate_tunnel_peers{" "$lab/metrics"; }
until_true 20 whole || fail "the tunnel is always late"
sample() { grep -F "$1 " "$lab/metrics" | awk '{ print $NF }'; }
series() { grep -c "^$1{" "$lab/metrics"; }
sum() { grep "^$1{" "$lab/metrics" | awk '{ sum += $NF } END { print sum + 0 }'; }
"$promtool" check metrics <"$lab/metrics" || fail "promtool complains"
[[ $(sum tollgate_tunnel_peers) == "$peers" ]] || fail "of $peers peers it tells of $(sum tollgate_tunnel_peers)"
[[ $(series tollgate_tunnel_receive_bytes_total) == 201 && $(series tollgate_tunnel_peer_up) == 200 ]] ||
    fail "peers with series: $(series tollgate_tunnel_receive_bytes_total)"
[[ $(sample "tollgate_tunnel_receive_bytes_total{interface=\"$wg\",peer=\"_other\"}") == 0 ]] || fail "no others"
[[ $(sum tollgate_policy_rules) == "$rules" ]] || fail "of $rules rules it tells of $(sum tollgate_policy_rules)"
[[ $(series tollgate_rule_packets_total) == 201 ]] || fail "rules with series: $(series tollgate_rule_packets_total)"
[[ $(sample 'tollgate_rule_packets_total{rule="r1000",action="pass"}') == 5 ]] || fail "the busiest rule is not counted"
[[ $(sample 'tollgate_rule_packets_total{rule="_other",action="any"}') == 201 ]] ||
    fail "99 of the 300 rules with one packet and 100 idle ones have series, but the others count $(grep _other "$lab/metrics")"
[[ $(sum tollgate_rule_packets_total) == 305 ]] || fail "the rules have counted $(sum tollgate_rule_packets_total) packets"
(($(wc -c <"$lab/metrics") < 400000)) || fail "a scrape has $(wc -c <"$lab/metrics") bytes"
echo "$(wc -l <"$lab/metrics") lines, $(wc -c <"$lab/metrics") bytes of metrics"
