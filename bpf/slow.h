/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The slow path: everything but the steady packets of live flows. docs/packet-path.md, 4 to 7. */
#pragma once

#include "flow.h"
#include "fragment.h"
#include "icmp_error.h"
#include "limit.h"
#include "new_flow.h"
#include "passage.h"
#include "plan.h"
#include "verdict.h"

/** The judgements that the plan needs. */
TG_INLINE void judge_for(const struct gate *gate, enum plan plan, const struct tg_flow *flow) {
    __u8 direction = gate->frame.direction;

    if (plan == PLAN_REJUDGE && flow && !is_from_initiator(gate, flow))
        direction = !direction;
    for (int i = 0; i < TG_DIRECTIONS; ++i) {
        judge(gate, direction & 1, plan == PLAN_REJUDGE);
        if (plan != PLAN_PICKUP)
            break;
        direction = !direction;
    }
}

/** A flow under the verdict of this generation. @return the reason, if it passes by its stage only
 */
TG_INLINE __u8 adopt_verdict(const struct gate *gate, struct tg_flow *flow) {
    const __u8 direction = flow->flags & TG_FLOW_LOCAL_INITIATED ? TG_EGRESS : TG_INGRESS;
    const struct judgement *verdict = &gate->passage->judgements[direction];
    const __u8 reason = verdict->reason;
    __u16 flags = flow->flags & ~(TG_FLOW_METERED | TG_FLOW_WOULD_DROP);

    if (drops(gate, reason) && reason != TG_DROP_NONE)
        return reason;
    if (reason != TG_DROP_NONE)
        flags |= TG_FLOW_WOULD_DROP;
    else
        flags |= metered_flag(gate, verdict->rule);
    if (!dry_run) {
        flow->rule = reason == TG_DROP_NONE ? verdict->rule : 0;
        flow->would_drop = reason;
        flow->flags = flags;
        flow->generation = gate->generation->number;
    }
    return reason;
}

/** The limit and the expiry of the flow's rule. */
TG_INLINE __u8 meter(const struct gate *gate, const struct tg_flow *flow) {
    const __u32 index = gate->slot * TG_RULES_MAX + flow->rule;
    const struct tg_rule *rule = bpf_map_lookup_elem(&rules, &index);

    if (!rule)
        return TG_DROP_INTERNAL;
    if (rule->expires_ns && rule->expires_ns <= gate->now)
        return TG_DROP_RULE_EXPIRED;
    return within_limits(gate, flow->rule, false) ? TG_DROP_NONE : TG_DROP_RATE_LIMIT;
}

/** Counts the packet in its flow and follows what it opens, answers and closes. */
TG_INLINE void advance_flow(struct gate *gate, const struct known_flow *known) {
    struct tg_flow *flow = known->flow;
    const __u16 before = flow->flags;
    const __u16 after = flags_after(gate, flow);

    touch_flow(gate, flow);
    if (after == before)
        return;
    flow->flags = after;
    if (observes(gate) && after & ~before & TG_FLOW_ANSWERED) {
        const bool local = after & TG_FLOW_LOCAL_INITIATED;
        record_service(gate, local ? TG_EGRESS : TG_INGRESS, !local, true);
    }
    if (known->is_embryo && after & TG_FLOW_ESTABLISHED)
        promote(&gate->packet->key, flow);
}

TG_INLINE enum way pass_by_flow(struct gate *gate, const struct known_flow *known, enum plan plan) {
    struct tg_flow *flow = known->flow;
    __u8 reason = TG_DROP_NONE;

    if (plan == PLAN_REJUDGE) {
        reason = adopt_verdict(gate, flow);
        if (reason != TG_DROP_NONE && drops(gate, reason)) {
            const __u8 direction = flow->flags & TG_FLOW_LOCAL_INITIATED ? TG_EGRESS : TG_INGRESS;
            gate->rule = gate->passage->judgements[direction].rule;
            return refuse(gate, reason);
        }
    }
    gate->rule = flow->rule;
    if (flow->flags & TG_FLOW_METERED) {
        reason = meter(gate, flow);
        if (reason != TG_DROP_NONE && drops(gate, reason))
            return refuse(gate, reason);
    }
    if (flow->flags & TG_FLOW_WOULD_DROP)
        gate->would_drop = flow->would_drop;
    if (!dry_run)
        advance_flow(gate, known);
    return reason == TG_DROP_NONE ? WAY_PASS : refuse(gate, reason);
}

TG_INLINE enum way judge_packet(struct gate *gate) {
    struct known_flow known = {};
    if (has_flow(gate->packet))
        known = find_flow(gate, &gate->packet->key);
    const enum plan plan = known.flow ? plan_known(gate, &known) : plan_new(gate);

    if (dry_run)
        gate->passage->trace.flow_hit = known.flow != NULL;
    if (plan == PLAN_REFUSE)
        return WAY_REFUSE;
    if (plan != PLAN_FLOW)
        judge_for(gate, plan, known.flow);
    if (known.flow && (plan == PLAN_FLOW || plan == PLAN_REJUDGE))
        return pass_by_flow(gate, &known, plan);
    return pass_by_verdict(gate, plan);
}

TG_INLINE enum way slow(struct gate *gate) {
    if (gate->packet->flags & TG_PACKET_FRAGMENT_LATER)
        return judge_later_fragment(gate);

    const enum way way =
        tg_is_icmp_error(gate->packet) ? judge_icmp_error(gate) : judge_packet(gate);
    if (gate->packet->flags & TG_PACKET_FRAGMENT_FIRST && !dry_run &&
        (way == WAY_PASS || !drops(gate, gate->reason)))
        remember_fragment(gate);
    return way;
}
