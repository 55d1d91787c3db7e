#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# The first process of a kernel that run.sh boots: attaches the gate to the virtio_net that QEMU gives and to a veth,
# and says what came of it in lines that begin with RESULT.
# shellcheck shell=sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t bpf bpf /sys/fs/bpf

result() { echo "RESULT $*"; }
finish() {
    sync
    poweroff -f
}

while read -r module; do
    insmod "/modules/$module" || result "no module $module"
done </modules/order
result "kernel $(uname -r)"
ip link set lo up
ip link add veth0 type veth peer name veth1
ip link set veth1 up
nic=$(basename "$(dirname /sys/class/net/*/device)")

tollgated --interface "$nic" --interface veth0 --metrics off --state-dir /var/state --run-dir /run/tollgate 2>/tmp/log &
daemon=$!
waited=0
until tollgate status >/dev/null 2>&1; do
    if [ "$waited" -ge 60 ] || ! kill -0 "$daemon" 2>/dev/null; then
        cat /tmp/log
        bpftool prog loadall /gate.bpf.o /sys/fs/bpf/try 2>&1 | tail -n 60 # why
        result "FAILED: $(tail -n 1 /tmp/log)"
        finish
    fi
    waited=$((waited + 1))
    sleep 1
done
cat /tmp/log
tollgate status -o json | tr -d ' \n' >/tmp/status
cat /tmp/status
echo
for interface in "$nic" veth0; do
    result "$interface $(sed -E "s/.*\"attach\":\{([^}]*)\}.*\"name\":\"$interface\".*/\1/" /tmp/status)"
done
bpftool prog show 2>/dev/null | grep -E 'xdp|sched_cls' | head -20
kill "$daemon"
wait "$daemon"
result "$(bpftool link show 2>/dev/null | grep -c . || true) lines of links stay after the daemon's end"
result 'done'
finish
