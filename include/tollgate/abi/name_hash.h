/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/types.h>

/**
 * The hash of a DNS name in presentation form without the final dot, in lower case: FNV-1a, 64 bit,
 * with the top bit cleared (it is TG_NAME_WILDCARD). Start with TG_NAME_HASH_START, add every byte,
 * finish. An attacker who finds a second name with the same hash still needs an allowed resolver to
 * answer this host's query for it.
 */
#define TG_NAME_HASH_START 0xcbf29ce484222325ULL

static inline __u64 tg_name_hash_add(__u64 hash, __u8 byte) {
    return (hash ^ byte) * 0x100000001b3ULL;
}

static inline __u64 tg_name_hash_finish(__u64 hash) {
    return hash & ~(1ULL << 63);
}
