#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The demo does what its screen says, within 90 s, and leaves nothing behind.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
((EUID == 0)) || { echo "needs root" && exit 77; }
screen=$(mktemp)
trap 'rm -f "$screen"' EXIT

fail() {
    cat "$screen"
    echo "error: $*"
    exit 1
}

# Everything of ours that a machine could keep, and its own interfaces.
traces() {
    ip -o link | grep -vE '@|veth' | awk '{ print $2, $9 }'
}

links=$(traces)
"$root/tools/demo" --no-build >"$screen" 2>&1 &
demo=$!
wait "$demo" || fail "the demo failed"
[[ $(traces) == "$links" ]] || fail "the demo changed the host's interfaces"
ip netns list | grep -q "tollgate-demo-$demo-" && fail "a namespace is left"
[[ ! -e /sys/fs/bpf/tollgate-demo-$demo ]] || fail "pins are left"

section() {
    awk -v from="$1." -v to="$(($1 + 1))." 'index($0, from) == 1 { on = 1 } index($0, to) == 1 { on = 0 } on' "$screen"
}
section 1 | grep -q 'open: 23 554' || fail "the lab was not open before"
section 1 | grep -q 'ARRIVES' || fail "the device could not send anywhere before"
for preview in 3 4; do
    section $preview | grep -q ' 0 would be dropped' || fail "section $preview: a false alarm"
done
for attacked in 5 8; do
    section $attacked | grep -q 'open: none' || fail "section $attacked: a scan found open ports"
    section $attacked | grep -q 'stopped' || fail "section $attacked: data left the device"
done
(($(section 5 | grep -c '20 of 20 packets dropped') == 5)) || fail "a crafted packet was not dropped"
for used in 7 8; do
    (($(section $used | grep -cE '  works$') == 3)) || fail "section $used: something allowed does not work"
done
for reason in policy_default martian no_flow ipv4_source_route fragment_tiny fragment_unknown; do
    section 6 | grep -qE "[1-9][0-9]* packets .*$reason " || fail "no packet was dropped as $reason"
done
LC_ALL=C.UTF-8 grep -qP '^.{101}' "$screen" && fail "a line has more than 100 columns"
grep -qE 'Done in [0-9]+ s\.|Done in 1 min [0-2]' "$screen" || fail "the demo took more than 90 s"
