/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The IPv6 header and its extension headers (RFC 8200, RFC 4302). Part of parse.h. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/packet.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/refusal.h>
#include <tollgate/abi/wire.h>

#define TG_IPV6_BYTES 40
#define TG_IPV6_EXTENSION_BYTES 8 /* the shortest, and the unit of length */
#define TG_IPV6_HOP_BY_HOP 0
#define TG_IPV6_ROUTING 43
#define TG_IPV6_FRAGMENT 44
#define TG_IPV6_DESTINATION 60
#define TG_IPV6_FRAGMENT_OFFSET 0xfff8 /* bytes */
#define TG_IPV6_MORE_FRAGMENTS 1

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

TG_INLINE int tg_is_extension(__u8 header) {
    return header == TG_IPV6_HOP_BY_HOP || header == TG_IPV6_ROUTING ||
           header == TG_IPV6_FRAGMENT || header == TG_IPV6_DESTINATION || header == TG_PROTOCOL_AH;
}

/** The exact length of the extension header that begins with these bytes. */
TG_INLINE __u32 tg_extension_bytes(__u8 header, const __u8 *bytes) {
    if (header == TG_IPV6_FRAGMENT)
        return TG_IPV6_EXTENSION_BYTES;
    return header == TG_PROTOCOL_AH ? (bytes[1] + 2) * 4 : (bytes[1] + 1) * 8;
}

/** A fragment header that is not atomic marks the packet. @param at its offset in the frame */
TG_INLINE void tg_parse_ipv6_fragment(const __u8 *bytes, __u32 at, struct tg_packet *out) {
    const __u16 word = tg_load_be16(bytes + 2);
    const __u16 offset = word & TG_IPV6_FRAGMENT_OFFSET;

    out->fragment_payload = (__u16)(at + TG_IPV6_EXTENSION_BYTES);
    if (!offset && !(word & TG_IPV6_MORE_FRAGMENTS))
        return;
    out->fragment_offset = offset;
    tg_copy4(&out->fragment_id, bytes + 4);
    out->flags |= offset ? TG_PACKET_FRAGMENT_LATER : TG_PACKET_FRAGMENT_FIRST;
}

/** Takes the extension header at out->l4_offset, whose type is out->key.protocol. */
TG_INLINE enum tg_drop_reason tg_parse_extension(const struct tg_frame *frame,
                                                 __u32 end,
                                                 struct tg_packet *out) {
    const __u8 type = TG_IN_MEMORY(out->key.protocol);
    const __u32 at = TG_IN_MEMORY(out->l4_offset);
    const __u8 *bytes = tg_bytes_at(frame, at, TG_IPV6_EXTENSION_BYTES);
    if (!bytes)
        return tg_refused(TG_DROP_TRUNCATED);
    const __u32 next = at + tg_extension_bytes(type, bytes);

    if (next > end)
        return tg_refused(TG_DROP_TRUNCATED);
    if (type == TG_IPV6_ROUTING && bytes[2] == 0)
        return tg_refused(TG_DROP_IPV6_ROUTING);
    if (type == TG_IPV6_FRAGMENT) {
        if (out->fragment_payload) /* a fragment of a fragment */
            return tg_refused(TG_DROP_IPV6_EXTENSION);
        tg_parse_ipv6_fragment(bytes, at, out);
    }
    TG_IN_MEMORY(out->key.protocol) = bytes[0];
    TG_IN_MEMORY(out->l4_offset) = (__u16)next;
    return TG_DROP_NONE;
}

/**
 * Walks to the transport header, or to the payload of a later fragment. The loop asks at its end:
 * asked at its head, clang closes it without a jump, which kernels such as 6.1 refuse.
 * @pre out->key.protocol is an extension header
 */
TG_INLINE enum tg_drop_reason tg_parse_extensions(const struct tg_frame *frame,
                                                  __u32 end,
                                                  struct tg_packet *out) {
    int walked = 0;

    out->flags |= TG_PACKET_EXTENSIONS;
    do {
        if (walked == TG_EXTENSIONS_MAX ||
            (TG_IN_MEMORY(out->key.protocol) == TG_IPV6_HOP_BY_HOP && walked > 0))
            return tg_refused(TG_DROP_IPV6_EXTENSION);
        const enum tg_drop_reason reason = tg_parse_extension(frame, end, out);
        if (reason != TG_DROP_NONE)
            return reason;
        ++walked;
    } while (tg_is_extension(TG_IN_MEMORY(out->key.protocol)) &&
             !(TG_IN_MEMORY(out->flags) & TG_PACKET_FRAGMENT_LATER));
    return TG_DROP_NONE;
}

/** @pre out->l3_offset is set */
TG_INLINE enum tg_drop_reason tg_parse_ipv6(const struct tg_frame *frame, struct tg_packet *out) {
    const __u32 at = TG_IN_MEMORY(out->l3_offset);
    const __u8 *ip = tg_bytes_at(frame, at, TG_IPV6_BYTES);
    if (!ip)
        return tg_refused(TG_DROP_TRUNCATED);
    const __u32 payload = tg_load_be16(ip + 4);
    const __u32 end = at + TG_IPV6_BYTES + payload;
    const int ingress = frame->direction == TG_INGRESS;

    if (ip[0] >> 4 != 6 || payload == 0 || end > frame->bytes)
        return tg_refused(TG_DROP_IPV6_HEADER);
    out->flags |= TG_PACKET_IPV6;
    out->hop_limit = ip[7];
    tg_copy_ipv6(out->key.remote, ip + (ingress ? 8 : 24));
    tg_copy_ipv6(out->key.local, ip + (ingress ? 24 : 8));
    TG_IN_MEMORY(out->key.protocol) = ip[6];
    TG_IN_MEMORY(out->l4_offset) = (__u16)(at + TG_IPV6_BYTES);
    if (tg_is_extension(ip[6])) {
        const enum tg_drop_reason reason = tg_parse_extensions(frame, end, out);
        if (reason != TG_DROP_NONE)
            return reason;
    }
    out->l4_bytes = end - TG_IN_MEMORY(out->l4_offset);
    return TG_DROP_NONE;
}

/* NOLINTEND */
TG_C_END
