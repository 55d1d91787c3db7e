/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The IPv4 header (RFC 791). Part of parse.h. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/packet.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/refusal.h>
#include <tollgate/abi/wire.h>

#define TG_IPV4_BYTES 20 /* without options */
#define TG_IPV4_OPTIONS_MAX 40
#define TG_IPV4_MORE_FRAGMENTS 0x2000
#define TG_IPV4_FRAGMENT_OFFSET 0x1fff /* in units of 8 bytes */

#define TG_IPV4_OPTION_END 0
#define TG_IPV4_OPTION_NOP 1
#define TG_IPV4_OPTION_LSRR 131
#define TG_IPV4_OPTION_SSRR 137

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

/** Walks the options from out->l4_offset to `end`, both offsets in the frame. */
TG_INLINE enum tg_drop_reason tg_parse_ipv4_options(const struct tg_frame *frame,
                                                    __u32 end,
                                                    struct tg_packet *out) {
    for (int i = 0; i < TG_IPV4_OPTIONS_MAX; ++i) {
        const __u32 at = TG_IN_MEMORY(out->l4_offset);
        if (at >= end)
            return TG_DROP_NONE;
        const __u8 *option = tg_bytes_at(frame, at, 1);
        if (!option)
            return tg_refused(TG_DROP_TRUNCATED);

        const __u8 type = option[0];
        if (type == TG_IPV4_OPTION_END)
            return TG_DROP_NONE;
        if (type == TG_IPV4_OPTION_LSRR || type == TG_IPV4_OPTION_SSRR)
            return tg_refused(TG_DROP_IPV4_SOURCE_ROUTE);
        if (type == TG_IPV4_OPTION_NOP) {
            TG_IN_MEMORY(out->l4_offset) = (__u16)(at + 1);
            continue;
        }
        option = tg_bytes_at(frame, at, 2);
        if (at + 2 > end)
            return tg_refused(TG_DROP_IPV4_HEADER);
        if (!option)
            return tg_refused(TG_DROP_TRUNCATED);
        if (option[1] < 2 || at + option[1] > end)
            return tg_refused(TG_DROP_IPV4_HEADER);
        TG_IN_MEMORY(out->l4_offset) = (__u16)(at + option[1]);
    }
    return TG_DROP_NONE;
}

TG_INLINE void tg_parse_ipv4_fragment(const __u8 *ip, struct tg_packet *out) {
    const __u16 word = tg_load_be16(ip + 6);

    if (!(word & (TG_IPV4_MORE_FRAGMENTS | TG_IPV4_FRAGMENT_OFFSET)))
        return;
    out->fragment_offset = (__u16)((word & TG_IPV4_FRAGMENT_OFFSET) * 8);
    out->flags |= out->fragment_offset ? TG_PACKET_FRAGMENT_LATER : TG_PACKET_FRAGMENT_FIRST;
    tg_copy2((__u8 *)&out->fragment_id + 2, ip + 4);
}

/** @pre out->l3_offset is set */
TG_INLINE enum tg_drop_reason tg_parse_ipv4(const struct tg_frame *frame, struct tg_packet *out) {
    const __u32 at = TG_IN_MEMORY(out->l3_offset);
    const __u8 *ip = tg_bytes_at(frame, at, TG_IPV4_BYTES);
    if (!ip)
        return tg_refused(TG_DROP_TRUNCATED);
    const __u32 header = (ip[0] & 0xf) * 4;
    const __u32 total = tg_load_be16(ip + 2);
    const int ingress = frame->direction == TG_INGRESS;

    if (ip[0] >> 4 != 4 || header < TG_IPV4_BYTES || header > total || at + total > frame->bytes)
        return tg_refused(TG_DROP_IPV4_HEADER);
    out->flags |= TG_PACKET_IPV4;
    out->key.protocol = ip[9];
    out->hop_limit = ip[8];
    tg_copy_ipv4(out->key.remote, ip + (ingress ? 12 : 16));
    tg_copy_ipv4(out->key.local, ip + (ingress ? 16 : 12));
    tg_parse_ipv4_fragment(ip, out);
    if (header > TG_IPV4_BYTES) {
        out->flags |= TG_PACKET_OPTIONS;
        TG_IN_MEMORY(out->l4_offset) = (__u16)(at + TG_IPV4_BYTES);
        const enum tg_drop_reason reason = tg_parse_ipv4_options(frame, at + header, out);
        if (reason != TG_DROP_NONE)
            return reason;
    }
    TG_IN_MEMORY(out->l4_offset) = (__u16)(at + header);
    out->l4_bytes = total - header;
    out->fragment_payload = out->l4_offset;
    return TG_DROP_NONE;
}

/* NOLINTEND */
TG_C_END
