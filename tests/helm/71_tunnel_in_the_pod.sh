#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A tunnel of the chart, with the rights of the pod and keys from a Secret: the stock wireguard-go talks
# through it, the policy means the peer by its key, and the interface goes when the values do not have the
# tunnel any more.
# shellcheck source=tests/helm/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/helm/pod.sh
source "$(dirname "$0")/pod.sh"
pod_lab
other=tgo$$

mkdir -p "$lab/volumes/keys"
(
    umask 377
    wg genkey >"$lab/volumes/keys/wg0.key"
    wg genpsk >"$lab/volumes/keys/recorder.psk"
    wg genkey >"$lab/peer.key"
)
cat >"$lab/values.yaml" <<END
mode: enforce
tunnel:
  existingSecret: tollgate-keys
  extraKeys: [recorder.psk]
  tunnels:
    - name: wg0
      listenPort: 51820
      addresses: [10.9.0.1/24]
      peers:
        - name: recorder
          publicKey: "$(wg pubkey <"$lab/peer.key")"
          presharedKeyFile: /etc/tollgate/keys/recorder.psk
          endpoint: 192.0.2.1:51821
          allowedIPs: [10.9.0.2/32]
policy:
  allow:
    - {name: ping, direction: ingress, remote: {peer: recorder}, protocols: [icmp/echo-request]}
END

background control env WG_PROCESS_FOREGROUND=1 wireguard-go -f "$other" 2>"$lab/peer.log"
until_true 10 test -S "/var/run/wireguard/$other.sock" || { cat "$lab/peer.log"; fail "the peer does not start"; }
wg set "$other" private-key "$lab/peer.key" listen-port 51821 \
    peer "$(wg pubkey <"$lab/volumes/keys/wg0.key")" preshared-key "$lab/volumes/keys/recorder.psk" \
    allowed-ips 10.9.0.1/32 endpoint 192.0.2.10:51820
ip -n "tg-control-$$" addr add 10.9.0.2/24 dev "$other"
ip -n "tg-control-$$" link set "$other" up
pings() { on control ping -q -c 1 -W 1 "$1" >/dev/null; }

rendered tunnel.yaml --values "$lab/values.yaml"
start first tunnel.yaml tollgate
until_true 20 ready || { cat "$lab/first.log"; fail "not ready"; }
until_true 20 pings 10.9.0.1 || { cat "$lab/first.log"; fail "no answer through the tunnel: $(inside first tollgate tunnel show)"; }
pings 192.0.2.10 && fail "a ping in the clear passes, too"
inside first tollgate tunnel show -o json | jq -e '.tunnels[0].peers[0] | .name == "recorder" and .presharedKey' >/dev/null ||
    fail "the tunnel is another one: $(inside first tollgate tunnel show -o json)"

# Without the tunnel: the pod is replaced, as its configuration has changed.
runc --root "$lab/runc" kill first TERM
until_true 10 stopped first || fail "the container does not end"
ip -n "tg-node-$$" link show wg0 >/dev/null || fail "the interface goes with the pod: the node would send in the clear"
rm -r "$lab/volumes/config"
rendered plain.yaml --set mode=enforce
start second plain.yaml tollgate
until_true 20 ready || { cat "$lab/second.log"; fail "not ready without the tunnel"; }
ip -n "tg-node-$$" link show wg0 >/dev/null 2>&1 && fail "the interface of the tunnel stays"

# With it again, and then detached: both go.
rm -r "$lab/volumes/config"
runc --root "$lab/runc" kill second TERM
until_true 10 stopped second || fail "the container does not end"
start third tunnel.yaml tollgate
until_true 20 pings 10.9.0.1 || { cat "$lab/third.log"; fail "no answer through the tunnel again"; }
runc --root "$lab/runc" kill third KILL
until_true 10 stopped third || fail "the container does not end"
rendered detach.yaml --values "$lab/values.yaml" --set detach=true
start detach detach.yaml detach
until_true 10 stopped detach || fail "the detaching container does not end"
ip -n "tg-node-$$" link show wg0 >/dev/null 2>&1 && fail "the interface of the tunnel is left: $(<"$lab/detach.log")"
[[ ! -e $lab/bpf/tollgate ]] || fail "pins are left"
pings 192.0.2.10 || fail "the node is not open after detaching"
