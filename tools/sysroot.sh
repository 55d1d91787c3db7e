# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Part of tools/cross and tests/kernels/run.sh: Debian's packages of another architecture, as a folder. Source it after
# tools/lib.sh.
#
#   make_sysroot ARCHITECTURE                 build/cross/ARCHITECTURE/sysroot: the libraries of tools/packages
#   make_foreign ARCHITECTURE FOLDER NAMES    FOLDER/sysroot: these packages; made anew when others are asked for
#
# apt is asked with a state of its own, in which nothing is installed and only this architecture is known. No script
# of a package is run. dpkg's database beside the files knows them by their place in the sysroot: with
# DPKG_ADMINDIR=FOLDER/dpkg, dpkg-query and dpkg-shlibdeps answer for it.

make_sysroot() {
    make_foreign "$1" "${root:?}/build/cross/$1" "$(packages build | grep -- '-dev$')"
}

make_foreign() {
    local architecture=$1 folder=$2 wanted=$3 file
    if [[ -f $folder/packages && $(<"$folder/packages") == "$wanted" ]]; then
        return
    fi
    rm -rf "$folder"
    mkdir -p "$folder"/{apt/state/lists/partial,apt/cache/archives/partial,dpkg/info,dpkg/updates}
    mkdir -p "$folder"/sysroot/usr/{bin,sbin,lib}
    ln -s usr/bin usr/sbin usr/lib "$folder/sysroot"
    download_foreign "$architecture" "$folder/apt" "$wanted"
    printf '%s\n' "$(dpkg --print-architecture)" "$architecture" >"$folder/dpkg/arch"
    for file in "$folder"/apt/cache/archives/*.deb; do
        unpack_foreign "$file" "$folder/sysroot" "$folder/dpkg"
    done
    link_inside "$folder/sysroot"
    rm -rf "$folder/apt"
    echo "$wanted" >"$folder/packages"
}

# download_foreign ARCHITECTURE FOLDER NAMES: with what they depend on.
download_foreign() {
    local options
    options=(-q -y --no-install-recommends -o APT::Sandbox::User=root
        -o "APT::Architecture=$1" -o "APT::Architectures=$1"
        -o "Dir::State=$2/state" -o "Dir::State::status=$2/status" -o "Dir::Cache=$2/cache")
    : >"$2/status"
    apt-get "${options[@]}" update
    # shellcheck disable=SC2086 # names
    apt-get "${options[@]}" --download-only install $3
}

# unpack_foreign FILE SYSROOT DATABASE: its files, and what dpkg would have noted down.
unpack_foreign() {
    local sysroot=$2 database=$3 control=$2.control name file
    dpkg-deb --raw-extract "$1" "$control.files" && mv "$control.files/DEBIAN" "$control"
    name=$(dpkg-deb -f "$1" Package)
    sed '/^Package:/a Status: install ok installed' "$control/control" >>"$database/status"
    echo >>"$database/status"
    (cd "$control.files" && find . -mindepth 1) | sed "s,^\.,$sysroot," >"$database/info/$name.list"
    for file in shlibs symbols; do
        [[ ! -f $control/$file ]] || cp "$control/$file" "$database/info/$name.$file"
    done
    tar -c -C "$control.files" . | tar -x -C "$sysroot" --keep-directory-symlink --no-same-owner
    rm -rf "$control" "$control.files"
}

# link_inside SYSROOT: absolute links lead out of it.
link_inside() {
    local link
    find "$1" -lname '/*' -print0 | while IFS= read -r -d '' link; do
        ln -snfr "$1$(readlink "$link")" "$link"
    done
}
