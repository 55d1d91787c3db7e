#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# No secret of a host gets into its support bundle, wherever it was put and however it was written; what is in it, or
# missing, is said before anything is written; it works with the agent dead. With --anonymise no address, name or
# public key of the laboratory gets in either.
#
#   device eth0 192.0.2.10 ── 192.0.2.1 eth0 router
#
# Case C17
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
lab_start
host device && host router
wire device eth0 192.0.2.10/24 router eth0 192.0.2.1/24
tunnel=tgw$$
config=$lab/tollgate.yaml
umask 077
hex() { od -An -v -tx1 | tr -d ' \n'; }
for name in device psk stealth comment uapi; do wg genkey >"$lab/$name.key"; done
mv "$lab/psk.key" "$lab/peer.psk"
head -c 32 /dev/urandom >"$lab/credential.secret"
printf 'glsa-token-of-the-collector\n' >"$lab/collector"
printf 'environment-%s\n' "$RANDOM$RANDOM" >"$lab/environment"
public=$(wg genkey | wg pubkey)
cat >"$config" <<YAML
apiVersion: tollgate/v1
kind: Agent
# the key before May was $(<"$lab/comment.key"), in hex $(base64 -d <"$lab/comment.key" | hex)
# -----BEGIN PRIVATE KEY-----
# $(head -c 24 /dev/urandom | base64)
# -----END PRIVATE KEY-----
# tokenFile: $lab/collector
# curl https://1:$(<"$lab/collector")@collector.example/?token=$(<"$lab/collector")
tunnels:
  - name: $tunnel
    privateKeyFile: $lab/device.key
    listenPort: 51820
    addresses: [10.9.0.1/24]
    peers:
      - {name: router, publicKey: "$public", presharedKeyFile: $lab/peer.psk, allowedIPs: [10.9.0.2/32]}
YAML
cat >"$lab/policy.yaml" <<YAML
apiVersion: tollgate/v1
kind: Policy
metadata: {name: lab, description: "uses $(<"$lab/comment.key")"}
spec:
  mode: audit
  default: {ingress: drop, egress: drop}
  groups:
    cloud: {fqdn: [ota.vendor-of-the-lab.example, "*.cdn.vendor-of-the-lab.example"]}
    lan: {cidr: [192.0.2.0/24, "2001:db8:77::/48"]}
  allow:
    - {name: from-lan, direction: ingress, remote: [lan], protocols: [any]}
    - {name: to-cloud, direction: egress, remote: [cloud], ports: [tcp/443]}
    - {name: from-peer, direction: ingress, remote: {peer: router}, ports: [tcp/22]}
YAML
export COLLECTOR_TOKEN
COLLECTOR_TOKEN=$(<"$lab/environment")
# shellcheck disable=SC2034 # for daemon.sh
metrics=127.0.0.1:9586
daemon_start --config "$config"
unset COLLECTOR_TOKEN
until_true 10 eval '[[ $(api tunnels | jq -r ".tunnels[0].state") == running ]]' || fail "no tunnel"
tollgate() { on device "$bin/tollgate" --socket "$lab/run/control.sock" --pin-dir "$pins" "$@"; }
tollgate policy apply "$lab/policy.yaml" >/dev/null
tollgate confirm >/dev/null
wg set "$tunnel" private-key "$lab/uapi.key" # known to nobody but the agent
on router ping -c 3 -i 0.1 192.0.2.10 >/dev/null || true

# Before it is written: what would be in it. Nobody says yes here.
tollgate support-bundle --list >"$lab/list"
for name in doctor.json status.json policy.yaml history.json tunnels.json events.jsonl metrics.txt \
    config/tollgate.yaml host/kernel.txt host/interfaces.txt host/bpf.json; do
    grep -q "^$name " "$lab/list" || fail "$name is not listed: $(<"$lab/list")"
done
grep -qE '^config/tollgate.yaml .*known secret.*private key' "$lab/list" || fail "what is redacted is not said: $(<"$lab/list")"
code=0
tollgate support-bundle -o "$lab/bundle.tar.gz" >/dev/null 2>"$lab/err" </dev/null || code=$?
((code == 4)) || fail "without --yes it exits with $code"
[[ ! -e $lab/bundle.tar.gz ]] || fail "it was written all the same"

# no_secret FOLDER: none in any form.
no_secret() {
    local file form
    for file in "$lab"/{device,stealth,comment,uapi}.key "$lab/peer.psk" "$lab/collector" "$lab/environment"; do
        for form in "$(<"$file")" "$(tr -d '\n' <"$file" | base64 -w 0 | tr -d =)" "$(tr -d '\n' <"$file" | hex)" \
            "$(base64 -d <"$file" 2>/dev/null | hex)"; do
            [[ -z $form ]] || ! grep -rqiF -- "$form" "$1" || fail "$(basename "$file") is in $(grep -rliF -- "$form" "$1")"
        done
    done
    python3 - "$1" "$lab"/*.key "$lab/peer.psk" "$lab/credential.secret" <<'PY' || fail "a key is in it"
import base64, pathlib, sys
files = b"".join(path.read_bytes() for path in pathlib.Path(sys.argv[1]).rglob("*") if path.is_file())
for name in sys.argv[2:]:
    content = pathlib.Path(name).read_bytes()
    key = content if len(content) == 32 else base64.b64decode(content)
    forms = [key, key.hex().encode(), base64.b64encode(key).rstrip(b"="), base64.urlsafe_b64encode(key).rstrip(b"=")]
    assert not any(form in files for form in forms), name
PY
}
unpack() { # FILE FOLDER
    mkdir "$2"
    tar -C "$2" -xzf "$1"
}
tollgate support-bundle --yes -o "$lab/bundle.tar.gz" >/dev/null
[[ $(stat -c %a "$lab/bundle.tar.gz") == 600 ]] || fail "others may read it"
unpack "$lab/bundle.tar.gz" "$lab/unpacked"
inside=$lab/unpacked/tollgate-support
no_secret "$lab/unpacked"
grep -q "$public" "$inside/tunnels.json" || fail "the public key of the peer is gone"
grep -q 'listenPort: 51820' "$inside/config/tollgate.yaml" || fail "the configuration is not there"
grep -q "presharedKeyFile: $lab/peer.psk" "$inside/config/tollgate.yaml" || fail "the name of a key file is no secret"
grep -q '^tollgate_build_info' "$inside/metrics.txt" || fail "no metrics"
jq -e '.checks | length > 10' "$inside/doctor.json" >/dev/null || fail "no doctor"
jq -e '.files[] | select(.name == "config/tollgate.yaml").redacted.secretsOfThisHost > 0' "$inside/manifest.json" >/dev/null ||
    fail "the manifest does not say what was taken out: $(<"$inside/manifest.json")"
find "$inside" -type f ! -name manifest.json -printf '%P\n' | sort >"$lab/files"
jq -r '.files[].name' "$inside/manifest.json" | sort | cmp - "$lab/files" || fail "the manifest is not what is in it"

# It replaces nothing and follows no link.
code=0
tollgate support-bundle --yes -o "$lab/bundle.tar.gz" >/dev/null 2>"$lab/err" || code=$?
((code == 1)) || fail "over a file it exits with $code"
ln -s "$lab/elsewhere" "$lab/link.tar.gz"
! tollgate support-bundle --yes -o "$lab/link.tar.gz" >/dev/null 2>&1 || fail "it writes through a link"
[[ ! -e $lab/elsewhere ]] || fail "it wrote through a link"
ln -s "$lab/device.key" "$lab/linked.yaml"
tollgate support-bundle --list --config "$lab/linked.yaml" >"$lab/list"
grep -q 'missing.*config/tollgate.yaml: .*symbolic link' "$lab/list" || fail "it reads through a link: $(<"$lab/list")"

# Anonymised: what was replaced is said first, and nothing of the laboratory is left.
tollgate support-bundle --anonymise --list >"$lab/list"
tr -s '\n ' ' ' <"$lab/list" |
    grep -qE ' replaced IPv4 addresses [0-9]+ \(in [0-9]+ places\),.* names of peers 1 \(in' ||
    fail "what is replaced is not said: $(<"$lab/list")"
mac=$(on device cat /sys/class/net/eth0/address)
own=(192.0.2.10 192.0.2.1 192.0.2.0 10.9.0.1 10.9.0.2 2001:db8:77 "$mac" vendor-of-the-lab "$public" "${public:0:8}"
    "$(on device wg show "$tunnel" public-key)" router "$(hostname)" "$(hostname -s)")
not_anonymous() { # FOLDER: which of them are in it, and where
    local value
    for value in "${own[@]}"; do
        grep -rnP -- "(?<![\w-])\Q$value\E(?![\w-])" "$1" | sed "s|^|$value: |"
    done
}
[[ $(not_anonymous "$lab/unpacked" | cut -d: -f1 | sort -u | wc -l) -ge 8 ]] || fail "there is nothing to replace"
tollgate support-bundle --anonymise --yes -o "$lab/anonymous.tar.gz" >/dev/null
unpack "$lab/anonymous.tar.gz" "$lab/anonymous"
no_secret "$lab/anonymous"
[[ -z $(not_anonymous "$lab/anonymous") ]] || fail "it is not anonymous: $(not_anonymous "$lab/anonymous" | head -20)"
inside=$lab/anonymous/tollgate-support
jq -e '.anonymised | .ipv4Addresses.values >= 4 and .macAddresses.values >= 1 and .peerNames.values == 1 and
    .publicKeys.values == 2 and .hostNames.values >= 2' "$inside/manifest.json" >/dev/null ||
    fail "the manifest counts $(jq -c .anonymised "$inside/manifest.json")"
# The same for the same, and blocks still hold what they held: the policy is one.
address=$(sed -nE 's/^ +([0-9.]+) in .*/\1/p' "$inside/host/interfaces.txt" | grep -v '^127\.' | head -1)
jq -e --arg address "$address" 'any(.flows[]; .local == $address)' "$inside/flows.json" >/dev/null ||
    fail "$address has another pseudonym elsewhere: $(<"$inside/flows.json")"
tollgate policy check "$inside/policy.yaml" >/dev/null || fail "what is left is no policy: $(<"$inside/policy.yaml")"

# With the agent dead, what is missing is said; of the rest nothing is.
daemon_kill KILL
tollgate support-bundle --yes -o "$lab/dead.tar.gz" --config "$config" >"$lab/out"
unpack "$lab/dead.tar.gz" "$lab/dead"
no_secret "$lab/dead"
for name in status.json policy.json events.jsonl metrics.txt; do
    jq -e --arg name "$name" '.missing[] | select(.name == $name)' "$lab/dead/tollgate-support/manifest.json" >/dev/null ||
        fail "$name is neither there nor missing"
done
grep -q 'listenPort: 51820' "$lab/dead/tollgate-support/config/tollgate.yaml" || fail "no configuration without the agent"
