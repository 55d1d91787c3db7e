#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The systemd unit is valid, comes before the network, is watched, and gives the daemon no more than it needs (exposure
# at most 3.0 of 10).
#
# Case F23
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

unit=$PWD/packaging/tollgated.service
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is not installed" && exit 77; }
systemd-analyze security --offline=true --threshold=30 --no-pager "$unit" >/dev/null ||
    complain "$unit is exposed more than 3.0 (systemd-analyze security --offline=true $unit)"
# A unit that says nothing must fail the same test: it proves that the test can.
printf '[Service]\nExecStart=/bin/true\n' >"${bare:=$(mktemp --suffix=.service)}"
trap 'rm -f "$bare"' EXIT
systemd-analyze security --offline=true --threshold=30 --no-pager "$bare" >/dev/null 2>&1 &&
    complain "systemd-analyze finds no fault with an unprotected unit"

# What docs/early-boot.md and docs/threat-model.md promise rests on these.
for line in Type=notify WatchdogSec=30 Restart=always DefaultDependencies=no Wants=network-pre.target \
    'Before=network-pre.target shutdown.target' StateDirectory=tollgate LimitCORE=0; do
    grep -qxF "$line" "$unit" || complain "$unit does not say $line"
done
# The program is not installed where this runs.
verified=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -v 'Command /usr/sbin/tollgated is not executable' || true)
[[ -z $verified ]] || complain "$verified"
finish
