#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a kernel under test does, as its first process after init.sh. What came of it is said in lines that begin with
# RESULT; run.sh reads them from the console. From the kernel's command line: $build, the folder of the programs.
#
#   RESULT release RELEASE
#   RESULT loads yes|no WHY
#   RESULT attach KIND INGRESS EGRESS
#   RESULT insns PROGRAM COUNT
#   RESULT tests NAME PASSED FAILED SKIPPED
#   RESULT script NAME yes|no
#   RESULT done
# shellcheck disable=SC2154
set -uo pipefail
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CI=true TOLLGATE_BIN=$build/agent
trap 'sync; echo o >/proc/sysrq-trigger; sleep 60' EXIT
# An emulated processor takes ten times as long, and is not always alone.
export LAB_PATIENCE=30 LAB_ANSWER_SECONDS=10
frames='Parse*:Baseline*:Fragment*:Flow*:Verdict*:Verifier*'
hooks='Attach.GenericallyIf*:Attach.ByTcOnly*:Attach.ByClsact*:TunnelQueue.TheLongest*'
hooks+=':Attach.*Pins*:Neighbours.*IngressQdisc*:Upgrade.TheGateOf*'
cd "$(dirname "$0")/../.." || exit

result() {
    echo "RESULT $*"
}

prepare() {
    mount -t bpf bpf /sys/fs/bpf
    for folder in /tmp /run; do
        mount -t tmpfs tmpfs "$folder"
    done
    mkdir -p /run/netns /dev/shm /dev/pts
    mount -t devpts devpts /dev/pts
    modprobe tun # nobody opens a device that is not there yet
    ip link set lo up
    result release "$(uname -r)"
}

# What a script of hosts in network namespaces says. run_script PATH [VARIABLE=VALUE...]
run_script() {
    local name outcome=no log
    name=$(basename "$1" .sh)
    log=/tmp/$name.log
    env "${@:2}" "$1" >"$log" 2>&1 && outcome=yes
    cat "$log"
    result script "$name" "$outcome"
}

# run_binary NAME [FILTER]: a test program, on both processors.
run_binary() {
    local shard shards=2 processes=()
    for ((shard = 0; shard < shards; ++shard)); do
        GTEST_TOTAL_SHARDS=$shards GTEST_SHARD_INDEX=$shard "$build/tests/$1" --gtest_filter="${2:-*}" \
            --gtest_output="xml:/tmp/$1.$shard.xml" >"/tmp/$1.$shard.log" 2>&1 &
        processes+=($!)
    done
    wait "${processes[@]}"
    sed -nE 's/^([a-z_]+ [0-9]+)$/RESULT insns \1/p' "/tmp/$1".*.log
    grep -hE -B 12 '^\[  (FAILED|SKIPPED) +\] .*\(' "/tmp/$1".*.log
    result tests "$1" "$(count_tests "/tmp/$1".*.xml)"
}

# count_tests XML...: passed, failed and skipped. A program that crashed has written none.
count_tests() {
    python3 -c '
import sys, xml.etree.ElementTree as tree
cases = [case for path in sys.argv[1:] for case in tree.parse(path).iter("testcase") if case.get("status") == "run"]
failed = sum(case.find("failure") is not None for case in cases)
skipped = sum(case.get("result") == "skipped" for case in cases)
print(len(cases) - failed - skipped, failed, skipped)' "$@" || echo 0 1 0
}

prepare
run_script tests/kernels/gate.sh
if grep -q '^RESULT loads' /tmp/gate.log; then
    run_script tests/netns/50_tunnel_interop.sh TUNNEL_PEER=kernel TRANSFER_BYTES=1000000
    run_binary bpf_tests "$frames"
    run_binary datapath_tests "$hooks"
else
    result loads no "$(grep -o 'level=error.*' /tmp/gate.log | head -1)"
fi
result 'done'
