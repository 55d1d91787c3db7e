# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Hosts on which the commands of a guide can be typed as they are written: source it after lib.sh and page.sh, then
#
#     machine NAME            a host of lib.sh that has an /etc, /run, /var/lib and BPF file system of its own,
#                             sudo, and systemctl for one service: tollgated
#     typed NAME COMMAND      runs it there, in the project's folder; $lab/screen has what it printed
#     follow PAGE [NAME]      types the commands of a page where the page says (`both`: a and b), else on NAME; calls
#                             `before NAME COMMAND` and `after NAME COMMAND` of the test around each, and counts them
#                             in $followed
#     agent_of NAME           the process of its tollgated
#     is_protected NAME       true if its tollgated answers
#     none WHEN PROBE...      fails if one of the probes, all tried at once, gets through
#
# What `tollgate tunnel pubkey` printed on a host NAME stands for KEY-OF-NAME in later commands.
# The caller's connection, for commands that ask who they are typed by, is $ssh (as SSH_CONNECTION).
# shellcheck disable=SC2154 # $lab and $background_process are set by lib.sh
bin=${TOLLGATE_BIN:?the folder of the programs}
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ssh=
declare -A keys=()

machine() {
    host "$1"
    local folder=$lab/$1
    mkdir -p "$folder" "$lab/bin"
    cp -a /etc "$folder/etc"
    machine_programs
    background "$1" unshare --mount --propagation private bash -c '
        mount --bind "$1/etc" /etc
        mount -t tmpfs tmpfs /run
        mount -t tmpfs tmpfs /var/lib
        mount -t bpf bpf /sys/fs/bpf
        rm -rf /etc/tollgate
        mkdir -p /etc/tollgate /var/lib/tollgate /run/wireguard
        touch "$1/ready"
        exec sleep infinity' machine "$folder"
    echo "$background_process" >"$folder/mounts"
    until_true 10 test -e "$folder/ready" || fail "no machine $1"
}

machine_programs() {
    printf '#!/bin/sh\nexec "$@"\n' >"$lab/bin/sudo"
    cat >"$lab/bin/systemctl" <<'END'
#!/usr/bin/env bash
# What systemd does with packaging/tollgated.service.
set -eu
stop() {
    [[ -e $MACHINE/agent ]] || return 0
    kill "$(<"$MACHINE/agent")" 2>/dev/null || true
    while [[ $(ps -o stat= -p "$(<"$MACHINE/agent")") == [!Z]* ]]; do sleep 0.1; done
    rm "$MACHINE/agent"
}
start() {
    [[ -e /etc/tollgate/tollgate.yaml ]] # ConditionPathExists
    setsid tollgated >>"$MACHINE/tollgated.log" 2>&1 </dev/null &
    echo $! >"$MACHINE/agent"
    for _ in {1..100}; do
        ! tollgate status >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    cat "$MACHINE/tollgated.log" && return 1
}
[[ ${*: -1} == tollgated ]]
case $1 in
    start | enable) start ;;
    restart) stop && start ;;
    stop | disable) stop ;;
    reload) kill -HUP "$(<"$MACHINE/agent")" ;;
    *) exit 1 ;;
esac
END
    chmod +x "$lab/bin/sudo" "$lab/bin/systemctl"
}

inside() { # MACHINE COMMAND...
    local folder=$lab/$1 full=tg-$1-$$
    shift
    MACHINE=$folder PATH=$lab/bin:$bin:$PATH SSH_CONNECTION=$ssh \
        nsenter --net="/run/netns/$full" --mount="/proc/$(<"$folder/mounts")/ns/mnt" --wd="$project" "$@"
}

typed() {
    local status=0
    inside "$1" setsid --wait bash -c "$2" >"$lab/screen" 2>&1 </dev/null || status=$?
    [[ ! -e $lab/$1/agent ]] || lab_processes+=("$(<"$lab/$1/agent")")
    return "$status"
}

agent_of() { cat "$lab/$1/agent"; }

is_protected() { inside "$1" tollgate status >/dev/null 2>&1; }

follow() {
    local where host command
    followed=0
    while IFS=$'\t' read -r -u 9 where command; do
        [[ $where != - ]] || where=$2
        for host in ${where/both/a b}; do
            follow_step "$host" "$command"
            followed=$((followed + 1))
        done
    done 9< <(page_steps "$project/$1")
    ((followed > 0)) || fail "$1 has no commands"
}

follow_step() {
    local command=$2 name status=0
    for name in "${!keys[@]}"; do
        command=${command//KEY-OF-${name^^}/${keys[$name]}}
    done
    before "$1" "$command"
    typed "$1" "$command" || status=$?
    case $status:$command in
        0:* | 6:*'policy diff'*) ;;
        *) fail "on $1: '$command' exited with $status: $(<"$lab/screen")" ;;
    esac
    [[ $command != *'tunnel pubkey'* ]] || keys[$1]=$(<"$lab/screen")
    after "$1" "$command"
}

none() {
    local when=$1 probe process=() i
    shift
    for probe; do
        eval "$probe" &
        process+=($!)
    done
    for i in "${!process[@]}"; do
        ! wait "${process[i]}" || fail "$when: this gets through: ${*:i+1:1}"
    done
}
