# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Debian's kernels, unpacked below $store and kept there: source it after tools/lib.sh, then
#
#     get_kernel NAME       $store/NAME: vmlinuz, and modules/RELEASE
#     make_initramfs NAME   $store/NAME/initramfs: init.sh and what it needs to mount the machine's own files
#
# shellcheck disable=SC2154 # $root is set by lib.sh
store=$root/build/kernels
kernel_names=(5.10 6.1 6.12 6.12-rt sid)

# package_of NAME: the suite, and the package that depends on the kernel.
package_of() {
    case $1 in
        5.10) echo bullseye linux-image-cloud-amd64 ;;
        6.1) echo bookworm-security linux-image-cloud-amd64 ;;
        6.12) echo bookworm-security linux-image-6.12-cloud-amd64 ;;
        6.12-rt) echo bookworm-security linux-image-6.12-rt-amd64 ;;
        sid) echo sid linux-image-cloud-amd64 ;;
        *) die "no kernel $1; there are ${kernel_names[*]}" ;;
    esac
}

# mirror_of SUITE: where this machine has suites of that kind from.
mirror_of() {
    local codename=bookworm
    [[ $1 != *-security ]] || codename=bookworm-security
    apt-get indextargets 'Origin: Debian' "Codename: $codename" --format '$(REPO_URI)' | head -1
}

# get_kernel NAME: apt has a state of its own for it, so that the system's suites stay what they are.
get_kernel() {
    local folder=$store/$1 suite package mirror options packages release
    [[ ! -e $folder/vmlinuz ]] || return 0
    read -r suite package <<<"$(package_of "$1")"
    mirror=$(mirror_of "$suite")
    [[ -n $mirror ]] || die "this machine's apt has no suite like $suite"
    rm -rf "$folder" && mkdir -p "$folder"/{apt/lists/partial,apt/cache/archives/partial,lib}
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$folder/apt/sources.list"
    : >"$folder/apt/status"
    options=(-q -o "Dir::Etc::SourceList=$folder/apt/sources.list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User=root
        -o "Dir::State=$folder/apt" -o "Dir::State::status=$folder/apt/status" -o "Dir::Cache=$folder/apt/cache"
        -o Acquire::Languages=none)
    apt-get "${options[@]}" update
    mapfile -t packages < <(apt-cache "${options[@]}" depends --recurse --important "$package" |
        grep -E '^linux-(image|binary|modules)-[0-9]')
    ((${#packages[@]} > 0)) || die "$suite has no $package"
    (cd "$folder/apt" && apt-get "${options[@]}" download "${packages[@]}")
    for package in "$folder"/apt/*.deb; do
        dpkg-deb -x "$package" "$folder/unpacked"
    done
    arrange_kernel "$folder" "$folder/unpacked"
    rm -rf "$folder/apt" "$folder/unpacked"
}

# arrange_kernel FOLDER UNPACKED: older packages have the modules in /lib and the kernel in /boot.
arrange_kernel() {
    local modules
    mv "$(find "$2" -name 'vmlinuz*')" "$1/vmlinuz"
    modules=$(find "$2" -type d -path '*/lib/modules/*' -prune)
    mkdir "$1/modules" && mv "$modules" "$1/modules/"
    ln -s ../modules "$1/lib/modules" # where depmod and modprobe look
    depmod -b "$1" "$(basename "$modules")"
}

# add_modules NAME FOLDER MODULE...: with those that they depend on, in the order in which they have to be loaded.
add_modules() {
    local folder=$2 release module
    release=$(basename "$store/$1"/modules/*)
    for module in "${@:3}"; do
        modprobe -d "$store/$1" -S "$release" --show-depends "$module" 2>/dev/null | sed -n 's/^insmod //p'
    done | awk '!seen[$1]++ { print $1 }' | while read -r module; do
        if [[ $module == *.xz ]]; then
            xz -dc "$module" >"$folder/$(basename "$module" .xz)"
        else
            cp "$module" "$folder/"
        fi
        basename "$module" .xz >>"$folder/order"
    done
}

make_initramfs() {
    local folder=$store/$1/initramfs.new
    rm -rf "$folder" && mkdir -p "$folder"/{bin,modules,proc,sys,dev,host,scratch,new}
    cp /bin/busybox "$folder/bin/"
    install "$root/tests/kernels/init.sh" "$folder/init"
    add_modules "$1" "$folder/modules" virtio_pci virtiofs overlay virtio_net
    (cd "$folder" && find . | cpio --quiet -o -H newc | gzip -1) >"$store/$1/initramfs"
    rm -rf "$folder"
}
