#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# /metrics is what Prometheus expects and counts what happens; /livez and /readyz tell the truth; the
# listener takes GET only, nothing large, and no slow clients.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case F21
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
promtool=${PROMTOOL:-$(command -v promtool || echo /usr/bin/promtool)}
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
serve device 192.0.2.10 22
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
tunnel=tgw$$
cat >"$lab/tollgate.yaml" <<EOF
{apiVersion: tollgate/v1, kind: Agent, flowLog: {sinks: [{type: file, path: $lab/flows.jsonl}]}}
EOF
daemon_start --tunnel "$tunnel" --config "$lab/tollgate.yaml"
api tunnels/peers/add "{\"tunnel\":\"$tunnel\",\"name\":\"camera\",\"publicKey\":\"$(wg genkey | wg pubkey)\"}" >/dev/null
scrape() { on device curl -sS --max-time 5 "$@"; }
sample() { # NAME{LABELS}: its value
    scrape http://127.0.0.1:9586/metrics | grep -F "$1 " | awk '{print $NF}'
}
status_of() { scrape -o /dev/null -w '%{http_code}' "$@"; }

reaches router 192.0.2.10 22 || fail "learning blocks"
passed=$(sample 'tollgate_packets_total{interface="eth0",direction="ingress",verdict="pass"}')
((passed > 0)) || fail "no packet is counted"
api enforce '{"confirmWithin":60}' >/dev/null
reaches router 192.0.2.10 22 && fail "enforcing an empty policy lets something in"
drops=$(sample 'tollgate_drops_total{interface="eth0",direction="ingress",reason="policy_default"}')
((drops > 0)) || fail "no drop is counted"
[[ $(sample 'tollgate_mode{interface="eth0",mode="enforce"}') == 1 ]] || fail "the mode is wrong"
[[ $(sample 'tollgate_policy_apply_duration_seconds_count') == 1 ]] || fail "the change was not timed"
scrape http://127.0.0.1:9586/metrics >"$lab/metrics"
# What is documented is served; an empty policy has no rules, the peer was never heard from, and the tunnel goes by UDP.
names=$(grep -oP '^\| `\K[a-z_]+' "$(dirname "$0")/../../docs/metrics.md")
for name in $names; do
    grep -q "^# TYPE $name " "$lab/metrics" || [[ $name == tollgate_policy_rules ]] ||
        [[ $name == tollgate_rule_* ]] || [[ $name == tollgate_xsk_* ]] || [[ $name == tollgate_tunnel_peer_last_handshake_* ]] ||
        fail "$name is documented and not served"
done
"$promtool" check metrics <"$lab/metrics" >"$lab/lint" 2>&1 || { cat "$lab/lint"; fail "promtool complains"; }
[[ ! -s $lab/lint ]] || { cat "$lab/lint"; fail "promtool has remarks"; }
[[ $(sample "tollgate_tunnel_peer_up{interface=\"$tunnel\",peer=\"camera\"}") == 0 ]] || fail "the peer is not shown"
[[ $(sample "tollgate_xdp_attached{interface=\"$tunnel\",link=\"tunnel\",attach_mode=\"tc\"}") == 1 ]] || fail "the tunnel is not gated"
grep -q 'remote=\|192\.0\.2\.' "$lab/metrics" && fail "a label carries an address"

[[ $(status_of http://127.0.0.1:9586/livez) == 200 ]] || fail "not alive"
[[ $(status_of http://127.0.0.1:9586/readyz) == 200 ]] || fail "not ready"
[[ $(status_of http://127.0.0.1:9586/../../etc/passwd --path-as-is) == 404 ]] || fail "another page is served"
for method in POST PUT DELETE; do
    [[ $(status_of -X "$method" http://127.0.0.1:9586/metrics) != 200 ]] || fail "$method is taken"
done
head -c 100000 /dev/zero | tr '\0' a >"$lab/body"
[[ $(status_of --data-binary "@$lab/body" http://127.0.0.1:9586/metrics || true) != 200 ]] || fail "a large body is taken"
# Clients that say nothing are sent away within a second each, and everybody else gets through.
for _ in 1 2 3 4; do
    background device python3 -c '
import socket, time
s = socket.create_connection(("127.0.0.1", 9586)); s.sendall(b"GET /metr"); time.sleep(20)'
done
until_true 8 eval '[[ $(status_of http://127.0.0.1:9586/livez) == 200 ]]' || fail "slow clients keep others out"

# Of a tunnel that is gone nobody can say that it is open.
ip -n "tg-device-$$" link del "$tunnel"
gate_of_tunnel() { scrape http://127.0.0.1:9586/metrics | grep -E "^tollgate_(xdp|tc)_attached.*\"$tunnel\""; }
until_true 10 eval '! gate_of_tunnel >/dev/null' || fail "a tunnel that is gone counts as one without a gate: $(gate_of_tunnel)"

ip -n "tg-router-$$" link del eth0
until_true 10 eval '[[ $(status_of http://127.0.0.1:9586/readyz) == 503 ]]' || fail "ready without its interface"
[[ $(status_of http://127.0.0.1:9586/livez) == 200 ]] || fail "a lost interface is no reason to restart"
