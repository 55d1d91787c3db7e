#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The gate does not wait for the flow log: with a token that everybody may read and a spool that is no folder,
# the agent starts and drops what it should; log, status, doctor and metrics say what is wrong. Once both are
# mended, the records that waited arrive, without a restart.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
cat >"$lab/tollgate.yaml" <<EOF
apiVersion: tollgate/v1
kind: Agent
flowLog:
  interval: 5
  sinks: [{type: http, url: "http://127.0.0.1:8088/", tokenFile: $lab/token, spoolFolder: $lab/spool, batchAge: 1}]
EOF
echo s3cret >"$lab/token"
chmod 644 "$lab/token"
touch "$lab/spool"
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
daemon_start --config "$lab/tollgate.yaml"

api enforce '{"confirmWithin":300}' >/dev/null
serve device 192.0.2.10 80
reaches router 192.0.2.10 80 && fail "the gate is open"

is_up() {
    on device curl -sS --max-time 5 http://127.0.0.1:9586/metrics | awk '/^tollgate_flow_log_sink_up{sink="http"}/ { print $2 }'
}
warning() { api status | jq -r '.warnings[] | select(startswith("flow log to http: "))'; }
doctor() { on device "$bin/tollgate" --socket "$lab/run/control.sock" --pin-dir "$pins" doctor "$@"; }
[[ $(warning) == *"$lab/token is open to other users: chmod 600"* ]] || fail "status says '$(warning)'"
[[ $(is_up) == 0 ]] || fail "the metric says $(is_up)"
grep -q 'level=error event=flow_log.failed sink=http' "$lab/tollgated.log" || fail "the log does not tell"
doctor -o json >"$lab/doctor" || true # the laboratory has faults of its own
jq -e --arg said "$(warning)" '.checks[] | select(.name == "warning" and .detail == $said)' "$lab/doctor" >/dev/null ||
    fail "doctor does not tell: $(<"$lab/doctor")"

# The token is mended, now it is the spool.
chmod 600 "$lab/token"
until_true 40 eval '[[ $(warning) == *"Not a directory"* ]]' || fail "status says '$(warning)'"
[[ $(is_up) == 0 ]] || fail "the metric says $(is_up)"

background device python3 -c '
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        batch = self.rfile.read(int(self.headers["Content-Length"]))
        right = self.headers["Authorization"] == "Bearer s3cret"
        if right:
            open(sys.argv[1], "ab").write(batch)
        self.send_response(204 if right else 401)
        self.end_headers()
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", 8088), Receiver).serve_forever()' "$lab/received"
until_true 20 listens device 8088 || fail "no receiver"
rm "$lab/spool"
until_true 40 eval '[[ $(is_up) == 1 ]]' || fail "the sink does not come up: $(warning)"
[[ -z $(warning) ]] || fail "it is up, and status says '$(warning)'"
is_told() { jq -se 'any(.type == "drop" and .localPort == 80)' "$lab/received" >/dev/null 2>&1; }
until_true 20 is_told || fail "the drop from before is not told: $(cat "$lab/received")"
grep -q 'event=flow_log.recovered sink=http lost=0' "$lab/tollgated.log" || fail "the log does not tell that it is over"
