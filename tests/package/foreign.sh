#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# foreign.sh ARCHITECTURE PACKAGE: a Debian package that tools/cross has made. lintian has no remark, it depends on the
# package of every library that its programs need, and both programs run under qemu-user.
set -euo pipefail
architecture=$1
package=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
sysroot=$root/build/cross/$architecture/sysroot
export DPKG_ADMINDIR=$root/build/cross/$architecture/dpkg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "error: $*"
    exit 1
}

case $architecture in
    arm64) triplet=aarch64-linux-gnu emulator=qemu-aarch64 ;;
    armhf) triplet=arm-linux-gnueabihf emulator=qemu-arm ;;
    *) fail "no such architecture: $architecture" ;;
esac
field() { dpkg-deb -f "$package" "$1"; }

[[ $(field Architecture) == "$architecture" ]] || fail "the package is for $(field Architecture)"
env -u DPKG_ADMINDIR lintian --fail-on error,warning --tag-display-limit 0 "$package" >"$work/lintian" 2>&1 ||
    { cat "$work/lintian"; fail "lintian"; }
grep '^[EW]:' "$work/lintian" && fail "lintian has remarks"

dpkg-deb -x "$package" "$work/files"
programs=("$work/files/usr/sbin/tollgated" "$work/files/usr/bin/tollgate")
needed=$(readelf -d "${programs[@]}" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | sort -u)
[[ -n $needed ]] || fail "the programs need no library"
for library in $needed; do
    for path in "$sysroot/usr/lib/$triplet/$library" "$sysroot/lib/$triplet/$library" "$sysroot/lib/$library"; do
        owner=$(dpkg-query --search "$path" 2>/dev/null | cut -d: -f1) && break
    done
    [[ -n $owner ]] || fail "$library is of no package"
    [[ ", $(field Depends)" == *", $owner"[\ ,]* ]] || fail "it does not depend on $owner, which has $library"
done

for program in "${programs[@]}"; do
    said=$("$emulator" -L "$sysroot" "$program" --version)
    [[ $said == "${program##*/} $(field Version)"* ]] || fail "${program##*/} says: $said"
done
