#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every check of `tollgate doctor`: with a fault in place it says so, and its fix line mends the fault. A check that is
# not tried here fails the test.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
set -euo pipefail
# In a mount namespace of its own: faults are files that lie over those of /proc.
[[ -n ${DOCTOR_UNSHARED:-} || $EUID != 0 ]] || DOCTOR_UNSHARED=1 exec unshare --mount "$0" "$@"
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# A fix line is for the device, not for the host of this test.
ip() { if [[ $1 == link && $2 == set ]]; then on device ip "$@"; else command ip "$@"; fi; }
lab_start
# Faults that a namespace cannot have; tests/unit/doctor/checks_test.cpp has them.
declare -A tried=([features]=unit [xdp]=unit [offload]=unit)
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
ip -n "tg-device-$$" route add default via 192.0.2.1
export bin TOLLGATE_SOCKET=$lab/run/control.sock TOLLGATE_PIN_DIR=$pins EDITOR=$lab/edit
unset SSH_CONNECTION

there=(on device)
doctor() { "${there[@]}" env SSH_CONNECTION="${SSH_CONNECTION:-}" "$bin/tollgate" doctor "$@" || (($? == 5)); }
# found CHECK[ SUBJECT]: its result and detail; its fix is in $lab/fix
found() {
    doctor "${1%% *}" -o json >"$lab/doctor.json"
    jq -r --arg name "$1" '.checks[] | select(.name == $name) | .fix // ""' "$lab/doctor.json" >"$lab/fix"
    jq -r --arg name "$1" '.checks[] | select(.name == $name) | .result + " " + .detail' "$lab/doctor.json"
}
# expect CHECK PATTERN: what is found looks like this
expect() {
    tried[${1%% *}]=here
    # shellcheck disable=SC2053 # a pattern
    [[ $(found "$1") == $2 ]] || fail "$1: expected '$2', found '$(found "$1")'"
}
# mend CHECK PATTERN: runs the fix line; then it looks like this
mend() {
    found "$1" >/dev/null
    [[ -s $lab/fix ]] || fail "$1 has no fix"
    set +u # a remark begins with '#', as in any shell
    eval "$(<"$lab/fix")" >"$lab/out" 2>&1 || fail "$1: the fix fails: $(<"$lab/fix"): $(<"$lab/out")"
    set -u
    expect "$1" "$2"
}
# What fix lines call, on the hosts of this test.
systemctl() {
    case $1 in
        start) daemon_start --config "$lab/tollgate.yaml" ;;
        stop) daemon_kill TERM ;;
        revert) umount "/proc/$daemon/status" ;;
        restart) : ;;
    esac
}
tollgate() { on device env SSH_CONNECTION="${SSH_CONNECTION:-}" "$bin/tollgate" "$@"; }
confirm() { SSH_CONNECTION='' tollgate confirm >/dev/null; }
over() { mount --bind "$2" "$1"; } # FILE OTHER: OTHER in the place of FILE
write_config() { printf 'apiVersion: tollgate/v1\nkind: Agent\n%s\n' "$1" >"$lab/tollgate.yaml"; }
policy() { # MODE [MORE]
    printf 'apiVersion: tollgate/v1\nkind: Policy\nmetadata: {name: lab}\nspec:\n  mode: %s\n  default: {ingress: drop, egress: drop}\n%s\n' "$1" "${2:-}" >"$lab/policy.yaml"
    tollgate policy apply "$lab/policy.yaml" --accept-risk lose-session >/dev/null && confirm
}

# --- without an agent
write_config ''
expect gate 'fail no gate is loaded*'
expect agent 'fail cannot reach*'
clang -target bpf -O2 -c -o "$lab/foreign.o" -x c - <<'C'
__attribute__((section("xdp"), used)) int tgforeign(void *context) { return 2; }
char LICENSE[] __attribute__((section("license"), used)) = "MIT";
C
mkdir -p "$pins"
bpftool prog load "$lab/foreign.o" "$pins/foreign" type xdp
on device bpftool net attach xdpdrv pinned "$pins/foreign" dev eth0
expect 'owners eth0' 'fail XDP runs tgforeign (id *)*'
mend 'owners eth0' 'ok *'
rm "$pins/foreign"
expect 'driver eth0' 'ok veth: native XDP*'
mend agent 'ok tollgated *'
daemon_kill TERM
expect gate 'ok loaded: the last confirmed policy*'
tollgate open >/dev/null
expect gate 'warn loaded and open*'
mend gate ''
tollgate confirm >/dev/null
tollgate audit >/dev/null
tollgate confirm >/dev/null

# --- the host
printf '0\n' >"$lab/zero"
for pair in 'jit net/core/bpf_jit_enable' 'unprivileged-bpf kernel/unprivileged_bpf_disabled'; do
    read -r check file <<<"$pair"
    printf '0\n' >"$lab/zero"
    over "/proc/sys/$file" "$lab/zero"
    there=() # the switch of the JIT is in the first network namespace only
    expect "$check" 'warn *'
    mend "$check" 'ok *'
    there=(on device)
    umount "/proc/sys/$file"
done
expect kernel 'ok *'
[[ $(setarch --uname-2.6 "$bin/tollgate" doctor kernel -o json | jq -r '.checks[0].result') == fail ]] || fail "Linux 2.6 is new enough"
mount -t tmpfs none /sys/fs/bpf
expect bpffs 'fail not mounted*'
mend bpffs 'ok *'
umount /sys/fs/bpf && umount /sys/fs/bpf
unsynchronised=$(python3 -c 'import ctypes; t = (ctypes.c_int * 64)(); ctypes.CDLL(None).adjtimex(t); print(bool(t[10] & 0x40))')
expect clock "$([[ $unsynchronised == True ]] && echo 'warn nothing keeps it*' || echo 'ok *')"
expect xdp 'ok *'
expect xdp-socket 'ok *'
limited() { setpriv --bounding-set=-ipc_lock bash -c "ulimit -S -l 64; $1"; }
limited '"$bin/tollgate" doctor xdp-socket -o json' | jq -e '.checks[0].result == "warn"' >/dev/null || fail "64 KiB are enough"
[[ $(limited '"$bin/tollgate" doctor xdp-socket -o json' | jq -r '.checks[0].fix') == 'ulimit '* ]] || fail "no fix"
limited 'ulimit -S -l hard; "$bin/tollgate" doctor xdp-socket -o json' | jq -e '.checks[0].result == "ok"' >/dev/null || fail "the fix does not help"
printf 'MemTotal: 32768 kB\n' >"$lab/meminfo"
over /proc/meminfo "$lab/meminfo"
expect memory 'warn *more than a quarter'
write_config 'tables: {flows: 1024, embryos: 1024}'
mend memory 'ok 1024 flows *'
umount /proc/meminfo

# --- the agent's process
sed 's/^CapEff:.*/CapEff:\t0000000000000000/' "/proc/$daemon/status" >"$lab/status"
prlimit --pid "$daemon" --memlock=65536:65536
over "/proc/$daemon/status" "$lab/status"
expect memlock 'warn the agent may lock 64 KiB*'
if ! capsh --has-p=cap_sys_resource 2>/dev/null; then
    prlimit() { printf 'CapEff:\t0000000000004000\n' >"$lab/status"; } # nobody here may raise a limit
fi
mend memlock 'ok *'
expect capabilities 'fail the agent lacks CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN*'
mend capabilities 'ok *'
printf 'tollgated (enforce)\n' >"$lab/profile"
over "/proc/$daemon/attr/current" "$lab/profile"
aa-complain() { printf '%s (complain)\n' "$1" >"$lab/profile"; }
expect confinement 'warn the AppArmor profile tollgated *'
mend confinement 'ok *'
umount "/proc/$daemon/attr/current"
chmod 755 "$lab"
cp "$bin/tollgate" "$lab/tollgate"
[[ $(setpriv --reuid=65534 --regid=65534 --clear-groups "$lab/tollgate" doctor privileges xdp features -o json |
    jq -r '[.checks[].result] | unique | join(",")') == unknown ]] || fail "nobody may see everything"
expect privileges 'ok root'

# --- the policy
expect 'stage eth0' 'warn audit*'
mend 'stage eth0' 'ok enforce'
expect pending 'warn generation * reverts unless confirmed'
mend pending ''
export SSH_CONNECTION='192.0.2.1 50000 192.0.2.10 22'
printf 'nameserver 192.0.2.53\n' >"$lab/resolv.conf"
over "$(realpath /etc/resolv.conf)" "$lab/resolv.conf"
policy enforce '  baseline: {dhcpClient: false}'
# edit FILE: adds what the fix line says.
cat >"$lab/edit" <<'EDIT'
#!/usr/bin/python3
import os, re, sys, yaml
said = re.sub(r"YOUR-ADDRESS|PROMETHEUS", "192.0.2.1", re.search(r"# add to it: (.*?)(   \(.*)?$", open(os.environ["FIX"]).read(), re.M)[1])
part, _, rest = said.partition(": ")
policy = yaml.safe_load(open(sys.argv[1]))
added = yaml.safe_load(rest) if part != "baseline" else dict([rest.split(": ")])
if part == "baseline":
    policy["spec"]["baseline"] = {"dhcpClient": True}
else:
    policy["spec"].setdefault(part, []).extend(added if isinstance(added, list) else [added])
yaml.safe_dump(policy, open(sys.argv[1], "w"))
EDIT
chmod +x "$lab/edit"
export FIX=$lab/fix
cd "$lab"
for check in ssh 'dns 192.0.2.53' dhcp; do
    expect "$check" '[fw]a* rule *'
    mend "$check" 'ok *'
    confirm
done
unset SSH_CONNECTION
umount "$(realpath /etc/resolv.conf)"
expect scrape 'ok *'
daemon_kill TERM
metrics=0.0.0.0:9586 systemctl start
expect scrape 'warn no rule lets tcp/9586 in*'
mend scrape 'ok *'
tollgate confirm >/dev/null

# --- interfaces, tables, state
daemon_kill TERM
write_config 'xdpMode: generic'
reboot_data_path
rm -rf "${lab:?}/state" && mkdir "$lab/state" && mount -t tmpfs -o size=1m none "$lab/state"
systemctl start
expect 'interface eth0' 'warn not in the driver*'
expect warning 'warn eth0 is not protected in the driver*'
expect state 'warn * has less than 16 MiB left'
mount -o remount,size=64m "$lab/state" # what making room comes to
expect state 'ok *'
ip link set dev eth0 down
command ip -n "tg-device-$$" link del eth0
until_true 10 eval '[[ $(found "interface eth0") == fail* ]]' || fail "an interface that is gone is not missed"
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
until_true 10 eval '[[ $(found "interface eth0") == warn* ]]' || fail "it is not attached again"
python3 - "$lab/addresses" <<'PY'
import sys
with open(sys.argv[1], "w") as file:
    for i in range(120_000): file.write(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n")
PY
split -l 40000 "$lab/addresses" "$lab/part-"
for part in "$lab"/part-*; do tollgate blocklist load "$part" >/dev/null; done
printf '#!/bin/sh\nsed -i 1000q "$1"\n' >"$lab/edit"
expect 'table blocklist' 'warn *'
mend 'table blocklist' ''
daemon_kill TERM
umount "$lab/state"
reboot_data_path

# --- tunnels
wg genkey >"$lab/device.key"
chmod 600 "$lab/device.key"
tunnel=tgw$$
cat >"$lab/tollgate.yaml" <<YAML
apiVersion: tollgate/v1
kind: Agent
tunnels:
  - name: $tunnel
    privateKeyFile: $lab/device.key
    mtu: 1500
    peers: [{name: router, publicKey: "$(wg genkey | wg pubkey)", allowedIPs: [10.9.0.2/32], endpoint: "192.0.2.1:51820"}]
YAML
systemctl start
until_true 10 eval '[[ $(api tunnels | jq -r ".tunnels[0].state") == running ]]' || fail "no tunnel"
expect "mtu $tunnel" 'warn 1500 is too much for the way to 192.0.2.1:51820*'
mend "mtu $tunnel" 'ok 1440 fits *'

# --- none is left out
for check in $(tollgate doctor --list -o json | jq -r '.checks[].name'); do
    [[ -n ${tried[$check]:-} ]] || fail "the check $check is not tried"
    [[ ${tried[$check]} != unit ]] || grep -qi "judge_${check//-/_}" "$(dirname "$0")/../unit/doctor/checks_test.cpp" ||
        fail "the check $check is not tried"
done
