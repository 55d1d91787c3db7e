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

/** @return true: pass, false: drop */
TG_INLINE bool leave(struct gate *gate, enum way way) {
    const bool refused = way != WAY_PASS;
    if (way == WAY_BROKEN)
        gate->reason = TG_DROP_INTERNAL;
    const bool dropped = way == WAY_BROKEN || (refused && drops(gate, gate->reason));

    if (refused && !dropped)
        gate->would_drop = gate->reason;
    if (dry_run) {
        trace(gate, dropped);
        return !dropped;
    }
    if (!count_frame(gate, dropped))
        return false;
    if (!refused || gate->reason == TG_DROP_POLICY_DENY)
        count_rule(gate);
    if (refused && gate->generation)
        report_drop(gate, !dropped);
    return !dropped;
}
