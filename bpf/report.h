/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Events. A flood must not reach the agent: see abi/report.h. */
#pragma once

#include <bpf/bpf_helpers.h>

#include "count.h"
#include "maps.h"
#include "passage.h"

/** Whether the rate of events allows one more. */
TG_INLINE bool may_report(const struct gate *gate) {
    return gate->passage->report_due_ns <= gate->now + (TG_EVENT_BURST_NS - TG_EVENT_INTERVAL_NS);
}

/** @return false: the ring is full */
TG_INLINE bool send(struct gate *gate, const struct tg_event *event) {
    if (gate->passage->report_due_ns < gate->now)
        gate->passage->report_due_ns = gate->now;
    gate->passage->report_due_ns += TG_EVENT_INTERVAL_NS;
    if (bpf_ringbuf_output(&events, (void *)event, sizeof(*event), 0) != 0) {
        COUNT(events_lost, 1);
        return false;
    }
    COUNT(events_sent, 1);
    return true;
}

TG_INLINE void describe(const struct gate *gate, __u8 type, struct tg_event *event) {
    __builtin_memset(event, 0, sizeof(*event));
    event->time_ns = gate->now;
    event->packets = 1;
    event->key = gate->packet->key;
    event->rule = gate->rule;
    event->generation = gate->generation->number;
    event->type = type;
    event->direction = gate->frame.direction;
    event->reason = gate->reason;
    event->tcp_flags = gate->packet->tcp_flags;
    event->icmp_type = gate->packet->icmp_type;
    tg_copy_mac(event->remote_mac, gate->packet->remote_mac);
}

/** An event that stands for itself. */
TG_INLINE void report(struct gate *gate, __u8 type) {
    struct tg_event event;

    if (!may_report(gate)) {
        COUNT(events_lost, 1);
        return;
    }
    describe(gate, type, &event);
    send(gate, &event);
}

TG_INLINE __u32 report_slot(const struct gate *gate, bool would_drop) {
    const struct tg_flow_key *key = &gate->packet->key;
    const __u32 *remote = (const __u32 *)key->remote;
    __u32 hash = remote[0] ^ remote[1] ^ remote[2] ^ remote[3];

    hash ^= (__u32)key->local_port << 16 | (__u32)key->protocol << 8 | gate->reason;
    hash = (hash ^ gate->frame.direction << 1 ^ would_drop) * 0x9e3779b1; /* Fibonacci hashing */
    return hash >> 26;
}

TG_INLINE bool same_kind(const struct gate *gate, bool would_drop, const struct tg_report *entry) {
    const struct tg_flow_key *key = &gate->packet->key;
    const __u64 *remote = (const __u64 *)key->remote;
    const __u64 *known = (const __u64 *)entry->event.key.remote;

    return remote[0] == known[0] && remote[1] == known[1] &&
           key->local_port == entry->event.key.local_port &&
           key->protocol == entry->event.key.protocol && key->zone == entry->event.key.zone &&
           gate->frame.direction == entry->event.direction && gate->reason == entry->event.reason &&
           would_drop == entry->event.would_drop;
}

/** Sends what an entry has gathered and accounts for it. */
TG_INLINE void flush(struct gate *gate, struct tg_report *entry) {
    const __u64 packets = entry->pending;

    if (!packets)
        return;
    entry->event.packets = packets;
    entry->pending = 0;
    const bool sent = send(gate, &entry->event);
    if (entry->event.would_drop)
        return;
    if (sent)
        COUNT(drops_reported, packets);
    else
        COUNT(drops_unreported, packets);
}

/** Tells of a packet that was dropped for gate->reason, or of one that enforce would have. */
TG_INLINE void report_drop(struct gate *gate, bool would_drop) {
    if (!may_report(gate)) {
        if (!would_drop)
            COUNT(drops_unreported, 1);
        return;
    }

    const __u32 slot = report_slot(gate, would_drop);
    struct tg_report *entry = bpf_map_lookup_elem(&reports, &slot);
    if (!entry)
        return;
    const bool same = entry->since_ns && same_kind(gate, would_drop, entry);

    if (same && gate->now - entry->since_ns < TG_REPORT_NS) {
        entry->pending += 1;
        return;
    }
    if (same) {
        entry->pending += 1;
        entry->event.time_ns = gate->now;
    } else {
        flush(gate, entry);
        describe(gate, TG_EVENT_DROP, &entry->event);
        entry->event.would_drop = would_drop;
        entry->pending = 1;
    }
    entry->since_ns = gate->now;
    flush(gate, entry);
}
