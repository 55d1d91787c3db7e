/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What comes to a tunnel of ours: docs/packet-path.md, section 9. Only what is plausible reaches
 * the agent, and nothing is ever answered. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/mac_time.h>
#include <tollgate/abi/tunnel.h>
#include <tollgate/abi/wireguard.h>

#include "checksum.h"
#include "limit.h"
#include "mac.h"
#include "maps.h"
#include "passage.h"
#include "verdict.h"

#define MAC1_COVERS(message) (sizeof(message) - 2 * TG_WG_MAC_BYTES)

const volatile __u8 check_mac1 = 1; /* bool: boards may leave it to the agent */

/** A datagram to a tunnel. */
struct arrival {
    const struct tg_tunnel *tunnel;
    __u32 at;    /* where the message begins, from the start of the frame */
    __u32 bytes; /* of the message */
};

/** One unit of a token bucket. Several CPUs may take the same one: the rate is not exact then. */
struct turn {
    __u64 *due;
    __u64 next; /* what `due` becomes; 0: none is left */
};

TG_INLINE struct turn turn_of(const struct gate *gate, __u64 *due, __u64 interval, __u64 burst) {
    const __u64 next = due ? next_due(*due, gate->now, interval, burst) : 0;

    return (struct turn){due, next};
}

TG_INLINE bool take(const struct turn *turn) {
    if (turn->next && !dry_run)
        *turn->due = turn->next;
    return turn->next;
}

/** Computing time for MACs; null: none is left. */
struct mac_time {
    __u64 *due;
    __u64 begun;
};

/** What is owed may be of a burst, as in every bucket, but what a message costs is measured. */
TG_INLINE struct mac_time begin_macs(const struct gate *gate, __u32 number, bool of_peer) {
    const __u32 index = TG_MAC_DUE(number, of_peer);
    __u64 *due = bpf_map_lookup_elem(&mac_due, &index);

    if (!due || *due > gate->now + TG_MAC_BURST_NS)
        return (struct mac_time){};
    return (struct mac_time){due, bpf_ktime_get_ns()};
}

TG_INLINE void end_macs(const struct gate *gate, const struct mac_time *time) {
    const __u64 from = *time->due > gate->now ? *time->due : gate->now;

    if (!dry_run)
        *time->due = from + tg_mac_debt(bpf_ktime_get_ns() - time->begun);
}

/** Deny rules and the blocklist come first; a failsafe rule only excuses from the latter. */
TG_INLINE __u8 judge_source(const struct gate *gate) {
    judge(gate, TG_INGRESS, false);
    const __u8 reason = gate->passage->judgements[TG_INGRESS].reason;

    if (reason == TG_DROP_INTERNAL || reason == TG_DROP_POLICY_DENY || reason == TG_DROP_BLOCKLIST)
        return reason;
    return reason != TG_DROP_NONE && is_blocked(gate) ? TG_DROP_BLOCKLIST : TG_DROP_NONE;
}

/** The slot of a receiver index of ours; null: nobody has it, or it has expired. */
TG_INLINE struct tg_receiver *find_receiver(const struct gate *gate,
                                            const struct tg_tunnel *tunnel,
                                            const __le32 *index) {
    const struct tg_receiver_key key = {.index = tg_load_le32((const __u8 *)index),
                                        .tunnel = tunnel->number};
    const __u32 *slot = bpf_map_lookup_elem(&receivers, &key);
    struct tg_receiver *receiver = slot ? bpf_map_lookup_elem(&receiver_slots, slot) : NULL;

    return receiver && receiver->expires_ns > gate->now ? receiver : NULL;
}

TG_INLINE bool accepts(const struct tg_receiver *receiver, enum tg_wg_type type) {
    return receiver && receiver->accepts >> type & 1;
}

TG_INLINE bool is_from_peer(const struct tg_receiver *receiver, const struct tg_packet *packet) {
    return receiver->port == packet->key.remote_port &&
           tg_is_same_ipv6(receiver->address, packet->key.remote);
}

TG_INLINE __u8 judge_transport(const struct gate *gate, const struct arrival *arrival) {
    const struct tg_wg_data *message =
        (const void *)tg_bytes_at(&gate->frame, arrival->at, sizeof(*message));

    if (!message || arrival->bytes < TG_WG_DATA_MIN)
        return TG_DROP_TUNNEL_MESSAGE;
    struct tg_receiver *receiver = find_receiver(gate, arrival->tunnel, &message->receiver_index);
    if (!accepts(receiver, TG_WG_DATA))
        return TG_DROP_TUNNEL_INDEX;
    const __u64 counter = tg_load_le64((const __u8 *)&message->counter);
    if (counter >= TG_WG_REJECT_AFTER_MESSAGES ||
        counter + TG_WG_WINDOW < *(const volatile __u64 *)&receiver->greatest_counter)
        return TG_DROP_TUNNEL_COUNTER;
    if (is_from_peer(receiver, gate->packet))
        return TG_DROP_NONE;
    const struct turn roaming =
        turn_of(gate, &receiver->roaming_due_ns, TG_ROAMING_INTERVAL_NS, TG_ROAMING_BURST_NS);
    return take(&roaming) ? TG_DROP_NONE : TG_DROP_TUNNEL_ROAMING;
}

TG_INLINE bool checks_mac1(const struct tg_tunnel *tunnel) {
    return check_mac1 && tunnel->flags & TG_TUNNEL_MAC1;
}

TG_INLINE __u8 judge_response(const struct gate *gate, const struct arrival *arrival) {
    const struct tg_wg_response *message =
        (const void *)tg_bytes_at(&gate->frame, arrival->at, sizeof(*message));

    if (!message || arrival->bytes != sizeof(*message))
        return TG_DROP_TUNNEL_MESSAGE;
    if (!accepts(find_receiver(gate, arrival->tunnel, &message->receiver_index), TG_WG_RESPONSE))
        return TG_DROP_TUNNEL_UNASKED;
    if (!checks_mac1(arrival->tunnel))
        return TG_DROP_NONE;
    const struct mac_time time = begin_macs(gate, arrival->tunnel->number, true);
    if (!time.due)
        return TG_DROP_TUNNEL_BUSY;
    const bool right = is_mac1_right(arrival->tunnel, (const void *)message, MAC1_COVERS(*message));
    end_macs(gate, &time);
    return right ? TG_DROP_NONE : TG_DROP_TUNNEL_MAC1;
}

TG_INLINE __u8 judge_cookie_reply(const struct gate *gate, const struct arrival *arrival) {
    const struct tg_wg_cookie_reply *message =
        (const void *)tg_bytes_at(&gate->frame, arrival->at, sizeof(*message));

    if (!message || arrival->bytes != sizeof(*message))
        return TG_DROP_TUNNEL_MESSAGE;
    return accepts(find_receiver(gate, arrival->tunnel, &message->receiver_index),
                   TG_WG_COOKIE_REPLY)
               ? TG_DROP_NONE
               : TG_DROP_TUNNEL_UNASKED;
}

TG_INLINE void copy_network(__u8 *network, const struct tg_packet *packet) {
    tg_copy8(network, packet->key.remote);
    if (packet->flags & TG_PACKET_IPV4)
        tg_copy8(network + 8, packet->key.remote + 8);
}

/** Whether the source may begin one more handshake. */
TG_INLINE bool may_initiate(const struct gate *gate) {
    struct tg_initiator initiator __attribute__((aligned(8))) = {};
    __u64 first = 0;

    copy_network(initiator.network, gate->packet);
    __u64 *due = bpf_map_lookup_elem(&initiators, &initiator);
    const struct turn turn =
        turn_of(gate, due ? due : &first, TG_INITIATOR_INTERVAL_NS, TG_INITIATOR_BURST_NS);
    if (due)
        return take(&turn);
    first = turn.next;
    if (!dry_run && bpf_map_update_elem(&initiators, &initiator, &first, BPF_ANY) != 0)
        COUNT(map_errors, 1);
    return true;
}

/** When the next initiation from there is due that needs no cookie. Null: no peer was there. */
TG_INLINE __u64 *find_peer_source(const struct gate *gate, const struct tg_tunnel *tunnel) {
    struct tg_peer_source source __attribute__((aligned(8))) = {.tunnel = tunnel->number};

    copy_network(source.network, gate->packet);
    return bpf_map_lookup_elem(&peer_sources, &source);
}

TG_INLINE struct turn turn_of_peer(const struct gate *gate, __u64 *source_due) {
    return turn_of(gate, source_due, TG_INITIATOR_INTERVAL_NS, TG_INITIATOR_BURST_NS);
}

/** The turn that an initiation without a cookie needs under load. Where a peer was, a few are kept;
 *  all others share those to be given a cookie. @param source_due  of find_peer_source() */
TG_INLINE struct turn turn_under_load(const struct gate *gate,
                                      const struct tg_tunnel *tunnel,
                                      __u64 *source_due) {
    const struct turn of_peer = turn_of_peer(gate, source_due);
    if (of_peer.next)
        return of_peer;
    __u64 *due = bpf_map_lookup_elem(&cookie_due, &tunnel->number);
    return turn_of(gate, due, TG_COOKIE_INTERVAL_NS, TG_COOKIE_BURST_NS);
}

/** A flood from elsewhere leaves the time for where peers were, and one from where a peer was takes
 *  no more of it than that peer's turns. @param took_turn  becomes whether one was taken */
TG_INLINE struct mac_time begin_macs_of_initiation(const struct gate *gate,
                                                   const struct tg_tunnel *tunnel,
                                                   __u64 *source_due,
                                                   bool *took_turn) {
    struct mac_time time = begin_macs(gate, tunnel->number, false);
    const struct turn turn = turn_of_peer(gate, source_due);

    if (time.due || !turn.next)
        return time;
    time = begin_macs(gate, tunnel->number, true);
    *took_turn = time.due && take(&turn);
    return time;
}

/** Whether its mac2 proves by a cookie of ours that the sender receives at its address. */
TG_INLINE bool has_cookie(const struct gate *gate,
                          const struct tg_tunnel *tunnel,
                          const struct tg_wg_initiation *message) {
    return tunnel->flags & (TG_TUNNEL_UNDER_LOAD | TG_TUNNEL_COOKIES) &&
           is_mac2_right(tunnel, (const void *)message, gate->packet);
}

/** What the MACs of an initiation tell. @param proved  becomes whether its mac2 is of a cookie */
TG_INLINE __u8 judge_macs(const struct gate *gate,
                          const struct tg_tunnel *tunnel,
                          const struct tg_wg_initiation *message,
                          bool *proved) {
    const bool strict = tunnel->flags & TG_TUNNEL_STEALTH;
    struct tg_initiation_key key __attribute__((aligned(8)));

    if (checks_mac1(tunnel) && !is_mac1_right(tunnel, (const void *)message, MAC1_COVERS(*message)))
        return TG_DROP_TUNNEL_MAC1;
    tg_copy_ipv6(key.mac1, message->mac1);
    if (bpf_map_lookup_elem(&initiations, &key))
        return TG_DROP_TUNNEL_REPLAY;
    if (strict && is_stealth_right(tunnel, message))
        return TG_DROP_NONE;
    *proved = has_cookie(gate, tunnel, message);
    return strict && !*proved ? TG_DROP_TUNNEL_STEALTH : TG_DROP_NONE;
}

TG_INLINE __u8 judge_initiation(const struct gate *gate, const struct arrival *arrival) {
    const struct tg_tunnel *tunnel = arrival->tunnel;
    const struct tg_wg_initiation *message =
        (const void *)tg_bytes_at(&gate->frame, arrival->at, sizeof(*message));
    const bool under_load = tunnel->flags & TG_TUNNEL_UNDER_LOAD;
    struct tg_initiation_key key __attribute__((aligned(8)));
    const __u8 seen = 1;
    bool took_turn = false;
    bool proved = false;

    if (!message || arrival->bytes != sizeof(*message))
        return TG_DROP_TUNNEL_MESSAGE;
    __u64 *source_due = find_peer_source(gate, tunnel);
    if (under_load && !has_mac2(message->mac2) && !turn_under_load(gate, tunnel, source_due).next)
        return TG_DROP_TUNNEL_MAC2; /* whatever its mac1 is: not worth a hash */
    const struct mac_time time = begin_macs_of_initiation(gate, tunnel, source_due, &took_turn);
    if (!time.due)
        return TG_DROP_TUNNEL_BUSY;
    const __u8 reason = judge_macs(gate, tunnel, message, &proved);
    end_macs(gate, &time);
    if (reason != TG_DROP_NONE)
        return reason;
    if (under_load && !proved) {
        const struct turn turn = turn_under_load(gate, tunnel, source_due);
        if (!took_turn && !take(&turn))
            return TG_DROP_TUNNEL_MAC2;
    } else if (!may_initiate(gate)) {
        return TG_DROP_TUNNEL_SOURCE;
    }
    tg_copy_ipv6(key.mac1, message->mac1);
    if (!dry_run && bpf_map_update_elem(&initiations, &key, &seen, BPF_ANY) != 0)
        COUNT(map_errors, 1);
    return TG_DROP_NONE;
}

TG_INLINE __u8 judge_message(const struct gate *gate, struct arrival *arrival) {
    const __u32 at = TG_IN_MEMORY(gate->packet->l4_offset);
    const __u8 *udp = tg_bytes_at(&gate->frame, at, TG_UDP_BYTES + sizeof(__le32));

    if (!udp)
        return TG_DROP_TUNNEL_MESSAGE;
    arrival->at = at + TG_UDP_BYTES;
    arrival->bytes = tg_load_be16(udp + 4) - TG_UDP_BYTES;
    if (arrival->bytes < sizeof(__le32))
        return TG_DROP_TUNNEL_MESSAGE;
    switch (tg_load_le32(udp + TG_UDP_BYTES)) {
        case TG_WG_DATA:
            return judge_transport(gate, arrival);
        case TG_WG_INITIATION:
            return judge_initiation(gate, arrival);
        case TG_WG_RESPONSE:
            return judge_response(gate, arrival);
        case TG_WG_COOKIE_REPLY:
            return judge_cookie_reply(gate, arrival);
        default:
            return TG_DROP_TUNNEL_MESSAGE;
    }
}

/** @pre is_to_tunnel() */
TG_INLINE enum way judge_to_tunnel(struct gate *gate) {
    const __u32 port = tg_load_be16((const __u8 *)&gate->packet->key.local_port);
    struct arrival arrival = {.tunnel = bpf_map_lookup_elem(&tunnels, &port)};

    if (!arrival.tunnel)
        return WAY_BROKEN;
    if (has_wrong_checksum(gate))
        return refuse(gate, TG_DROP_IPV4_CHECKSUM);
    __u8 reason = judge_source(gate);
    if (reason == TG_DROP_POLICY_DENY)
        gate->rule = gate->passage->judgements[TG_INGRESS].rule;
    if (reason == TG_DROP_NONE)
        reason = judge_message(gate, &arrival);
    gate->passage->tunnel = arrival.tunnel->number;
    return reason == TG_DROP_NONE ? WAY_PASS : refuse(gate, reason);
}
