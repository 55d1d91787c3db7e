/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the policy says: docs/packet-path.md, section 7. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/policy.h>
#include <tollgate/abi/protocol.h>

#include "generation.h"
#include "maps.h"
#include "passage.h"
#include "tunnel_port.h"

/** The inner map of the slot that applies. */
TG_INLINE void *inner_map(const struct gate *gate, void *outer) {
    const __u32 slot = gate->slot;

    return bpf_map_lookup_elem(outer, &slot);
}

/** The port class of the service that a flow in `direction` asks for. */
TG_INLINE __u16 port_class_of(const struct gate *gate, __u8 direction) {
    const struct tg_packet *packet = gate->packet;
    const __u8 *port = (const __u8 *)(direction == TG_INGRESS ? &packet->key.local_port
                                                              : &packet->key.remote_port);
    __u32 index = gate->slot * TG_PORTS_PER_SLOT + direction * TG_PORTS_PER_DIRECTION;

    if (link == TG_LINK_TUNNEL)
        index += TG_LINK_TUNNEL * TG_PORTS_PER_LINK;
    switch (packet->key.protocol) {
        case TG_PROTOCOL_TCP:
            index += TG_PORTS_TCP + tg_load_be16(port);
            break;
        case TG_PROTOCOL_UDP:
            index += TG_PORTS_UDP + tg_load_be16(port);
            break;
        case TG_PROTOCOL_ICMP: /* an answer is judged as its question */
            index += TG_PORTS_ICMP;
            index += packet->icmp_type == TG_ICMP_ECHO_REPLY ? TG_ICMP_ECHO : packet->icmp_type;
            break;
        case TG_PROTOCOL_ICMPV6:
            index += TG_PORTS_ICMPV6;
            index += packet->icmp_type == TG_ICMPV6_ECHO_REPLY ? TG_ICMPV6_ECHO : packet->icmp_type;
            break;
        default:
            index += TG_PORTS_PROTOCOL + packet->key.protocol;
    }

    const __u32 element = index / 4;
    const struct tg_port_classes *classes = bpf_map_lookup_elem(&port_classes, &element);
    return classes ? classes->class_of[index % 4] : 0;
}

/** Whether `hosts` or `prefixes` can have the remote address at all. */
TG_INLINE bool may_have_class(const struct gate *gate) {
    const __u8 *remote = gate->packet->key.remote;
    const bool is_ipv4 = gate->packet->flags & TG_PACKET_IPV4;
    const __u16 bit =
        is_ipv4 ? tg_load_be16(remote + 12) : tg_load_be16(remote) ^ tg_load_be16(remote + 2);
    const __u32 index = (gate->slot * 2 + !is_ipv4) * TG_ADDRESS_FILTER_WORDS + bit / 64;
    const __u64 *word = bpf_map_lookup_elem(&address_filter, &index);

    return word && *word >> (bit % 64) & 1;
}

TG_INLINE void prefix_key_of(const __u8 *address, struct tg_prefix_key *key) {
    key->length = 128;
    tg_copy4(key->address, address);
    tg_copy4(key->address + 4, address + 4);
    tg_copy4(key->address + 8, address + 8);
    tg_copy4(key->address + 12, address + 12);
}

/** The class of the remote address: its own, else that of its longest prefix. */
TG_INLINE __u32 class_of_address(const struct gate *gate) {
    const __u8 *remote = gate->packet->key.remote;
    struct tg_prefix_key key;
    void *inner = inner_map(gate, &hosts);
    const __u32 *class = inner ? bpf_map_lookup_elem(inner, remote) : NULL;

    if (class)
        return *class;
    inner = inner_map(gate, &prefixes);
    if (!inner)
        return 0;
    prefix_key_of(remote, &key);
    class = bpf_map_lookup_elem(inner, &key);
    return class ? *class : 0;
}

TG_INLINE __u32 class_of_mac(const struct gate *gate) {
    struct tg_mac_key key __attribute__((aligned(8))) = {};
    void *inner = inner_map(gate, &macs);

    tg_copy_mac(key.mac, gate->packet->remote_mac);
    const __u32 *class = inner ? bpf_map_lookup_elem(inner, &key) : NULL;
    return class ? *class : 0;
}

/** The class of the peer that the remote address belongs to. */
TG_INLINE __u32 class_of_peer(const struct gate *gate) {
    struct tg_peer_prefix_key key = {.length = TG_PEER_ZONE_BITS + 128, .zone = zone};

    for (int i = 0; i < 16; i += 4)
        tg_copy4(key.address + i, gate->packet->key.remote + i);
    const struct tg_peer_name *peer = bpf_map_lookup_elem(&peer_addresses, &key);
    void *inner = inner_map(gate, &peers);
    const __u32 *class = peer && inner ? bpf_map_lookup_elem(inner, peer) : NULL;
    return class ? *class : 0;
}

/** Fills passage->candidates with the classes of the names that the remote address has. */
TG_INLINE void classes_of_names(const struct gate *gate, bool expired_too) {
    const struct tg_resolved *known = bpf_map_lookup_elem(&resolved, gate->packet->key.remote);
    void *inner = inner_map(gate, &names);

    if (!known || !inner)
        return;
    for (int i = 0; i < TG_NAMES_PER_ADDRESS; ++i) {
        const struct tg_resolved_name *name = &known->names[i];
        if (!name->pattern || (!expired_too && name->expires_ns <= gate->now))
            continue;
        const __u32 *class = bpf_map_lookup_elem(inner, &name->pattern);
        if (class)
            TG_IN_MEMORY(gate->passage->candidates[CANDIDATE_NAMES + i]) = *class;
    }
}

/** Of all candidates the lowest number: the compiler numbers rules by precedence. 0: none. */
TG_INLINE __u32 best_rule(const struct gate *gate, __u16 port_class, __u32 any_rule) {
    struct passage *passage = gate->passage;
    struct tg_verdict_key key = {.port_class = port_class};
    void *inner = inner_map(gate, &verdicts);

    passage->best_rule = any_rule;
    for (int i = 0; inner && i < CANDIDATES; ++i) {
        key.remote_class = TG_IN_MEMORY(passage->candidates[i]);
        if (!key.remote_class)
            continue;
        const __u32 *rule = bpf_map_lookup_elem(inner, &key);
        if (rule && *rule - 1 < TG_IN_MEMORY(passage->best_rule) - 1) /* 0 is the largest */
            TG_IN_MEMORY(passage->best_rule) = *rule;
    }
    return TG_IN_MEMORY(passage->best_rule);
}

TG_INLINE bool is_blocked(const struct gate *gate) {
    struct tg_prefix_key key;

    prefix_key_of(gate->packet->key.remote, &key);
    return bpf_map_lookup_elem(&blocklist, &key) != NULL;
}

/** What a rule, or none, makes of a packet in `direction`. */
TG_INLINE __u8 reason_of(const struct gate *gate, __u32 number, __u8 direction) {
    const __u32 index = gate->slot * TG_RULES_MAX + number;
    const struct tg_rule *rule = bpf_map_lookup_elem(&rules, &index);
    __u8 reason = TG_DROP_NONE;

    if (!rule)
        return TG_DROP_INTERNAL;
    if (!number) {
        if (gate->generation->default_action[direction & 1] != TG_ACTION_PASS)
            reason = TG_DROP_POLICY_DEFAULT;
    } else if (rule->expires_ns && rule->expires_ns <= gate->now) {
        reason = TG_DROP_RULE_EXPIRED;
    } else if (rule->flags & TG_RULE_FAILSAFE) {
        return TG_DROP_NONE;
    } else if (rule->action == TG_ACTION_DROP) {
        return TG_DROP_POLICY_DENY;
    }
    if ((reason == TG_DROP_NONE || gate->stage != TG_STAGE_ENFORCE) && is_blocked(gate))
        reason = TG_DROP_BLOCKLIST;
    return reason;
}

/** Our own datagrams of a tunnel need no rule that allows them. From the same port, by another
 *  address or through address translation, others send whose packets we only forward. */
TG_INLINE void judge_own_tunnel(const struct gate *gate, struct judgement *out) {
    if ((out->reason != TG_DROP_POLICY_DEFAULT && out->reason != TG_DROP_RULE_EXPIRED) ||
        !gate->is_own || !is_of_tunnel_port(&gate->packet->key))
        return;
    out->rule = 0;
    out->reason = is_blocked(gate) ? TG_DROP_BLOCKLIST : TG_DROP_NONE;
}

/** Judges the packet as the first of a flow in `direction`, into passage->judgements[direction]. */
TG_INLINE void judge(const struct gate *gate, __u8 direction, bool expired_names_too) {
    struct passage *passage = gate->passage;
    const __u16 port_class = port_class_of(gate, direction);
    const __u32 index = gate->slot * TG_PORT_CLASSES_MAX + port_class;
    const struct tg_port_rule *candidates = bpf_map_lookup_elem(&port_rules, &index);
    struct judgement *out = &passage->judgements[direction & 1];

    __builtin_memset(passage->candidates, 0, sizeof(passage->candidates));
    if (!candidates) {
        out->rule = 0;
        out->reason = TG_DROP_INTERNAL;
        return;
    }
    if (candidates->dimensions & TG_BY_ADDRESS && may_have_class(gate))
        passage->candidates[CANDIDATE_ADDRESS] = class_of_address(gate);
    if (link == TG_LINK_CLEAR && candidates->dimensions & TG_BY_MAC)
        passage->candidates[CANDIDATE_STATION] = class_of_mac(gate);
    if (link == TG_LINK_TUNNEL && candidates->dimensions & TG_BY_PEER)
        passage->candidates[CANDIDATE_STATION] = class_of_peer(gate);
    if (candidates->dimensions & TG_BY_NAME)
        classes_of_names(gate, expired_names_too);
    if (dry_run) {
        passage->trace.port_class = port_class;
        passage->trace.remote_class = passage->candidates[CANDIDATE_ADDRESS];
    }
    out->rule = best_rule(gate, port_class, candidates->any_rule);
    out->reason = reason_of(gate, out->rule, direction);
    if (direction == TG_EGRESS)
        judge_own_tunnel(gate, out);
}

/** Whether no rule can allow an incoming packet, seen without looking its address up. */
TG_INLINE bool is_closed_to(const struct gate *gate) {
    const __u16 port_class = port_class_of(gate, TG_INGRESS);

    if (gate->generation->default_action[TG_INGRESS] == TG_ACTION_PASS)
        return false;
    if (dry_run)
        gate->passage->trace.port_class = port_class;
    if (!port_class)
        return true;
    const __u32 index = gate->slot * TG_PORT_CLASSES_MAX + port_class;
    const struct tg_port_rule *candidates = bpf_map_lookup_elem(&port_rules, &index);

    return candidates && !candidates->any_rule &&
           !(candidates->dimensions & (TG_BY_MAC | TG_BY_NAME | TG_BY_PEER)) &&
           !(candidates->dimensions & TG_BY_ADDRESS && may_have_class(gate));
}
