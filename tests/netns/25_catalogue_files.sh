#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The files of the catalogue (docs/test-catalogue.md): policies and configurations that must be refused are, by command line
# and daemon, at once, with their place, in printable words, and without any effect on the policy that is in force.
#
#   attacker eth0 192.0.2.7 ── 192.0.2.10 eth0 device
#
# Cases C01, C02, C03, C04, C06, C07, C08, C10, C14, C16, L10
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
daemon_start --policy "$lab/policy.yaml"
files=$lab/files
mkdir "$files"
python3 "$standing_support/hostile_files.py" "$files"
for kind in policy config; do
    mkfifo "$files/C03-fifo.$kind"
    ln -s /dev/zero "$files/C03-device.$kind"
    mkdir "$files/C03-folder.$kind"
done
tollgate() { on device "$bin/tollgate" --socket "$lab/run/control.sock" --pin-dir "$pins" "$@"; }
generation() { api status | jq -c '[.generation, .policyHash]'; }
# ends_with CODE COMMAND...: what it says is in $lab/said
ends_with() {
    local wanted=$1 code=0
    shift
    timeout 20 "$@" >"$lab/said" 2>&1 </dev/null || code=$?
    ((code == wanted)) || fail "$* ends with $code, not $wanted: $(head -c 500 "$lab/said")"
}
second=(nsenter --net="/run/netns/tg-device-$$" "$bin/tollgated" --state-dir "$lab/state2" --run-dir "$lab/run2" --pin-dir "$pins/second"
    --metrics off)
command=(nsenter --net="/run/netns/tg-device-$$" "$bin/tollgate" --socket "$lab/run/control.sock" --pin-dir "$pins")

is_large() { [[ $1 == */C03-* || $1 == */C10-rules.* ]]; } # or no file at all: not even read
has_place() { ! is_large "$1" && [[ $1 != */C10-*.config ]]; } # names of interfaces are checked against the host, later
refused_as() { # FILE: it says where, briefly, and nothing that a terminal obeys
    ! has_place "$1" || grep -qE "$(basename "$1"):[0-9]+:[0-9]+: error: " "$lab/said" || fail "$1: no place: $(head -c 500 "$lab/said")"
    ! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/said" || fail "$1: control characters: $(cat -v "$lab/said" | head -5)"
    (($(stat -c %s "$lab/said") <= 65536)) || fail "$1: $(stat -c %s "$lab/said") bytes of problems"
}
ends_with 0 "${command[@]}" policy check "$files/sound.policy"
before=$(generation)
standing_begin
tried=0
for file in "$files"/*.policy; do
    [[ $file == */sound.policy ]] && continue
    if is_large "$file"; then wanted=1; else wanted=5; fi
    ends_with "$wanted" "${command[@]}" policy check "$file"
    refused_as "$file"
    ends_with "$wanted" "${command[@]}" policy apply "$file"
    [[ $(generation) == "$before" ]] || fail "$file changes the policy in force"
    ((tried += 1))
done
standing_holds "after policies that were refused"
for file in "$files"/*.config; do
    [[ $file == */sound.config ]] && continue
    ends_with 2 "${second[@]}" --config "$file"
    refused_as "$file"
    ((tried += 1))
done
[[ ! -e $pins/second ]] || fail "a configuration that is refused leaves pins"
standing_holds "after configurations that were refused"

# C08: an empty list of rules allows nothing.
printf '%s\n' 'apiVersion: tollgate/v1' 'kind: Policy' 'metadata: {name: empty}' 'spec:' '  mode: enforce' \
    '  default: {ingress: drop, egress: drop}' '  allow: []' >"$lab/empty.yaml"
jq -n --rawfile yaml "$lab/empty.yaml" '{yaml: $yaml, confirmWithin: 60}' >"$lab/empty.json"
api policy/apply "@$lab/empty.json" >/dev/null
! reaches attacker 192.0.2.10 5000 || fail "an empty list allows something"

# C14: what is refused is told, until something is taken.
ends_with 5 "${command[@]}" policy apply "$files/C08-unknown.policy"
ends_with 0 "${command[@]}" policy rollback
standing_holds "after the empty policy was taken back"

# L10: a failsafe rule is for those that it names, and is listed with what it let in.
sed 's/^  allow:/  failsafe: [{name: admins, direction: ingress, remote: [192.0.2.8], ports: [tcp\/5000]}]\n&/
     s/name: open, direction: ingress,/& remote: [198.51.100.1],/' "$lab/policy.yaml" >"$lab/failsafe.yaml"
ip -n "tg-attacker-$$" addr add 192.0.2.8/24 dev eth0
reaches_from() { # ADDRESS
    on attacker python3 -c '
import socket, sys
one = socket.create_connection(("192.0.2.10", 5000), timeout=1.5, source_address=(sys.argv[1], 0))
one.settimeout(1.5)
sys.exit(one.recv(16) != b"hello")' "$1" 2>/dev/null
}
jq -n --rawfile yaml "$lab/failsafe.yaml" '{yaml: $yaml, confirmWithin: 60}' >"$lab/failsafe.json"
api policy/apply "@$lab/failsafe.json" >/dev/null
reaches_from 192.0.2.8 || fail "the failsafe rule lets nobody in"
! reaches_from 192.0.2.7 || fail "the failsafe rule lets another in"
api policy | jq -e '.rules[] | select(.name == "admins") | .rank == "failsafe" and .packets > 0' >/dev/null ||
    fail "the failsafe rule is not listed with its packets: $(api policy | jq -c .rules)"
tollgate policy rollback >/dev/null

# C16: an option goes before the environment, the environment before the default; twice is an error; a path may be relative.
quiet() { on device env -C "$lab" "$@"; }
quiet env TOLLGATE_SOCKET=run/control.sock "$bin/tollgate" status -q || fail "TOLLGATE_SOCKET is not looked at"
quiet env TOLLGATE_SOCKET=nowhere.sock "$bin/tollgate" --socket run/control.sock status -q || fail "--socket does not go before"
! quiet env TOLLGATE_SOCKET=run/control.sock "$bin/tollgate" --socket nowhere.sock status -q 2>/dev/null || fail "TOLLGATE_SOCKET goes before"
ends_with 2 "${command[@]}" status --socket "$lab/a" --socket "$lab/b"
ends_with 2 "${second[@]}" --config "$files/sound.config" --config "$files/sound.config"
grep -q 'is given twice' "$lab/said" || fail "not said why: $(<"$lab/said")"
printf 'apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [no-such-if]\nmetrics: nonsense\n' >"$lab/other.yaml"
ends_with 2 "${second[@]}" --config "$lab/other.yaml" --interface eth0 --metrics off
printf 'apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [eth0]\n' >"$lab/other.yaml"
ends_with 13 "${second[@]}" --config "$lab/other.yaml" --interface no-such-if
standing_holds "at the end"
echo "$tried files were refused"
