#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The image holds the two programs, the libraries that they need and nothing that could run besides; two
# runs make the same image; its software bill of materials has CycloneDX's form and names every library.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
if ((EUID != 0)); then
    [[ -z ${CI:-} ]] || fail "needs root"
    echo "skipped: needs root"
    exit 77
fi
bin=${TOLLGATE_BIN:-$root/build/dev/agent}
helm_tools

for run in 1 2; do
    "$root/tools/image" --output "$work/$run" "$(dirname "$bin")" >"$work/log" 2>&1 || { cat "$work/log"; fail "no image"; }
done
diff -r "$work/1" "$work/2" || fail "two runs make two images"

config=$("$here/unpack_image.py" "$work/1" "$work/rootfs")
[[ $(jq -c .Entrypoint <<<"$config") == '["/usr/sbin/tollgated"]' ]] || fail "another entry point"
[[ $(jq -r .User <<<"$config") == 0:0 ]] || fail "another user: capabilities would be lost"
version=$(sed -nE 's/^project\(tollgate VERSION ([0-9.]+).*/\1/p' "$root/CMakeLists.txt")
[[ $(jq -r '.Labels["org.opencontainers.image.version"]' <<<"$config") == "$version" ]] || fail "another version"

# It runs on its own, without a file of this machine.
[[ $(chroot "$work/rootfs" /usr/sbin/tollgated --version) == "tollgated $version" ]] || fail "tollgated does not run"
chroot "$work/rootfs" /usr/bin/tollgate --version >/dev/null || fail "tollgate does not run"
programs=$(find "$work/rootfs" -type f -perm /111 ! -name '*.so*' -printf '%P ')
[[ $programs == "usr/sbin/tollgated usr/bin/tollgate " || $programs == "usr/bin/tollgate usr/sbin/tollgated " ]] ||
    fail "programs that do not belong there: $programs"
find "$work/rootfs" ! -user root -o -perm /6000 -o -type f -perm /022 | grep . && fail "odd owners or rights"
grep -rlI "$root" "$work/rootfs" && fail "a folder of this machine is in the image"

sbom=$work/rootfs/usr/share/tollgate/sbom.cdx.json
cmp "$sbom" "$work"/1/*.cdx.json || fail "the list beside the image is another one"
node "$here/check_sbom.mjs" "$tools/node_modules" "$sbom"
jq 'del(.components[0].name)' "$sbom" >"$work/wrong.json"
node "$here/check_sbom.mjs" "$tools/node_modules" "$work/wrong.json" >/dev/null 2>&1 && fail "the check cannot fail"
listed=$(jq -r '.. | objects | select(.name == "tollgate:file").value' "$sbom" | sed -E 's/(.*) sha256:(.*)/\2  \1/' | sort)
present=$(cd "$work/rootfs" && find usr/bin usr/sbin usr/lib usr/lib64 -type f ! -name 'ld-linux*' -print0 |
    xargs -0 sha256sum | sed 's|  |  /|' | sort)
[[ $(grep -v /ld-linux <<<"$listed") == "$present" ]] || { diff <(echo "$listed") <(echo "$present"); fail "the list is not what is there"; }
jq -e '[.components[].purl] | all(test("^pkg:deb/debian/[a-z0-9.+-]+@[^?]+\\?arch=[a-z0-9]+&distro=debian-12$"))' "$sbom" >/dev/null ||
    fail "a package without a proper purl"
jq -r .components[].name "$sbom" | while read -r name; do
    [[ -s $work/rootfs/usr/share/doc/$name/copyright ]] || fail "no copyright file of $name"
done
echo "$(du -sh "$work/1" | cut -f1) compressed, $(jq '.components | length' "$sbom") packages"
