#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job through the command line: learn, review, approve, compare, enforce, confirm.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router     a service on each; strangers are the router too
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
bin=${TOLLGATE_BIN:?the folder of the programs}
serve='import http.server,sys; http.server.HTTPServer((sys.argv[1],int(sys.argv[2])),http.server.SimpleHTTPRequestHandler).serve_forever()'
for listener in "device 192.0.2.10 8080" "device 192.0.2.10 2323" "router 192.0.2.1 80" "router 192.0.2.1 81"; do
    # shellcheck disable=SC2086 # three words
    set -- $listener
    background "$1" python3 -c "$serve" "$2" "$3" >/dev/null 2>&1
done
background device "$bin/tollgated" --interface eth0 --state-dir "$lab/state" --run-dir "$lab/run" \
    --pin-dir "$pins" --metrics off 2>"$lab/tollgated.log"
tollgate() {
    on device env SSH_CONNECTION= "$bin/tollgate" --socket "$lab/run/control.sock" --pin-dir "$pins" "$@"
}
# exits CODE COMMAND...: the command ends with this code
exits() {
    local wanted=$1 code=0
    shift
    "$@" >"$lab/out" 2>&1 || code=$?
    [[ $code == "$wanted" ]] || { cat "$lab/out"; fail "$* exits with $code, not $wanted"; }
}
fetch() {
    on "$1" python3 -c "import urllib.request; urllib.request.urlopen('http://$2/', timeout=2)" 2>/dev/null
}
until_true 20 tollgate status --quiet 2>/dev/null || { cat "$lab/tollgated.log"; fail "no answer"; }

exits 0 tollgate doctor
exits 0 tollgate learn start
for _ in 1 2 3 4 5; do
    fetch device 192.0.2.1:80 || fail "learning blocks something outwards"
    fetch router 192.0.2.10:8080 || fail "learning blocks something inwards"
done
find_candidate() {
    tollgate learn review -o json >"$lab/review" && python3 -c '
import json, sys
for candidate in json.load(open(sys.argv[1]))["candidates"]:
    if sys.argv[2] in candidate["services"] and candidate["direction"] == sys.argv[3]:
        print(candidate["id"])' "$lab/review" "$1" "$2" | grep .
}
until_true 20 find_candidate tcp/80 egress >/dev/null || { cat "$lab/review"; fail "tcp/80 is not learned"; }
until_true 20 find_candidate tcp/8080 ingress >/dev/null || { cat "$lab/review"; fail "tcp/8080 is not learned"; }
exits 1 tollgate learn approve no-such-candidate
exits 0 tollgate learn approve "$(find_candidate tcp/80 egress)" "$(find_candidate tcp/8080 ingress)"
exits 6 tollgate policy diff
exits 0 tollgate enforce --confirm-within 60s
grep -q 'tollgate confirm' "$lab/out" || fail "enforce does not say how to confirm"
exits 4 tollgate enforce
exits 0 tollgate confirm
exits 1 tollgate confirm

fetch device 192.0.2.1:80 || fail "what was approved outwards is blocked"
fetch router 192.0.2.10:8080 || fail "what was approved inwards is blocked"
fetch device 192.0.2.1:81 && fail "what was not approved leaves"
fetch router 192.0.2.10:2323 && fail "what was not approved enters"
exits 0 tollgate trace 192.0.2.1 192.0.2.10 tcp/8080 --expect pass
exits 0 tollgate trace 192.0.2.1 eth0:192.0.2.10 tcp/2323 --expect drop
exits 5 tollgate trace 192.0.2.10 192.0.2.1 tcp/81 --expect pass
dropped() { tollgate observe --verdict drop --port 2323 -o jsonl | grep -q policy_default; }
until_true 10 dropped || fail "observe does not show the drop"
exits 0 tollgate policy diff

exits 0 tollgate blocklist add 192.0.2.1
fetch router 192.0.2.10:8080 && fail "a blocked address enters"
exits 0 tollgate blocklist remove 192.0.2.1
fetch router 192.0.2.10:8080 || fail "an address that is not blocked any more is blocked"

tollgate policy show >"$lab/policy.yaml"
exits 0 tollgate policy check "$lab/policy.yaml"
exits 0 tollgate policy apply "$lab/policy.yaml" --dry-run
exits 0 tollgate policy history
exits 0 tollgate open
fetch router 192.0.2.10:2323 || fail "open does not let everything through"
exits 0 tollgate status
grep -q OPEN "$lab/out" || fail "status does not say that the gate is open"
