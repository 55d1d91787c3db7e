/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Bytes of a frame, read so that the BPF verifier and a sanitizer both agree. */
#pragma once

#include <linux/types.h>

/* Headers with code are C that is also C++: between these two, casts and conversions are those of
 * C. */
#ifdef __cplusplus
#define TG_C_BEGIN                                                                        \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wold-style-cast\"") \
        _Pragma("GCC diagnostic ignored \"-Wconversion\"")
#define TG_C_END _Pragma("GCC diagnostic pop")
#else
#define TG_C_BEGIN
#define TG_C_END
#endif

#ifdef __bpf__
#define TG_INLINE static inline __attribute__((always_inline, unused))
/* Keeps the compiler from computing what is checked here a second time, unchecked. */
#define TG_OPAQUE(value) __asm__ volatile("" : "+r"(value))
#else
#define TG_INLINE static inline
#define TG_OPAQUE(value) (void)(value)
#endif

/** A variable that lives in memory. The verifier knows nothing of what it loads from there, so that
 *  the ways to reach a line become one, instead of one for each value. */
#define TG_IN_MEMORY(variable) (*(volatile __typeof__(variable) *)&(variable))

#define TG_OFFSET_MAX 0x7fff /* no header begins further in: the longest chain ends at 16,466 */

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

/** A frame: `data` to `end` can be read; `bytes` is its whole length, which may be more. */
struct tg_frame {
    const void *data;
    const void *end;
    __u32 bytes;
    __u8 direction; /* enum tg_direction */
};

/** `size` bytes at `offset`, or null if they cannot be read. */
TG_INLINE const __u8 *tg_bytes_at(const struct tg_frame *frame, __u64 offset, __u32 size) {
    const __u8 *at = (const __u8 *)frame->data;

    TG_OPAQUE(offset);
    if (offset > TG_OFFSET_MAX)
        return 0;
#ifdef __bpf__
    at += offset;
    TG_OPAQUE(at);
    __builtin_assume(at != 0); /* so that callers need not ask twice */
    return at + size > (const __u8 *)frame->end ? 0 : at;
#else
    return offset + size > (__u64)((const __u8 *)frame->end - at) ? 0 : at + offset;
#endif
}

/** As tg_bytes_at(frame, 0, size), with fewer instructions. */
TG_INLINE const __u8 *tg_first_bytes(const struct tg_frame *frame, __u32 size) {
    const __u8 *at = (const __u8 *)frame->data;

#ifdef __bpf__
    TG_OPAQUE(at);
    __builtin_assume(at != 0);
    return at + size > (const __u8 *)frame->end ? 0 : at;
#else
    return size > (__u64)((const __u8 *)frame->end - at) ? 0 : at;
#endif
}

/** The 16-bit number at `at`, in host order. */
TG_INLINE __u16 tg_load_be16(const __u8 *at) {
#if defined(__bpf__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap16(*(const __u16 *)at);
#else
    return (__u16)(at[0] << 8 | at[1]);
#endif
}

/** The 32-bit number at `at`, in host order. */
TG_INLINE __u32 tg_load_be32(const __u8 *at) {
#if defined(__bpf__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return __builtin_bswap32(*(const __u32 *)at);
#else
    return (__u32)at[0] << 24 | (__u32)at[1] << 16 | (__u32)at[2] << 8 | at[3];
#endif
}

/** The little-endian 32-bit number at `at`, in host order. */
TG_INLINE __u32 tg_load_le32(const __u8 *at) {
#if defined(__bpf__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return *(const __u32 *)at;
#else
    return (__u32)at[3] << 24 | (__u32)at[2] << 16 | (__u32)at[1] << 8 | at[0];
#endif
}

/** The little-endian 64-bit number at `at`, in host order. */
TG_INLINE __u64 tg_load_le64(const __u8 *at) {
    return (__u64)tg_load_le32(at + 4) << 32 | tg_load_le32(at);
}

/** Copies bytes between a frame and a struct, without the byte-wise loads of an unaligned memcpy.
 */
TG_INLINE void tg_copy2(void *to, const void *from) {
#ifdef __bpf__
    *(__u16 *)to = *(const __u16 *)from;
#else
    __builtin_memcpy(to, from, 2);
#endif
}

TG_INLINE void tg_copy4(void *to, const void *from) {
#ifdef __bpf__
    *(__u32 *)to = *(const __u32 *)from;
#else
    __builtin_memcpy(to, from, 4);
#endif
}

TG_INLINE void tg_copy8(void *to, const void *from) {
#ifdef __bpf__
    *(__u64 *)to = *(const __u64 *)from;
#else
    __builtin_memcpy(to, from, 8);
#endif
}

/** @pre in BPF, `to` on the stack is aligned to 2 */
TG_INLINE void tg_copy_mac(__u8 *to, const __u8 *from) {
    tg_copy2(to, from);
    tg_copy2(to + 2, from + 2);
    tg_copy2(to + 4, from + 4);
}

TG_INLINE void tg_copy_ipv6(__u8 *to, const __u8 *from) {
    tg_copy8(to, from);
    tg_copy8(to + 8, from + 8);
}

TG_INLINE int tg_is_same_ipv6(const __u8 *one, const __u8 *other) {
    __u64 difference = 0;

    for (int i = 0; i < 16; i += 4)
        difference |= tg_load_be32(one + i) ^ tg_load_be32(other + i);
    return difference == 0;
}

/** The address in its mapped form, ::ffff:a.b.c.d. @pre `to` is zero */
TG_INLINE void tg_copy_ipv4(__u8 *to, const __u8 *from) {
#if defined(__bpf__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    *(__u64 *)(to + 8) = (__u64) * (const __u32 *)from << 32 | 0xffff0000;
#else
    to[10] = 0xff;
    to[11] = 0xff;
    tg_copy4(to + 12, from);
#endif
}

/* NOLINTEND */
TG_C_END
