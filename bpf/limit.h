/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The limits of a rule: token buckets in the form of GCRA (ITU-T I.371). */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/policy.h>

#include "maps.h"
#include "passage.h"

/** When the unit after this one is due, or 0 if this one is over the limit. */
TG_INLINE __u64 next_due(__u64 due, __u64 now, __u64 interval, __u64 burst) {
    const __u64 next = (due > now ? due : now) + interval;

    return next - now > burst ? 0 : next;
}

/** Takes a packet, and a new flow if it is one, from the buckets of a rule; both or none.
 *  @return false: over the limit */
TG_INLINE bool within_limits(const struct gate *gate, __u32 number, bool new_flow) {
    const __u32 index = gate->slot * TG_RULES_MAX + number;
    const struct tg_rule *rule = bpf_map_lookup_elem(&rules, &index);
    if (!rule)
        return false;
    const bool limit_flow = new_flow && rule->flow_interval_ns;
    if (dry_run || (!limit_flow && !rule->packet_interval_ns))
        return true;
    struct rule_limit *limit = bpf_map_lookup_elem(&rule_limits, &index);
    if (!limit)
        return false;
    const __u64 packet_interval = rule->packet_interval_ns;
    const __u64 packet_burst = rule->packet_burst_ns;
    const __u64 flow_interval = rule->flow_interval_ns;
    const __u64 flow_burst = rule->flow_burst_ns;
    __u64 flow_due = 1;
    __u64 packet_due = 1;

    bpf_spin_lock(&limit->lock);
    if (limit_flow)
        flow_due = next_due(limit->flow_due_ns, gate->now, flow_interval, flow_burst);
    if (packet_interval)
        packet_due = next_due(limit->packet_due_ns, gate->now, packet_interval, packet_burst);
    if (flow_due && packet_due) {
        if (limit_flow)
            limit->flow_due_ns = flow_due;
        if (packet_interval)
            limit->packet_due_ns = packet_due;
    }
    bpf_spin_unlock(&limit->lock);
    return flow_due && packet_due;
}
