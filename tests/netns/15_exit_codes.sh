#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Each reason for which the daemon refuses to start: its exit code, one plain sentence, and the policy
# that runs is left alone; and each refusal of the disk while it runs.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Cases F05, F10, C15
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/ssh_only.sh
source "$(dirname "$0")/ssh_only.sh"
# shellcheck source=tests/netns/refusals.sh
source "$(dirname "$0")/refusals.sh"
lab_start
ssh_only_start

pin=(--interface eth0)

ends_with 2 'unknown argument' tollgated --frobnicate
ends_with 2 'no interface' tollgated
echo 'interfaces: [eth0' >"$lab/broken.yaml"
ends_with 2 'broken.yaml:' tollgated --config "$lab/broken.yaml"
printf 'apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [eth0]\nmetrix: off\n' >"$lab/unknown.yaml"
ends_with 2 'unknown.yaml:4:1: .*metrics' tollgated --config "$lab/unknown.yaml"

ends_with 2 'policy-watch' tollgated "${pin[@]}" --policy-watch always
ends_with 2 'needs a policy file' tollgated "${pin[@]}" --policy-watch apply
ends_with 2 "'api.example.com:443' is no ADDRESS:PORT" tollgated "${pin[@]}" --policy-reach api.example.com:443
ends_with 2 'go with --cleanup' tollgated "${pin[@]}" --wait

chmod 755 "$lab"
wrap=(setpriv --reuid 65534 --regid 65534 --clear-groups)
ends_with 10 'root' tollgated "${pin[@]}"
mkdir -p "$pins/not-yours" && chmod 700 "$pins/not-yours"
code=0
on device "${wrap[@]}" "$bin/tollgate" --pin-dir "$pins/not-yours" cleanup >"$lab/said" 2>&1 || code=$?
((code == 4)) || fail "cleanup without root exits with $code, not 4: $(<"$lab/said")"
if ! grep -q '^tollgate: .*Permission denied' "$lab/said" || ! grep -q '^hint: .*sudo' "$lab/said" || grep -q level= "$lab/said"; then
    fail "cleanup without root does not say what to do: $(<"$lab/said")"
fi
rmdir "$pins/not-yours"
wrap=(setpriv --bounding-set '-bpf,-sys_admin' --inh-caps '-bpf,-sys_admin')
ends_with 10 'CAP_BPF|root' tollgated "${pin[@]}"
wrap=(setpriv --bounding-set '-perfmon,-sys_admin' --inh-caps '-perfmon,-sys_admin')
ends_with 10 'CAP_PERFMON' tollgated "${pin[@]}"
wrap=(unshare --mount --propagation private sh -c 'umount -l /sys/fs/bpf; exec "$@"' sh)
ends_with 12 'bpffs|mount' tollgated "${pin[@]}"
wrap=(env)
ends_with 13 'no-such-if' tollgated --interface no-such-if
ends_with 13 'auto: .*no default route' tollgated --interface auto
echo 'apiVersion: tollgate/v0' >"$lab/old.yaml"
ends_with 17 'old.yaml:1:' tollgated "${pin[@]}" --policy "$lab/old.yaml"
ends_with 17 'No such file' tollgated "${pin[@]}" --policy "$lab/nowhere.yaml"
touch "$lab/a-file"
state2=$lab/a-file ends_with 16 'a-file' tollgated "${pin[@]}"
[[ ! -d $pins/second ]] || fail "a refused start leaves pins"

# A foreign XDP program stays where it is.
cat >"$lab/foreign.c" <<'END'
__attribute__((section("xdp"), used)) int foreign(void *ctx) { return 2; }
char _license[] __attribute__((section("license"), used)) = "GPL";
END
clang -target bpf -O2 -c "$lab/foreign.c" -o "$lab/foreign.o"
on device ip link set eth0 xdpdrv obj "$lab/foreign.o" sec xdp
ends_with 14 'eth0' tollgated "${pin[@]}"
on device ip link show eth0 | grep -q 'prog/xdp' || fail "the foreign program was removed"
on device ip link set eth0 xdpdrv off

# With a policy in force: what is refused must leave it alone.
mkdir "$lab/state"
mount -t tmpfs -o size=1m tollgate-test "$lab/state"
trap 'code=$?; umount -l "$lab/state" || true; (exit "$code") || lab_end; lab_end' EXIT
daemon_start --policy "$lab/policy.yaml"
holds "at first"
ends_with 18 'another' on device timeout 20 "$bin/tollgated" "${pin[@]}" --state-dir "$lab/state" --run-dir "$lab/run" \
    --pin-dir "$pins" --metrics off
ends_with 18 'another|agent' on device timeout 20 "$bin/tollgated" "${pin[@]}" --state-dir "$lab/state2" \
    --run-dir "$lab/run2" --pin-dir "$pins" --metrics off

dd if=/dev/zero of="$lab/state/filler" bs=4k 2>/dev/null || true
[[ $(refused enforce '{"confirmWithin":60}') == internal ]] || fail "a full disk does not refuse a change"
[[ $(refused blocklist/add '{"prefixes":["192.0.2.1"]}') == internal ]] || fail "a full disk takes a prefix"
holds "with a full disk"
[[ $(refused policy/apply '{"yaml":"apiVersion: tollgate/v1\nkind: Policy\nspec: [1]\n"}') == policyInvalid ]] ||
    fail "a broken policy is not refused"
[[ $(refused policy/apply '{"yaml":7}') == invalid && $(refused enforce 'no json') == invalid ]] ||
    fail "a malformed request is not refused"
holds "after refused policies"
rm "$lab/state/filler"
daemon_kill TERM

cp -r "$lab/state" "$lab/saved"
echo '{' >"$lab/state/state.json"
restart=(on device timeout 20 "$bin/tollgated" "${pin[@]}" --state-dir "$lab/state" --run-dir "$lab/run" --pin-dir "$pins"
    --metrics off)
ends_with 16 'state.json is damaged' "${restart[@]}"
holds "with a damaged state"
cp "$lab/saved/state.json" "$lab/state/state.json"
head -c 8192 /dev/urandom >"$lab/state/evidence.db"
rm -f "$lab/state"/evidence.db-*
daemon_start
holds "with a damaged database"
api status | jq -e 'any(.warnings[]; contains("evidence.db"))' >/dev/null ||
    fail "nobody tells that the database was damaged"
