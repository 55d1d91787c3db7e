#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The daemon leaves no core dump, in which keys and tokens would be: not by its limit, and not where a program takes core
# dumps in, which no limit holds up. That is how the kernel treats what is not dumpable: nobody without CAP_SYS_PTRACE
# reads it, with the same user and the same capabilities neither.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
set -euo pipefail
[[ ${without_ptrace:-} == yes ]] || without_ptrace=yes exec setpriv --bounding-set=-sys_ptrace "$0"
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
mkdir "$lab/here" && cd "$lab/here"
ulimit -S -c "$(ulimit -H -c)"
is_readable() { readlink "/proc/$1/exe" >/dev/null; }
cores() { find "$lab/here" -name 'core*' | wc -l; }

# What a program does that sees to nothing.
background device sleep 100
until_true 5 is_readable "$background_process" || fail "no program can be read here"
kill -ABRT "$background_process"
until_true 5 eval '! is_readable "$background_process"' || fail "the other program does not end"
((dumps = $(cores))) || echo "other programs leave no core dump here either ($(</proc/sys/kernel/core_pattern))"
rm -f "$lab/here"/core*

daemon_start --log-level info
limit=$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$daemon/limits")
[[ $limit == "0 0" ]] || fail "its core dumps are limited to $limit"
! is_readable "$daemon" || fail "it is dumpable"
daemon_kill ABRT
[[ $(cores) == 0 ]] || fail "it leaves a core dump"
echo "no core dump; another program left $dumps"
