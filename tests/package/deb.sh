#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Debian package: lintian has no remark; installing protects nothing; an upgrade keeps the gate shut, removing takes
# it away, purging leaves nothing.
#
#   peer 192.0.2.7 ── wire ── board 192.0.2.1, eth0, where the package is installed
set -euo pipefail
# shellcheck source=tests/package/system.sh
source "$(dirname "$0")/system.sh"
[[ ${1-} == inside ]] || in_own_mounts "$0"
package=$2

reaches() { on peer timeout 1 bash -c "exec 3<>/dev/tcp/192.0.2.1/$1" 2>/dev/null; }
started() { board tollgate status >/dev/null 2>&1; }

stop() { # the last that was started
    kill "${processes[-1]}"
    wait "${processes[-1]}" || true
    unset 'processes[-1]'
}

start() {
    background board chroot "$system" tollgated
    within 20 started || fail "the daemon of the package does not start"
}

# The same package with a greater version.
upgrade_of() {
    dpkg-deb -R "$1" "$work/next"
    sed -i 's/^Version: .*/&+1/' "$work/next/DEBIAN/control"
    dpkg-deb -b "$work/next" "$2" >/dev/null
}

system_start
host board 192.0.2.1/24
host peer 192.0.2.7/24
lintian --fail-on error,warning --tag-display-limit 0 "$package" >"$work/lintian.log" 2>&1 || fail "lintian"
! grep -q '^[EW]:' "$work/lintian.log" || fail "lintian has remarks"
background board python3 -m http.server --bind 192.0.2.1 8080
background board python3 -m http.server --bind 192.0.2.1 8081
within 5 reaches 8081 || fail "the lab does not work"
cp "$package" "$system/tmp/first.deb"
upgrade_of "$package" "$system/tmp/next.deb"

dpkg_does -i /tmp/first.deb || fail "it cannot be installed"
untouched || fail "installing touches an interface"
[[ $(board tollgate version 2>/dev/null | head -1) == *"$(dpkg-deb -f "$package" Version)"* ]] || fail "another version"
board getent group tollgate >/dev/null || fail "there is no group tollgate"
board man -w tollgate >/dev/null || fail "there is no manual page"
for page in index.md guides/cloud-vm.md examples/cloud-vm.yaml examples/policies/cloud-vm.yaml; do
    [[ -s $system/usr/share/doc/tollgate/$page ]] || fail "the package does not have $page"
done
grep -q ConditionPathExists "$system/usr/lib/systemd/system/tollgated.service" || fail "it would start unconfigured"

mkdir -p "$system/etc/tollgate"
cat >"$system/etc/tollgate/tollgate.yaml" <<'YAML'
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
policy: /etc/tollgate/policy.yaml
tunnels: [{name: wg0, addresses: [10.9.0.1/24]}]
YAML
board sh -c 'umask 077; tollgate tunnel genkey >/etc/tollgate/wg0.key'
cat >"$system/etc/tollgate/policy.yaml" <<'YAML'
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
board tollgate enforce >/dev/null || fail "it cannot enforce"
board tollgate confirm >/dev/null || fail "it cannot confirm"
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
board tollgate status -o json | grep -q '"adopted": true' || fail "the new daemon has made the gate anew"

stop
shut || fail "the gate opens when the daemon ends"
on board ip link show wg0 >/dev/null || fail "the interface of the tunnel goes with the daemon"
dpkg_does -r tollgate || fail "it cannot be removed"
untouched || fail "removing leaves the gate"
reaches 8081 || fail "something is left in the way"
! on board ip link show wg0 >/dev/null 2>&1 || fail "removing leaves the interface of the tunnel"
[[ -s $system/var/lib/tollgate/policy.yaml || -n $(ls "$system/var/lib/tollgate") ]] || fail "removing takes what was learned"
dpkg_does -P tollgate || fail "it cannot be purged"
[[ ! -e $system/var/lib/tollgate ]] || fail "purging leaves what was learned"
[[ -e $system/etc/tollgate/policy.yaml && -e $system/etc/tollgate/wg0.key ]] || fail "purging takes a file that a person wrote"
board getent group tollgate >/dev/null || fail "docs/uninstall.md says that the group stays"
left=$(find "$work"/upper/{usr,lib,etc/systemd} -name '*tollgate*' -type f 2>/dev/null || true)
[[ -z $left ]] || fail "purging leaves $left"
