/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <tollgate/abi/parse.h>

#include "passage.h"

/** Adds up the options in words of 32 bits. @return false: they cannot be read */
TG_INLINE bool add_options(const struct gate *gate, __u64 *sum) {
    const __u32 at = TG_IN_MEMORY(gate->packet->l3_offset);
    const __u32 end = TG_IN_MEMORY(gate->packet->l4_offset);

    for (__u32 i = TG_IPV4_BYTES; i < TG_IPV4_BYTES + TG_IPV4_OPTIONS_MAX; i += 4) {
        if (at + i >= end)
            break;
        const __u8 *option = tg_bytes_at(&gate->frame, at + i, 4);
        if (!option)
            return false;
        *sum += *(const __u32 *)option;
    }
    return true;
}

/** Whether the IPv4 header's checksum is right (RFC 1071). */
TG_INLINE bool is_ipv4_checksum_right(const struct gate *gate) {
    const __u32 at = TG_IN_MEMORY(gate->packet->l3_offset);
    const __u8 *ip = tg_bytes_at(&gate->frame, at, TG_IPV4_BYTES);
    if (!ip)
        return false;
    const __u32 *words = (const __u32 *)ip;
    __u64 sum = (__u64)words[0] + words[1] + words[2] + words[3] + words[4];

    if (unlikely(gate->packet->flags & TG_PACKET_OPTIONS) && !add_options(gate, &sum))
        return false;
    for (int i = 0; i < 3; ++i) /* 36 bits become 21, 17 and 16 */
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

/** What is sent from here is not verified: the device may still have to fill it in. */
TG_INLINE bool has_wrong_checksum(const struct gate *gate) {
    return is_ingress(gate) && gate->packet->flags & TG_PACKET_IPV4 &&
           !is_ipv4_checksum_right(gate);
}
