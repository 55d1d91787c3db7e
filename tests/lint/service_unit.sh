#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The systemd unit is valid and gives the daemon no more than it needs (exposure at most 3.0 of 10).
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
finish
