# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Shared by tools/test, tools/demo and bench/run: source it. Provides $root, packages, and steps that
# show one line each while their output goes to a log.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log_dir=$root/build/log
mkdir -p "$log_dir"
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
# A clone that belongs to another user than root is still ours to read.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$root

step_number=0
step_count=${step_count:-?}

die() {
    echo "error: $*" >&2
    exit 1
}

# elapsed SECONDS: "7 s" or "2 min 05 s"
elapsed() {
    if (($1 < 60)); then
        echo "$1 s"
    else
        printf '%d min %02d s\n' $(($1 / 60)) $(($1 % 60))
    fi
}

# step_begin TITLE, step_end RESULT: the two halves of a step's line.
step_begin() {
    step_number=$((step_number + 1))
    step_started=$SECONDS
    printf '[%s/%s] %s … ' "$step_number" "$step_count" "$1"
}

step_end() {
    printf '%s (%s)\n' "$1" "$(elapsed $((SECONDS - step_started)))"
}

# step LOG TITLE COMMAND...: runs the command with its output in LOG.log; shows the end of it if the
# command fails, and returns its status.
step() {
    local log=$log_dir/$1.log title=$2 status=0
    shift 2
    step_begin "$title"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status == 0)); then
        step_end ok
    else
        step_end FAILED
        show_tail "$log"
    fi
    return "$status"
}

show_tail() {
    echo "    … the end of ${1#"$root"/}:"
    tail -n "${2:-25}" "$1" | sed 's/^/    | /'
}

# packages PURPOSE...: the names in tools/packages.
packages() {
    local purpose
    for purpose in "$@"; do
        awk -v purpose="$purpose" '$1 == purpose { print $2 }' "$root/tools/packages"
    done
}

# A package may also be provided by another: npm by some packages of nodejs.
missing_packages() {
    local name present
    present=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Provides}\n' | sed -nE 's/^ii +//p' |
        sed -E 's/,|\([^)]*\)//g' | tr -s ' ' '\n')
    for name in $(packages "$@" | sort -u); do
        grep -qxF "$name" <<<"$present" || echo "$name"
    done
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 \
        -o Dpkg::Options::=--force-confold "$@"
}

apt_install() {
    apt update && apt install --no-install-recommends "$@"
}

# install_packages PURPOSE...: one step; nothing to do if all are there.
install_packages() {
    local missing
    [[ -r /etc/debian_version ]] || die "this script installs Debian packages; install those in tools/packages by hand"
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then
        step_begin "packages"
        step_end "all there"
        return
    fi
    ((EUID == 0)) || die "run me with sudo, or install: ${missing[*]}"
    step packages "installing ${#missing[@]} packages (about 2 min)" apt_install "${missing[@]}"
}

# unpack_packages: puts the tools of packages that must not be installed on the PATH. Without them the
# tests that need them say so.
unpack_packages() {
    local name folder=$root/build/unpacked
    for name in $(packages unpack); do
        [[ -d $folder/$name ]] || unpack "$name" "$folder/$name" >"$log_dir/unpack.log" 2>&1 || true
        PATH=$PATH:$folder/$name/usr/bin
    done
}

# unpack PACKAGE FOLDER
unpack() {
    mkdir -p "$2.part" && (cd "$2.part" && apt download "$1" && dpkg -x "$1"_*.deb . && rm -f "$1"_*.deb) &&
        mv "$2.part" "$2"
}

# configure PRESET [CMAKE-ARGUMENT...]
configure() {
    local preset=$1 launcher=()
    shift
    command -v ccache >/dev/null && launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
    (cd "$root" && cmake --preset "$preset" "${launcher[@]}" "$@")
}

# build PRESET [TARGET...]
build() {
    local preset=$1
    shift
    cmake --build "$root/build/$preset" -j "$(nproc)" ${1:+--target "$@"}
}

# BPF programs and maps are pinned there.
mount_bpffs() {
    mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
}
