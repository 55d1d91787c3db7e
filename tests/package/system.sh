# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A machine to install on, for the tests of this folder: this machine's own system with a layer on top, so that nothing
# of it is kept. Source it in a mount namespace of one's own, then
#
#     system_start                     $work is a folder for files, $system the root of the machine
#     host NAME ADDRESS/LENGTH         a host on the one wire; on the host `board` the system runs
#     on HOST COMMAND...               there, with this machine's files
#     board COMMAND...                 on the board, with the files of the layer
#     background HOST COMMAND...       as `on`, ended with the test
#     within SECONDS COMMAND...        repeats it until it succeeds
#     fail "what went wrong"           shows the ends of $work/*.log
package_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# in_own_mounts SCRIPT: runs it again as `SCRIPT inside PACKAGE`. $TOLLGATE_DEB names a package that is there, or the
# folder that it is in; without it one is made.
in_own_mounts() {
    local package
    ((EUID == 0)) || { echo "needs root" && exit 77; }
    package=${TOLLGATE_DEB:-$package_root/$("$package_root/tools/deb" | tail -1)}
    [[ ! -d $package ]] || package=$(echo "$package"/tollgate_*.deb)
    exec unshare --mount --propagation private "$1" inside "$(realpath "$package")"
}

system_start() {
    lab=tollgate-package-$$
    work=$(mktemp -d)
    system=$work/system
    processes=()
    hosts=(wire)
    trap system_end EXIT
    trap 'exit 1' INT TERM
    mount -t tmpfs tmpfs "$work" # a layer needs a file system that can be one
    mkdir "$work/upper" "$work/layer" "$system"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/layer" "$system"
    mount -t proc proc "$system/proc"
    mount -t sysfs sysfs "$system/sys"
    mount -t bpf bpf "$system/sys/fs/bpf"
    mount --bind /dev "$system/dev"
    mount -t tmpfs tmpfs "$system/run"
    rm -rf "$system/var/lib/tollgate" "$system/etc/tollgate"
    ip netns add "$lab-wire"
    ip -n "$lab-wire" link add wire type bridge
    ip -n "$lab-wire" link set wire up
}

system_end() {
    local name file
    for file in "$system"/run/*.service.pid; do # what `systemctl` has started
        [[ ! -e $file ]] || kill "$(<"$file")" 2>/dev/null || true
    done
    ((${#processes[@]} == 0)) || kill "${processes[@]}" 2>/dev/null || true
    wait
    umount --recursive --lazy "$system" 2>/dev/null || true
    umount --lazy "$work" 2>/dev/null || true
    for name in "${hosts[@]}"; do
        ip netns del "$lab-$name" 2>/dev/null || true
    done
    rm -rf "$work"
}

fail() {
    tail -n 40 "$work"/*.log 2>/dev/null || true
    echo "error: $*"
    exit 1
}

host() {
    ip netns add "$lab-$1"
    hosts+=("$1")
    ip -n "$lab-$1" link set lo up
    ip -n "$lab-$1" link add eth0 type veth peer name "$1" netns "$lab-wire"
    ip -n "$lab-$1" addr add "$2" dev eth0
    ip -n "$lab-$1" link set eth0 up
    ip -n "$lab-wire" link set "$1" master wire up
}

on() { nsenter --net="/run/netns/$lab-$1" "${@:2}"; }

board() { on board chroot "$system" env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

background() {
    nsenter --net="/run/netns/$lab-$1" "${@:2}" >>"$work/background.log" 2>&1 &
    processes+=($!)
}

within() {
    local deadline=$((SECONDS + $1))
    until "${@:2}"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

dpkg_does() { DEBIAN_FRONTEND=noninteractive board dpkg --force-depends "$@" >>"$work/dpkg.log" 2>&1; }

untouched() { ! on board ip -d link show eth0 | grep -q xdp && [[ ! -e $system/sys/fs/bpf/tollgate ]]; }
