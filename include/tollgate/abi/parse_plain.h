/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The frame that nearly all traffic is made of: TCP or UDP in IPv4, with no tag, option or
 * fragment, nobody's group, nothing wrong. One comparison of lengths, and all at a fixed place.
 * Part of parse.h. */
#pragma once

#include <linux/if_ether.h>
#include <linux/types.h>

#include <tollgate/abi/martian.h>
#include <tollgate/abi/packet.h>
#include <tollgate/abi/parse_ipv4.h>
#include <tollgate/abi/parse_transport.h>
#include <tollgate/abi/protocol.h>
#include <tollgate/abi/wire.h>

#define TG_PLAIN_L4_OFFSET (ETH_HLEN + TG_IPV4_BYTES)
#define TG_PLAIN_VERSION 0x45 /* IPv4 with a header of 20 bytes */

TG_C_BEGIN
/* NOLINTBEGIN: C, see TG_C_BEGIN */

TG_INLINE int tg_is_plain_ethernet(const __u8 *eth) {
    return !((eth[0] | eth[ETH_ALEN]) & 1) && tg_load_be16(eth + 12) == ETH_P_IP;
}

/** @param bytes of the packet, @param length that its header says */
TG_INLINE int tg_is_plain_ipv4(const __u8 *ip, __u32 bytes, __u32 length) {
    return ip[0] == TG_PLAIN_VERSION && length >= TG_IPV4_BYTES + TG_UDP_BYTES && length <= bytes &&
           !(tg_load_be16(ip + 6) & (TG_IPV4_MORE_FRAGMENTS | TG_IPV4_FRAGMENT_OFFSET)) &&
           tg_load_be32(ip + 12) && !tg_is_martian_source(ip + 12) &&
           !tg_is_martian_destination(ip + 16);
}

TG_INLINE int tg_is_plain_udp(const __u8 *udp, __u32 bytes) {
    const __u32 length = tg_load_be16(udp + 4);

    return length >= TG_UDP_BYTES && length <= bytes;
}

/** @param bytes from the TCP header to the end of the packet */
TG_INLINE int tg_is_plain_tcp(const __u8 *tcp, __u32 bytes) {
    const __u32 header = (tcp[12] >> 4) * 4;

    return header >= TG_TCP_BYTES && header <= bytes && tg_is_tcp_flags(tcp[13] & 0x3f);
}

TG_INLINE void tg_fill_plain_tcp(const __u8 *tcp, struct tg_packet *out) {
    out->tcp_sequence = tg_load_be32(tcp + 4);
    out->tcp_acknowledgement = tg_load_be32(tcp + 8);
    out->tcp_flags = tcp[13] & 0x3f;
}

/** Writes all but the ports; what only TCP has is zero. One by one, as to clear all first is to
 *  write most of it twice. @pre the frame is plain
 *  @param bytes from the transport header to the end of the packet */
TG_INLINE void tg_fill_plain(const struct tg_frame *frame,
                             const __u8 *eth,
                             __u8 protocol,
                             __u32 bytes,
                             struct tg_packet *out) {
    const __u8 *ip = eth + ETH_HLEN;
    const int ingress = frame->direction == TG_INGRESS;

    __builtin_memset(&out->key, 0, sizeof(out->key));
    tg_copy_ipv4(out->key.remote, ip + (ingress ? 12 : 16));
    tg_copy_ipv4(out->key.local, ip + (ingress ? 16 : 12));
    out->key.protocol = protocol;
    out->frame_bytes = frame->bytes;
    out->l4_bytes = bytes;
    out->tcp_sequence = 0;
    out->tcp_acknowledgement = 0;
    out->fragment_id = 0;
    out->flags = TG_PACKET_IPV4;
    out->l3_offset = ETH_HLEN;
    out->l4_offset = TG_PLAIN_L4_OFFSET;
    out->fragment_offset = 0;
    out->fragment_payload = TG_PLAIN_L4_OFFSET;
    out->tcp_flags = 0;
    out->icmp_type = 0;
    out->icmp_code = 0;
    out->hop_limit = ip[8];
    tg_copy_mac(out->remote_mac, ingress ? eth + ETH_ALEN : eth);
}

/**
 * Reads a frame that is plain.
 *
 * @return true: `out` holds what the parser of any frame would have found; false: that one is to be
 *         asked
 */
TG_INLINE int tg_parse_plain(const struct tg_frame *frame, struct tg_packet *out) {
    const __u8 *eth = tg_first_bytes(frame, TG_PLAIN_L4_OFFSET + TG_UDP_BYTES);
    if (!eth || !tg_is_plain_ethernet(eth))
        return 0;
    const __u8 *ip = eth + ETH_HLEN;
    const __u8 *transport = ip + TG_IPV4_BYTES;

    const __u32 length = tg_load_be16(ip + 2);
    if (!tg_is_plain_ipv4(ip, frame->bytes - ETH_HLEN, length))
        return 0;
    const __u32 bytes = length - TG_IPV4_BYTES;
    if (ip[9] == TG_PROTOCOL_UDP) {
        if (!tg_is_plain_udp(transport, bytes))
            return 0;
        tg_fill_plain(frame, eth, TG_PROTOCOL_UDP, bytes, out);
    } else {
        const __u8 *tcp = tg_bytes_at(frame, TG_PLAIN_L4_OFFSET, TG_TCP_BYTES);
        if (ip[9] != TG_PROTOCOL_TCP || !tcp || !tg_is_plain_tcp(tcp, bytes))
            return 0;
        tg_fill_plain(frame, eth, TG_PROTOCOL_TCP, bytes, out);
        tg_fill_plain_tcp(tcp, out);
    }
    return tg_parse_ports(frame, transport, out) == TG_DROP_NONE;
}

/* NOLINTEND */
TG_C_END
