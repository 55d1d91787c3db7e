/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Names in a DNS message (RFC 1035, 3.1 and 4.1.4). The functions here are global: the verifier
 * checks each of them once, instead of once for every call. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/limits.h>
#include <tollgate/abi/name_hash.h>
#include <tollgate/abi/policy.h>
#include <tollgate/abi/wire.h>

#include "dns_state.h"
#include "maps.h"

#define DNS_POINTERS_MAX 32 /* in one name */
#define DNS_STEPS_MAX (TG_DNS_NAME_MAX + DNS_POINTERS_MAX)
#define DNS_LABEL_TYPE 0xc0 /* bits of a length byte: 00 a label, 11 a pointer */

TG_INLINE struct dns_scratch *dns_of_this_cpu(void) {
    const __u32 only = 0;

    return bpf_map_lookup_elem(&dns_scratch, &only);
}

/** The byte at `at`, or -1 behind the end. */
TG_INLINE int dns_byte(const struct dns_scratch *dns, __u64 at) {
    if (at >= dns->event.size)
        return -1;
    TG_OPAQUE(at);
    return at < TG_DNS_MESSAGE_MAX ? dns->event.message[at] : -1;
}

/** The 16-bit number at `at`, or -1 if it is not within the message. */
TG_INLINE int dns_be16(const struct dns_scratch *dns, __u32 at) {
    const int high = dns_byte(dns, at);
    const int low = dns_byte(dns, at + 1);

    return high < 0 || low < 0 ? -1 : high << 8 | low;
}

/** A pointer leads back: the name goes on before this byte. @return false: it does not */
TG_INLINE bool follow_pointer(struct dns_scratch *dns, __u32 at, __u32 high) {
    const int low = dns_byte(dns, at + 1);
    const __u32 target = (high & ~DNS_LABEL_TYPE) << 8 | low;

    if (low < 0 || target >= at)
        return false;
    if (!dns->next)
        dns->next = at + 2;
    dns->at = target;
    return true;
}

/** @param length the byte at dns->at. @return false: no label of a name */
TG_INLINE bool begin_label(struct dns_scratch *dns, __u32 length) {
    const __u64 label = dns->labels;

    dns->wire_bytes += 1 + length;
    if (length & DNS_LABEL_TYPE || dns->wire_bytes > TG_DNS_NAME_MAX)
        return false;
    if (label)
        dns->name = tg_name_hash_add(dns->name, dns->name_key, '.');
    dns->label_at[label % DNS_LABELS_MAX] = dns->at;
    dns->labels = label + 1;
    dns->left = length;
    dns->at += 1;
    return true;
}

/** @return false: a dot within a label, which would make two names look like one */
TG_INLINE bool add_letter(struct dns_scratch *dns, __u8 letter) {
    if (letter == '.')
        return false;
    if ((__u8)(letter - 'A') < 26)
        letter += 'a' - 'A';
    dns->name = tg_name_hash_add(dns->name, dns->name_key, letter);
    dns->left -= 1;
    dns->at += 1;
    return true;
}

enum name_step {
    NAME_GOES_ON,
    NAME_ENDS,
    NAME_BROKEN,
};

/** Takes the byte at dns->at. @return enum name_step */
__noinline int step_name(void) {
    struct dns_scratch *dns = dns_of_this_cpu();
    const __u32 at = dns ? dns->at : 0;
    const int byte = dns ? dns_byte(dns, at) : -1;

    if (!dns || byte < 0)
        return NAME_BROKEN;
    if (dns->left)
        return add_letter(dns, byte) ? NAME_GOES_ON : NAME_BROKEN;
    if ((byte & DNS_LABEL_TYPE) == DNS_LABEL_TYPE)
        return follow_pointer(dns, at, byte) ? NAME_GOES_ON : NAME_BROKEN;
    if (byte != 0)
        return begin_label(dns, byte) ? NAME_GOES_ON : NAME_BROKEN;
    dns->name = tg_name_hash_finish(dns->name);
    if (!dns->next)
        dns->next = at + 1;
    return NAME_ENDS;
}

/** Hashes the name at `start` into dns->name. @return 1, or 0 if it cannot be read, or if there is
 *  no key yet */
__noinline int read_name(__u32 start) {
    struct dns_scratch *dns = dns_of_this_cpu();
    const __u32 only = 0;
    const struct tg_name_key *key = bpf_map_lookup_elem(&name_key, &only);
    if (!dns || !key || !key->key)
        return 0;
    dns->name_key = key->key;
    dns->name = TG_NAME_HASH_START;
    dns->at = start;
    dns->next = 0;
    dns->left = 0;
    dns->wire_bytes = 1;
    dns->labels = 0;
    for (int i = 0; i < DNS_STEPS_MAX; ++i) {
        const int step = step_name();
        if (step != NAME_GOES_ON)
            return step == NAME_ENDS;
    }
    return 0;
}

/** Keeps a pattern if the policy of either slot has it. */
__noinline int keep_pattern(__u64 pattern) {
    struct dns_scratch *dns = dns_of_this_cpu();
    bool known = false;

    if (!dns)
        return 0;
    for (__u32 slot = 0; slot < TG_SLOTS; ++slot) {
        const __u32 key = slot;
        void *inner = bpf_map_lookup_elem(&names, &key);
        if (inner && bpf_map_lookup_elem(inner, &pattern))
            known = true;
    }
    for (int i = 0; known && i < TG_NAMES_PER_ADDRESS; ++i) {
        if (dns->patterns[i] == pattern)
            return 0;
    }
    __u64 used = dns->patterns_used;
    TG_OPAQUE(used);
    if (known && used < TG_NAMES_PER_ADDRESS) {
        dns->patterns[used] = pattern;
        dns->patterns_used = used + 1;
    }
    return 0;
}

/** Keeps the patterns that match the name read last: itself, and its parents with a wildcard.
 *  The name is then forgotten. */
__noinline int keep_patterns_of_name(void) {
    struct dns_scratch *dns = dns_of_this_cpu();
    if (!dns)
        return 0;
    const __u32 labels = dns->labels;

    keep_pattern(dns->name);
    for (int i = 0; i < DNS_LABELS_MAX; ++i)
        dns->parent_at[i] = dns->label_at[i];
    for (__u32 i = 1; i < DNS_LABELS_MAX; ++i) {
        if (i >= labels || labels > DNS_LABELS_MAX || !read_name(TG_IN_MEMORY(dns->parent_at[i])))
            break;
        keep_pattern(dns->name | TG_NAME_WILDCARD);
    }
    return 0;
}
