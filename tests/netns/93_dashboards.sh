#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A real Prometheus scrapes the daemon while something goes on, with the project's rules loaded: every panel of the
# dashboards has data, and the alert of a gate that is taken off by force fires and ends.
# Hosts and addresses: tests/netns/tunnel.sh. DASHBOARD_PICTURES=FOLDER: a minute more of it, drawn by
# tools/dashboard-pictures.
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
root=$(cd "$(dirname "$0")/../.." && pwd)
prometheus=$(dirname "${PROMTOOL:-$(command -v promtool || echo /usr/bin/promtool)}")/prometheus
lab_start
metrics=127.0.0.1:9586
tunnel_lab
# By AF_XDP, so that its panels have data, too.
{
    tunnel_bare
    echo "    backend: xsk"
} >"$lab/tollgate.yaml"
daemon_start --config "$lab/tollgate.yaml"
until_true 10 test -S "/var/run/wireguard/$wg.sock" || fail "no tunnel: $(<"$lab/tollgated.log")"
ip -n "tg-device-$$" addr add 10.9.0.1/24 dev "$wg"
serve device 192.0.2.10 22
cat >"$lab/prometheus.yaml" <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - {job_name: tollgate, static_configs: [{targets: ["$metrics"]}]}
rule_files: [$lab/rules.yaml]
YAML
# As they are, but that nobody wants to wait for a minute.
sed 's/^\( *for:\) .*/\1 1s/' "$root/helm/tollgate/files/rules.yaml" >"$lab/rules.yaml"
background device "$prometheus" --config.file="$lab/prometheus.yaml" --storage.tsdb.path="$lab/tsdb" \
    --web.listen-address=127.0.0.1:9090 --log.level=warn 2>"$lab/prometheus.log"
ask() { on device curl -sS --max-time 5 "http://127.0.0.1:9090/$1"; }
until_true 20 ask -/ready >/dev/null 2>&1 || fail "Prometheus does not start: $(<"$lab/prometheus.log")"
scrapes() { ask 'api/v1/query?query=up' | jq -e '.data.result[0].value[1] == "1"' >/dev/null; }
until_true 20 scrapes || fail "Prometheus does not scrape: $(<"$lab/prometheus.log")"

# What it learns, what a policy allows and drops, a tunnel with a peer, and what no peer would send.
traffic() {
    reaches peer 192.0.2.10 22 || true
    on peer timeout 1 bash -c 'echo >/dev/tcp/192.0.2.10/23' 2>/dev/null || true
    on peer timeout 1 bash -c 'head -c 148 /dev/zero >/dev/udp/192.0.2.10/51820' || true
    pings peer 10.9.0.1 1 || true
}
peer_start wireguard-go
join_tunnel
device_wg set listen-port 51820
pings peer 10.9.0.1 || fail "no tunnel"
traffic
cat >"$lab/policy.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: lab}
spec:
  mode: learn
  default: {ingress: drop, egress: drop}
  allow:
    - {name: ssh, direction: ingress, ports: [tcp/22]}
    - {name: ping, direction: ingress, protocols: [icmp/echo-request], via: tunnel}
    - {name: web, direction: egress, ports: [tcp/443]}
  deny:
    - {name: telnet, direction: ingress, ports: [tcp/2323]}
YAML
tollgate() { on device "$bin/tollgate" --socket "$lab/run/control.sock" "$@"; }
tollgate policy apply "$lab/policy.yaml" >/dev/null
tollgate confirm >/dev/null
for _ in 1 2 3; do traffic; done # in the stage learn: would-drops
tollgate enforce >/dev/null
traffic # while it waits for a confirmation
tollgate confirm >/dev/null
complete() { for _ in 1 2; do traffic; done && on device "$root/tests/monitoring/dashboards.py" http://127.0.0.1:9090 >"$lab/panels" 2>&1; }
for _ in 1 2 3 4 5 6; do
    complete && break
done
complete || { cat "$lab/panels" && fail "panels without data"; }
cat "$lab/panels"

# As much as on a quiet device; the shares change.
pictures() {
    local round
    for round in {1..40}; do
        traffic
        pings peer 10.9.0.1 "$((round * 7 % 40 + 1))" || true
    done
    on device "$root/tools/dashboard-pictures" http://127.0.0.1:9090 "$DASHBOARD_PICTURES" --seconds "$((SECONDS - 5))"
}
[[ -z ${DASHBOARD_PICTURES:-} ]] || pictures

alerts() { ask api/v1/alerts | jq -r '.data.alerts[] | select(.state == "firing") | .labels.alertname'; }
fires() { alerts | grep -qx "$1"; }
quiet() { ! fires "$1"; }

# Somebody takes the gate off and puts a program of his own in its place, before the agent is back.
stranger() {
    bpftool link detach pinned "$(find "$pins" -path '*/eth0-*/link_ingress')" 2>/dev/null
    ip -n "tg-device-$$" link set dev eth0 xdp obj "$lab/stranger.o" sec xdp 2>/dev/null
}
! fires TollgateIngressDetached || fail "an alert although the gate is there"
echo '__attribute__((section("xdp"))) int pass(void *context) { return 2; }' |
    clang -O2 --target=bpf -x c -c -o "$lab/stranger.o" -
until_true 10 stranger || fail "the gate cannot be taken off"
until_true 20 fires TollgateIngressDetached || fail "no alert: $(alerts)"
# What its runbook says.
tollgate status | grep -q eth0 || fail "no status"
! tollgate doctor >"$lab/doctor" || fail "the doctor finds nothing"
grep -q -i 'xdp' "$lab/doctor" || { cat "$lab/doctor" && fail "the doctor does not say what it is"; }
ip -n "tg-device-$$" link set dev eth0 xdp off
until_true 20 quiet TollgateIngressDetached || fail "the gate does not come back"
until_true 20 fires TollgateDetachedByOthers || fail "no alert that it happened: $(alerts)"
! reaches peer 192.0.2.10 23 || fail "it is open"
