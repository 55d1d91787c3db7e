#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A tunnel with three threads and eight stock peers: traffic of all at once, both ways, without a loss and in
# its order, and every thread has its share; peers that come and go, a new listen port and wg syncconf leave
# the others alone; a restart takes the kept interface over, and another number of threads makes it anew.
#
#   device eth0 192.0.2.10 ── hub (a bridge) ── 192.0.2.21 … .28 eth0 p1 … p8
#          $wg  10.9.0.1       tunnel           10.9.0.21 … .28 tgp1-PID … tgp8-PID
#
# shellcheck disable=SC2154 # variables of lib.sh and tunnel.sh
set -euo pipefail
# shellcheck source=tests/netns/lib.sh
source "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/daemon.sh
source "$(dirname "$0")/daemon.sh"
# shellcheck source=tests/netns/tunnel.sh
source "$(dirname "$0")/tunnel.sh"
steady_flows=$(dirname "$0")/../support/steady_flows.py
metrics=127.0.0.1:9586
peers=8
threads=3
lab_start
host device && host hub
ip -n "tg-hub-$$" link add bridge type bridge
ip -n "tg-hub-$$" link set bridge up
plug() { # HOST ADDRESS: its eth0 into the bridge
    ip -n "tg-$1-$$" link add eth0 type veth peer name "$1" netns "tg-hub-$$"
    ip -n "tg-$1-$$" addr add "$2/24" dev eth0
    ip -n "tg-$1-$$" link set eth0 up
    ip -n "tg-hub-$$" link set "$1" master bridge up
}
plug device 192.0.2.10
umask 077
wg genkey >"$lab/device.key"
device_key=$(wg pubkey <"$lab/device.key")
declare -a keys

join_peer() { # NUMBER PORT: begins anew with the device
    wg set "tgp$1-$$" peer "$device_key" remove
    wg set "tgp$1-$$" peer "$device_key" allowed-ips 10.9.0.1/32 endpoint "192.0.2.10:$2"
}

peer_tunnel() { # NUMBER: a wireguard-go that knows where the device is
    local name=p$1 tunnel=tgp$1-$$
    local number=$((20 + $1))
    host "$name"
    plug "$name" "192.0.2.$number"
    background "$name" env WG_PROCESS_FOREGROUND=1 wireguard-go -f "$tunnel" 2>>"$lab/$name.log"
    until_true 10 test -S "/var/run/wireguard/$tunnel.sock" || fail "no peer: $(<"$lab/$name.log")"
    wg genkey >"$lab/$name.key"
    keys[$1]=$(wg pubkey <"$lab/$name.key")
    wg set "$tunnel" private-key "$lab/$name.key"
    join_peer "$1" 51820
    ip -n "tg-$name-$$" addr add "10.9.0.$number/24" dev "$tunnel"
    ip -n "tg-$name-$$" link set "$tunnel" up
}

device_file() { # THREADS
    tunnel_numbered
    printf '    threads: %d\n    peers:\n' "$1"
    for ((i = 1; i <= peers; ++i)); do
        printf "      - {name: p%d, publicKey: '%s', allowedIPs: [10.9.0.%d/32]}\n" "$i" "${keys[i]}" $((20 + i))
    done
}

metric() { on device curl -sS "http://$metrics/metrics" | grep -F "$1" | sed 's/.* //'; }
all_are_up() { [[ $(metric 'tollgate_tunnel_peers{interface="'"$wg"'",state="up"}') == "$peers" ]]; }
serves() { on "$1" ss -Hltn "sport = :7000" | grep -q .; }
all_ping() { # at once
    local i process running=()
    for ((i = 1; i <= peers; ++i)); do
        pings "p$i" 10.9.0.1 2 &
        running+=($!)
    done
    for process in "${running[@]}"; do wait "$process" || return 1; done
}

# The threads of the tunnel are called NUMBER:INTERFACE; prints how long each has run, in ns.
thread_times() {
    local task process
    process=$(data_process "$daemon" "$wg")
    for task in /proc/"$process"/task/*; do
        [[ $(<"$task/comm") != [0-9]:"$wg" ]] || echo "$(<"$task/comm") $(cut -d ' ' -f 1 "$task/schedstat")"
    done | sort
}

for ((i = 1; i <= peers; ++i)); do peer_tunnel "$i"; done
device_file "$threads" >"$lab/tollgate.yaml"
daemon_start --config "$lab/tollgate.yaml"
[[ $(api tunnels | jq -c '.tunnels[0] | [.threads, .threadsReason]') == "[$threads,\"as configured\"]" ]] ||
    fail "threads: $(api tunnels)"
[[ $(metric "tollgate_tunnel_threads{") == "$threads" ]] || fail "no metric of the threads"
[[ $(api tunnels | jq -r '.tunnels[0].backendReason') == "AF_XDP is for one thread, not $threads" ]] ||
    fail "backend: $(api tunnels)"
"$bin/tollgate" --socket "$lab/run/control.sock" tunnel show | grep -q "threads: 3 (as configured)" || fail "not shown"
background device python3 "$steady_flows" serve 10.9.0.1 7000
until_true 10 serves device || fail "nobody listens"
all_ping || fail "not all peers get an answer: $(<"$lab/tollgated.log")"
all_are_up || fail "not all peers are up"

# run_flows SECONDS PEER...: all at once; fails if one of them loses anything.
run_flows() {
    local seconds=$1 number process
    local -a running=()
    shift
    for number in "$@"; do
        on "p$number" python3 "$steady_flows" steady 10.9.0.1 7000 "$seconds" >"$lab/flows.$number" 2>&1 &
        running+=($!)
    done
    for process in "${running[@]}"; do
        wait "$process" || fail "a flow: $(cat "$lab"/flows.*; metric wrong_thread)"
    done
}

thread_times >"$lab/before"
run_flows 5 1 2 3 4 5 6 7 8
thread_times >"$lab/after"
[[ $(wc -l <"$lab/after") == "$threads" ]] || fail "not $threads threads: $(<"$lab/after")"
join "$lab/before" "$lab/after" | while read -r name before after; do
    echo "thread $name: $(((after - before) / 1000000)) ms in 5 s"
    ((after - before > 20000000)) || fail "the thread $name has carried nothing"
done

# Peers come and go, another wg syncconf, while the others go on.
run_flows 6 1 2 3 5 6 7 8 &
flows=$!
sleep 1
wg show "$wg" peers >"$lab/peers"
[[ $(<"$lab/peers") == "$(printf '%s\n' "${keys[@]}")" ]] || fail "another order: $(<"$lab/peers")"
handshakes_before=$(wg show "$wg" latest-handshakes)
wg showconf "$wg" >"$lab/wg.conf"
wg syncconf "$wg" "$lab/wg.conf"
[[ $(wg show "$wg" latest-handshakes) == "$handshakes_before" ]] || fail "syncconf begins anew"
wg set "$wg" peer "${keys[4]}" remove
! pings p4 10.9.0.1 1 || fail "a peer that was removed gets an answer"
wg set "$wg" peer "${keys[4]}" allowed-ips 10.9.0.24/32
wait "$flows" || fail "the others notice that a peer comes and goes"
join_peer 4 51820
until_true 20 pings p4 10.9.0.1 1 || fail "the peer does not come back"
[[ $(wg show "$wg" peers) == "$(<"$lab/peers")" ]] || fail "another order: $(wg show "$wg" peers)"

# The address of one peer becomes another's, of another thread: nobody else speaks for it, nobody else gets it.
wg set "$wg" peer "${keys[2]}" allowed-ips 10.9.0.22/32,10.9.0.21/32
! pings p1 10.9.0.1 1 || fail "a peer speaks for an address that is another's now"
wg set "$wg" peer "${keys[1]}" allowed-ips 10.9.0.21/32
pings p1 10.9.0.1 || fail "the address does not come back"
[[ $(metric 'reason="wrong_source"') -gt 0 ]] || fail "the wrong source is not counted"

# All sockets move to another port, or none does.
: >"$lab/bound"
on device python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 51999)); print("bound", flush=True); sys.stdin.read()' \
    < <(sleep 60) >"$lab/bound" &
until_true 10 grep -q bound "$lab/bound" || fail "the port is not taken"
! wg set "$wg" listen-port 51999 2>/dev/null || fail "a port that is taken is listened on"
all_ping || fail "a refused port ends the tunnel for somebody"
wg set "$wg" listen-port 51822
for ((i = 1; i <= peers; ++i)); do wg set "tgp$i-$$" peer "$device_key" endpoint 192.0.2.10:51822; done
all_ping || fail "not all peers get an answer at another port"
[[ $(on device ss -Hlun "sport = :51820" | wc -l) == 0 ]] || fail "the old port is listened on"
[[ $(on device ss -Hlun4 "sport = :51822" | wc -l) == "$threads" ]] || fail "not as many sockets as threads"
for reason in wrong_thread misdirected; do
    [[ $(metric 'reason="'$reason'"')$(metric 'result="'$reason'"') == 0 ]] || fail "$reason: $(metric "$reason")"
done

# The kept interface is taken over; another number of threads makes another interface.
index=$(ip -n "tg-device-$$" -o link show "$wg" | cut -d : -f 1)
daemon_kill KILL
daemon_start --config "$lab/tollgate.yaml"
for ((i = 1; i <= peers; ++i)); do join_peer "$i" 51820; done
until_true 20 all_ping || fail "not all peers come back after a kill"
[[ $(ip -n "tg-device-$$" -o link show "$wg" | cut -d : -f 1) == "$index" ]] || fail "the interface was made anew"
for count in 1 2; do
    device_file "$count" >"$lab/tollgate.yaml"
    kill -HUP "$(pgrep -P "$daemon" -x tollgated || echo "$daemon")"
    until_true 30 eval '[[ $(api tunnels | jq ".tunnels[0].threads") == "$count" ]]' || fail "not $count threads: $(api tunnels)"
    for ((i = 1; i <= peers; ++i)); do join_peer "$i" 51820; done
    until_true 20 all_ping || fail "not all peers come back with $count threads"
done
