/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Counters. All are per CPU, so plain additions. */
#pragma once

#include <bpf/bpf_helpers.h>

#include "generation.h"
#include "maps.h"
#include "passage.h"

/** Adds to one member of `gate_counters`. */
#define COUNT(member, amount)                                                             \
    do {                                                                                  \
        const __u32 only_ = 0;                                                            \
        struct tg_gate_counters *counters_ = bpf_map_lookup_elem(&gate_counters, &only_); \
        if (counters_)                                                                    \
            counters_->member += (amount);                                                \
    } while (0)

/** Adds to one member of `table_counters`. */
#define COUNT_ENTRY(table, member)                                                          \
    do {                                                                                    \
        const __u32 index_ = (table);                                                       \
        struct tg_table_counters *entries_ = bpf_map_lookup_elem(&table_counters, &index_); \
        if (entries_)                                                                       \
            entries_->member += 1;                                                          \
    } while (0)

/** @return null: there are none */
TG_INLINE struct tg_interface_counters *frame_counters(const struct gate *gate) {
    const __u32 index = (zone % TG_ZONES_MAX) * TG_DIRECTIONS + gate->frame.direction;

    return bpf_map_lookup_elem(&interface_counters, &index);
}

/** A frame that is dropped for gate->reason. @return false if the counters are not there */
TG_INLINE bool count_dropped(const struct gate *gate) {
    struct tg_interface_counters *counters = frame_counters(gate);
    __u64 reason = gate->reason;

    if (!__builtin_constant_p(reason))
        TG_OPAQUE(reason); /* what is compared must be what indexes */
    if (!counters || reason >= TG_DROP_REASON_COUNT)
        return false;
    counters->drops[reason] += 1;
    counters->dropped_bytes += gate->packet->frame_bytes;
    return true;
}

/** A frame that passes; the stage alone may do that. @return false if the counters are not there */
TG_INLINE bool count_passed(const struct gate *gate) {
    struct tg_interface_counters *counters = frame_counters(gate);
    __u64 reason = gate->would_drop;

    TG_OPAQUE(reason);
    if (!counters || reason >= TG_DROP_REASON_COUNT)
        return false;
    counters->passed_packets += 1;
    counters->passed_bytes += gate->packet->frame_bytes;
    if (reason != TG_DROP_NONE)
        counters->would_drop[reason] += 1;
    return true;
}

TG_INLINE void count_rule(const struct gate *gate) {
    if (!gate->rule)
        return;
    const __u32 index = gate->slot * TG_RULES_MAX + gate->rule;
    struct tg_rule_counters *counters = bpf_map_lookup_elem(&rule_counters, &index);

    if (!counters)
        return;
    counters->packets += 1;
    counters->bytes += gate->packet->frame_bytes;
}
