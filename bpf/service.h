/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the learner is told: abi/service.h. */
#pragma once

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <tollgate/abi/protocol.h>
#include <tollgate/abi/service.h>

#include "count.h"
#include "maps.h"
#include "passage.h"
#include "report.h"

TG_INLINE bool is_group_address(const __u8 *address) {
    if (tg_is_mapped(address))
        return tg_is_group_ipv4(tg_load_be32(address + 12));
    return address[0] == 0xff;
}

TG_INLINE __be16 service_port(const struct tg_packet *packet, __u8 direction) {
    switch (packet->key.protocol) {
        case TG_PROTOCOL_TCP:
        case TG_PROTOCOL_UDP:
            return direction == TG_INGRESS ? packet->key.local_port : packet->key.remote_port;
        case TG_PROTOCOL_ICMP: /* only echo makes a flow */
            return bpf_htons(TG_ICMP_ECHO);
        case TG_PROTOCOL_ICMPV6:
            return bpf_htons(TG_ICMPV6_ECHO);
        default:
            return 0;
    }
}

/* Exact without an atomic addition, which ends a kernel for 32-bit ARM: docs/kernels-and-nics.md,
 * "Processors". */
TG_INLINE void count_flow(const struct gate *gate, struct tg_service *service) {
    const __u32 only = 0;
    const __u64 now = gate->now;
    struct service_lock *counting = bpf_map_lookup_elem(&service_lock, &only);

    if (!counting)
        return;
    bpf_spin_lock(&counting->lock);
    service->last_seen_ns = now;
    service->flows += 1;
    bpf_spin_unlock(&counting->lock);
}

/* As its first packet would be told, though often the answer to it is what shows the service. */
TG_INLINE void report_service(struct gate *gate, const struct tg_service_key *key) {
    struct tg_event event;

    if (!may_report(gate)) {
        COUNT(events_lost, 1);
        return;
    }
    describe(gate, TG_EVENT_NEW_SERVICE, &event);
    event.direction = key->direction;
    if (key->protocol == TG_PROTOCOL_ICMP || key->protocol == TG_PROTOCOL_ICMPV6)
        event.icmp_type = bpf_ntohs(key->port);
    send(gate, &event);
}

/** Records the service of a flow whose first packet had this direction. @param is_new of the flow
 */
TG_INLINE void record_service(struct gate *gate, __u8 direction, bool is_new, bool answered) {
    const struct tg_packet *packet = gate->packet;
    struct tg_service_key key = {};
    struct tg_service fresh = {};

    tg_copy_ipv6(key.remote, packet->key.remote);
    if (is_group_address(packet->key.local))
        tg_copy_ipv6(key.local, packet->key.local);
    key.port = service_port(packet, direction);
    key.protocol = packet->key.protocol;
    key.direction = direction;
    key.zone = packet->key.zone;

    struct tg_service *known = bpf_map_lookup_elem(&services, &key);
    if (known) {
        if (is_new)
            count_flow(gate, known);
        if (answered)
            known->answered = 1;
        return;
    }
    fresh.first_seen_ns = gate->now;
    fresh.last_seen_ns = gate->now;
    fresh.flows = 1;
    fresh.answered = answered;
    __builtin_memcpy(fresh.remote_mac, packet->remote_mac, sizeof(fresh.remote_mac));
    const int error = insert_entry(&services, &key, &fresh);
    if (error == 0)
        report_service(gate, &key);
    else if (error == -E2BIG)
        COUNT(services_full, 1);
}
