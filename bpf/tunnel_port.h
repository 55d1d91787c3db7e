/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Whether a packet is a tunnel's. Asked of every UDP packet, so it costs one bit of an array. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/protocol.h>

#include "maps.h"
#include "passage.h"

/** UDP whose local port is one that a tunnel of ours listens on. */
TG_INLINE bool is_of_tunnel_port(const struct tg_flow_key *key) {
    if (key->protocol != TG_PROTOCOL_UDP)
        return false;
    const __u16 port = tg_load_be16((const __u8 *)&key->local_port);
    const __u32 index = port / 64;
    const __u64 *word = bpf_map_lookup_elem(&tunnel_ports, &index);

    return word && *word >> (port % 64) & 1;
}

/** A whole datagram to a tunnel of ours. */
TG_INLINE bool is_to_tunnel(const struct gate *gate) {
    return is_ingress(gate) &&
           !(gate->packet->flags & (TG_PACKET_FRAGMENT_FIRST | TG_PACKET_FRAGMENT_LATER)) &&
           is_of_tunnel_port(&gate->packet->key);
}
