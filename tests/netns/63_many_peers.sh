#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ten thousand peers: by wg setconf and from tollgate.yaml, each where it ought to be; how long that takes,
# and what a peer costs in memory. MANY_PEERS is another number.
#
#   device  tollgated with $wg, by wg; then with the tunnel of a file
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
host device
ip -n "tg-device-$$" link add eth0 type veth peer name wire0
(umask 077 && wg genkey >"$lab/$wg.key")
python3 "$(dirname "$0")/../support/many_peers.py" "$peers" "$lab" "$wg"

resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$(pgrep -P "$daemon" -x tollgated || echo "$daemon")/status"; }
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
