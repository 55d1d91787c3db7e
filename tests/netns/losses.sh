# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What steady_flows.py loses between the hosts of tunnel.sh, accounted for: source it after that, then
#
#     losses_begin            what sockets had no room for until now does not count
#     losses_check FLOWS      fails if a datagram is lost for which the peer's kernel does not say that it had no room, or if a
#                             socket of the device had none. FLOWS is the file that `steady ... tolerant` has written
#     tell_losses             prints where something was lost: in a full buffer, in a queue of a device, for a reason of ours
#
# The stock peer's socket has a small buffer, and a busy machine lets it wait: what that costs is not the tunnel's, and the
# kernel counts it.

# overflows HOST: datagrams for which a socket had no room.
overflows() { on "$1" nstat -asz UdpRcvbufErrors Udp6RcvbufErrors | awk '/RcvbufErrors/ { sum += $2 } END { print sum }'; }

losses_begin() { overflows_of_peer=$(overflows peer) overflows_of_device=$(overflows device); }

losses_check() {
    local lost
    lost=$(head -1 "$1" | jq .lost)
    ((lost <= $(overflows peer) - overflows_of_peer)) || fail "$lost datagrams are lost: $(<"$1")"$'\n'"$(tell_losses)"
    (($(overflows device) == overflows_of_device)) || fail "no room in a socket of ours: $(tell_losses)"
}

tell_losses() {
    local host
    for host in device peer; do
        echo "$host: $(on "$host" nstat -as | awk '/Err|Discard|Drop|NoPorts/ && $2 > 0 { printf "%s %s, ", $1, $2 }')"
        on "$host" ip -j -s link show | jq -r '.[] | select(.ifname != "lo") | "  \(.ifname): " +
            "received \(.stats64.rx.packets), dropped \(.stats64.rx.dropped); sent \(.stats64.tx.packets), dropped \(.stats64.tx.dropped)"'
    done
    api status | jq -c '.interfaces[] | {name, in: .ingress.drops, out: .egress.drops}'
    api tunnels | jq -c '.tunnels[]'
    on device curl -s "http://${metrics:?}/metrics" | grep -E '^tollgate_tunnel.*(drop|fail|refused)' | grep -v ' 0$' || true
}
