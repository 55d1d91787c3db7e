#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boots Debian's kernel for ARM in QEMU and runs board_init.sh in it: what `tools/cross ARCHITECTURE --test` has built enforces
# a policy on a virtual NIC and a veth, serves metrics, holds a tunnel with the kernel's WireGuard and learns, once with the
# kernel's compiler for BPF off and once with it on; and the unit tests run that qemu-user cannot. Prints what came of it.
#
#   tests/kernels/board.sh arm64|armhf
#
# Kernel and tools are unpacked below build/kernels and kept.
set -euo pipefail
step_count=1
shopt -s inherit_errexit
# shellcheck source=tools/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
# shellcheck source=tools/sysroot.sh
source "$root/tools/sysroot.sh"
architecture=${1:-}
case $architecture in
    arm64) emulator=qemu-aarch64 system=(qemu-system-aarch64 -cpu cortex-a57) kernel=linux-image-cloud-arm64 ;;
    armhf) emulator=qemu-arm system=(qemu-system-arm -cpu cortex-a15) kernel=linux-image-armmp ;;
    *) die "for which architecture? arm64 or armhf" ;;
esac
store=$root/build/kernels/$architecture
build=$root/build/$architecture
tests=$build/tests
libraries=$root/build/cross/$architecture/sysroot
log=$log_dir/board-$architecture.log

# libraries_of PROGRAM ROOT: where they are below ROOT, a system of that architecture.
libraries_of() {
    "$emulator" -L "$2" "$2"/lib/ld-linux-a*.so.? --list "$1" | grep -oE '/[^ ]+' | sed "s,^$2,,"
}

# add_program FOLDER PROGRAM ROOT
add_program() {
    local library
    install -D "$2" "$1/bin/$(basename "$2")"
    while read -r library; do
        [[ -e $1/$library ]] || install -D "$3/$library" "$1/$library"
    done < <(libraries_of "$2" "$3")
}

# add_modules FOLDER NAME...: with those that they depend on, in the order in which they have to be loaded.
add_modules() {
    local folder=$1 release name
    release=$(basename "$store"/sysroot/lib/modules/*)
    depmod -b "$store/sysroot" "$release"
    for name in "${@:2}"; do
        modprobe -d "$store/sysroot" -S "$release" --show-depends "$name" 2>/dev/null | sed -n 's/^insmod //p'
    done | awk '!seen[$1]++ { print $1 }' | while read -r name; do
        cp "$name" "$folder"
        basename "$name" >>"$folder/order"
    done
}

make_initramfs() {
    local folder=$store/root program
    make_foreign "$architecture" "$store" "busybox iproute2 bpftool wireguard-tools $kernel"
    rm -rf "$folder"
    mkdir -p "$folder"/{bin,modules,proc,sys,dev,run,tmp,var,lib,etc}
    for program in bin/busybox bin/wg sbin/ip sbin/bpftool; do
        add_program "$folder" "$store/sysroot/usr/$program" "$store/sysroot"
    done
    for program in "$build"/agent/{tollgated,tollgate} "$tests"/unit_{confine,system,support,cli,flowlog,tunnel,tunnel_process}; do
        add_program "$folder" "$program" "$libraries"
    done
    # By the name by which tests start it.
    install -D "$tests/child_program" "$folder$tests/emulated_child_program"
    # ctest names a test by its parameter, the program by a number.
    sed -nE 's/^([^# ]+) .*/\1/p' "$root/tests/unit/not_emulated" | sed 's,/"[^"]*"$,/*,' | sort -u | paste -sd: >"$folder/not_emulated"
    add_modules "$folder/modules" virtio_mmio virtio_net veth tun wireguard sch_ingress cls_bpf ipv6
    install "$root/tests/kernels/board_init.sh" "$folder/init"
    (cd "$folder" && find . | cpio --quiet -o -H newc | gzip -1) >"$store/initramfs"
    rm -rf "$folder"
}

# One queue for two processors: the least that a host gives its guests.
boot() {
    timeout "${BOOT_SECONDS:-900}" nice "${system[@]}" -machine virt -smp 2 -m 768 -nodefaults -no-reboot \
        -display none -serial stdio -netdev hubport,id=net0,hubid=0 -device virtio-net-device,netdev=net0 \
        -kernel "$store"/sysroot/boot/vmlinuz-* -initrd "$store/initramfs" \
        -append 'console=ttyAMA0 panic=-1 loglevel=5' </dev/null
}

[[ -n ${CI:-} ]] || install_packages build cross kernels
make_initramfs >"$log" 2>&1 || { show_tail "$log"; exit 1; }
boot >>"$log" 2>&1 || true
tr -d '\r' <"$log" | sed -n 's/^RESULT //p'
if grep -q "^RESULT FAILED" "$log" || ! grep -q "^RESULT done" "$log"; then
    show_tail "$log"
    exit 1
fi
