#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Boots Debian kernels in QEMU, without hardware support for it, and runs init.sh of this folder in each: the daemon
# loads the programs and attaches them to virtio_net and veth. Prints a line for each kernel and interface.
#
#   tests/kernels/run.sh [KERNEL...]     of 5.10 6.1 6.12 sid; all
#
# TOLLGATE_BIN is the folder of the programs (build/dev/agent). Kernels are unpacked below build/kernels and kept.
set -euo pipefail
step_count=1
shopt -s inherit_errexit
# shellcheck source=tools/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/lib.sh"
here=$root/tests/kernels
bin=${TOLLGATE_BIN:-$root/build/dev/agent}
store=$root/build/kernels
boot_seconds=${BOOT_SECONDS:-300}

# package_of KERNEL: the suite and the package that depends on the kernel.
package_of() {
    case $1 in
        5.10) echo bullseye linux-image-cloud-amd64 ;;
        6.1) echo bookworm linux-image-cloud-amd64 ;;
        6.12) echo bookworm linux-image-6.12-cloud-amd64 ;;
        sid) echo sid linux-image-cloud-amd64 ;;
        *) die "no kernel $1: 5.10, 6.1, 6.12 or sid" ;;
    esac
}

# get_kernel KERNEL: build/kernels/KERNEL, with boot/ and the modules. apt has a state of its own.
get_kernel() {
    local folder=$store/$1 suite package mirror options
    [[ ! -e $folder/boot ]] || return 0
    read -r suite package < <(package_of "$1")
    mirror=$(apt-get indextargets 'Origin: Debian' 'Codename: bookworm' --format '$(REPO_URI)' | head -1)
    rm -rf "$folder.part" && mkdir -p "$folder.part"/{lists/partial,cache/archives/partial}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$folder.part/sources.list"
    : >"$folder.part/status"
    options=(-q -o "Dir::Etc::SourceList=$folder.part/sources.list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User=root
        -o "Dir::State=$folder.part" -o "Dir::State::status=$folder.part/status" -o "Dir::Cache=$folder.part/cache")
    apt-get "${options[@]}" update
    package=$(apt-cache "${options[@]}" depends "$package" | sed -nE 's/^ *Depends: (linux-image-[0-9].*)/\1/p' | head -1)
    (cd "$folder.part" && apt-get "${options[@]}" download "$package" && dpkg-deb -x "$package"_*.deb "$folder.part/files")
    mv "$folder.part/files" "$folder" && rm -rf "$folder.part"
}

# add_program FOLDER PROGRAM: with the libraries that it needs.
add_program() {
    local library
    install -D "$2" "$1/bin/$(basename "$2")"
    strip "$1/bin/$(basename "$2")"
    while read -r library; do
        [[ -e $1/$library ]] || install -D "$library" "$1/$library"
    done < <(ldd "$2" | grep -oE '/[^ ]+')
}

# add_modules FOLDER KERNEL NAME...: with those that they depend on, in the order in which they have to be loaded.
add_modules() {
    local folder=$1 release path name
    release=$(basename "$store/$2"/lib/modules/*)
    depmod -b "$store/$2" "$release"
    for name in "${@:3}"; do
        modprobe -d "$store/$2" -S "$release" --show-depends "$name" 2>/dev/null | sed -n 's/^insmod //p'
    done | awk '!seen[$1]++ { print $1 }' | while read -r path; do
        name=$(basename "$path")
        case $path in
            *.xz) xz -dc "$path" >"$folder/modules/${name%.xz}" ;;
            *) cp "$path" "$folder/modules/$name" ;;
        esac
        echo "${name%.xz}" >>"$folder/modules/order"
    done
}

make_initramfs() {
    local folder=$store/$1.root program
    rm -rf "$folder" && mkdir -p "$folder"/{bin,modules,proc,sys,dev,run,tmp,var,lib,lib64,etc}
    for program in /usr/bin/busybox /usr/sbin/ip /usr/sbin/bpftool "$bin/tollgated" "$bin/tollgate"; do
        add_program "$folder" "$program"
    done
    add_modules "$folder" "$1" virtio_pci virtio_net veth sch_ingress cls_bpf ipv6
    install -m 0644 "$bin/../bpf/gate.bpf.o" "$folder"
    install "$here/init.sh" "$folder/init"
    (cd "$folder" && find . | cpio --quiet -o -H newc | gzip -1) >"$store/$1.initramfs"
    rm -rf "$folder"
}

# boot KERNEL: what its console says. One queue for two processors: the least that a host gives its guests.
boot() {
    timeout "$boot_seconds" nice qemu-system-x86_64 -machine q35,accel=tcg -cpu max -smp 2 -m 768 -nodefaults -no-reboot \
        -display none -serial stdio -netdev hubport,id=net0,hubid=0 -device virtio-net-pci,netdev=net0 \
        -kernel "$store/$1"/boot/vmlinuz-* -initrd "$store/$1.initramfs" \
        -append 'console=ttyS0 panic=-1 loglevel=5 no_timer_check tsc=unstable' </dev/null
}

try() {
    local log=$log_dir/kernel-$1.log
    { get_kernel "$1" && make_initramfs "$1"; } >"$log" 2>&1 || { show_tail "$log"; return 1; }
    boot "$1" >>"$log" 2>&1 || true
    tr -d '\r' <"$log" | sed -n 's/^RESULT /  /p'
    grep -q '^RESULT done' <(tr -d '\r' <"$log") || { show_tail "$log"; return 1; }
}

[[ -n ${CI:-} ]] || install_packages build kernels
kernels=("$@")
((${#kernels[@]} > 0)) || kernels=(5.10 6.1 6.12 sid)
status=0
mkdir -p "$store"
for kernel in "${kernels[@]}"; do
    echo "$kernel:"
    try "$kernel" || status=1
done
exit "$status"
