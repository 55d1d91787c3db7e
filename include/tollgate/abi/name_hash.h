/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/types.h>

/**
 * The hash of a DNS name in presentation form without the final dot, in lower case, under a secret
 * key K: with p = 2^61 - 1, a prime, and the bytes b1 to bn,
 *
 *     K^n + (b1 + 1) K^(n-1) + ... + (bn + 1)   mod p
 *
 * The start value 1 makes the degree the length and no coefficient is 0, so two names that differ
 * are two polynomials that differ. They have the same value for at most 253 keys, which is the
 * length of the longest name: whoever does not know K, and learns no hash, finds a second name for
 * the hash of a first one by chance only, 2^-53 for each pair that is tried. Bit 63 stays clear
 * (TG_NAME_WILDCARD).
 *
 * Begin with TG_NAME_HASH_START, add every byte, finish.
 */
#define TG_NAME_HASH_PRIME ((1ULL << 61) - 1)
#define TG_NAME_HASH_START 1ULL

/** @param key  1 to p - 1. @param hash  at most p + 3, as is what is returned: reduced at the end.
 *  Products of 32 bits, because BPF has none of 128. */
static inline __u64 tg_name_hash_add(__u64 hash, __u64 key, __u8 byte) {
    const __u64 hash_low = hash & 0xffffffff;
    const __u64 hash_high = hash >> 32; /* at most 2^29 */
    const __u64 key_low = key & 0xffffffff;
    const __u64 key_high = key >> 32; /* below 2^29 */
    const __u64 low = hash_low * key_low;
    const __u64 middle = hash_low * key_high + hash_high * key_low; /* at most 2^62 */
    /* 2^61 counts as 1: 2^64 as 8, and of middle * 2^32 what is above bit 61 as 1. */
    const __u64 sum = (hash_high * key_high << 3) + (middle >> 29) +
                      ((middle & ((1ULL << 29) - 1)) << 32) + (low & TG_NAME_HASH_PRIME) +
                      (low >> 61) + byte + 1; /* below 2^63 */

    return (sum & TG_NAME_HASH_PRIME) + (sum >> 61);
}

static inline __u64 tg_name_hash_finish(__u64 hash) {
    return hash < TG_NAME_HASH_PRIME ? hash : hash - TG_NAME_HASH_PRIME;
}
