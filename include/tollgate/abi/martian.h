/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Addresses that cannot be on this wire (RFC 1122, 3.2.1.3; RFC 4291, 2.5). Part of parse.h. */
#pragma once

#include <linux/if_ether.h>
#include <linux/types.h>

#include <tollgate/abi/packet.h>
#include <tollgate/abi/parse_transport.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/wire.h>

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

TG_INLINE int tg_is_group_ipv4(__u32 address) {
    return address >> 28 == 14 || address == 0xffffffff;
}

/** A host without an address speaks: DHCP (RFC 2131, 4.1) or IGMP (RFC 3376, 4.2.13). */
TG_INLINE int tg_is_unaddressed_ipv4(const struct tg_frame *frame, const struct tg_packet *packet) {
    const int ingress = frame->direction == TG_INGRESS;
    const __u8 *source =
        (const __u8 *)(ingress ? &packet->key.remote_port : &packet->key.local_port);
    const __u8 *to = (const __u8 *)(ingress ? &packet->key.local_port : &packet->key.remote_port);

    if (packet->key.protocol == TG_PROTOCOL_IGMP)
        return 1;
    return packet->key.protocol == TG_PROTOCOL_UDP && tg_load_be16(source) == TG_PORT_DHCP_CLIENT &&
           tg_load_be16(to) == TG_PORT_DHCP_SERVER;
}

/** @param address in network order; 0.0.0.0 is for the caller to judge */
TG_INLINE int tg_is_martian_source(const __u8 *address) {
    return address[0] >= 224 || address[0] == 127;
}

/** @param address in network order */
TG_INLINE int tg_is_martian_destination(const __u8 *address) {
    return address[0] == 0 || address[0] == 127;
}

TG_INLINE int tg_is_martian_ipv4(const struct tg_frame *frame, const struct tg_packet *packet) {
    const int ingress = frame->direction == TG_INGRESS;
    const __u8 *source = (ingress ? packet->key.remote : packet->key.local) + 12;
    const __u8 *to = (ingress ? packet->key.local : packet->key.remote) + 12;

    if (tg_is_martian_source(source) || tg_is_martian_destination(to))
        return 1;
    if (tg_load_be32(source) == 0 && !tg_is_unaddressed_ipv4(frame, packet))
        return 1;
    return ingress && packet->flags & TG_PACKET_LINK_MULTICAST &&
           !tg_is_group_ipv4(tg_load_be32(to));
}

/** The upper 12 bytes are zero but for those that make an address mapped (::ffff:0:0/96). */
TG_INLINE int tg_is_mapped(const __u8 *address) {
    return (tg_load_be32(address) | tg_load_be32(address + 4)) == 0 &&
           tg_load_be32(address + 8) == 0xffff;
}

/** 0 for ::, 1 for ::1, more for all others. */
TG_INLINE __u32 tg_unspecified_or_loopback(const __u8 *address) {
    if (tg_load_be32(address) | tg_load_be32(address + 4) | tg_load_be32(address + 8))
        return 2;
    return tg_load_be32(address + 12);
}

TG_INLINE int tg_is_martian_ipv6(const struct tg_frame *frame, const struct tg_packet *packet) {
    const int ingress = frame->direction == TG_INGRESS;
    const __u8 *source = ingress ? packet->key.remote : packet->key.local;
    const __u8 *to = ingress ? packet->key.local : packet->key.remote;
    const __u32 low = tg_unspecified_or_loopback(source);

    if (source[0] == 0xff || low == 1 || tg_is_mapped(source))
        return 1;
    if (low == 0 && packet->key.protocol != TG_PROTOCOL_ICMPV6)
        return 1;
    if (tg_unspecified_or_loopback(to) <= 1 || tg_is_mapped(to))
        return 1;
    return ingress && packet->flags & TG_PACKET_LINK_MULTICAST && to[0] != 0xff;
}

/** @pre the packet is IP and parsed */
TG_INLINE int tg_is_martian(const struct tg_frame *frame, const struct tg_packet *packet) {
    if (packet->flags & TG_PACKET_LINK_FROM_GROUP)
        return 1;
    return packet->flags & TG_PACKET_IPV4 ? tg_is_martian_ipv4(frame, packet)
                                          : tg_is_martian_ipv6(frame, packet);
}

/* NOLINTEND */
TG_C_END
