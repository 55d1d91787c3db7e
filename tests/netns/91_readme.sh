#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every command in README.md and the pages below does what the page says: they are
# taken from the pages, in their order, and run in a lab with folders of its own.
#
#   peer 192.0.2.7 ── veth ── host 192.0.2.1, eth0, the reader's machine
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${TOLLGATE_BIN:-$root/build/dev/agent}
((EUID == 0)) || { echo "needs root" && exit 77; }
# Own /run, /etc, /var/lib/tollgate and bpffs, so that the commands work as they are written.
if [[ ${1-} != inside ]]; then
    exec unshare --mount --propagation private "$0" inside
fi

lab=tollgate-readme-$$
work=$(mktemp -d)
daemon=
cleanup() {
    [[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true
    wait
    umount --lazy /run /var/lib /etc "$work/peer" "$work/host" 2>/dev/null || true
    ip netns del "$lab-peer" 2>/dev/null || true
    ip netns del "$lab-host" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT

fail() {
    cat "$work"/*.log 2>/dev/null || true
    echo "error: $*"
    exit 1
}

lab_up() {
    local name
    for name in peer host; do
        ip netns add "$lab-$name"
        ip -n "$lab-$name" link set lo up
    done
    ip -n "$lab-peer" link add eth0 type veth peer name eth0 netns "$lab-host"
    ip -n "$lab-peer" addr add 192.0.2.7/24 dev eth0
    ip -n "$lab-host" addr add 192.0.2.1/24 dev eth0
    ip -n "$lab-peer" link set eth0 up
    ip -n "$lab-host" link set eth0 up
    mkdir -p "$work/bin"
    for name in peer host; do # reached through these once /run is the lab's own
        touch "$work/$name"
        mount --bind "/run/netns/$lab-$name" "$work/$name"
    done
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/lib
    cp -a /etc "$work/etc"
    mount --bind "$work/etc" /etc
    rm -rf /etc/tollgate
    mount -t bpf bpf /sys/fs/bpf
    printf '#!/bin/sh\nexec "$@"\n' >"$work/bin/sudo"
    chmod +x "$work/bin/sudo"
    PATH=$work/bin:$bin:$PATH
}

host() {
    nsenter --net="$work/host" "$@"
}

# commands FILE: the lines of its fenced blocks that a reader would type, without comments.
commands() {
    awk '/^```/ { on = !on; next } on' "$root/$1" | grep -E '^(sudo|ip|ls) ' | sed -E 's/ +#.*//'
}

# expect STATUSES COMMAND: runs it as the reader's new shell would.
expect() {
    local status=0
    host setsid --wait bash -c "$2" >"$work/last.log" 2>&1 </dev/null || status=$?
    [[ " $1 " == *" $status "* ]] || fail "'$2' exited with $status, not with $1"
}

start_daemon() {
    nsenter --net="$work/host" tollgated --interface eth0 >"$work/tollgated.log" 2>&1 &
    daemon=$!
    local tries=50
    until tollgate status >/dev/null 2>&1; do
        ((--tries > 0)) || fail "tollgated did not start"
        sleep 0.2
    done
    # Something to learn; a gate that was shut before is shut again.
    host ping -c 3 -i 0.2 -w 2 192.0.2.7 >/dev/null 2>&1 || true
}

stop_daemon() {
    kill "$daemon"
    wait "$daemon" || true
    daemon=
}

try() {
    local command=$1
    case $command in
        'sudo ./'*) [[ -x $root/$(awk '{ print $2 }' <<<"$command") ]] || fail "no such script: $command" ;;
        *'cmake --install build/release'*)
            expect 0 "cmake --install '$(dirname "$bin")' --prefix '$work/usr'"
            [[ -x $work/usr/sbin/tollgated && -x $work/usr/bin/tollgate ]] || fail "the programs are not installed"
            ;;
        # They look for it below /usr/lib.
        *systemd-sysusers*) expect 0 "systemd-sysusers '$work/usr/lib/sysusers.d/tollgate.conf'" ;;
        *systemd-tmpfiles*) expect 0 "systemd-tmpfiles --create '$work/usr/lib/tmpfiles.d/tollgate.conf'" ;;
        # Where there is tcx there is no filter; Attach.WithoutPinsAClsactGateIsOpenedByTc has one.
        *'tc filter del'*) expect '0 2' "$command" ;;
        *systemctl*tollgated*) [[ -s $root/packaging/tollgated.service ]] || fail "no unit" ;;
        'sudo tollgated --interface eth0') start_daemon ;;
        *'policy diff'*) expect '0 6' "$command" ;;
        *'tollgate enforce'*)
            expect 0 "$command"
            [[ $(stage) == enforce ]] || fail "$command: the stage is $(stage)"
            ;;
        *'tollgate open'*)
            expect 0 "$command"
            reaches || fail "$command: the peer does not get through"
            ;;
        *'policy rollback'*)
            tollgate learn export >"$work/policy.yaml"
            printf '# the second one\n' >>"$work/policy.yaml"
            expect 0 "tollgate policy apply '$work/policy.yaml'"
            expect 0 "tollgate confirm"
            expect 0 "tollgate policy rollback 2"
            expect 0 "tollgate confirm"
            ;;
        *YOUR-ADDRESS*) expect 0 "tollgate trace 192.0.2.7 192.0.2.1 tcp/22" ;;
        *'tollgate cleanup')
            stop_daemon
            expect 0 "$command"
            gate_is_gone
            start_daemon
            ;;
        *'rm -r /sys/fs/bpf/tollgate')
            stop_daemon
            expect 0 "$command"
            gate_is_gone
            start_daemon
            ;;
        # It wants a key of the host on a disk; the lab has neither.
        *'systemd-creds encrypt --name='*' '*' '*) expect 0 "systemd-creds --version" ;;
        *install_manifest*) ;; # what cmake --install wrote; the same xargs, on the lab's copy
        *) expect 0 "$command" ;;
    esac
    tried=$((tried + 1))
}

stage() {
    tollgate status -o json | jq -r '.interfaces[0].stage'
}

reaches() {
    nsenter --net="$work/peer" ping -c 1 -W 1 192.0.2.1 >/dev/null
}

gate_is_gone() {
    sleep 0.2
    ! host ip link show dev eth0 | grep -q xdp || fail "the gate is still attached"
}

cd "$root" # where a reader of the pages is
lab_up
tried=0
for page in README.md docs/configuration.md docs/locked-out.md docs/uninstall.md; do
    while read -r command; do
        try "$command" </dev/null
    done < <(commands "$page")
done
echo "$tried commands tried"
((tried >= 20))
