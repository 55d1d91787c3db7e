# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What has to hold after every case of tests/catalogue: source it after daemon.sh, then
#
#     witness_start [HOST]     ports 5000 (for everybody) and 6000 (for nobody) of HOST, `device` if not said
#     standing_begin           after the daemon has started and answered: what it is and has now
#     standing_holds WHEN      the same process lives, every frame is accounted for by a verdict, none for an unknown
#                              reason, port 5000 answers, port 6000 was not reached; since the beginning no descriptor
#                              more, and at most $standing_slack KiB of memory of its own (the parts of its file that it
#                              has run so far are not counted); 4096 is what it remembers of events
#     frames_of DIRECTION      [frames, passed, dropped, {REASON: n}] of eth0 so far, as JSON
#     only_5000                prints a policy: port 5000 in, pings out, and nothing else
#
# $witness_frames has the number of frames that a capture on the device's eth0 has seen come in.
# shellcheck disable=SC2154 # $lab and $daemon are set by lib.sh and daemon.sh
standing_support=$(cd "$(dirname "${BASH_SOURCE[0]}")/../support" && pwd)
known_reasons=$(grep -oP '^ +X\(\w+, \K\w+' "$standing_support/../../include/tollgate/abi/drop_reason.h" | jq -nRc '[inputs]')
standing_slack=4096

only_5000() { # [STAGE]
    cat <<YAML
apiVersion: tollgate/v1
kind: Policy
metadata: {name: only-5000}
spec:
  mode: ${1:-enforce}
  default: {ingress: drop, egress: drop}
  baseline: {routerAdvertisements: false}
  allow:
    - {name: open, direction: ingress, ports: [udp/5000, tcp/5000]}
    - {name: ping, direction: egress, protocols: [icmp/echo-request]}
YAML
}

witness_start() {
    witness_host=${1:-device}
    witness_frames=$lab/$witness_host.frames
    background "$witness_host" python3 "$standing_support/witness.py" "$lab/reached" "$witness_frames" eth0
    until_true 60 test -s "$witness_frames" || fail "no witness"
}

frames_of() {
    api status | jq -c --arg direction "$1" '.interfaces[] | select(.name == "eth0")[$direction] |
        [.passedPackets + .droppedPackets, .passedPackets, .droppedPackets, .drops]'
}

standing_memory() { awk '/^RssAnon/ { print $2 }' "/proc/$daemon/status"; }
standing_fits() { (($(standing_memory) <= standing_rss + standing_slack)); }
standing_descriptors() { find "/proc/$daemon/fd" -mindepth 1 2>/dev/null | wc -l; }

standing_begin() {
    standing_process=$daemon
    standing_pid=$(api status | jq .pid)
    standing_rss=$(standing_memory)
    standing_fds=$(standing_descriptors)
}

standing_accounts() { # WHEN
    local direction
    for direction in ingress egress; do
        frames_of "$direction" | jq -e --argjson known "$known_reasons" \
            '.[2] == ([.[3][]] | add // 0) and ((.[3] | keys) - $known == []) and (.[3] | has("internal") | not)' >/dev/null ||
            fail "$1: drops without a reason of ours: $(frames_of "$direction")"
    done
}

standing_holds() { # WHEN [CONTROL-HOST]
    [[ $daemon == "$standing_process" && $(api status | jq .pid) == "$standing_pid" ]] || fail "$1: it is another process"
    ! daemon_is_gone || fail "$1: the daemon is gone"
    ! grep -qE 'Sanitizer|runtime error' "$lab/tollgated.log" || fail "$1: $(grep -E 'Sanitizer|runtime error' "$lab/tollgated.log")"
    standing_accounts "$1"
    reaches "${2:-attacker}" 192.0.2.10 5000 || fail "$1: an allowed flow is not answered"
    [[ ! -e $lab/reached ]] || fail "$1: this got past the gate: $(sort "$lab/reached" | uniq -c)"
    standing_memory_is_flat "$1"
}

# A connection of the moment may be open.
standing_memory_is_flat() {
    until_true 5 eval '(($(standing_descriptors) <= standing_fds))' || fail "$1: $(standing_descriptors) descriptors, not $standing_fds"
    until_true 5 standing_fits || fail "$1: $(standing_memory) KiB of memory, not $standing_rss"
}
