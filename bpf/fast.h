/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The fast path: refusals by the parser, the baseline, steady packets of live flows, and incoming
 * packets that no rule can allow. It passes everything else on: what comes to a tunnel to the
 * program of tunnels, the rest to the slow path. */
#pragma once

#include <tollgate/abi/parse.h>

#include "baseline.h"
#include "checksum.h"
#include "clock.h"
#include "flow.h"
#include "generation.h"
#include "passage.h"
#include "plan.h"
#include "tunnel_port.h"
#include "verdict.h"

TG_INLINE enum way pass_steady(struct gate *gate, struct tg_flow *flow) {
    gate->rule = flow->rule;
    if (flow->flags & TG_FLOW_WOULD_DROP)
        gate->would_drop = flow->would_drop;
    if (dry_run)
        gate->passage->trace.flow_hit = 1;
    else
        touch_flow(gate, flow);
    return WAY_PASS;
}

/**
 * Whether an incoming packet that opens a flow, if it belongs to none, would be dropped for
 * TG_DROP_POLICY_DEFAULT. Then only a flow that the protected side opened can still pass it: one
 * that the remote side opened was judged by another generation, and this one would drop it, too.
 */
TG_INLINE bool is_shut_out(const struct gate *gate) {
    const struct tg_packet *packet = gate->packet;

    if (!is_ingress(gate) || gate->stage != TG_STAGE_ENFORCE ||
        packet->flags & (TG_PACKET_FRAGMENT_LATER | TG_PACKET_OPTIONS))
        return false;
    if (packet->key.protocol != TG_PROTOCOL_UDP &&
        !(packet->key.protocol == TG_PROTOCOL_TCP && is_syn(packet)))
        return false;
    return is_closed_to(gate);
}

/** Whether the packet can answer the protected side, or be for a tunnel. */
TG_INLINE bool is_local_side_expecting(const struct tg_packet *packet) {
    return packet->key.protocol == TG_PROTOCOL_UDP && is_local_port_used(packet);
}

TG_INLINE enum way drop_shut_out(struct gate *gate) {
    return has_wrong_checksum(gate) ? refuse(gate, TG_DROP_IPV4_CHECKSUM) : WAY_CLOSED;
}

/** An IP packet that is not the baseline's. */
TG_INLINE enum way fast_ip(struct gate *gate) {
    struct tg_packet *packet = gate->packet;

    const bool shut_out = is_shut_out(gate);
    if (shut_out && !is_local_side_expecting(packet))
        return drop_shut_out(gate);
    if (is_to_tunnel(gate))
        return WAY_TUNNEL;
    if (!has_flow(packet))
        return WAY_SLOW;
    struct tg_flow *flow = bpf_map_lookup_elem(&flows, &packet->key);
    if (flow)
        return is_steady(gate, flow) ? pass_steady(gate, flow) : WAY_SLOW;
    return shut_out ? drop_shut_out(gate) : WAY_SLOW;
}

TG_INLINE enum way fast(struct gate *gate, enum tg_link framing, __u32 outer_vlan) {
    struct tg_packet *packet = gate->packet;
    const enum tg_drop_reason reason = tg_parse(&gate->frame, framing, outer_vlan, packet);

    packet->key.zone = zone;
    gate->now = read_clock(gate->passage);
    if (!enter_generation(gate))
        return WAY_BROKEN;
    if (dry_run)
        __builtin_memset(&gate->passage->trace, 0, sizeof(gate->passage->trace));
    if (gate->stage == TG_STAGE_OPEN)
        return WAY_PASS;
    if (reason != TG_DROP_NONE)
        return refuse(gate, reason);
    switch (baseline(gate)) {
        case BASELINE_PASS:
            return WAY_PASS;
        case BASELINE_REFUSE:
            return WAY_REFUSE;
        case BASELINE_OTHER:
            break;
    }
    return fast_ip(gate);
}
