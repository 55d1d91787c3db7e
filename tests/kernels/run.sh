#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boots Debian's kernels in QEMU, without hardware support for it, and tests Tollgate in each: guest.sh of this folder says
# what. Prints the table of docs/kernels-and-nics.md; fails if a test does, if a program costs the verifier a fifth more
# than recorded, or if the table says something else than the page.
#
#   tests/kernels/run.sh [--write] [KERNEL...]     of 5.10 6.1 6.12 6.12-rt sid; all
#
#   --write   puts table and counts of instructions into the page and tests/bpf/verifier_insns.txt
#
# TOLLGATE_BUILD is the folder of the programs, build/dev if it is not set. Kernels are unpacked below build/kernels and
# kept; remove them to get newer ones.
set -euo pipefail
step_count=1
shopt -s inherit_errexit
# shellcheck source=tools/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tests/kernels/fetch.sh
source "$root/tests/kernels/fetch.sh"
build_folder=${TOLLGATE_BUILD:-$root/build/dev}
boot_seconds=${BOOT_SECONDS:-1800}
virtiofsd=/usr/lib/qemu/virtiofsd
export TOLLGATE_ROOT=$root

# boot NAME: what its console says. The machine's files are its root, read only; one queue for two processors is the least
# that a host gives its guests.
boot() {
    local folder=$store/$1
    rm -f "$folder/files.sock"
    "$virtiofsd" --socket-path="$folder/files.sock" -o source=/,cache=always,sandbox=chroot --thread-pool-size=4 &
    local files=$!
    until [[ -S $folder/files.sock ]]; do
        kill -0 "$files" || return 1
        sleep 0.1
    done
    timeout "$boot_seconds" nice qemu-system-x86_64 -machine q35,accel=tcg -cpu max -smp 2 -m 1G -nodefaults -no-reboot \
        -object memory-backend-memfd,id=memory,size=1G,share=on -numa node,memdev=memory \
        -chardev "socket,id=files,path=$folder/files.sock" -device vhost-user-fs-pci,chardev=files,tag=host \
        -netdev hubport,id=net0,hubid=0 -device virtio-net-pci,netdev=net0 -display none -serial stdio \
        -kernel "$folder/vmlinuz" -initrd "$folder/initramfs" -append "console=ttyS0 panic=-1 loglevel=5 no_timer_check \
            tsc=unstable modules=$folder/modules guest=$root/tests/kernels/guest.sh build=$build_folder" </dev/null || true
    kill "$files" 2>/dev/null || true
    wait "$files" || true
}

# try NAME: $store/NAME/results; fails if the kernel did not come to the end.
try() {
    local log=$log_dir/kernel-$1.log started=$SECONDS
    { get_kernel "$1" && make_initramfs "$1"; } >"$log" 2>&1 || { show_tail "$log"; return 1; }
    boot "$1" >>"$log" 2>&1
    tr -d '\r' <"$log" | sed -n 's/^RESULT //p' >"$store/$1/results"
    echo "$1: $(sed -n 's/^release //p' "$store/$1/results"), $(elapsed $((SECONDS - started)))"
    grep -qx 'done' "$store/$1/results" || { show_tail "$log"; return 1; }
}

write=()
[[ ${1:-} != --write ]] || { write=(--write) && shift; }
kernels=("$@")
((${#kernels[@]} > 0)) || kernels=("${kernel_names[@]}")
[[ -n ${CI:-} ]] || install_packages build demo kernels
status=0
mkdir -p "$store"
for kernel in "${kernels[@]}"; do
    try "$kernel" || status=1
done
"$root/tests/kernels/matrix.py" "${write[@]}" "${kernels[@]}" || status=1
exit "$status"
