#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A state folder on a disk that has become read-only, or full: what was confirmed is in force after a reboot and after
# a restart, the tunnel is back, and log and status say that nothing is kept. Changes are refused until it is mended.
# The first start of all has nothing to go on with, and is refused.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case F05
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/ssh_only.sh
source "$(dirname "$0")/ssh_only.sh"
# shellcheck source=tests/netns/refusals.sh
source "$(dirname "$0")/refusals.sh"
lab_start
ssh_only_start

mkdir "$lab/state"
mount -t tmpfs -o size=2m tollgate-test "$lab/state"
trap 'code=$?; umount -l "$lab/state" || true; (exit "$code") || lab_end; lab_end' EXIT
disk() { mount -o "remount,$1" "$lab/state"; }
start() { daemon_start --tunnel wg0 --uapi-dir "$lab/wg" "$@"; }
warns() { api status | jq -e --arg text "$1" 'any(.warnings[]; contains($text))' >/dev/null; }

disk ro
ends_with 16 "$lab/state" on device timeout 20 "$bin/tollgated" --interface eth0 --policy "$lab/policy.yaml" \
    --state-dir "$lab/state" --run-dir "$lab/run" --pin-dir "$pins" --metrics off
[[ ! -e $pins ]] || fail "a refused start leaves pins"
disk rw

start --policy "$lab/policy.yaml"
holds "at first"
api blocklist/add '{"prefixes":["203.0.113.0/24"]}' >/dev/null
! warns "cannot be kept" || fail "it warns of a disk that takes everything"
daemon_kill TERM

# goes_on WHEN
goes_on() {
    : >"$lab/tollgated.log"
    start
    holds "$1"
    api status | jq -e '.interfaces[] | select(.name == "eth0") | .stage == "enforce"' >/dev/null || fail "$1: the stage is another"
    api blocklist | jq -e '.prefixes == ["203.0.113.0/24"]' >/dev/null || fail "$1: the block list is another"
    until_true 10 ip -n "tg-device-$$" link show wg0 >/dev/null 2>&1 || { cat "$lab/tollgated.log"; fail "$1: no tunnel"; }
    warns "cannot be kept" || { api status; fail "$1: status does not say that nothing is kept"; }
    grep -q 'level=error event=state.failed' "$lab/tollgated.log" || fail "$1: the log does not say that nothing is kept"
    [[ $(refused audit '{"confirmWithin":60}') == internal ]] || fail "$1: a change is taken that cannot be kept"
    [[ $(refused blocklist/add '{"prefixes":["192.0.2.1"]}') == internal ]] || fail "$1: a prefix is taken"
    holds "$1, after refused changes"
    daemon_kill TERM
}

disk ro
reboot_data_path
goes_on "after a reboot with a read-only disk"
grep -q 'event=audit.unwritten' "$lab/tollgated.log" || fail "nobody says that the audit log is not written"
goes_on "after a restart with a read-only disk"
disk rw

dd if=/dev/zero of="$lab/state/filler" bs=4k 2>/dev/null || true
reboot_data_path
goes_on "after a reboot with a full disk"
goes_on "after a restart with a full disk"
rm "$lab/state/filler"

start
holds "when the disk is mended"
! warns "cannot be kept" || fail "it goes on warning of a disk that is mended"
api audit '{"confirmWithin":60}' >/dev/null
api policy/rollback '{}' >/dev/null
holds "after a change"
