/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Flows: docs/packet-path.md, section 6. */
#pragma once

#include <linux/errno.h>

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/flow.h>
#include <tollgate/abi/flow_time.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/parse.h>
#include <tollgate/abi/protocol.h>

#include "count.h"
#include "generation.h"
#include "maps.h"
#include "passage.h"

TG_INLINE bool is_alive(const struct gate *gate, __u8 protocol, const struct tg_flow *flow) {
    return flow->last_seen_ns + tg_flow_timeout(protocol, flow) >= gate->now;
}

TG_INLINE bool is_from_initiator(const struct gate *gate, const struct tg_flow *flow) {
    return !(flow->flags & TG_FLOW_LOCAL_INITIATED) == is_ingress(gate);
}

/** Whether the packet can belong to a flow. */
TG_INLINE bool has_flow(const struct tg_packet *packet) {
    const __u8 protocol = packet->key.protocol;

    return (protocol != TG_PROTOCOL_ICMP && protocol != TG_PROTOCOL_ICMPV6) ||
           tg_is_echo(protocol, packet->icmp_type);
}

/** The live flow of a key, in either table. */
struct known_flow {
    struct tg_flow *flow; /* null: none, or dead */
    bool is_embryo;
};

TG_INLINE struct known_flow find_flow(const struct gate *gate, const struct tg_flow_key *key) {
    struct known_flow known = {.flow = bpf_map_lookup_elem(&flows, key)};

    if (known.flow && is_alive(gate, key->protocol, known.flow))
        return known;
    known.flow = bpf_map_lookup_elem(&embryos, key);
    known.is_embryo = true;
    if (known.flow && !is_alive(gate, key->protocol, known.flow))
        known.flow = NULL;
    return known;
}

/** Whether the peers of the tunnel have changed since the flow last passed: then it is judged
 * again. The agent reads the clock after it has changed them, so that what was judged before is
 * older. */
TG_INLINE bool is_before_peers(const struct tg_flow *flow) {
    const __u32 index = zone;

    if (link != TG_LINK_TUNNEL)
        return false;
    const __u64 *changed_ns = bpf_map_lookup_elem(&peers_changed, &index);
    return !changed_ns || flow->last_seen_ns <= *changed_ns;
}

/** Whether another policy, or the same with other peers, has judged the flow. */
TG_INLINE bool is_outdated(const struct gate *gate, const struct tg_flow *flow) {
    return flow->generation != gate->generation->number || is_before_peers(flow);
}

TG_INLINE void touch_flow(const struct gate *gate, struct tg_flow *flow) {
    const __u8 direction = gate->frame.direction;

    flow->packets[direction] += 1;
    flow->bytes[direction] += gate->packet->frame_bytes;
    if (direction == TG_EGRESS && gate->packet->tcp_flags & TG_TCP_ACK &&
        flow->flags & TG_FLOW_ESTABLISHED)
        flow->rcv_nxt = gate->packet->tcp_acknowledgement;
    if (flow->last_seen_ns != gate->now)
        flow->last_seen_ns = gate->now;
}

/**
 * Whether the packet leaves everything as it is: the fast path may pass it. A packet that opens,
 * answers, establishes or closes is for the slow path, and so is one that must be judged.
 */
TG_INLINE bool is_steady(const struct gate *gate, const struct tg_flow *flow) {
    const struct tg_packet *packet = gate->packet;
    const __u16 flags = flow->flags;

    if (is_outdated(gate, flow) ||
        flags & (TG_FLOW_METERED | TG_FLOW_DNS | TG_FLOW_RESET | TG_FLOW_FINS) ||
        packet->flags & (TG_PACKET_FRAGMENT_FIRST | TG_PACKET_FRAGMENT_LATER))
        return false;
    if (packet->key.protocol == TG_PROTOCOL_TCP)
        return flags & TG_FLOW_ESTABLISHED &&
               !(packet->tcp_flags & (TG_TCP_SYN | TG_TCP_FIN | TG_TCP_RST)) &&
               flow->last_seen_ns + TG_TCP_ESTABLISHED_NS >= gate->now;
    if (is_from_initiator(gate, flow)
            ? (flags & (TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED)) == TG_FLOW_ANSWERED
            : !(flags & TG_FLOW_ANSWERED))
        return false;
    return is_alive(gate, packet->key.protocol, flow);
}

/** The acknowledgement that only who saw our SYN-ACK can send. */
TG_INLINE bool completes_handshake(const struct tg_packet *packet, const struct tg_flow *flow) {
    return flow->flags & TG_FLOW_ANSWERED &&
           (packet->tcp_flags & (TG_TCP_ACK | TG_TCP_SYN | TG_TCP_RST)) == TG_TCP_ACK &&
           packet->tcp_acknowledgement == flow->isn + 1;
}

/** Whether a reset ends the flow. From outside whoever guesses addresses and ports can send one: of
 *  an established flow it is to be where the local side awaits the next segment (RFC 5961, 3.2). */
TG_INLINE bool is_reset_believed(const struct gate *gate, const struct tg_flow *flow) {
    return !is_ingress(gate) || !(flow->flags & TG_FLOW_ESTABLISHED) ||
           (flow->rcv_nxt && gate->packet->tcp_sequence - flow->rcv_nxt < TG_TCP_RESET_WINDOW);
}

/** The flags after a segment of the initiator; the responder has answered. */
TG_INLINE __u16 establish(const struct gate *gate, struct tg_flow *flow, __u16 flags) {
    const struct tg_packet *packet = gate->packet;

    if (flags & TG_FLOW_ESTABLISHED)
        return flags;
    if (flags & (TG_FLOW_LOCAL_INITIATED | TG_FLOW_ASSURED))
        flow->rcv_nxt = is_ingress(gate) ? 0 : packet->tcp_acknowledgement;
    else if (completes_handshake(packet, flow))
        flow->rcv_nxt = packet->tcp_sequence;
    else
        return flags;
    return flags | TG_FLOW_ESTABLISHED;
}

/** The flags after this TCP segment. */
TG_INLINE __u16 flags_after_tcp(const struct gate *gate, struct tg_flow *flow) {
    const struct tg_packet *packet = gate->packet;
    const __u8 segment = packet->tcp_flags;
    __u16 flags = flow->flags;

    if (segment & TG_TCP_RST)
        return is_reset_believed(gate, flow) ? flags | TG_FLOW_RESET : flags;
    flags &= ~TG_FLOW_RESET;
    if (segment & TG_TCP_FIN)
        flags |= is_ingress(gate) ? TG_FLOW_FIN_INGRESS : TG_FLOW_FIN_EGRESS;
    if (!is_from_initiator(gate, flow)) {
        if (segment & TG_TCP_SYN && segment & TG_TCP_ACK) {
            if (!(flags & TG_FLOW_ESTABLISHED))
                flow->isn = packet->tcp_sequence;
            flags |= TG_FLOW_ANSWERED;
        } else if (flags & TG_FLOW_ASSURED) {
            flags |= TG_FLOW_ANSWERED;
        }
        return flags;
    }
    return flags & TG_FLOW_ANSWERED ? establish(gate, flow, flags) : flags;
}

TG_INLINE __u16 flags_after(const struct gate *gate, struct tg_flow *flow) {
    if (gate->packet->key.protocol == TG_PROTOCOL_TCP)
        return flags_after_tcp(gate, flow);
    if (!is_from_initiator(gate, flow))
        return flow->flags | TG_FLOW_ANSWERED;
    return flow->flags & TG_FLOW_ANSWERED ? flow->flags | TG_FLOW_ESTABLISHED : flow->flags;
}

/** Puts an entry into `flows`, in place of any with the same key. @return false: refused */
TG_INLINE bool put_flow(const struct tg_flow_key *key, const struct tg_flow *flow) {
    const int error = insert_entry(&flows, key, flow);

    if (error == -EEXIST)
        return bpf_map_update_elem(&flows, key, flow, BPF_ANY) == 0;
    if (!error)
        COUNT_ENTRY(TG_TABLE_FLOWS, added);
    return !error;
}

/** The same for `embryos`. */
TG_INLINE bool put_embryo(const struct tg_flow_key *key, const struct tg_flow *flow) {
    const int error = insert_entry(&embryos, key, flow);

    if (error == -EEXIST)
        return bpf_map_update_elem(&embryos, key, flow, BPF_ANY) == 0;
    if (!error)
        COUNT_ENTRY(TG_TABLE_EMBRYOS, added);
    return !error;
}

TG_INLINE void remove_flow(const struct tg_flow_key *key) {
    if (bpf_map_delete_elem(&flows, key) == 0)
        COUNT_ENTRY(TG_TABLE_FLOWS, removed);
}

TG_INLINE void remove_embryo(const struct tg_flow_key *key) {
    if (bpf_map_delete_elem(&embryos, key) == 0)
        COUNT_ENTRY(TG_TABLE_EMBRYOS, removed);
}

/** Moves an embryo that was established to `flows`, where a flood cannot reach it. */
TG_INLINE void promote(const struct tg_flow_key *key, const struct tg_flow *flow) {
    if (!put_flow(key, flow)) {
        COUNT(map_errors, 1);
        return;
    }
    remove_embryo(key);
    COUNT(flows_promoted, 1);
}

/** The mark of the packet's local port: see the map. */
TG_INLINE __u8 *used_local_port(const struct tg_packet *packet) {
    const __u32 port = tg_load_be16((const __u8 *)&packet->key.local_port);

    return bpf_map_lookup_elem(&local_ports, &port);
}

/** Whether the protected side has opened UDP flows from the packet's local port. */
TG_INLINE bool is_local_port_used(const struct tg_packet *packet) {
    const __u8 *used = used_local_port(packet);

    return !used || *used;
}

TG_INLINE void use_local_port(const struct tg_packet *packet) {
    __u8 *used = used_local_port(packet);

    if (used && !*used)
        *used = 1;
}

/** Puts a new flow into the table where it belongs, in place of any dead one. @return false: full
 */
TG_INLINE bool insert_flow(const struct tg_flow_key *key, const struct tg_flow *flow) {
    const bool is_embryo = !(flow->flags & (TG_FLOW_LOCAL_INITIATED | TG_FLOW_ASSURED));

    if (!(is_embryo ? put_embryo(key, flow) : put_flow(key, flow))) {
        COUNT(map_errors, 1);
        return false;
    }
    if (is_embryo) {
        remove_flow(key);
        COUNT(embryos_created, 1);
    } else {
        remove_embryo(key);
        COUNT(flows_created, 1);
    }
    return true;
}
