# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What every part of the agent that meets strangers must be: source it after lib.sh, then
#
#     status_line PID NAME     a line of /proc/PID/status
#     is_confined PID          no capability, no way to gain any, filtered system calls, nobody's groups, not root
is_confined() {
    local set id
    for set in CapInh CapPrm CapEff CapBnd CapAmb; do
        [[ $(status_line "$1" "$set") == 0000000000000000 ]] || fail "it has capabilities: $set $(status_line "$1" "$set")"
    done
    [[ $(status_line "$1" NoNewPrivs) == 1 ]] || fail "it could gain privileges"
    [[ $(status_line "$1" Seccomp) == 2 ]] || fail "its system calls are not filtered"
    [[ $(status_line "$1" Groups) =~ ^[[:space:]]*$ ]] || fail "it has groups: $(status_line "$1" Groups)"
    for id in Uid Gid; do
        ! grep -qw 0 <<<"$(status_line "$1" "$id")" || fail "it is root's: $id $(status_line "$1" "$id")"
    done
}

status_line() { grep -P "^$2:" "/proc/$1/status" | cut -f 2-; }
