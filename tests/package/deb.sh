#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Debian package: lintian has no remark; installing protects nothing; an upgrade keeps the gate shut, removing takes
# it away, purging leaves nothing. TOLLGATE_DEB names a package that is there; without it one is made. In a chroot that is this machine's own system with a layer on top, so that nothing of
# it is kept; the hosts are network namespaces.
#
#   peer 192.0.2.7 ── veth ── host 192.0.2.1, eth0, where the package is installed
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
((EUID == 0)) || { echo "needs root" && exit 77; }
if [[ ${1-} != inside ]]; then
    package=${TOLLGATE_DEB:-$root/$("$root/tools/deb" "${TOLLGATE_PRESET:-release}" | tail -1)}
    exec unshare --mount --propagation private "$0" inside "$(realpath "$package")"
fi
package=$2
lab=tollgate-package-$$
work=$(mktemp -d)
processes=()

cleanup() {
    ((${#processes[@]} == 0)) || kill "${processes[@]}" 2>/dev/null || true
    wait
    umount --recursive --lazy "$work/system" 2>/dev/null || true
    umount --lazy "$work" 2>/dev/null || true
    ip netns del "$lab-peer" 2>/dev/null || true
    ip netns del "$lab-host" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

fail() {
    tail -n 40 "$work"/*.log 2>/dev/null || true
    echo "error: $*"
    exit 1
}

system_up() {
    mount -t tmpfs tmpfs "$work" # a layer needs a file system that can be one
    mkdir "$work/upper" "$work/layer" "$work/system"
    mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/layer" "$work/system"
    mount -t proc proc "$work/system/proc"
    mount -t sysfs sysfs "$work/system/sys"
    mount -t bpf bpf "$work/system/sys/fs/bpf"
    mount --bind /dev "$work/system/dev"
    mount -t tmpfs tmpfs "$work/system/run"
    rm -rf "$work/system/var/lib/tollgate" "$work/system/etc/tollgate"
}

network_up() {
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
}

on() { nsenter --net="/run/netns/$lab-$1" "${@:2}"; }
host() { nsenter --net="/run/netns/$lab-host" chroot "$work/system" "$@"; }
dpkg_does() { DEBIAN_FRONTEND=noninteractive host dpkg --force-depends "$@" >>"$work/dpkg.log" 2>&1; }
reaches() { on peer timeout 1 bash -c "exec 3<>/dev/tcp/192.0.2.1/$1" 2>/dev/null; }
untouched() { ! on host ip -d link show eth0 | grep -q xdp && [[ ! -e $work/system/sys/fs/bpf/tollgate ]]; }
started() { host tollgate status >/dev/null 2>&1; }

within() { # SECONDS COMMAND
    local deadline=$((SECONDS + $1))
    until "${@:2}"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

# background COMMAND...: on the host, ended with the test.
background() {
    nsenter --net="/run/netns/$lab-host" "$@" >>"$work/background.log" 2>&1 &
    processes+=($!)
}

stop() { # the last that was started
    kill "${processes[-1]}"
    wait "${processes[-1]}" || true
    unset 'processes[-1]'
}

start() {
    background chroot "$work/system" tollgated
    within 20 started || fail "the daemon of the package does not start"
}

# The same package with a greater version.
upgrade_of() {
    dpkg-deb -R "$1" "$work/next"
    sed -i 's/^Version: .*/&+1/' "$work/next/DEBIAN/control"
    dpkg-deb -b "$work/next" "$2" >/dev/null
}

lintian --fail-on error,warning --tag-display-limit 0 "$package" >"$work.lint" 2>&1 || { cat "$work.lint"; fail "lintian"; }
grep '^[EW]:' "$work.lint" && fail "lintian has remarks"
rm -f "$work.lint"
system_up
network_up
background python3 -m http.server --bind 192.0.2.1 8080
background python3 -m http.server --bind 192.0.2.1 8081
within 5 reaches 8081 || fail "the lab does not work"
cp "$package" "$work/system/tmp/first.deb"
upgrade_of "$package" "$work/system/tmp/next.deb"

dpkg_does -i /tmp/first.deb || fail "it cannot be installed"
untouched || fail "installing touches an interface"
[[ $(host tollgate version 2>/dev/null | head -1) == *"$(dpkg-deb -f "$package" Version)"* ]] || fail "another version"
host getent group tollgate >/dev/null || fail "there is no group tollgate"
host man -w tollgate >/dev/null || fail "there is no manual page"
grep -q ConditionPathExists "$work/system/usr/lib/systemd/system/tollgated.service" || fail "it would start unconfigured"

mkdir -p "$work/system/etc/tollgate"
cat >"$work/system/etc/tollgate/tollgate.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
policy: /etc/tollgate/policy.yaml
YAML
cat >"$work/system/etc/tollgate/policy.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Policy
metadata: {name: package}
spec:
  mode: learn
  default: {ingress: drop, egress: drop}
  allow:
    - {name: web, direction: ingress, ports: [tcp/8080]}
YAML
start
reaches 8081 || fail "learning drops"
host tollgate enforce >/dev/null || fail "it cannot enforce"
host tollgate confirm >/dev/null || fail "it cannot confirm"
shut() { reaches 8080 && ! reaches 8081; }
shut || fail "enforcing is not what the policy says"

# While dpkg works, while nothing runs, and when the next one starts.
: >"$work/open"
(while [[ -e $work/open ]]; do reaches 8081 && echo open >>"$work/open"; done) &
prober=$!
dpkg_does -i /tmp/next.deb || fail "it cannot be upgraded"
stop
start
shut || fail "the upgrade has changed the gate"
[[ ! -s $work/open ]] || fail "the port was open during the upgrade"
rm "$work/open"
wait "$prober" || true
host tollgate status -o json | grep -q '"adopted": true' || fail "the new daemon has made the gate anew"

stop
shut || fail "the gate opens when the daemon ends"
dpkg_does -r tollgate || fail "it cannot be removed"
untouched || fail "removing leaves the gate"
reaches 8081 || fail "something is left in the way"
[[ -s $work/system/var/lib/tollgate/policy.yaml || -n $(ls "$work/system/var/lib/tollgate") ]] || fail "removing takes what was learned"
dpkg_does -P tollgate || fail "it cannot be purged"
[[ ! -e $work/system/var/lib/tollgate ]] || fail "purging leaves what was learned"
[[ -e $work/system/etc/tollgate/policy.yaml ]] || fail "purging takes a file that a person wrote"
left=$(find "$work"/upper/{usr,lib,etc/systemd} -name '*tollgate*' -type f 2>/dev/null || true)
[[ -z $left ]] || fail "purging leaves $left"
