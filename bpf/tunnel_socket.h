/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Messages that a tunnel takes from an AF_XDP socket: docs/packet-path.md, section 9. */
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/tunnel.h>

#include "count.h"
#include "maps.h"
#include "passage.h"

const volatile __u8 has_sockets = 1; /* bool: the kernel has AF_XDP, and so `tunnel_sockets` */

/** Whether the headers are all that the agent reads: Ethernet, IP and UDP, to this host alone. */
TG_INLINE bool has_only_fixed_headers(const struct tg_packet *packet) {
    return !(packet->flags & (TG_PACKET_VLAN | TG_PACKET_EXTENSIONS | TG_PACKET_OPTIONS |
                              TG_PACKET_LINK_MULTICAST));
}

/** @pre judge_to_tunnel() passed the packet
 *  @return XDP_REDIRECT; XDP_PASS: the tunnel has no socket there, the network stack gets it */
TG_INLINE int hand_over(const struct gate *gate, __u32 queue) {
    if (!has_sockets || dry_run || queue >= TG_QUEUES_MAX || !has_only_fixed_headers(gate->packet))
        return XDP_PASS;
    return bpf_redirect_map(
        &tunnel_sockets, TG_TUNNEL_SOCKET(gate->passage->tunnel, zone, queue), XDP_PASS);
}
