#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A rule for a peer follows the peer: its live flows are cut when it goes (by wg, by the command
# line, by a reload), when its addresses become another's, and when its name does; they live again
# when it is back. Nobody else is let in meanwhile, and nothing has to be restarted.
# The hosts are drawn in camera.sh.
#
# Case W28
# shellcheck disable=SC2154 # variables of lib.sh, daemon.sh and camera.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/netns/lib.sh
source "$root/tests/netns/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$root/tests/netns/daemon.sh"
# shellcheck source=tests/netns/camera.sh
source "$root/tests/netns/camera.sh"
lab_start
camera_lab
until_true 10 streams recorder 10.9.0.1 || fail "no tunnel: $(<"$lab/tollgated.log")"
until_true 10 streams desk 10.9.0.1 || fail "no tunnel for the other peer: $(<"$lab/desk.log")"

# A policy that names a peer which does not exist is refused, with the place.
sed 's/peer: \[nvr\]/peer: [nrv]/' "$root/examples/policies/camera-3-tunnel.yaml" >"$lab/typo.yaml"
jq -n --rawfile yaml "$lab/typo.yaml" '{yaml: $yaml, confirmWithin: 60}' >"$lab/apply.json"
[[ $(refused policy/apply "@$lab/apply.json") == policyInvalid ]] || fail "an unknown peer is taken"
line=$(grep -n 'peer: \[nrv\]' "$lab/typo.yaml" | cut -d : -f 1)
! camera policy apply "$lab/typo.yaml" --confirm-within 1m >"$lab/out" 2>&1 || fail "an unknown peer is taken"
grep -q "$line:5: no tunnel has a peer 'nrv'; did you mean 'nvr'?" "$lab/out" || fail "no place: $(<"$lab/out")"

sed 's/ports: \[tcp\/554\]/ports: [tcp\/554, tcp\/555]/' "$root/examples/policies/camera-3-tunnel.yaml" >"$lab/policy.yaml"
in_force "$lab/policy.yaml"
until_true 5 streams recorder 10.9.0.1 || fail "the peer does not get the stream"
! streams desk 10.9.0.1 || fail "another peer gets the stream"

# One connection that stays open: each line that goes there comes back.
background device python3 -c '
import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile: self.wfile.write(line)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 555), Echo).serve_forever()'
until_true 10 listens device 555
coproc recorder_line { on recorder python3 -uc '
import socket, sys
s = socket.create_connection(("10.9.0.1", 555), timeout=5)
lines = s.makefile("rw")
for line in sys.stdin:
    lines.write(line); lines.flush()
    s.settimeout(float(line.split()[0]))
    try: print("back", lines.readline().strip(), flush=True)
    except OSError: print("silence", flush=True); break'; }
echoes() { # SECONDS: whether the open connection answers in time
    echo "$1 ping" >&"${recorder_line[1]}"
    read -r -t 20 answer <&"${recorder_line[0]}" && [[ $answer == back* ]]
}
echoes 5 || fail "the open connection does not work"

# Other peers come and go: the connection does not notice.
stranger=$(wg genkey | wg pubkey)
camera tunnel peer add wg0 --public-key "$stranger" --allowed-ips 10.9.0.77/32 --name visitor >/dev/null
echoes 5 || fail "a peer that comes cuts the flow of another"
camera tunnel peer remove wg0 visitor >/dev/null
echoes 5 || fail "a peer that goes cuts the flow of another"
! camera tunnel peer add wg0 --public-key "$stranger" --allowed-ips 10.9.0.77/32 --name nvr >"$lab/out" 2>&1 ||
    fail "two peers have one name"
grep -q "another peer is called" "$lab/out" || fail "not said why: $(<"$lab/out")"

# The whole network is the desk's: the recorder's own address is still the recorder's.
reload_camera "$(peer_yaml nvr recorder 10.9.0.2/32 && peer_yaml desk desk 10.9.0.0/24)"
echoes 5 || fail "a prefix around the peer's cuts its flow"
! streams desk 10.9.0.1 || fail "a prefix around the peer's lets another in"

# The addresses become another's: the open connection is cut, and who has them now is not the peer.
reload_camera "$(peer_yaml nvr recorder 10.9.0.99/32 && peer_yaml desk desk 10.9.0.2/31)"
! echoes 2 || fail "the flow lives after its addresses became another's"
! streams desk 10.9.0.1 || fail "who takes the peer's addresses gets its rules"
ip -n "tg-desk-$$" addr add 10.9.0.2/24 dev wg0
! on desk python3 -c '
import socket
s = socket.create_connection(("10.9.0.1", 554), timeout=2, source_address=("10.9.0.2", 0))' 2>/dev/null ||
    fail "who takes the peer's addresses gets its rules"
ip -n "tg-desk-$$" addr del 10.9.0.2/24 dev wg0

# Back again; then the peer goes altogether, and its name becomes another's.
reload_camera "$both_peers"
until_true 10 streams recorder 10.9.0.1 || fail "the rules do not follow the peer back"
reload_camera "$(peer_yaml desk desk 10.9.0.3/32)"
! streams recorder 10.9.0.1 || fail "a peer that was removed gets the stream"
! streams desk 10.9.0.1 || fail "another peer gets the stream after the removal"
reload_camera "$(peer_yaml camera-2 recorder 10.9.0.2/32 && peer_yaml nvr desk 10.9.0.3/32)"
until_true 10 streams desk 10.9.0.1 || fail "the rules do not follow the name"
recorder_is_back() { # it calls again when it has had no answer for 15 s
    ! streams recorder 10.9.0.1 || fail "the rules stay with the key"
    camera tunnel show wg0 -o json |
        jq -e '.tunnels[0].peers[] | select(.name == "camera-2") | has("latestHandshake")' >/dev/null
}
until_true 30 recorder_is_back || fail "no handshake with the peer that was removed"
! streams recorder 10.9.0.1 || fail "the rules stay with the key"
reload_camera "$both_peers"
until_true 10 streams recorder 10.9.0.1 || fail "the rules do not follow the name back"
! streams desk 10.9.0.1 || fail "the rules stay with the other key"
exit 0
