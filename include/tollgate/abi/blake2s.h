/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* BLAKE2s (RFC 7693), keyed and not. One source for the daemon, and for the kernel, where MAC1 is
 * checked before anyone else sees the message. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/wire.h>

#define TG_BLAKE2S_BLOCK_BYTES 64
#define TG_BLAKE2S_BLOCK_WORDS 16
#define TG_BLAKE2S_STATE_WORDS 8
#define TG_BLAKE2S_KEY_MAX 32
#define TG_BLAKE2S_DIGEST_MAX 32

#ifdef __bpf__
/* A subprogram: it is large, and called from several places. */
#define TG_BLAKE2S_COMPRESS static __attribute__((noinline, unused))
/* Message words stay where they are: copies of them would take stack. */
#define TG_BLAKE2S_RELOAD() __asm__ volatile("" ::: "memory")
#else
#define TG_BLAKE2S_COMPRESS static inline
#define TG_BLAKE2S_RELOAD() (void)0
#endif

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

/** A hash that is being computed. `block` holds bytes in message order. */
struct tg_blake2s {
    __u32 state[TG_BLAKE2S_STATE_WORDS];
    __u32
        block[TG_BLAKE2S_BLOCK_WORDS]; /* not compressed yet: the last one is compressed as such */
    __u64 compressed;                  /* bytes of the message, the key's block included */
    __u32 filled;                      /* bytes of `block` */
};

TG_INLINE __u32 tg_blake2s_rotate(__u32 word, __u32 right) {
    return word >> right | word << (32 - right);
}

/** The initial value (RFC 7693, 2.6). */
TG_INLINE void tg_blake2s_iv(__u32 *words) {
    words[0] = 0x6a09e667;
    words[1] = 0xbb67ae85;
    words[2] = 0x3c6ef372;
    words[3] = 0xa54ff53a;
    words[4] = 0x510e527f;
    words[5] = 0x9b05688c;
    words[6] = 0x1f83d9ab;
    words[7] = 0x5be0cd19;
}

/** The mixing function G (3.1) on words a, b, c, d = 4 nibbles of `lanes`, the highest first. */
__attribute__((always_inline)) TG_INLINE void tg_blake2s_mix(__u32 *v,
                                                             __u32 lanes,
                                                             __u32 x,
                                                             __u32 y) {
    const __u32 a = lanes >> 12, b = lanes >> 8 & 15, c = lanes >> 4 & 15, d = lanes & 15;

    v[a] += v[b] + x;
    v[d] = tg_blake2s_rotate(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = tg_blake2s_rotate(v[b] ^ v[c], 12);
    v[a] += v[b] + y;
    v[d] = tg_blake2s_rotate(v[d] ^ v[a], 8);
    v[c] += v[d];
    v[b] = tg_blake2s_rotate(v[b] ^ v[c], 7);
}

/** A round: columns, then diagonals. `order` is the row of SIGMA (2.7), a nibble for each word. It
 *  is a constant at each call, so that no table is read. */
__attribute__((always_inline)) TG_INLINE void tg_blake2s_round(__u32 *v,
                                                               const __u32 *m,
                                                               __u64 order) {
    TG_BLAKE2S_RELOAD();
    tg_blake2s_mix(v, 0x048c, m[order >> 60], m[order >> 56 & 15]);
    tg_blake2s_mix(v, 0x159d, m[order >> 52 & 15], m[order >> 48 & 15]);
    tg_blake2s_mix(v, 0x26ae, m[order >> 44 & 15], m[order >> 40 & 15]);
    tg_blake2s_mix(v, 0x37bf, m[order >> 36 & 15], m[order >> 32 & 15]);
    tg_blake2s_mix(v, 0x05af, m[order >> 28 & 15], m[order >> 24 & 15]);
    tg_blake2s_mix(v, 0x16bc, m[order >> 20 & 15], m[order >> 16 & 15]);
    tg_blake2s_mix(v, 0x278d, m[order >> 12 & 15], m[order >> 8 & 15]);
    tg_blake2s_mix(v, 0x349e, m[order >> 4 & 15], m[order & 15]);
}

/** The compression function F (3.2).
 *  @param h        the state, 8 words in host order; written
 *  @param m        the block, 16 words in host order
 *  @param counter  bytes of the message up to the end of this block, without its padding
 *  @param final    not 0: the last block */
TG_BLAKE2S_COMPRESS void tg_blake2s_compress(__u32 *h, const __u32 *m, __u64 counter, __u32 final) {
    __u32 v[16];

    for (int i = 0; i < 8; i++)
        v[i] = h[i];
    tg_blake2s_iv(v + 8);
    v[12] ^= (__u32)counter;
    v[13] ^= (__u32)(counter >> 32);
    if (final)
        v[14] = ~v[14];

    tg_blake2s_round(v, m, 0x0123456789abcdefULL);
    tg_blake2s_round(v, m, 0xea489fd61c02b753ULL);
    tg_blake2s_round(v, m, 0xb8c052fdae367194ULL);
    tg_blake2s_round(v, m, 0x7931dcbe265a40f8ULL);
    tg_blake2s_round(v, m, 0x905724afe1bc683dULL);
    tg_blake2s_round(v, m, 0x2c6a0b834d75fe19ULL);
    tg_blake2s_round(v, m, 0xc51fed4a0763928bULL);
    tg_blake2s_round(v, m, 0xdb7ec13950f4862aULL);
    tg_blake2s_round(v, m, 0x6fe9b308c2d714a5ULL);
    tg_blake2s_round(v, m, 0xa2847615fb9e3cd0ULL);

    for (int i = 0; i < 8; i++)
        h[i] ^= v[i] ^ v[i + 8];
}

/** Turns a block from message order into host order. */
TG_INLINE void tg_blake2s_load(__u32 *words) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (int i = 0; i < TG_BLAKE2S_BLOCK_WORDS; i++)
        words[i] = __builtin_bswap32(words[i]);
#else
    (void)words;
#endif
}

TG_INLINE void tg_blake2s_clear_block(struct tg_blake2s *hash) {
    for (int i = 0; i < TG_BLAKE2S_BLOCK_WORDS; i++)
        hash->block[i] = 0;
}

TG_INLINE void tg_blake2s_update(struct tg_blake2s *hash, const void *bytes, __u64 size) {
    const __u8 *from = (const __u8 *)bytes;
    __u8 *block = (__u8 *)hash->block;

    while (size > 0) {
        if (hash->filled == TG_BLAKE2S_BLOCK_BYTES) {
            hash->compressed += TG_BLAKE2S_BLOCK_BYTES;
            tg_blake2s_load(hash->block);
            tg_blake2s_compress(hash->state, hash->block, hash->compressed, 0);
            hash->filled = 0;
        }
        const __u64 room = TG_BLAKE2S_BLOCK_BYTES - hash->filled;
        const __u64 taken = size < room ? size : room;
        for (__u64 i = 0; i < taken; i++)
            block[hash->filled + i] = from[i];
        hash->filled += (__u32)taken;
        from += taken;
        size -= taken;
    }
}

/** Begins a hash.
 *  @pre digest_size is 1 to 32; key_size is at most 32, and 0 for a plain hash */
TG_INLINE void tg_blake2s_begin(struct tg_blake2s *hash,
                                __u32 digest_size,
                                const void *key,
                                __u32 key_size) {
    tg_blake2s_iv(hash->state);
    hash->state[0] ^= 0x01010000 ^ key_size << 8 ^ digest_size;
    hash->compressed = 0;
    hash->filled = 0;
    tg_blake2s_clear_block(hash);
    if (key_size > 0) {
        tg_blake2s_update(hash, key, key_size);
        hash->filled = TG_BLAKE2S_BLOCK_BYTES;
    }
}

/** Writes the first `size` bytes of the digest. The hash is used up. @pre `size` is digest_size */
TG_INLINE void tg_blake2s_finish(struct tg_blake2s *hash, void *digest, __u32 size) {
    __u8 *block = (__u8 *)hash->block;
    __u8 *to = (__u8 *)digest;

    for (__u32 i = hash->filled; i < TG_BLAKE2S_BLOCK_BYTES; i++)
        block[i] = 0;
    tg_blake2s_load(hash->block);
    hash->compressed += hash->filled;
    tg_blake2s_compress(hash->state, hash->block, hash->compressed, 1);
    for (__u32 i = 0; i < size; i++)
        to[i] = (__u8)(hash->state[i / 4] >> (i % 4 * 8));
}

/* NOLINTEND */
TG_C_END
