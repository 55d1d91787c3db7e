/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The fast path: refusals by the parser, the baseline, steady packets of live flows, and incoming
 * packets that no rule can allow. It passes everything else on to the slow path. */
#pragma once

#include <tollgate/abi/parse.h>

#include "baseline.h"
#include "checksum.h"
#include "clock.h"
#include "flow.h"
#include "generation.h"
#include "passage.h"
#include "plan.h"
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

/** Whether the packet would open a flow, if it belongs to none. */
TG_INLINE bool is_opening(const struct tg_packet *packet) {
    if (packet->flags & (TG_PACKET_FRAGMENT_LATER | TG_PACKET_OPTIONS))
        return false;
    return packet->key.protocol == TG_PROTOCOL_UDP ||
           (packet->key.protocol == TG_PROTOCOL_TCP && is_syn(packet));
}

/**
 * Drops what comes to a closed port from an unknown sender, without a look at `embryos`: an embryo
 * there was judged by another generation, and this one would drop its packet for the same reason.
 */
TG_INLINE enum way drop_at_closed_port(struct gate *gate) {
    const struct tg_packet *packet = gate->packet;

    if (!is_ingress(gate) || gate->stage != TG_STAGE_ENFORCE || !is_opening(packet) ||
        !is_closed_to(gate))
        return WAY_SLOW;
    if (has_wrong_checksum(gate))
        return refuse(gate, TG_DROP_IPV4_CHECKSUM);
    return refuse(gate, TG_DROP_POLICY_DEFAULT);
}

TG_INLINE enum way fast(struct gate *gate, __u32 outer_vlan) {
    struct tg_packet *packet = gate->packet;
    const enum tg_drop_reason reason = tg_parse(&gate->frame, outer_vlan, packet);

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

    if (!has_flow(packet))
        return WAY_SLOW;
    struct tg_flow *flow = bpf_map_lookup_elem(&flows, &packet->key);
    if (!flow)
        return drop_at_closed_port(gate);
    return is_steady(gate, flow) ? pass_steady(gate, flow) : WAY_SLOW;
}
