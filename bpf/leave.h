/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The only way out: every packet is counted here, once. */
#pragma once

#include <bpf/bpf_helpers.h>

#include "count.h"
#include "maps.h"
#include "passage.h"
#include "report.h"

TG_INLINE void trace(const struct gate *gate, bool dropped) {
    const __u32 only = 0;
    struct tg_trace *out = bpf_map_lookup_elem(&traces, &only);

    if (!out)
        return;
    *out = gate->passage->trace;
    out->rule = gate->rule;
    out->generation = gate->generation ? gate->generation->number : 0;
    out->passed = !dropped;
    out->stage = gate->stage;
    out->reason = dropped ? gate->reason : gate->would_drop;
    out->would_drop = !dropped && gate->would_drop != TG_DROP_NONE;
}

/** A packet that is refused. @param dropped if not, it passes because of the stage
 *  @param has_generation whether gate->generation is there to be named
 *  @return true: pass */
TG_INLINE bool leave_refused(struct gate *gate, bool dropped, bool has_generation) {
    if (!dropped)
        gate->would_drop = gate->reason;
    if (dry_run) {
        trace(gate, dropped);
        return !dropped;
    }
    if (dropped ? !count_dropped(gate) : !count_passed(gate))
        return false;
    if (gate->reason == TG_DROP_POLICY_DENY)
        count_rule(gate);
    if (has_generation)
        report_drop(gate, !dropped);
    return !dropped;
}

/** A packet that passes. @return false: it cannot be counted, and is dropped */
TG_INLINE bool pass(struct gate *gate) {
    if (dry_run) {
        trace(gate, false);
        return true;
    }
    if (!count_passed(gate))
        return false;
    count_rule(gate);
    return true;
}

/** @return true: pass, false: drop */
TG_INLINE bool leave(struct gate *gate, enum way way) {
    if (way == WAY_PASS)
        return pass(gate);
    if (way == WAY_CLOSED) {
        gate->reason = TG_DROP_POLICY_DEFAULT;
        return leave_refused(gate, true, true);
    }
    if (way != WAY_REFUSE)
        gate->reason = TG_DROP_INTERNAL;
    return leave_refused(gate, way != WAY_REFUSE || drops(gate, gate->reason), gate->generation);
}
