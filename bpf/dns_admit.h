/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Addresses that answers admit: the map `resolved`. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/policy.h>

#include "count.h"
#include "dns_name.h"
#include "dns_state.h"
#include "maps.h"

/** Remembers that dns->address was resolved from a name of this pattern. */
__noinline int remember_pattern(__u64 pattern, __u64 expires_ns) {
    struct dns_scratch *dns = dns_of_this_cpu();
    if (!dns)
        return 0;
    struct tg_resolved *known = bpf_map_lookup_elem(&resolved, &dns->address);

    if (!known) {
        __builtin_memset(&dns->fresh, 0, sizeof(dns->fresh));
        dns->fresh.names[0].pattern = pattern;
        dns->fresh.names[0].expires_ns = expires_ns;
        if (bpf_map_update_elem(&resolved, &dns->address, &dns->fresh, BPF_ANY) != 0)
            COUNT(map_errors, 1);
        return 0;
    }

    struct tg_resolved_name *oldest = &known->names[0];
    for (int i = 0; i < TG_NAMES_PER_ADDRESS; ++i) {
        struct tg_resolved_name *name = &known->names[i];
        if (name->pattern == pattern) {
            if (name->expires_ns < expires_ns)
                name->expires_ns = expires_ns;
            return 0;
        }
        if (name->expires_ns < oldest->expires_ns)
            oldest = name;
    }
    oldest->pattern = pattern;
    oldest->expires_ns = expires_ns;
    return 0;
}

/** Admits the address of an A or AAAA record for all patterns that led to it.
 *  @param data its offset. @param length 4 or 16 */
__noinline int admit_address(__u32 data, __u32 length, __u32 ttl) {
    struct dns_scratch *dns = dns_of_this_cpu();
    if (!dns)
        return 0;

    __builtin_memset(&dns->address, 0, sizeof(dns->address));
    if (length == 4)
        dns->address.bytes[10] = dns->address.bytes[11] = 0xff;
    for (__u32 i = 0; i < sizeof(dns->address); ++i) {
        if (i + length >= sizeof(dns->address))
            dns->address.bytes[i] = dns_byte(dns, data + i + length - sizeof(dns->address));
    }
    if (ttl < TG_DNS_TTL_FLOOR_S)
        ttl = TG_DNS_TTL_FLOOR_S;
    if (ttl > TG_DNS_TTL_CEILING_S)
        ttl = TG_DNS_TTL_CEILING_S;
    if (dns->patterns_used)
        COUNT(resolved_addresses, 1);
    for (int i = 0; i < TG_NAMES_PER_ADDRESS; ++i) {
        if (dns->patterns[i])
            remember_pattern(dns->patterns[i], dns->now_ns + ttl * TG_SECOND);
    }
    return 0;
}
