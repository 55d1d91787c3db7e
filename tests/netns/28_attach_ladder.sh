#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a machine has not got: native XDP, BTF, a bpffs that can be written. The next rung is taken and said, never one that
# the configuration excludes; where there is none left, the daemon says what is missing and leaves nothing behind.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case F13
# shellcheck disable=SC2119 # functions without flags
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/ssh_only.sh
source "$(dirname "$0")/ssh_only.sh"
# shellcheck source=tests/netns/refusals.sh
source "$(dirname "$0")/refusals.sh"
lab_start
ssh_only_start
metrics=127.0.0.1:9586
# stands RUNG: as status and metrics tell it.
stands() {
    [[ $(api status | jq -r '.interfaces[0].attach.ingress') == "$1" ]] || fail "it is not on the rung $1: $(api status)"
    until_true 10 counted "$1" || fail "the metrics do not say that it stands on $1"
}
counted() {
    on device curl -s "http://$metrics/metrics" | grep '^tollgate_xdp_attached' | grep "attach_mode=\"$1\"" | grep -q ' 1$'
}
# runs WHAT RUNG FLAGS...: the gate holds on that rung. Then away with everything.
runs() {
    daemon_start --policy "$lab/policy.yaml" "${@:3}"
    holds "$1"
    stands "$2"
    daemon_kill
    reboot_data_path
}
# refuses CODE TEXT FLAGS...: and nothing is attached, nothing pinned.
refuses() {
    ends_with "$1" "$2" tollgated --interface eth0 "${@:3}"
    ! on device ip link show eth0 | grep -q prog/xdp || fail "a program is left"
    [[ ! -e $pins/second ]] || fail "pins are left"
}
mtu() {
    ip -n "tg-device-$$" link set eth0 mtu "$1"
    ip -n "tg-router-$$" link set eth0 mtu "$1"
}

runs "with all there is" native
runs "at TC only" tc --xdp-mode tc

# Frames that do not fit into a page: veth refuses a program that does not ask for fragments.
mtu 9000
runs "with jumbo frames" generic
refuses 11 'eth0.*native.*xdpMode' --xdp-mode native
mtu 1500

wrap=(unshare --mount --propagation private sh -c 'mount -o remount,bind,ro /sys/fs/bpf && exec "$@"' sh)
refuses 12 'Read-only file system'

# Hides the kernel's types from the daemon, the only one that could read them.
bin_of_the_daemon=$bin
mkdir "$lab/no-btf"
cat >"$lab/no-btf/tollgated" <<END
#!/bin/sh
exec unshare --mount --propagation private sh -c 'mount -t tmpfs none /sys/kernel/btf && exec "\$@"' sh \
    "$bin_of_the_daemon/tollgated" "\$@"
END
chmod +x "$lab/no-btf/tollgated"
bin=$lab/no-btf
runs "without the kernel's types" native --xdp-mode native
