#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# YAML is parsed by a process that can do nothing else. When there is none, or it does not answer, the policy is refused
# and the one in force stays.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
# shellcheck disable=SC2119,SC2154 # no more flags here; variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/confined.sh
source "$(dirname "$0")/confined.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
daemon_start

policy() { # NAME COUNT: as JSON, with that many rules
    python3 -c '
import json, sys
rules = "".join(f"    - {{name: r{i}, direction: ingress, ports: [tcp/{1 + i % 60000}]}}\n" for i in range(int(sys.argv[2])))
print(json.dumps({"yaml": f"""apiVersion: tollgate/v1
kind: Policy
metadata: {{name: {sys.argv[1]}}}
spec:
  mode: audit
  default: {{ingress: drop, egress: drop}}
  allow:
{rules}""", "dryRun": True}))' "$1" "$2"
}
apply() { # FILE: the first problem, or the name of the kind
    curl -sS --max-time 120 --unix-socket "$lab/run/control.sock" -H 'Content-Type: application/json' -d "@$1" \
        http://localhost/v1/policy/apply |
        jq -r '.error.problems[0].message // .error.message // .kind'
}
parser() { pgrep -P "$daemon" -f -- --role=yaml; }

policy small 1 >"$lab/small"
policy large 7000 >"$lab/large"
[[ $(apply "$lab/small") == Change ]] || fail "a policy is refused: $(apply "$lab/small")"
! parser >/dev/null || fail "the parser outlives its file"

# It is stopped in its work, and looked at. On a busy machine it may be done before anybody has looked: then once more.
catch() { pid=$(parser) && grep -q $'^Seccomp:\t2' "/proc/$pid/status" && kill -STOP "$pid"; }
try_to_catch() {
    apply "$lab/large" >"$lab/answer" &
    applying=$!
    while kill -0 "$applying" 2>/dev/null; do
        ! catch 2>/dev/null || return 0
    done
    wait "$applying"
    return 1
}
until_true 60 try_to_catch || fail "nobody sees a parser: $(<"$lab/answer")"
is_confined "$pid"
for descriptor in "/proc/$pid/fd"/*; do
    [[ $descriptor == */[23] ]] || fail "it holds $descriptor: $(readlink "$descriptor")"
done
[[ $(readlink "/proc/$pid/fd/3") == socket:* ]] || fail "it reads no socket"
# One that is killed refuses the file, and says so.
kill -KILL "$pid"
wait "$applying"
[[ $(<"$lab/answer") == "the file could not be parsed: the parser was killed by SIGKILL" ]] || fail "answered: $(<"$lab/answer")"
[[ $(stage) == learn ]] || fail "something has changed"
[[ $(apply "$lab/small") == Change ]] || fail "the next one does not work"
