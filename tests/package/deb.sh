#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Debian package: lintian has no remark; installing protects nothing; an upgrade keeps the gate shut, removing takes
# it away, purging leaves nothing.
#
#   peer 192.0.2.7 ── wire ── board 192.0.2.1, eth0, where the package is installed
#
# Case F26
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

# In the place of systemctl: writes down what the package asks for. The daemons of this test are its own.
record_systemctl() {
    mkdir -p "$system/run/systemd/system"
    rm -f "$system/usr/sbin/policy-rc.d" # of a container, it may forbid everything
    cat >"$system/usr/local/bin/systemctl" <<'STUB'
#!/bin/sh
echo "$*" >>/tmp/asked
case "$*" in *is-enabled*) ;; *) exit 0 ;; esac
[ "$(readlink /etc/systemd/system/tollgated.service)" = /dev/null ] && echo masked && exit 1
echo enabled
STUB
    chmod +x "$system/usr/local/bin/systemctl"
}

asked_for() { # and for nothing else of these; forgets it
    local asked
    asked=$(grep -oE '\b(start|restart|try-restart|stop)( |$)' "$system/tmp/asked" | tr -d '\n')
    rm "$system/tmp/asked"
    [[ ${asked% } == "$1" ]]
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

record_systemctl
dpkg_does -i /tmp/first.deb || fail "it cannot be installed"
asked_for start || fail "a configuration that was there before is not used until the next boot"
untouched || fail "installing touches an interface"
[[ $(board tollgate version 2>/dev/null | head -1) == *"$(dpkg-deb -f "$package" Version)"* ]] || fail "another version"
board getent group tollgate >/dev/null || fail "there is no group tollgate"
board getent passwd _tollgate >/dev/null || fail "there is no user for confined processes"
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
asked_for try-restart || fail "an upgrade starts what was stopped"
stop
start
shut || fail "the upgrade has changed the gate"
[[ ! -s $work/open ]] || fail "the port was open during the upgrade"
rm "$work/open"
wait "$prober" || true
board tollgate status -o json | grep -q '"adopted": true' || fail "the new daemon has made the gate anew"

# The daemon runs on where nothing may stop it (policy-rc.d); nobody is left alone with a gate that is shut.
! dpkg_does -r tollgate || fail "it goes, and leaves a gate that nobody can open"
asked_for "stop start" || fail "the daemon is not started again although the package stays"
grep -q 'rm -r /sys/fs/bpf/tollgate' "$work/dpkg.log" || fail "it does not say how to open the gate by hand"
started || fail "the tools are gone although the gate is there"

stop
shut || fail "the gate opens when the daemon ends"
on board ip link show wg0 >/dev/null || fail "the interface of the tunnel goes with the daemon"
echo 'interfaces: [eth0' >"$system/etc/tollgate/tollgate.yaml"
dpkg_does -r tollgate || fail "it cannot be removed when the configuration has a mistake"
untouched || fail "removing leaves the gate"
reaches 8081 || fail "something is left in the way"
! on board ip link show wg0 >/dev/null 2>&1 || fail "removing leaves the interface of the tunnel"
learned() { [[ -n $(ls "$system/var/lib/tollgate") ]]; }
learned || fail "removing takes what was learned"
rm "$system/tmp/asked"
dpkg_does -i /tmp/next.deb || fail "it cannot be installed again"
asked_for start || fail "what was removed and comes back is not started"

# An agent in a container has the same folders.
dpkg_does -r tollgate || fail "it cannot be removed again"
mkdir "$system/sys/fs/bpf/tollgate"
dpkg_does -P tollgate || fail "it cannot be purged beside another agent"
learned || fail "purging takes what another agent has learned"
rmdir "$system/sys/fs/bpf/tollgate"
dpkg_does -i /tmp/next.deb || fail "it cannot be installed after it was purged"
dpkg_does -P tollgate || fail "it cannot be purged"
[[ ! -e $system/var/lib/tollgate ]] || fail "purging leaves what was learned"
[[ ! -e $system/var/log/tollgate ]] || fail "purging leaves the flow log"
[[ -e $system/etc/tollgate/policy.yaml && -e $system/etc/tollgate/wg0.key ]] || fail "purging takes a file that a person wrote"
board getent group tollgate >/dev/null || fail "docs/uninstall.md says that the group stays"
left=$(find "$work"/upper/{usr,lib,etc/systemd} -name '*tollgate*' -type f 2>/dev/null || true)
[[ -z $left ]] || fail "purging leaves $left"
