/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Fragments: docs/packet-path.md, section 4. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/limits.h>

#include "count.h"
#include "maps.h"
#include "passage.h"

TG_INLINE void fragment_key_of(const struct gate *gate, struct tg_fragment_key *key) {
    const struct tg_packet *packet = gate->packet;

    __builtin_memset(key, 0, sizeof(*key));
    tg_copy_ipv6(key->remote, packet->key.remote);
    tg_copy_ipv6(key->local, packet->key.local);
    key->id = packet->fragment_id;
    key->protocol = packet->key.protocol;
    key->zone = packet->key.zone;
    key->direction = gate->frame.direction;
}

/** A first fragment that passes leaves its verdict to the later ones. */
TG_INLINE void remember_fragment(const struct gate *gate) {
    const struct tg_packet *packet = gate->packet;
    struct tg_fragment_key key;
    struct tg_fragment first = {
        .expires_ns = gate->now + TG_FRAGMENT_NS,
        .first_end = packet->l4_offset + packet->l4_bytes - packet->fragment_payload,
        .rule = gate->rule,
    };

    fragment_key_of(gate, &key);
    if (bpf_map_update_elem(&fragments, &key, &first, BPF_ANY) != 0)
        COUNT(map_errors, 1);
}

TG_INLINE enum way judge_later_fragment(struct gate *gate) {
    struct tg_fragment_key key;

    fragment_key_of(gate, &key);
    const struct tg_fragment *first = bpf_map_lookup_elem(&fragments, &key);
    if (!first || first->expires_ns < gate->now)
        return refuse(gate, TG_DROP_FRAGMENT_UNKNOWN);
    if (gate->packet->fragment_offset < first->first_end)
        return refuse(gate, TG_DROP_FRAGMENT_OVERLAP);
    return WAY_PASS;
}
