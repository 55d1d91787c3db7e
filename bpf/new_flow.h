/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Packets without a flow: what the verdict makes of them. */
#pragma once

#include <bpf/bpf_helpers.h>

#include "flow.h"
#include "limit.h"
#include "passage.h"
#include "plan.h"
#include "report.h"
#include "service.h"

/** TG_FLOW_METERED if the rule has something to check for every packet. */
TG_INLINE __u16 metered_flag(const struct gate *gate, __u32 number) {
    const __u32 index = gate->slot * TG_RULES_MAX + number;
    const struct tg_rule *rule = number ? bpf_map_lookup_elem(&rules, &index) : NULL;

    return rule && (rule->packet_interval_ns || rule->expires_ns) ? TG_FLOW_METERED : 0;
}

TG_INLINE bool is_logged(const struct gate *gate, __u32 number) {
    const __u32 index = gate->slot * TG_RULES_MAX + number;
    const struct tg_rule *rule = number ? bpf_map_lookup_elem(&rules, &index) : NULL;

    return rule && rule->flags & TG_RULE_LOG;
}

TG_INLINE __u16 first_flags(const struct gate *gate, __u8 initiator, enum plan plan) {
    const struct tg_packet *packet = gate->packet;
    __u16 flags = 0;

    if (initiator == TG_EGRESS)
        flags |= TG_FLOW_LOCAL_INITIATED;
    if (plan == PLAN_PICKUP && !is_syn_ack(packet))
        flags |= TG_FLOW_ASSURED;
    if (plan == PLAN_PICKUP && initiator != gate->frame.direction)
        flags |= TG_FLOW_ANSWERED;
    if (packet->key.protocol == TG_PROTOCOL_TCP && packet->tcp_flags & TG_TCP_FIN)
        flags |= is_ingress(gate) ? TG_FLOW_FIN_INGRESS : TG_FLOW_FIN_EGRESS;
    if (packet->key.protocol == TG_PROTOCOL_UDP &&
        packet->key.remote_port == bpf_htons(TG_PORT_DNS))
        flags |= TG_FLOW_DNS;
    return flags;
}

/** Makes the flow of this packet. @param would_drop why only the stage passes it; the rule is
 *  gate->rule if there is no such reason. @return false: no room */
TG_INLINE bool make_flow(struct gate *gate, __u8 initiator, enum plan plan, __u8 would_drop) {
    struct tg_flow flow = {
        .first_seen_ns = gate->now,
        .last_seen_ns = gate->now,
        .generation = gate->generation->number,
        .rule = would_drop == TG_DROP_NONE ? gate->rule : 0,
        .isn = gate->packet->tcp_sequence,
        .flags = first_flags(gate, initiator, plan),
        .would_drop = would_drop,
    };

    flow.packets[gate->frame.direction] = 1;
    flow.bytes[gate->frame.direction] = gate->packet->frame_bytes;
    flow.flags |= would_drop == TG_DROP_NONE ? metered_flag(gate, flow.rule) : TG_FLOW_WOULD_DROP;
    if (initiator == TG_EGRESS && gate->packet->key.protocol == TG_PROTOCOL_UDP)
        use_local_port(gate->packet);
    if (!insert_flow(&gate->packet->key, &flow))
        return false;
    if (observes(gate) && (initiator == TG_EGRESS || flow.flags & TG_FLOW_ANSWERED))
        record_service(gate, initiator, true, flow.flags & TG_FLOW_ANSWERED);
    if (is_logged(gate, flow.rule))
        report(gate, TG_EVENT_NEW_FLOW);
    return true;
}

/** The side that opened a flow of which only a segment from the middle is known. */
TG_INLINE __u8 guess_initiator(const struct gate *gate) {
    const struct tg_packet *packet = gate->packet;
    const __u8 own = gate->frame.direction & 1;
    const bool own_allowed = gate->passage->judgements[own].reason == TG_DROP_NONE;
    const bool reverse_allowed = gate->passage->judgements[!own].reason == TG_DROP_NONE;

    if (is_syn_ack(packet))
        return !own;
    if (own_allowed != reverse_allowed)
        return own_allowed ? own : !own;
    return tg_load_be16((const __u8 *)&packet->key.remote_port) <
                   tg_load_be16((const __u8 *)&packet->key.local_port)
               ? TG_EGRESS
               : TG_INGRESS;
}

TG_INLINE __u8 reason_of_pickup(const struct gate *gate, const struct judgement *verdict) {
    if (verdict->reason == TG_DROP_NONE && may_pick_up(gate))
        return TG_DROP_NONE;
    if (observes(gate) && verdict->reason != TG_DROP_NONE && drops(gate, verdict->reason))
        return verdict->reason;
    return TG_DROP_NO_FLOW;
}

/** A packet without a flow, judged. */
TG_INLINE enum way pass_by_verdict(struct gate *gate, enum plan plan) {
    const bool is_pickup = plan == PLAN_PICKUP;
    const __u8 initiator = is_pickup ? guess_initiator(gate) : gate->frame.direction;
    const struct judgement *verdict = &gate->passage->judgements[initiator & 1];
    const bool makes_flow =
        plan == PLAN_NEW || (is_pickup && !(gate->packet->tcp_flags & TG_TCP_RST));
    __u8 reason = is_pickup ? reason_of_pickup(gate, verdict) : verdict->reason;

    gate->rule = verdict->rule;
    if (reason == TG_DROP_NONE && gate->rule && !within_limits(gate, gate->rule, makes_flow))
        reason = TG_DROP_RATE_LIMIT;
    if (reason != TG_DROP_NONE && drops(gate, reason))
        return refuse(gate, reason);
    if (makes_flow && !dry_run && !make_flow(gate, initiator, plan, reason))
        reason = TG_DROP_TABLE_FULL;
    return reason == TG_DROP_NONE ? WAY_PASS : refuse(gate, reason);
}
