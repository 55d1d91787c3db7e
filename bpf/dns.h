/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* DNS messages of packets that have passed: docs/packet-path.md, section 8. Whatever they hold, the
 * packet passes. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/parse.h>

#include "dns_admit.h"
#include "dns_name.h"
#include "dns_state.h"
#include "generation.h"
#include "maps.h"
#include "passage.h"
#include "report.h"

#define DNS_HEADER_BYTES 12
#define DNS_RESPONSE 0x8000 /* bits of the second word of the header */
#define DNS_OPCODE 0x7800   /* zero: a standard query */
#define DNS_RCODE 0x000f    /* zero: no error */
#define DNS_TYPE_A 1
#define DNS_TYPE_CNAME 5
#define DNS_TYPE_AAAA 28
#define DNS_CLASS_IN 1

/** Bytes of the message, from its header on; no more than are read. 0: none. */
TG_INLINE __u32 message_bytes(const struct gate *gate) {
    const __u8 *udp =
        tg_bytes_at(&gate->frame, TG_IN_MEMORY(gate->packet->l4_offset), TG_UDP_BYTES);
    __u32 bytes = udp ? tg_load_be16(udp + 4) : 0;

    if (bytes > gate->packet->l4_bytes)
        bytes = gate->packet->l4_bytes;
    if (bytes <= TG_UDP_BYTES + DNS_HEADER_BYTES)
        return 0;
    bytes -= TG_UDP_BYTES;
    return bytes < TG_DNS_MESSAGE_MAX ? bytes : TG_DNS_MESSAGE_MAX;
}

/** Copies the message, 8 bytes at a time and then the rest. @return false: it cannot be read */
TG_INLINE bool copy_message_xdp(const struct gate *gate) {
    struct dns_scratch *dns = dns_of_this_cpu();
    const __u32 bytes = message_bytes(gate);
    const __u32 start = TG_IN_MEMORY(gate->packet->l4_offset) + TG_UDP_BYTES;
    if (!dns || !bytes)
        return false;

    dns->event.size = bytes;
    const __u32 words = TG_IN_MEMORY(dns->event.size) & ~7U;
    for (__u32 i = 0; i < TG_DNS_MESSAGE_MAX; i += 8) {
        if (i >= words)
            break;
        const __u8 *from = tg_bytes_at(&gate->frame, start + i, 8);
        if (!from)
            return false;
        tg_copy8(dns->event.message + i, from);
    }
    for (__u32 i = 0; i < 7; ++i) {
        __u64 at = (TG_IN_MEMORY(dns->event.size) & ~7U) + i;
        if (at >= TG_IN_MEMORY(dns->event.size))
            break;
        const __u8 *from = tg_bytes_at(&gate->frame, start + at, 1);
        TG_OPAQUE(at);
        if (!from || at >= TG_DNS_MESSAGE_MAX)
            return false;
        dns->event.message[at] = *from;
    }
    return true;
}

TG_INLINE bool copy_message_tc(const struct gate *gate, const struct __sk_buff *ctx) {
    struct dns_scratch *dns = dns_of_this_cpu();
    /* From "not zero" the verifier of 6.1 does not learn "at least one"; from this it does. */
    __u64 last = message_bytes(gate) - 1ULL;
    const __u32 start = TG_IN_MEMORY(gate->packet->l4_offset) + TG_UDP_BYTES;

    TG_OPAQUE(last);
    if (!dns || last >= TG_DNS_MESSAGE_MAX)
        return false;
    dns->event.size = last + 1;
    return bpf_skb_load_bytes(ctx, start, dns->event.message, last + 1) == 0;
}

/** Whether the header is that of a standard query, or of an answer to one without error. */
TG_INLINE bool is_header(const struct dns_scratch *dns, bool response) {
    const int flags = dns_be16(dns, 2);

    if (!(flags & DNS_RESPONSE) == response || flags & DNS_OPCODE)
        return false;
    return dns_be16(dns, 4) == 1 && !(response && flags & DNS_RCODE);
}

/** The only question, read into dns->name and dns->record. @return its type and class, or -1 */
TG_INLINE __s64 read_question(struct dns_scratch *dns) {
    if (!read_name(DNS_HEADER_BYTES))
        return -1;
    const __u32 at = dns->next;
    const int type = dns_be16(dns, at);
    const int class = dns_be16(dns, at + 2);

    dns->record = at + 4;
    return type < 0 || class < 0 ? -1 : ((__s64)type << 16 | class);
}

TG_INLINE void query_key_of(const struct gate *gate,
                            const struct dns_scratch *dns,
                            struct dns_query_key *key) {
    __builtin_memset(key, 0, sizeof(*key));
    key->flow = gate->packet->key;
    tg_copy2(&key->id, dns->event.message);
}

/** Remembers what this host asks. */
TG_INLINE void read_query(const struct gate *gate) {
    struct dns_scratch *dns = dns_of_this_cpu();
    struct dns_query_key key;

    if (!dns || !is_header(dns, false))
        return;
    const __s64 question = read_question(dns);
    if (question < 0)
        return;
    const struct dns_query query = {
        .name = dns->name,
        .expires_ns = gate->passage->now_ns + TG_DNS_QUERY_NS,
        .type_and_class = question,
    };

    query_key_of(gate, dns, &key);
    if (bpf_map_update_elem(&dns_queries, &key, &query, BPF_ANY) != 0)
        COUNT(map_errors, 1);
}

/** Reads the record at dns->record. @return 0: it is broken, and so is what follows */
__noinline int read_record(void) {
    struct dns_scratch *dns = dns_of_this_cpu();
    if (!dns || !read_name(dns->record))
        return 0;
    const __u32 at = dns->next;
    const int type = dns_be16(dns, at);
    const int class = dns_be16(dns, at + 2);
    const int ttl_high = dns_be16(dns, at + 4);
    const int ttl_low = dns_be16(dns, at + 6);
    const int length = dns_be16(dns, at + 8);
    const __u32 data = at + 10;

    if (length < 0 || data + length > dns->event.size)
        return 0;
    dns->record = data + length;
    if (class != DNS_CLASS_IN || dns->name != dns->current)
        return 1;
    if (type == DNS_TYPE_CNAME) {
        if (!read_name(data))
            return 0;
        dns->current = dns->name;
        keep_patterns_of_name();
    } else if ((type == DNS_TYPE_A && length == 4) || (type == DNS_TYPE_AAAA && length == 16)) {
        admit_address(data, length, (__u32)ttl_high << 16 | (__u32)ttl_low);
    }
    return 1;
}

/** Whether this host has asked what the message answers; each query is answered once. */
TG_INLINE bool take_query(const struct gate *gate, struct dns_scratch *dns, __u32 question) {
    struct dns_query_key key;

    query_key_of(gate, dns, &key);
    const struct dns_query *query = bpf_map_lookup_elem(&dns_queries, &key);
    if (!query || query->expires_ns < gate->passage->now_ns || query->name != dns->name ||
        query->type_and_class != question)
        return false;
    bpf_map_delete_elem(&dns_queries, &key);
    return true;
}

TG_INLINE void report_answer(struct gate *gate, struct dns_scratch *dns) {
    gate->now = gate->passage->now_ns;
    gate->generation = generation_of(gate->passage->slot);
    if (!gate->generation)
        return;
    describe(gate, TG_EVENT_DNS_ANSWER, &dns->event.event);
    if (bpf_ringbuf_output(&events, &dns->event, sizeof(dns->event), 0) != 0)
        COUNT(events_lost, 1);
    else
        COUNT(events_sent, 1);
}

/** Admits the addresses of an answer to a query of this host, and shows it to the agent. */
TG_INLINE void read_answer(struct gate *gate) {
    struct dns_scratch *dns = dns_of_this_cpu();
    if (!dns || !is_header(dns, true))
        return;
    const __s64 question = read_question(dns);
    const int answers = dns_be16(dns, 6);

    if (question < 0) {
        COUNT(dns_malformed, 1);
        return;
    }
    if (!take_query(gate, dns, question)) {
        COUNT(dns_unsolicited, 1);
        return;
    }
    dns->now_ns = gate->passage->now_ns;
    dns->current = dns->name;
    dns->patterns_used = 0;
    __builtin_memset(dns->patterns, 0, sizeof(dns->patterns));
    keep_patterns_of_name();
    for (int i = 0; i < TG_DNS_RECORDS_MAX; ++i) {
        if (i >= answers)
            break;
        if (!read_record()) {
            COUNT(dns_malformed, 1);
            break;
        }
    }
    report_answer(gate, dns);
}
