# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Hosts for the shell tests of this folder: source it, then
#
#     lab_start                            needs root; everything goes away on exit
#     host a && host b                     network namespaces; $a and $b are their full names
#     wire a eth0 192.0.2.1/24 b eth0 192.0.2.2/24
#     on a ping -c 1 192.0.2.2             run something there (bpffs stays visible)
#     background a python3 server.py       the same, ended at the end of the test
#     fail "what went wrong"
#
# $lab is a folder for files, $pins a pin folder; both are this test's own.

fail() {
    echo "error: $*" >&2
    exit 1
}

lab_start() {
    if ((EUID != 0)); then
        [[ -z ${CI:-} ]] || fail "needs root"
        echo "skipped: needs root"
        exit 77
    fi
    lab=$(mktemp -d)
    pins=/sys/fs/bpf/tollgate-test-$$
    lab_hosts=()
    lab_processes=()
    mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
    trap lab_end EXIT
    trap 'exit 1' INT TERM
}

lab_end() {
    local status=$? process name
    set +e
    for process in "${lab_processes[@]}"; do
        kill "$process" 2>/dev/null
    done
    lab_remove_pins
    rm -f /run/wireguard/tg?"$$".sock # of a tunnel whose daemon a test has killed
    for name in "${lab_hosts[@]}"; do
        ip netns del "$name"
    done
    rm -rf "$lab"
    exit "$status"
}

# Links that are only unpinned end when nobody holds them: here nobody does.
lab_remove_pins() {
    [[ -d $pins ]] && find "$pins" -depth \( -type f -delete -o -type d -exec rmdir {} \; \)
}

# host NAME: makes a namespace and sets the variable NAME to what the kernel calls it.
host() {
    local -n full=$1
    # shellcheck disable=SC2034 # the caller's variable
    full=tg-$1-$$
    ip netns add "$full"
    lab_hosts+=("$full")
    on "$1" sysctl -qw net.ipv6.conf.default.disable_ipv6="${LAB_NO_IPV6:-1}"
    on "$1" ip link set lo up
}

# wire HOST INTERFACE ADDRESS/LENGTH HOST INTERFACE ADDRESS/LENGTH: a veth pair, up.
wire() {
    ip -n "tg-$1-$$" link add "$2" type veth peer name "$5" netns "tg-$4-$$"
    ip -n "tg-$1-$$" addr add "$3" dev "$2"
    ip -n "tg-$4-$$" addr add "$6" dev "$5"
    ip -n "tg-$1-$$" link set "$2" up
    ip -n "tg-$4-$$" link set "$5" up
}

# on HOST COMMAND...: `ip netns exec` would hide the BPF file system.
on() {
    local name=tg-$1-$$
    shift
    nsenter --net="/run/netns/$name" "$@"
}

# background HOST COMMAND...: its process is in $background_process.
background() {
    local name=tg-$1-$$
    shift
    nsenter --net="/run/netns/$name" "$@" &
    background_process=$!
    lab_processes+=("$background_process")
    disown "$background_process" # its end is no news
}

# data_process PID INTERFACE: the process of a tunnel, of the daemon PID or the one that PID has started.
data_process() {
    local agent
    agent=$(pgrep -P "$1" -x tollgated || echo "$1")
    pgrep -P "$agent" -f -- "--role=data $2\$"
}

# until_true SECONDS COMMAND...: repeats it until it succeeds. For slow machines: LAB_PATIENCE=N makes it N times as long,
# LAB_ANSWER_SECONDS is how long an answer of the network may take.
until_true() {
    local deadline=$((SECONDS + $1 * ${LAB_PATIENCE:-1}))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}
