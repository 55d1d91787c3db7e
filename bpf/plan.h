/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What a packet asks for: a flow's next packet, a new flow, or neither. Changes nothing. */
#pragma once

#include "checksum.h"
#include "flow.h"
#include "passage.h"

enum plan {
    PLAN_REFUSE,  /* for gate->reason */
    PLAN_FLOW,    /* a packet of a flow that this generation has judged */
    PLAN_REJUDGE, /* of a flow whose verdict is outdated */
    PLAN_NEW,     /* makes a flow */
    PLAN_PICKUP,  /* a TCP segment from the middle of an unknown flow */
    PLAN_ALONE,   /* judged by itself, makes no flow */
};

TG_INLINE enum plan plan_refusal(struct gate *gate, enum tg_drop_reason reason) {
    gate->reason = reason;
    return PLAN_REFUSE;
}

TG_INLINE bool is_syn(const struct tg_packet *packet) {
    return (packet->tcp_flags & (TG_TCP_SYN | TG_TCP_ACK)) == TG_TCP_SYN;
}

TG_INLINE bool is_syn_ack(const struct tg_packet *packet) {
    return packet->tcp_flags & TG_TCP_SYN && packet->tcp_flags & TG_TCP_ACK;
}

TG_INLINE enum plan plan_known_tcp(struct gate *gate, const struct known_flow *known) {
    const struct tg_packet *packet = gate->packet;

    if (is_syn(packet)) {
        if (tg_flow_is_closing(known->flow))
            return PLAN_NEW;
        return is_from_initiator(gate, known->flow) ? PLAN_FLOW : PLAN_ALONE;
    }
    if (known->is_embryo && is_ingress(gate) && !(packet->tcp_flags & TG_TCP_RST) &&
        !completes_handshake(packet, known->flow))
        return plan_refusal(gate, TG_DROP_NO_FLOW);
    return PLAN_FLOW;
}

TG_INLINE enum plan plan_known(struct gate *gate, const struct known_flow *known) {
    enum plan plan = PLAN_FLOW;

    if (gate->packet->key.protocol == TG_PROTOCOL_TCP)
        plan = plan_known_tcp(gate, known);
    if (plan == PLAN_FLOW && is_outdated(gate, known->flow))
        plan = PLAN_REJUDGE;
    if (plan != PLAN_FLOW && plan != PLAN_REFUSE && has_wrong_checksum(gate))
        plan = plan_refusal(gate, TG_DROP_IPV4_CHECKSUM);
    return plan;
}

/** Whether the policy's permission is enough to pick a segment up. */
TG_INLINE bool may_pick_up(const struct gate *gate) {
    if (!is_ingress(gate))
        return true;
    return gate->now < gate->generation->grace_until_ns && !is_syn_ack(gate->packet);
}

TG_INLINE enum plan plan_new_icmp(struct gate *gate) {
    const __u8 type = gate->packet->icmp_type;

    if (gate->packet->key.protocol == TG_PROTOCOL_ICMPV6) {
        if (type == TG_ICMPV6_ECHO_REPLY)
            return plan_refusal(gate, TG_DROP_NO_FLOW);
        return type == TG_ICMPV6_ECHO ? PLAN_NEW : PLAN_ALONE;
    }
    if (type == TG_ICMP_ECHO_REPLY || type == TG_ICMP_TIMESTAMP_REPLY ||
        type == TG_ICMP_INFORMATION_REPLY || type == TG_ICMP_MASK_REPLY)
        return plan_refusal(gate, TG_DROP_NO_FLOW);
    return type == TG_ICMP_ECHO ? PLAN_NEW : PLAN_ALONE;
}

TG_INLINE enum plan plan_new(struct gate *gate) {
    const struct tg_packet *packet = gate->packet;

    if (has_wrong_checksum(gate))
        return plan_refusal(gate, TG_DROP_IPV4_CHECKSUM);
    switch (packet->key.protocol) {
        case TG_PROTOCOL_ICMP:
        case TG_PROTOCOL_ICMPV6:
            return plan_new_icmp(gate);
        case TG_PROTOCOL_TCP:
            if (is_syn(packet))
                return PLAN_NEW;
            if (may_pick_up(gate) || (observes(gate) && !(packet->tcp_flags & TG_TCP_RST)))
                return PLAN_PICKUP;
            return plan_refusal(gate, TG_DROP_NO_FLOW);
        default:
            return PLAN_NEW;
    }
}
