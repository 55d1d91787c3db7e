#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Tunnels of tollgate.yaml: from nothing to an answer through the tunnel with a file on each side; an
# endpoint by a name that is not there at first and changes later; a second peer by SIGHUP without
# loss on the first; a broken file and a loose key file that change nothing.
#
#   device eth0 192.0.2.10     ──────  192.0.2.20, later .21  eth0 camera
#          eth1 198.51.100.10  ──────  198.51.100.30          eth0 recorder
#          wga  10.9.0.1       tunnel  wgb 10.9.0.2 (camera), wgc 10.9.0.3, 10.77.0.0/16 (recorder)
#
# The names are in an /etc/hosts of this test's own, and so is the folder of the sockets for wg.
#
# Cases C11, C14
# shellcheck disable=SC2154 # variables of lib.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
if [[ -z ${IN_OWN_MOUNTS:-} && $EUID == 0 ]]; then
    IN_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0"
fi
lab_start
bin=${TOLLGATE_BIN:?the folder of the programs}
mkdir -p /run/wireguard
mount -t tmpfs -o mode=0700 tmpfs /run/wireguard
echo "127.0.0.1 localhost" >"$lab/hosts"
mount --bind "$lab/hosts" /etc/hosts

LAB_NO_IPV6=0 host device
host camera && host recorder
wire device eth0 192.0.2.10/24 camera eth0 192.0.2.20/24
wire device eth1 198.51.100.10/24 recorder eth0 198.51.100.30/24
umask 077
for name in device camera recorder; do
    wg genkey >"$lab/$name.key"
    wg pubkey <"$lab/$name.key" >"$lab/$name.pub"
done
wg genpsk >"$lab/psk"

# As under systemd (ProtectKernelTunables).
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys

# start HOST: its daemon, for eth0, with the file $lab/HOST.yaml; its process is in $daemon.
start() {
    mkdir -p "$pins"
    background "$1" "$bin/tollgated" --config "$lab/$1.yaml" --state-dir "$lab/$1.state" \
        --run-dir "$lab/$1.run" --pin-dir "$pins/$1" --metrics off 2>>"$lab/$1.log"
    daemon=$background_process
    until_true 20 test -S "$lab/$1.run/control.sock" || fail "no daemon on $1: $(<"$lab/$1.log")"
}

pings() { # HOST ADDRESS [COUNT]
    on "$1" ping -q -i 0.05 -c "${3:-3}" -W 1 "$2" >/dev/null
}

head_of() { # NAME HOST PORT ADDRESSES
    cat <<YAML
apiVersion: tollgate/v1
kind: Agent
interfaces: [eth0]
tunnels:
  - name: $1
    privateKeyFile: $lab/$2.key
    listenPort: $3
    addresses: [$4]
    threads: ${TUNNEL_THREADS:-1}
    peers:
YAML
}

device_file() {
    head_of wga device 51820 10.9.0.1/24
    cat <<YAML
      - name: camera
        publicKey: $(<"$lab/camera.pub")
        presharedKeyFile: $lab/psk
        endpoint: camera.test:51821
        allowedIPs: [10.9.0.2/32]
YAML
}
device_file >"$lab/device.yaml"
{
    head_of wgb camera 51821 10.9.0.2/24
    cat <<YAML
      - name: device
        publicKey: $(<"$lab/device.pub")
        presharedKeyFile: $lab/psk
        allowedIPs: [10.9.0.1/32]
YAML
} >"$lab/camera.yaml"

# A loose key file is told, stops nothing else, and is tried again.
chmod 644 "$lab/device.key"
start device
device=$daemon
until_true 5 grep -q "chmod 600 $lab/device.key" "$lab/device.log" || fail "a loose key: $(<"$lab/device.log")"
! on device ip link show wga >/dev/null 2>&1 || fail "a tunnel with a loose key"
chmod 600 "$lab/device.key"
until_true 20 on device ip link show wga >/dev/null 2>&1 || fail "no tunnel after chmod"

# The name is not known yet, as after a boot without DNS.
start camera
camera=$daemon
until_true 20 grep -q "event=tunnel.endpoint_unresolved.*peer=camera" "$lab/device.log" || fail "nothing said of the name"
echo "192.0.2.20 camera.test" >>"$lab/hosts"
until_true 60 pings device 10.9.0.2 1 || fail "no answer through the tunnel: $(<"$lab/device.log")"
[[ $(on device cat /proc/sys/net/ipv6/conf/wga/addr_gen_mode) == 1 ]] || fail "a link-local address without a link"
[[ $(wg show wga endpoints) == *$'\t'192.0.2.20:51821 ]] || fail "endpoint: $(wg show wga endpoints)"
pings camera 10.9.0.1 || fail "no answer the other way"

# A second peer, with a network behind it, while the first is asked without a pause.
{
    head_of wgc recorder 51822 "10.9.0.3/24, 10.77.0.1/16"
    cat <<YAML
      - name: device
        publicKey: $(<"$lab/device.pub")
        endpoint: 198.51.100.10:51820
        allowedIPs: [10.9.0.1/32]
YAML
} >"$lab/recorder.yaml"
start recorder
handshake=$(wg show wga latest-handshakes | grep "$(<"$lab/camera.pub")")
on device ping -q -f -i 0.002 -c 3000 10.9.0.2 >"$lab/ping" &
flood=$!
sleep 1
{
    device_file
    cat <<YAML
      - name: recorder
        publicKey: $(<"$lab/recorder.pub")
        allowedIPs: [10.9.0.3/32, 10.77.0.0/16]
        persistentKeepalive: 25
YAML
} >"$lab/device.yaml"
kill -HUP "$device"
until_true 20 pings recorder 10.9.0.1 1 || fail "no answer with the second peer: $(<"$lab/device.log")"
until_true 5 pings device 10.77.0.1 1 || fail "no route to the network behind the peer: $(on device ip route)"
wait "$flood" || fail "the first peer: $(<"$lab/ping")"
grep -q "3000 packets transmitted, 3000 received" "$lab/ping" || fail "loss on the first peer: $(<"$lab/ping")"
[[ $(wg show wga latest-handshakes | grep "$(<"$lab/camera.pub")") == "$handshake" ]] ||
    fail "the first peer had to begin anew"

# A file with a mistake changes nothing; it is told with its place.
cp "$lab/device.yaml" "$lab/good.yaml"
sed -i 's/allowedIPs: \[10.9.0.2/allowedIp: [10.9.0.2/' "$lab/device.yaml"
line=$(grep -n 'allowedIp:' "$lab/device.yaml" | cut -d : -f 1)
kill -HUP "$device"
until_true 5 grep -q "device.yaml:$line:9: error: unknown key" "$lab/device.log" || fail "no place: $(tail -2 "$lab/device.log")"
pings device 10.9.0.2 || fail "a broken file ended the tunnel"
[[ $(wg show wga peers | wc -l) == 2 ]] || fail "a broken file changed the peers"

# A peer that goes takes its route along.
device_file >"$lab/device.yaml"
kill -HUP "$device"
until_true 5 eval '[[ $(wg show wga peers) == $(<"$lab/camera.pub") ]]' || fail "the peer stays"
route_is_gone() { ! on device ip route | grep -q 10.77; }
until_true 5 route_is_gone || fail "the route stays"
! pings recorder 10.9.0.1 1 || fail "a removed peer gets an answer"

# The camera gets another address; its name follows.
kill -TERM "$camera"
until_true 10 eval '! kill -0 "$camera" 2>/dev/null' || fail "the daemon does not end"
ip -n "tg-camera-$$" addr del 192.0.2.20/24 dev eth0
ip -n "tg-camera-$$" addr add 192.0.2.21/24 dev eth0
start camera
printf '127.0.0.1 localhost\n192.0.2.21 camera.test\n' >"$lab/hosts"
until_true 90 pings device 10.9.0.2 1 || fail "the name is not looked up again: $(<"$lab/device.log")"
grep -q "event=tunnel.endpoint_resolved.*endpoint=192.0.2.21:51821" "$lab/device.log" || fail "no new endpoint"

# The daemon goes, the interface stays: nothing takes another way meanwhile (61_no_plaintext.sh).
kill -TERM "$device"
until_true 10 eval '! kill -0 "$device" 2>/dev/null' || fail "the daemon does not end"
[[ $(on device ip route get 10.9.0.2) == *"dev wga"* ]] || fail "another way: $(on device ip route get 10.9.0.2)"
