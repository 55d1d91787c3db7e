#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The local attackers of the catalogue (docs/test-catalogue.md): clients that no server wants, a browser, a process that
# looks for the private key, and an environment that somebody else has made. The policy holds, and the standing checks.
#
#   attacker eth0 192.0.2.7 ── 192.0.2.10 eth0 device
#
# Cases C17, F21, S02, S04, S09, S10
# shellcheck disable=SC2119,SC2154 # functions without flags; variables of lib.sh, daemon.sh and standing.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/standing.sh
source "$(dirname "$0")/standing.sh"
# shellcheck disable=SC2034 # for standing.sh
standing_slack=65536 # the allocator keeps what requests of a mebibyte took, in each thread that serves them
lab_start
host attacker && host device
wire attacker eth0 192.0.2.7/24 device eth0 192.0.2.10/24
witness_start
only_5000 >"$lab/policy.yaml"
tunnel=tgw$$
(umask 077 && wg genkey >"$lab/device.key")
cat >"$lab/tollgate.yaml" <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
logLevel: debug
tunnels:
  - {name: $tunnel, privateKeyFile: $lab/device.key, listenPort: 51820, addresses: [10.9.0.1/24]}
YAML
metrics=127.0.0.1:9586
daemon_start --config "$lab/tollgate.yaml" --policy "$lab/policy.yaml"
until_true 10 eval '[[ $(api tunnels | jq -r ".tunnels[0].state") == running ]]' || fail "no tunnel: $(api tunnels)"
scrape() { on device curl -sS --max-time 5 "http://$metrics/metrics"; }
reaches attacker 192.0.2.10 5000 || fail "what is allowed does not pass"
scrape >/dev/null
for _ in {1..20}; do api status >/dev/null && scrape >/dev/null; done
standing_begin
before=$(api status | jq -c '[.generation, .policyHash, .interfaces[].stage]')

# S02, F21: whatever comes, nothing changes, and everybody else is served.
for place in "$lab/run/control.sock" "$metrics"; do
    for kind in garbage endless crowd deaf stowaways; do
        [[ $kind != stowaways || $place == /* ]] || continue
        wrong=$(on device python3 "$standing_support/rude_clients.py" "$kind" "$place")
        [[ $wrong == 0 ]] || fail "$kind at $place: $wrong answers are 200"
        until_true 10 api status >/dev/null 2>&1 || fail "no answer after $kind at $place"
        until_true 10 scrape >"$lab/metrics" || fail "no metrics after $kind at $place"
        [[ $(api status | jq -c '[.generation, .policyHash, .interfaces[].stage]') == "$before" ]] || fail "$kind at $place changed something"
        standing_holds "after $kind at $place"
    done
done

# S04: a browser may not change or read anything across sites.
for origin in http://evil.example http://127.0.0.1:9586; do
    on device curl -sS -i -H "Origin: $origin" -H 'Host: evil.example' "http://$metrics/metrics" >"$lab/answer"
    ! grep -qi '^access-control-' "$lab/answer" || fail "the metrics are for other sites: $(grep -i '^access' "$lab/answer")"
done
for request in "-X POST -d {} http://$metrics/v1/open" "-X OPTIONS http://$metrics/metrics" "http://$metrics/v1/status"; do
    # shellcheck disable=SC2086 # words
    [[ $(on device curl -sS -o /dev/null -w '%{http_code}' $request) != 200 ]] || fail "taken: $request"
done
standing_holds "after the browser"

# S10, C17: the key is in memory of the tunnel's process that is locked and that no core has, and nowhere else; nobody
# else may look.
tunnel=$(pgrep -P "$daemon" -f -- --role=data)
python3 "$standing_support/key_in_memory.py" "$tunnel" "$lab/device.key" >"$lab/places"
grep -qx locked "$lab/places" || fail "the test does not find the key where it is"
python3 "$standing_support/key_in_memory.py" "$daemon" "$lab/device.key" >>"$lab/places"
! grep -vx locked "$lab/places" || fail "the key is elsewhere in memory"
for process in "$daemon" "$tunnel"; do
    for file in mem maps environ; do
        ! setpriv --reuid 65534 --regid 65534 --clear-groups head -c 1 "/proc/$process/$file" >/dev/null 2>&1 ||
            fail "anybody may read $file of $process"
    done
done
! setpriv --reuid 65534 --regid 65534 --clear-groups kill "$daemon" 2>/dev/null || fail "anybody may end it"
! grep -qF "$(<"$lab/device.key")" "$lab/tollgated.log" || fail "the key is in the log"
! tr '\0' '\n' <"/proc/$daemon/environ" | grep -qF "$(<"$lab/device.key")" || fail "the key is in the environment"
standing_holds "after the search"
daemon_kill TERM

# S09: it starts in any environment, or says why not; the policy holds.
starts_with() { # WHAT COMMAND...: the daemon, in front of which stands COMMAND
    local what=$1 descriptor
    shift
    background device "$@" "$bin/tollgated" --config "$lab/tollgate.yaml" --state-dir "$lab/state" --run-dir "$lab/run" \
        --pin-dir "$pins" --metrics "$metrics" 2>>"$lab/tollgated.log"
    daemon=$background_process
    until_true 60 api status >/dev/null 2>&1 || fail "it does not start $what: $(tail -3 "$lab/tollgated.log")"
    for descriptor in 0 1 2; do
        [[ $(readlink "/proc/$daemon/fd/$descriptor") =~ ^(/dev/null|pipe:|socket:|/.*log|/dev/(pts|tty)) ]] ||
            fail "$what: descriptor $descriptor is $(readlink "/proc/$daemon/fd/$descriptor")"
    done
    standing_begin
    standing_holds "$what"
    daemon_kill TERM
}
starts_with "without descriptors 0 to 2" sh -c 'exec "$@" <&- >&- 2>&-' sh
starts_with "with another's PATH and locale" env -i PATH=/nowhere LC_ALL=tr_TR.UTF-8 LANG=xx TMPDIR=/nowhere HOME=/nowhere
starts_with "with a umask of 0" sh -c 'umask 0; exec "$@"' sh
[[ $(stat -c %a "$lab/run/control.sock" 2>/dev/null || echo 600) == 6[06]0 ]] || fail "the umask opens the control socket"
find "$lab/state" -type f -perm /022 -print -quit | grep -q . && fail "the umask opens $(find "$lab/state" -type f -perm /022)"
vain() { # COMMAND...: it must end, with a sentence, and not by a signal
    local code=0
    on device timeout 20 "$@" "$bin/tollgated" --config "$lab/tollgate.yaml" --state-dir "$lab/state" --run-dir "$lab/run" \
        --pin-dir "$pins" --metrics off >"$lab/said" 2>&1 || code=$?
    ((code > 0 && code < 124)) || fail "$* ends with $code: $(tail -3 "$lab/said")"
    grep -q 'level=error' "$lab/said" || fail "$* says nothing: $(<"$lab/said")"
    reaches attacker 192.0.2.10 5000 || fail "$*: what is allowed does not pass"
    ! reaches attacker 192.0.2.10 6000 || fail "$*: what is forbidden passes"
}
vain prlimit --nofile=8
code=0
on device "$bin/tollgated" "--$(head -c 100000 /dev/zero | tr '\0' x)" >"$lab/said" 2>&1 || code=$?
((code == 2)) || fail "a huge argument ends with $code"
daemon_start --config "$lab/tollgate.yaml"
standing_begin
standing_holds "at the end"
