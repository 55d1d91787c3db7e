# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the tests that follow the Linux kernel's WireGuard self-test share: source it after lib.sh, then
#
#     selftest_start                        once, first: a /run/wireguard of the test's own
#     make_keys NAME...                     $lab/NAME.key and ${key[NAME]}, the public one; $lab/psk
#     agent HOST TUNNEL...                  a daemon there with tunnels for wg(8); ${process[HOST]}
#     addresses HOST TUNNEL ADDRESS/LENGTH...
#     answers HOST ADDRESS [PING-ARGUMENT]  ten pings at once, all answered
#     flows HOST OTHER ADDRESS              TCP by 1, 5 and 50 streams, and datagrams, nothing is lost
#
# shellcheck disable=SC2034,SC2154 # lib.sh sets $lab and others
bin=${TOLLGATE_BIN:?the folder of the programs}
steady_flows=$(cd "$(dirname "${BASH_SOURCE[0]}")/../support" && pwd)/steady_flows.py
declare -A key=() process=()

selftest_start() {
    if [[ -z ${IN_OWN_MOUNTS:-} && $EUID == 0 ]]; then
        IN_OWN_MOUNTS=1 exec unshare --mount --propagation private "$0"
    fi
    lab_start
    mkdir -p /run/wireguard
    mount -t tmpfs -o mode=0700 tmpfs /run/wireguard
    umask 077
    wg genpsk >"$lab/psk"
    LAB_NO_IPV6=0
}

make_keys() {
    local name
    for name in "$@"; do
        wg genkey >"$lab/$name.key"
        key[$name]=$(wg pubkey <"$lab/$name.key")
    done
}

# The gate has an interface to protect, but nothing comes by there.
agent() {
    local where=$1 tunnels=() name
    shift
    for name in "$@"; do
        tunnels+=(--tunnel "$name")
    done
    ip -n "tg-$where-$$" link add gated0 type veth peer name gated1
    ip -n "tg-$where-$$" link set gated0 up
    mkdir -p "$pins"
    background "$where" "$bin/tollgated" --interface gated0 --state-dir "$lab/$where.state" --run-dir "$lab/$where.run" \
        --pin-dir "$pins/$where" --metrics off "${tunnels[@]}" 2>>"$lab/$where.log"
    process[$where]=$background_process
    for name in "$@"; do
        until_true 20 test -S "/run/wireguard/$name.sock" || fail "no tunnel $name: $(<"$lab/$where.log")"
    done
}

addresses() {
    local where=$1 tunnel=$2 address flags
    shift 2
    for address in "$@"; do
        flags=()
        [[ $address != *:* ]] || flags=(nodad)
        ip -n "tg-$where-$$" addr add "$address" dev "$tunnel" "${flags[@]}"
    done
    ip -n "tg-$where-$$" link set "$tunnel" up
}

answers() {
    on "$1" ping -q -c 10 -f -W 1 "${@:3}" "$2" >/dev/null
}

answers_once() {
    on "$1" ping -q -c 1 -W 1 "${@:3}" "$2" >/dev/null
}

endpoint_of() { # TUNNEL PEER
    wg show "$1" endpoints | awk -v peer="$2" '$1 == peer { print $2 }'
}

sent_bytes() { # TUNNEL
    wg show "$1" transfer | awk '{ sum += $3 } END { print sum + 0 }'
}

listens() {
    on "$1" ss -Hltn "sport = :$2" | grep -q .
}

flows() {
    background "$2" python3 "$steady_flows" serve "$3" 7000
    local server=$background_process
    until_true 10 listens "$2" 7000 || fail "nobody listens on $2"
    on "$1" python3 "$steady_flows" once "$3" 7000 >"$lab/flows" 2>&1 || fail "from $1 to $3: $(<"$lab/flows")"
    kill "$server"
}
