#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# docs/tunnel.md, command by command, on two hosts; then what it does not try: metrics, changes of
# peers, down and up, and a round trip through wg-quick's file.
#
#   a (device) 192.0.2.10 ── veth ── 192.0.2.20 b (peer)
#   $wg 10.9.0.1             tunnel             10.9.0.2 $other
#
# Case C17
# shellcheck disable=SC2154 # variables of lib.sh and tunnel.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/netns/lib.sh
source "$root/tests/netns/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$root/tests/netns/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$root/tests/netns/tunnel.sh"
lab_start
host device && host peer
wire device eth0 192.0.2.10/24 peer eth0 192.0.2.20/24
mkdir -p "$pins" "$lab/a" "$lab/b" "$lab/bin"
printf '#!/bin/sh\nexec "$@"\n' >"$lab/bin/sudo"
chmod +x "$lab/bin/sudo"
PATH=$lab/bin:$bin:$PATH
declare -A where=([a]=device [b]=peer) interface=([a]=$wg [b]=$other) process=()

# What the reader has before the first step: a daemon on each host. Its keys are not in
# /etc/tollgate, which is the same on both here, but where systemd would put them.
for name in a b; do
    printf 'apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [eth0]\n' >"$lab/$name/tollgate.yaml"
    background "${where[$name]}" env CREDENTIALS_DIRECTORY="$lab/$name" "$bin/tollgated" --config "$lab/$name/tollgate.yaml" \
        --state-dir "$lab/$name/state" --run-dir "$lab/$name/run" --pin-dir "$pins/$name" \
        --metrics 127.0.0.1:9586 2>>"$lab/$name.log"
    process[$name]=$background_process
    until_true 20 test -S "$lab/$name/run/control.sock" || fail "no daemon: $(<"$lab/$name.log")"
done

tollgate_on() { # HOST ARGS...
    local name=$1
    shift
    TOLLGATE_SOCKET=$lab/$name/run/control.sock on "${where[$name]}" tollgate "$@"
}

shown() { # HOST FILTER
    tollgate_on "$1" tunnel show "${interface[$1]}" -o json 2>/dev/null | jq -r ".tunnels[0] | $2"
}

# here HOST TEXT: the page's text with what differs in the lab.
here() {
    local text=${2//\/etc\/tollgate/$lab\/$1}
    text=${text//wg0/${interface[$1]}}
    text=${text//systemctl reload tollgated/kill -HUP ${process[$1]}}
    text=${text//KEY-OF-A/${key_a-}}
    printf '%s\n' "${text//KEY-OF-B/${key_b-}}"
}

try() { # HOST COMMAND
    local command
    command=$(here "$1" "$2")
    TOLLGATE_SOCKET=$lab/$1/run/control.sock on "${where[$1]}" bash -c "$command" \
        >"$lab/out" 2>&1 || fail "on $1: $command: $(<"$lab/out")"
    case $2 in
        *pubkey*) if [[ $1 == a ]]; then key_a=$(<"$lab/out"); else key_b=$(<"$lab/out"); fi ;;
        *systemctl*) until_true 10 eval "[[ \$(shown $1 .state) == running ]]" || fail "no tunnel on $1" ;;
    esac
}

tried=0
hosts=
file=tollgate
while IFS= read -r line; do
    case $line in
        'yaml '*)
            [[ $line != 'yaml apiVersion: '* ]] || file=policy
            here a "${line#yaml }" >>"$lab/a/$file.yaml"
            here b "${line#yaml }" | sed 's/10\.9\.0\.1/10.9.0.2/' >>"$lab/b/$file.yaml"
            ;;
        '# on both') hosts='a b' ;;
        '# on '*) hosts=${line#\# on } ;;
        'sudo '* | 'ping '*)
            for name in $hosts; do
                try "$name" "$line" </dev/null
            done
            tried=$((tried + 1))
            ;;
    esac
done < <(awk '/^```/ { on = !on; yaml = $0 == "```yaml"; next } on { print (yaml ? "yaml " : "") $0 }' "$root/docs/tunnel.md")
((tried == 12)) || fail "only $tried commands of the page were tried"

# "Nine commands, with the gate enforcing": the other two are those of the section after it.
for name in a b; do
    [[ $(tollgate_on "$name" status -o json | jq -r '.interfaces[0].stage') == enforce ]] || fail "the gate of $name is not closed"
done
! on peer ping -q -c 1 -W 1 192.0.2.10 >/dev/null || fail "the gate of a lets in what is not in the tunnel"
[[ $(shown a '.peers[0].name') == host-b ]] || fail "the peer has no name"
[[ $(shown a '.peers[0].latestHandshake') == 20* ]] || fail "no handshake is shown"
[[ $(shown b '.publicKey') == "$key_b" ]] || fail "another public key"
private=$(<"$lab/a/$wg.key")
for command in "show $wg" "export $wg" "show $wg -o json"; do
    # shellcheck disable=SC2086 # words
    ! tollgate_on a tunnel $command | grep -qF "$private" || fail "$command shows the private key"
done

# Metrics, by name.
on device curl -s http://127.0.0.1:9586/metrics >"$lab/metrics"
for sample in "tollgate_tunnel_peer_up{interface=\"$wg\",peer=\"host-b\"} 1" \
    "tollgate_tunnel_handshakes_total{interface=\"$wg\",role=\"responder\",result=\"ok\"} 1" \
    "tollgate_tunnel_receive_packets_total{interface=\"$wg\",peer=\"host-b\"} " \
    "tollgate_tunnel_late_scrapes_total 0"; do
    grep -qF "$sample" "$lab/metrics" || fail "no $sample: $(grep tunnel "$lab/metrics")"
done

# Down: nothing in, nothing out, in particular not in the clear. Up: again.
tollgate_on a tunnel down "$wg"
! pings peer 10.9.0.1 1 || fail "a tunnel that is down answers"
[[ $(shown a .state) == down ]] || fail "it is not shown"
tollgate_on a tunnel up "$wg"
until_true 20 pings device 10.9.0.2 1 || fail "no answer after up"

# A peer that is removed is gone at once.
tollgate_on a tunnel peer remove "$wg" host-b
! pings peer 10.9.0.1 1 || fail "a peer that was removed gets an answer"
tollgate_on a tunnel peer remove "$wg" host-b 2>/dev/null && fail "there is nothing to remove"
tollgate_on a tunnel peer add "$wg" --public-key "$key_a" 2>/dev/null && fail "a peer of itself"
tollgate_on a tunnel peer add "$wg" --public-key "$key_b" --allowed-ips 10.9.0.2/32 --name host-b
# The other side learns that its keypair is worth nothing from 15 s without an answer.
until_true 40 pings peer 10.9.0.1 1 || fail "no answer after the peer was added again"

# With the private key only if it is the right one; then wg reads the file as it is.
tollgate_on a tunnel export "$wg" --private-key-file "$lab/b/$other.key" 2>/dev/null && fail "another's key"
tollgate_on a tunnel export "$wg" --private-key-file "$lab/a/$wg.key" -o "$lab/$wg.conf"
[[ $(stat -c %a "$lab/$wg.conf") == 600 ]] || fail "the export is open to others"
grep -qF "PrivateKey = $private" "$lab/$wg.conf" || fail "no private key in the export"
mkdir "$lab/imported"
tollgate tunnel import "$lab/$wg.conf" -o "$lab/imported/tunnel.yaml"
cmp "$lab/a/$wg.key" "$lab/imported/$wg.key" || fail "another key after the round trip"
[[ $(stat -c %a "$lab/imported/$wg.key") == 600 ]] || fail "the key file is open to others"

# The import runs, in the place of what it came from.
printf 'apiVersion: tollgate/v1\nkind: Agent\ninterfaces: [eth0]\n' | cat - "$lab/imported/tunnel.yaml" \
    >"$lab/a/tollgate.yaml"
kill -HUP "${process[a]}"
until_true 10 eval '[[ $(shown a ".peers[0].name") == *-peer-1 ]]' || fail "the import is not in force: $(<"$lab/a.log")"
until_true 40 pings peer 10.9.0.1 1 || fail "no answer through the imported tunnel"
