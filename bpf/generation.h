/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "passage.h"

const volatile __u8 zone;    /* the interface these programs are loaded for, below TG_ZONES_MAX */
const volatile __u8 link;    /* enum tg_link: of that interface */
const volatile __u8 dry_run; /* bool: nothing is written but `traces` */

/** @return null: no such slot. A key is a copy: what has an address cannot live in registers. */
TG_INLINE const struct tg_generation *generation_of(__u32 slot) {
    return bpf_map_lookup_elem(&generations, &slot);
}

/** Finds the generation that applies and the stage of this zone. @return false: there is none */
TG_INLINE bool enter_generation(struct gate *gate) {
    const __u32 only = 0;
    const struct tg_control *switched = bpf_map_lookup_elem(&control, &only);
    if (!switched)
        return false;

    gate->slot = switched->active_slot;
    gate->generation = generation_of(gate->slot);
    if (!gate->generation)
        return false;
    if (unlikely(gate->generation->deadline_ns && gate->now >= gate->generation->deadline_ns)) {
        gate->slot = gate->generation->previous_slot;
        gate->generation = generation_of(gate->slot);
        if (!gate->generation)
            return false;
    }
    gate->passage->slot = gate->slot;
    gate->stage = switched->open ? TG_STAGE_OPEN : gate->generation->stage[zone % TG_ZONES_MAX];
    return true;
}

/** The same generation again, in a tail-called program. */
TG_INLINE bool reenter_generation(struct gate *gate) {
    gate->slot = gate->passage->slot;
    gate->generation = generation_of(gate->slot);
    if (!gate->generation)
        return false;
    gate->stage = gate->generation->stage[zone % TG_ZONES_MAX];
    return true;
}
