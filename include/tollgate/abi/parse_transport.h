/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The transport header. Part of parse.h. */
#pragma once

#include <linux/types.h>

#include <tollgate/abi/drop_reason.h>
#include <tollgate/abi/packet.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/refusal.h>
#include <tollgate/abi/wire.h>

#define TG_TCP_BYTES 20 /* without options */
#define TG_UDP_BYTES 8
#define TG_ICMP_BYTES 8
#define TG_IGMP_BYTES 8

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

/** True for the protocols that the gate judges. */
TG_INLINE int tg_is_transport(__u8 protocol, int is_ipv6) {
    switch (protocol) {
        case TG_PROTOCOL_TCP:
        case TG_PROTOCOL_UDP:
        case TG_PROTOCOL_UDPLITE:
        case TG_PROTOCOL_SCTP:
        case TG_PROTOCOL_GRE:
        case TG_PROTOCOL_ESP:
        case TG_PROTOCOL_IPIP:
        case TG_PROTOCOL_6IN4:
            return 1;
        case TG_PROTOCOL_ICMP:
        case TG_PROTOCOL_IGMP:
        case TG_PROTOCOL_AH: /* in IPv6 an extension header */
            return !is_ipv6;
        case TG_PROTOCOL_ICMPV6:
            return is_ipv6;
        default:
            return 0;
    }
}

/** Whether any stack sends this combination. ECE and CWR are cut off before. */
TG_INLINE int tg_is_tcp_flags(__u8 flags) {
    if (flags & (TG_TCP_PSH | TG_TCP_URG) && !(flags & TG_TCP_ACK))
        return 0;
    switch (flags & (TG_TCP_FIN | TG_TCP_SYN | TG_TCP_RST | TG_TCP_ACK)) {
        case TG_TCP_SYN:
        case TG_TCP_SYN | TG_TCP_ACK:
        case TG_TCP_ACK:
        case TG_TCP_FIN | TG_TCP_ACK:
        case TG_TCP_RST:
        case TG_TCP_RST | TG_TCP_ACK:
            return 1;
        default:
            return 0;
    }
}

/** Orients the two ports at the start of a TCP or UDP header. */
TG_INLINE enum tg_drop_reason tg_parse_ports(const struct tg_frame *frame,
                                             const __u8 *ports,
                                             struct tg_packet *out) {
    const int ingress = frame->direction == TG_INGRESS;

    __u32 both; /* as they are in the key: the remote one first in memory */

    tg_copy4(&both, ports);
    if (!ingress)
        both = both >> 16 | both << 16;
    tg_copy4((__u8 *)&out->key + __builtin_offsetof(struct tg_flow_key, remote_port), &both);
    if (!(both & 0xffff) || !(both >> 16))
        return tg_refused(TG_DROP_L4_HEADER);
    return TG_DROP_NONE;
}

/** What a header is that its packet is too short for. */
TG_INLINE enum tg_drop_reason tg_short_header(const struct tg_packet *out) {
    return tg_refused(out->flags & TG_PACKET_FRAGMENT_FIRST ? TG_DROP_FRAGMENT_TINY
                                                            : TG_DROP_L4_HEADER);
}

TG_INLINE enum tg_drop_reason tg_parse_tcp(const struct tg_frame *frame, struct tg_packet *out) {
    if (out->l4_bytes < TG_TCP_BYTES)
        return tg_short_header(out);

    const __u8 *tcp = tg_bytes_at(frame, out->l4_offset, TG_TCP_BYTES);
    if (!tcp)
        return tg_refused(TG_DROP_TRUNCATED);
    const __u32 header = (tcp[12] >> 4) * 4;
    const __u8 flags = tcp[13] & 0x3f;

    if (header < TG_TCP_BYTES)
        return tg_refused(TG_DROP_L4_HEADER);
    if (header > out->l4_bytes)
        return tg_short_header(out);
    out->tcp_sequence = tg_load_be32(tcp + 4);
    out->tcp_acknowledgement = tg_load_be32(tcp + 8);
    out->tcp_flags = flags;
    const enum tg_drop_reason reason = tg_parse_ports(frame, tcp, out);
    if (reason != TG_DROP_NONE)
        return reason;
    return tg_is_tcp_flags(flags) ? TG_DROP_NONE : tg_refused(TG_DROP_TCP_FLAGS);
}

TG_INLINE enum tg_drop_reason tg_parse_udp(const struct tg_frame *frame, struct tg_packet *out) {
    if (out->l4_bytes < TG_UDP_BYTES)
        return tg_short_header(out);

    const __u8 *udp = tg_bytes_at(frame, out->l4_offset, TG_UDP_BYTES);
    if (!udp)
        return tg_refused(TG_DROP_TRUNCATED);
    const __u32 length = tg_load_be16(udp + 4);

    if (length < TG_UDP_BYTES)
        return tg_refused(TG_DROP_L4_HEADER);
    if (length > out->l4_bytes && !(out->flags & TG_PACKET_FRAGMENT_FIRST))
        return tg_refused(TG_DROP_L4_HEADER);
    return tg_parse_ports(frame, udp, out);
}

/** Echo request or reply: the only ICMP that has flows. */
TG_INLINE int tg_is_echo(__u8 protocol, __u8 type) {
    return protocol == TG_PROTOCOL_ICMP ? type == TG_ICMP_ECHO || type == TG_ICMP_ECHO_REPLY
                                        : type == TG_ICMPV6_ECHO || type == TG_ICMPV6_ECHO_REPLY;
}

/** ICMP and ICMPv6: an echo has its identifier as both ports. */
TG_INLINE enum tg_drop_reason tg_parse_icmp(const struct tg_frame *frame, struct tg_packet *out) {
    if (out->l4_bytes < TG_ICMP_BYTES)
        return tg_short_header(out);

    const __u8 *icmp = tg_bytes_at(frame, out->l4_offset, TG_ICMP_BYTES);
    if (!icmp)
        return tg_refused(TG_DROP_TRUNCATED);
    const __u8 type = icmp[0];
    out->icmp_type = type;
    out->icmp_code = icmp[1];
    if (tg_is_echo(out->key.protocol, type)) {
        tg_copy2(&out->key.remote_port, icmp + 4);
        tg_copy2(&out->key.local_port, icmp + 4);
    }
    return TG_DROP_NONE;
}

TG_INLINE enum tg_drop_reason tg_parse_igmp(const struct tg_frame *frame, struct tg_packet *out) {
    if (out->l4_bytes < TG_IGMP_BYTES)
        return tg_short_header(out);

    const __u8 *igmp = tg_bytes_at(frame, out->l4_offset, TG_IGMP_BYTES);
    if (!igmp)
        return tg_refused(TG_DROP_TRUNCATED);
    out->icmp_type = igmp[0];
    return TG_DROP_NONE;
}

/** @pre l4_offset, l4_bytes, flags and key.protocol are set */
TG_INLINE enum tg_drop_reason tg_parse_transport(const struct tg_frame *frame,
                                                 struct tg_packet *out) {
    const __u8 protocol = TG_IN_MEMORY(out->key.protocol);
    const __u16 flags = TG_IN_MEMORY(out->flags);

    if (!tg_is_transport(protocol, flags & TG_PACKET_IPV6))
        return tg_refused(TG_DROP_PROTOCOL);
    if (flags & TG_PACKET_FRAGMENT_LATER) /* offset 8 would overwrite the flags of the first */
        return protocol == TG_PROTOCOL_TCP && out->fragment_offset == 8
                   ? tg_refused(TG_DROP_FRAGMENT_TINY)
                   : TG_DROP_NONE;
    switch (protocol) {
        case TG_PROTOCOL_TCP:
            return tg_parse_tcp(frame, out);
        case TG_PROTOCOL_UDP:
            return tg_parse_udp(frame, out);
        case TG_PROTOCOL_ICMP:
        case TG_PROTOCOL_ICMPV6:
            return tg_parse_icmp(frame, out);
        case TG_PROTOCOL_IGMP:
            return tg_parse_igmp(frame, out);
        default:
            return TG_DROP_NONE;
    }
}

/* NOLINTEND */
TG_C_END
