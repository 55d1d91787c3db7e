/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The MACs of handshake messages (paper, 5.4.4 and 5.4.7): keyed BLAKE2s of 16 bytes. */
#pragma once

#include <bpf/bpf_helpers.h>

#include <tollgate/abi/blake2s.h>
#include <tollgate/abi/tunnel.h>
#include <tollgate/abi/wireguard.h>

#include "maps.h"
#include "passage.h"

#define MAC_WORDS (TG_WG_MAC_BYTES / 4)
#define MAC2_COVERS (sizeof(struct tg_wg_initiation) - TG_WG_MAC_BYTES)
#define COOKIE_KEYED (0x01010000 ^ TG_WG_MAC_BYTES << 8 ^ TG_WG_MAC_BYTES) /* RFC 7693, 2.5 */

TG_INLINE struct mac_scratch *mac_scratch_of_cpu(void) {
    const __u32 only = 0;

    return bpf_map_lookup_elem(&mac_scratch, &only);
}

/** Compresses the block of the scratch. A global function, with nothing but numbers as parameters:
 *  the verifier looks at it once, and not at every call. @return not 0: there is no scratch */
__attribute__((noinline)) int mac_compress(__u64 counter, __u32 final) {
    struct mac_scratch *scratch = mac_scratch_of_cpu();

    if (!scratch)
        return 1;
    tg_blake2s_compress(scratch->state, scratch->block, counter, final);
    return 0;
}

TG_INLINE void mac_begin(struct mac_scratch *scratch, const __u32 *state) {
    for (int i = 0; i < TG_BLAKE2S_STATE_WORDS; ++i)
        scratch->state[i] = state[i];
}

/** Makes the next block of `size` bytes of a message, a multiple of 4, and zeros. */
TG_INLINE void mac_fill(struct mac_scratch *scratch, const __u8 *message, __u32 size) {
    for (__u32 i = 0; i < TG_BLAKE2S_BLOCK_WORDS; ++i)
        scratch->block[i] = 4 * i < size ? *(const __u32 *)(message + 4 * i) : 0;
    tg_blake2s_load(scratch->block);
}

/** Hashes a message after the block of the key. @param size a constant, a multiple of 4 */
TG_INLINE bool mac_finish(struct mac_scratch *scratch, const __u8 *message, __u32 size) {
    __u32 at = 0;

    for (; at + TG_BLAKE2S_BLOCK_BYTES < size; at += TG_BLAKE2S_BLOCK_BYTES) {
        mac_fill(scratch, message + at, TG_BLAKE2S_BLOCK_BYTES);
        if (mac_compress(TG_BLAKE2S_BLOCK_BYTES + at + TG_BLAKE2S_BLOCK_BYTES, 0))
            return false;
    }
    mac_fill(scratch, message + at, size - at);
    return !mac_compress(TG_BLAKE2S_BLOCK_BYTES + size, 1);
}

TG_INLINE bool is_mac(const struct mac_scratch *scratch, const __u8 *received) {
    __u32 difference = 0;

    for (int i = 0; i < MAC_WORDS; ++i)
        difference |= scratch->state[i] ^ tg_load_le32(received + 4 * i);
    return difference == 0;
}

/** Whether mac1, behind the first `covered` bytes, is right. @param covered a constant */
TG_INLINE bool is_mac1_right(const struct tg_tunnel *tunnel, const __u8 *message, __u32 covered) {
    struct mac_scratch *scratch = mac_scratch_of_cpu();

    if (!scratch)
        return false;
    mac_begin(scratch, tunnel->mac1_state);
    return mac_finish(scratch, message, covered) && is_mac(scratch, message + covered);
}

TG_INLINE bool has_mac2(const __u8 *mac2) {
    return *(const __u64 *)mac2 | *(const __u64 *)(mac2 + 8);
}

/** Whether mac2 of an initiation, the MAC of its mac1, shows that its sender is of our site. */
TG_INLINE bool is_stealth_right(const struct tg_tunnel *tunnel,
                                const struct tg_wg_initiation *initiation) {
    struct mac_scratch *scratch = mac_scratch_of_cpu();

    if (!scratch || !has_mac2(initiation->mac2))
        return false;
    for (int i = 0; i < TG_TUNNEL_STEALTH_SLOTS; ++i) {
        mac_begin(scratch, tunnel->stealth_states[i]);
        if (mac_finish(scratch, initiation->mac1, TG_WG_MAC_BYTES) &&
            is_mac(scratch, initiation->mac2))
            return true;
    }
    return false;
}

/** The cookie of the packet's source, as the key of a MAC: leaves the state after the key's block.
 */
TG_INLINE bool mac_begin_with_cookie(struct mac_scratch *scratch,
                                     const __u32 *secret,
                                     const struct tg_packet *packet) {
    const bool is_ipv4 = packet->flags & TG_PACKET_IPV4;
    const __u8 *address = packet->key.remote;
    __u32 size = 4;

    mac_begin(scratch, secret);
    __builtin_memset(scratch->block, 0, sizeof(scratch->block));
    if (is_ipv4) {
        scratch->block[0] = *(const __u32 *)(address + 12);
        *(__u16 *)&scratch->block[1] = packet->key.remote_port;
    } else {
        size = 16;
        tg_copy_ipv6((__u8 *)scratch->block, address);
        *(__u16 *)&scratch->block[4] = packet->key.remote_port;
    }
    tg_blake2s_load(scratch->block);
    if (mac_compress(TG_BLAKE2S_BLOCK_BYTES + size + 2, 1))
        return false;

    __builtin_memset(scratch->block, 0, sizeof(scratch->block));
    for (int i = 0; i < MAC_WORDS; ++i)
        scratch->block[i] = scratch->state[i];
    tg_blake2s_iv(scratch->state);
    scratch->state[0] ^= COOKIE_KEYED;
    return !mac_compress(TG_BLAKE2S_BLOCK_BYTES, 0);
}

/** Whether mac2 of an initiation proves that its sender receives at its address. */
TG_INLINE bool is_mac2_right(const struct tg_tunnel *tunnel,
                             const __u8 *initiation,
                             const struct tg_packet *packet) {
    const __u8 *mac2 = initiation + MAC2_COVERS;
    struct mac_scratch *scratch = mac_scratch_of_cpu();

    if (!scratch || !has_mac2(mac2))
        return false; /* as all senders without a cookie write it */
    for (int i = 0; i < TG_TUNNEL_COOKIE_SECRETS; ++i) {
        if (mac_begin_with_cookie(scratch, tunnel->cookie_states[i], packet) &&
            mac_finish(scratch, initiation, MAC2_COVERS) && is_mac(scratch, mac2))
            return true;
    }
    return false;
}
