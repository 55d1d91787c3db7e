/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The one parser of frames, for the data path and for user space (reference model, fuzzers):
 * docs/packet-path.md, section 1. It accepts what it knows and names what it refuses. */
#pragma once

#include <linux/if_ether.h>
#include <linux/types.h>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/limits.h>
#include <tollgate/abi/martian.h>
#include <tollgate/abi/packet.h>
#include <tollgate/abi/parse_ipv4.h>
#include <tollgate/abi/parse_ipv6.h>
#include <tollgate/abi/parse_plain.h>
#include <tollgate/abi/parse_transport.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/refusal.h>
#include <tollgate/abi/wire.h>

#define TG_VLAN_BYTES 4
#define TG_ARP_BYTES 28 /* Ethernet and IPv4 */

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

TG_INLINE int tg_is_vlan(__u16 ether_type) {
    return ether_type == ETH_P_8021Q || ether_type == ETH_P_8021AD;
}

/** Goes past the tags. @return the EtherType inside them in `*ether_type`, out->l3_offset behind it
 */
TG_INLINE enum tg_drop_reason tg_parse_vlan(const struct tg_frame *frame,
                                            int depth,
                                            __u16 *ether_type,
                                            struct tg_packet *out) {
    for (int i = 0; i <= TG_VLAN_DEPTH_MAX && tg_is_vlan(*ether_type); ++i) {
        if (depth + i == TG_VLAN_DEPTH_MAX)
            return tg_refused(TG_DROP_VLAN_DEPTH);
        const __u32 at = TG_IN_MEMORY(out->l3_offset);
        const __u8 *tag = tg_bytes_at(frame, at, TG_VLAN_BYTES);
        if (!tag)
            return tg_refused(TG_DROP_TRUNCATED);
        *ether_type = tg_load_be16(tag + 2);
        out->flags |= TG_PACKET_VLAN;
        TG_IN_MEMORY(out->l3_offset) = (__u16)(at + TG_VLAN_BYTES);
    }
    return TG_DROP_NONE;
}

TG_INLINE enum tg_drop_reason tg_parse_ip(const struct tg_frame *frame,
                                          __u16 ether_type,
                                          struct tg_packet *out) {
    enum tg_drop_reason reason =
        ether_type == ETH_P_IP ? tg_parse_ipv4(frame, out) : tg_parse_ipv6(frame, out);

    if (reason == TG_DROP_NONE)
        reason = tg_parse_transport(frame, out);
    if (reason == TG_DROP_NONE && tg_is_martian(frame, out))
        reason = tg_refused(TG_DROP_MARTIAN);
    return reason;
}

/** The Ethernet header and the tags. @return the EtherType inside them in `*ether_type` */
TG_INLINE enum tg_drop_reason tg_parse_ethernet(const struct tg_frame *frame,
                                                __u32 outer_vlan,
                                                __u16 *ether_type,
                                                struct tg_packet *out) {
    const __u8 *eth = tg_bytes_at(frame, 0, ETH_HLEN);

    if (!eth)
        return tg_refused(TG_DROP_TRUNCATED);
    *ether_type = tg_load_be16(eth + 12);
    tg_copy_mac(out->remote_mac, frame->direction == TG_INGRESS ? eth + ETH_ALEN : eth);
    if (eth[0] & 1)
        out->flags |= TG_PACKET_LINK_MULTICAST;
    if (eth[ETH_ALEN] & 1)
        out->flags |= TG_PACKET_LINK_FROM_GROUP;
    if (outer_vlan)
        out->flags |= TG_PACKET_VLAN;
    TG_IN_MEMORY(out->l3_offset) = ETH_HLEN;
    return tg_is_vlan(*ether_type) ? tg_parse_vlan(frame, !!outer_vlan, ether_type, out)
                                   : TG_DROP_NONE;
}

/** What a bare packet is, by its version: that is what its reader goes by.
 *  @return the EtherType that it would have in `*ether_type` */
TG_INLINE enum tg_drop_reason tg_parse_version(const struct tg_frame *frame, __u16 *ether_type) {
    const __u8 *ip = tg_bytes_at(frame, 0, 1);

    if (!ip)
        return tg_refused(TG_DROP_TRUNCATED);
    *ether_type = ip[0] >> 4 == 4 ? ETH_P_IP : ip[0] >> 4 == 6 ? ETH_P_IPV6 : 0;
    return TG_DROP_NONE;
}

/** Parses any frame: see tg_parse(). */
TG_INLINE enum tg_drop_reason tg_parse_any(const struct tg_frame *frame,
                                           enum tg_link link,
                                           __u32 outer_vlan,
                                           struct tg_packet *out) {
    __u16 ether_type = 0;

    __builtin_memset(out, 0, sizeof(*out));
    out->frame_bytes = frame->bytes;
    const enum tg_drop_reason reason = link == TG_LINK_TUNNEL
                                           ? tg_parse_version(frame, &ether_type)
                                           : tg_parse_ethernet(frame, outer_vlan, &ether_type, out);
    if (reason != TG_DROP_NONE)
        return reason;

    switch (ether_type) {
        case ETH_P_IP:
        case ETH_P_IPV6:
            return tg_parse_ip(frame, ether_type, out);
        case ETH_P_ARP:
            out->flags |= TG_PACKET_ARP;
            return tg_bytes_at(frame, TG_IN_MEMORY(out->l3_offset), TG_ARP_BYTES)
                       ? TG_DROP_NONE
                       : tg_refused(TG_DROP_TRUNCATED);
        case ETH_P_PAE:
            out->flags |= TG_PACKET_EAPOL;
            return TG_DROP_NONE;
        case ETH_P_LLDP:
            out->flags |= TG_PACKET_LLDP;
            return TG_DROP_NONE;
        default:
            return tg_refused(TG_DROP_ETHERTYPE);
    }
}

/**
 * Parses one frame.
 *
 * @param outer_vlan not zero if the kernel keeps a tag beside the frame; none of a tunnel has one
 * @param out meaningful only after TG_DROP_NONE; key.zone is left zero
 * @return TG_DROP_NONE or why the frame is refused
 */
TG_INLINE enum tg_drop_reason tg_parse(const struct tg_frame *frame,
                                       enum tg_link link,
                                       __u32 outer_vlan,
                                       struct tg_packet *out) {
    if (link == TG_LINK_CLEAR && !outer_vlan && tg_parse_plain(frame, out))
        return TG_DROP_NONE;
    return tg_parse_any(frame, link, outer_vlan, out);
}

/* NOLINTEND */
TG_C_END
