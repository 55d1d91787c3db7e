#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A change that would drop the caller's own connection is refused, with the rule that would keep it,
# unless the caller accepts the risk; it can not be confirmed from the connection that made it.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case L02
# shellcheck disable=SC2119 # the daemon has no more flags here
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
serve device 192.0.2.10 22
daemon_start
session='"clientSession":{"remote":"192.0.2.1","remotePort":50000,"local":"192.0.2.10","localPort":22}'

answer=$(curl -sS --unix-socket "$lab/run/control.sock" -d "{$session}" http://localhost/v1/enforce)
jq -e '.error | .code == "risk" and .risk == "lose-session" and (.hint | contains("failsafe"))' \
    <<<"$answer" >/dev/null || fail "not refused as it should be: $answer"
[[ $(stage) == learn ]] || fail "a refused change changes something"
api policy/diff "{$session}" | jq -e '.effect.callerSession.verdict == "drop"' >/dev/null ||
    fail "the preview does not warn"
api audit "{$session,\"confirmWithin\":60}" | jq -e '.stage == "audit"' >/dev/null ||
    fail "auditing drops nobody, but is refused"
[[ $(refused confirm "{$session}") == sameConnection ]] || fail "it confirms from the same connection"
api policy/rollback '{}' >/dev/null

# The rule of the hint, as it stands there, keeps the session.
rule=$(jq -r .error.hint <<<"$answer" | grep -o 'failsafe: .*\]}\]')
jq -n --arg yaml "apiVersion: tollgate/v1
kind: Policy
metadata: {name: with-failsafe}
spec:
  mode: enforce
  default: {ingress: drop, egress: drop}
  $rule
" "{yaml: \$yaml, confirmWithin: 60, $session}" >"$lab/apply.json"
api policy/apply "@$lab/apply.json" | jq -e '.stage == "enforce" and .effect.callerSession.verdict == "pass"' \
    >/dev/null || fail "the rule of the hint does not keep the session"
reaches router 192.0.2.10 22 || fail "the failsafe rule lets nobody in"
api policy/rollback '{}' | jq -e '.stage == "learn"' >/dev/null || fail "a rollback does not take it back"

# A learned session needs no failsafe rule.
for _ in 1 2 3; do reaches router 192.0.2.10 22 || fail "learning blocks"; done
api learn/candidates >/dev/null # reads the tables now
api learn/approve '{"all":true,"by":"tester"}' >/dev/null
api enforce "{$session,\"confirmWithin\":60}" | jq -e '.effect.callerSession.verdict == "pass"' >/dev/null ||
    fail "the learned session is dropped"
api policy/rollback '{}' >/dev/null
api learn/reject "{\"ids\":$(api 'learn/candidates?all=1' | jq -c '[.candidates[].id]')}" >/dev/null
api enforce "{$session,\"acceptRisk\":\"lose-session\",\"confirmWithin\":60}" >/dev/null ||
    fail "an accepted risk is refused"
[[ $(stage) == enforce ]] || fail "an accepted risk changes nothing"
